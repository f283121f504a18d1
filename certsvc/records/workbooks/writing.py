"""Tables as XLSX, by openpyxl."""

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from certsvc.records.workbooks.cells import OutCell, harmless

_DAY = "dd/mm/yyyy"


def xlsx_bytes(
    header: Sequence[str], rows: Iterable[Sequence[OutCell]], *, title: str, widths: Sequence[int]
) -> bytes:
    """A workbook of one sheet: a bold header that stays in sight, then the rows; `widths` of columns are in
    characters.

    Texts must hold printable characters only. Ten thousand rows take a second: not for the event loop.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_cell(sheet, name, font=Font(bold=True)) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: OutCell, *, font: Font | None = None) -> Cell:
    content: Any = harmless(value)  # a day too, which openpyxl's types do not know of
    cell: Cell = WriteOnlyCell(sheet, content)
    if isinstance(value, dt.date):
        cell.number_format = _DAY
    if font is not None:
        cell.font = font
    return cell
