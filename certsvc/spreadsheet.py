"""Tables for spreadsheets: CSV and XLSX whose cells nobody's spreadsheet takes for a formula (OWASP, CSV injection)."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

OutCell: TypeAlias = str | int | dt.date | None

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = b"\xef\xbb\xbf"
"""First bytes of a CSV file: without them spreadsheets do not read it as UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_DAY = "dd/mm/yyyy"
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f_&<>\ud800-\udfff\ufffe\uffff]")


def harmless(cell: OutCell) -> OutCell:
    """The cell, with an apostrophe before a text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def xlsx_text(text: str) -> str:
    """A text as it stands in the XML of a cell: what XML cannot hold is written as spreadsheets do (ECMA-376 part 1, §22.9.2.19)."""
    if _SPECIAL.search(text) is None:
        return text  # nearly all
    return escape(_NOT_XML.sub("\ufffd", _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)))


def csv_row(cells: Iterable[OutCell]) -> bytes:
    """One line of a CSV file; days in ISO form."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode()


def xlsx_bytes(header: Sequence[str], rows: Iterable[Sequence[OutCell]], *, title: str, widths: Sequence[int]) -> bytes:
    """A workbook of one sheet: a bold header that stays in sight, then the rows; `widths` of its columns in characters.

    Texts hold printable characters only. Takes a second for ten thousand rows: not for the event loop.
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


def _cell(sheet: Any, value: OutCell, *, font: Font | None = None) -> Any:
    text: Any = harmless(value)
    cell: Any = WriteOnlyCell(sheet, text)
    if isinstance(value, dt.date):
        cell.number_format = _DAY
    if font is not None:
        cell.font = font
    return cell
