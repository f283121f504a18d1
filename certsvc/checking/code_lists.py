"""Lists of look-up codes as employers have them: lines of text, CSV or XLSX, with or without a header.

Below a title that we know ("Mã tra cứu", `code`, `verify_url`) that column counts; without one, in each row
the first cell that reads as a code. A row without a code stays in the list: nothing that was asked is
dropped.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from certsvc.codes import MAX_TEXT, normalise_code
from certsvc.records import Cell
from certsvc.records.cells import as_text
from certsvc.records.columns import Column, Layout
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import RawRow, Sheet
from certsvc.records.raw.text import text_file
from certsvc.records.sheets.reading_csv import HEADER_DEPTH, CsvSheet
from certsvc.records.sheets.reading_xlsx import open_sheets

_TITLES = (
    "Mã",
    "Mã giấy",
    "Mã chứng nhận",
    "Mã QR",
    "QR",
    "Look-up code",
    "Lookup code",
    "verify_url",
    "Đường dẫn tra cứu",
    "URL",
    "Link",
)
_LAYOUT = Layout((Column("code", "Mã tra cứu", _TITLES),))
_ZIP = b"PK"
_MAX_UNPACKED_BYTES = 32 * 1024**2
_BETWEEN_CELLS = re.compile(r"[;,\t]")
_MOST_COLUMNS, _MOST_PARTS = 400, 200
"""How far a row is searched for what reads as a code."""
_MOST_CHARS = MAX_TEXT + 1
"""What is kept of a text: enough to see that it is too long for a code."""


@dataclass(frozen=True, slots=True)
class ListedCode:
    """What stands for a code in a list: `row` as its user sees it, `text` as it was given, perhaps blank."""

    row: int
    text: str = field(repr=False)


def codes_in_text(text: str) -> Iterator[ListedCode]:
    """Every code of a pasted text; a line without any is given whole, blank lines are passed over."""
    for row, line in enumerate(text.splitlines(), 1):
        if line.strip():
            found = [part for part in _BETWEEN_CELLS.split(line) if normalise_code(part) is not None]
            yield from (ListedCode(row, part.strip()) for part in found or [line])


def codes_in_table(data: bytes, *, max_rows: int) -> list[ListedCode]:
    """One code for each row of a CSV or XLSX file that is not blank; titles and the rows above them are
    passed over.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `has_macros`, `broken_file`,
    `unclosed_quote`, `row_too_long`, `too_large_unpacked`, `too_many_rows`.
    """
    if not data.startswith(_ZIP):
        return _codes_of(
            CsvSheet(text_file(io.BytesIO(data)).as_utf8(), layout=_LAYOUT, max_rows=max_rows),
            max_rows=max_rows,
        )
    with open_sheets(io.BytesIO(data), max_rows=max_rows, max_unpacked_bytes=_MAX_UNPACKED_BYTES) as sheets:
        first = next(sheets, None)
        return [] if first is None else _codes_of(first, max_rows=max_rows)


def _codes_of(sheet: Sheet, *, max_rows: int) -> list[ListedCode]:
    """Of a row no more is kept than its code, of equal texts one: rows may be wide, and refer to one long
    text again and again.
    """
    sheet.narrow(frozenset(range(_MOST_COLUMNS)))
    rows = sheet.rows()
    first = list(islice(rows, HEADER_DEPTH))
    at, column = _find_title(first)
    kept: dict[str, str] = {}
    found = (
        (row.number, _code_of(row.cells[:_MOST_COLUMNS], column))
        for row in islice(chain(first[at:], rows), max_rows + 1)
    )
    listed = [ListedCode(number, kept.setdefault(text, text)) for number, text in found]
    if len(listed) > max_rows:
        raise refusal("too_many_rows", max_rows=max_rows)
    return listed


def _find_title(rows: Sequence[RawRow]) -> tuple[int, int | None]:
    """Index of the first row below the titles, and the column of codes; (0, None) without titles."""
    for at, row in enumerate(rows, 1):
        for column, cell in enumerate(row.cells[:_MOST_COLUMNS]):
            if _LAYOUT.find(cell) is not None:
                return at, column
    return 0, None


def _code_of(cells: Sequence[Cell], column: int | None) -> str:
    if column is not None:
        return as_text(cells[column])[:_MOST_CHARS].strip() if column < len(cells) else ""
    found = ""
    for text in islice(_texts(cells), _MOST_PARTS):
        if normalise_code(text) is not None:
            return text
        found = found or text
    return found


def _texts(cells: Sequence[Cell]) -> Iterator[str]:
    """What stands in the cells, and between the marks in each, blanks left out."""
    for cell in cells:
        parts = _BETWEEN_CELLS.split(as_text(cell)[:_MOST_CHARS], maxsplit=_MOST_PARTS)
        yield from filter(None, (part.strip() for part in parts))
