"""Any table as a plain workbook of one sheet: texts stay texts, so that nothing loses its zeros.

The workbook around the sheet is openpyxl's; the sheet itself is written row by row, for it may be long.
"""

import datetime as dt
import io
import math
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.records.cells import Cell
from certsvc.records.raw.rows import RawRow
from certsvc.records.workbooks.cells import xlsx_text

PART = "xl/worksheets/sheet1.xml"
_EPOCH, _FIRST_DAY = dt.date(1899, 12, 30), dt.date(1900, 3, 1)
"""Day 0 of serial numbers; and 01/03/1900, before which Excel counts a day that never was (29/02/1900)."""
_START = (
    b'<?xml version="1.0" encoding="UTF-8"?>' + f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData>'.encode()
)
_STYLE = re.compile(rb'r="(A[12])" s="(\d+)"')


def write_plain(to: Path, rows: Iterable[RawRow], *, shift: int) -> int:
    """Write rows, each `shift` below its number, into a workbook whose one sheet is the part `PART`. Returns
    how many columns are in use.
    """
    frame, styles = _frame()
    width = 0
    with (
        zipfile.ZipFile(io.BytesIO(frame)) as package,
        zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
    ):
        for name in package.namelist():
            if name != PART:
                book.writestr(name, package.read(name))
        with book.open(PART, "w") as sheet:
            sheet.write(_START)
            for row in rows:
                width = max(width, len(row.cells))
                sheet.write(_row(row.number + shift, row.cells, *styles))
            sheet.write(b"</sheetData></worksheet>")
    return width


def _frame() -> tuple[bytes, tuple[str, str]]:
    """An empty workbook, and its formats for texts and for days."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "F0"
    sheet["A1"], sheet["A2"] = "x", 1
    sheet["A1"].number_format, sheet["A2"].number_format = "@", "dd/mm/yyyy"
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as package:
        found = dict(_STYLE.findall(package.read(PART)))
    return out.getvalue(), (found[b"A1"].decode(), found[b"A2"].decode())


def _row(number: int, cells: Iterable[Cell], text_style: str, day_style: str) -> bytes:
    written = "".join(
        _cell(f"{get_column_letter(column)}{number}", cell, text_style, day_style)
        for column, cell in enumerate(cells, 1)
    )
    return f'<row r="{number}">{written}</row>'.encode()


def _cell(place: str, cell: Cell, text_style: str, day_style: str) -> str:
    if cell is None or cell == "":
        return f'<c r="{place}" s="{text_style}"/>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, dt.date) and cell >= _FIRST_DAY:
        return f'<c r="{place}" s="{day_style}"><v>{(cell - _EPOCH).days}</v></c>'
    if isinstance(cell, int | float) and math.isfinite(cell):
        return f'<c r="{place}"><v>{cell!r}</v></c>'
    text = xlsx_text(str(cell))
    return f'<c r="{place}" s="{text_style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
