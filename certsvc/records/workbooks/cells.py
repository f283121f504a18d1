"""Cells that no spreadsheet takes for formulas (OWASP, CSV injection), and CSV rows of them; `writing` makes
XLSX.
"""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from typing import TypeAlias
from xml.sax.saxutils import escape

OutCell: TypeAlias = str | int | dt.date | None

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = b"\xef\xbb\xbf"
"""The first bytes of a CSV file: without them spreadsheets do not read it as UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_TO_ESCAPE = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f_&<>\ud800-\udfff\ufffe\uffff]")


def harmless(cell: OutCell) -> OutCell:
    """The cell, with an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def xlsx_text(text: str) -> str:
    """A text as the XML of a cell holds it: what XML cannot hold is escaped as spreadsheets do (ECMA-376 part
    1, §22.9.2.19).
    """
    if _SPECIAL.search(text) is None:
        return text  # nearly all
    return escape(_NOT_XML.sub("\ufffd", _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)))


def csv_row(cells: Iterable[OutCell]) -> bytes:
    """One line of a CSV file; days in ISO form."""
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue().encode()
