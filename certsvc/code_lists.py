"""Lists of look-up codes as employers have them: lines of text, CSV or XLSX, with or without a header.

Below a title that we know ("Mã tra cứu", `code`, `verify_url`) that column counts; without one, in each row
the first cell that reads as a code. A row without a code stays in the list: nothing that was asked is dropped.
"""

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from certsvc.records import Cell
from certsvc.records.cells import as_text
from certsvc.records.columns import Column, Layout
from certsvc.records.raw_rows import RawRow, Sheet
from certsvc.records.reading_csv import HEADER_DEPTH, CsvSheet
from certsvc.records.reading_xlsx import open_sheets
from certsvc.records.refusals import refusal
from certsvc.verify.codes import normalise_code

_TITLES = ("Mã", "Mã giấy", "Mã chứng nhận", "Mã QR", "QR", "Look-up code", "Lookup code", "verify_url", "Đường dẫn tra cứu", "URL", "Link")
_LAYOUT = Layout((Column("code", "Mã tra cứu", _TITLES),))
_ZIP = b"PK"
_MAX_UNPACKED_BYTES = 32 * 1024**2
_BETWEEN_CELLS = re.compile(r"[;,\t]")


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
    """One code for each row of a CSV or XLSX file that is not blank; titles and the rows above them are passed over.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `has_macros`, `broken_file`,
    `unclosed_quote`, `too_large_unpacked`, `too_many_rows`.
    """
    if not data.startswith(_ZIP):
        return _codes_of(CsvSheet(io.BytesIO(data), layout=_LAYOUT, max_rows=max_rows), max_rows=max_rows)
    with open_sheets(io.BytesIO(data), max_rows=max_rows, max_unpacked_bytes=_MAX_UNPACKED_BYTES) as sheets:
        first = next(sheets, None)
        return [] if first is None else _codes_of(first, max_rows=max_rows)


def _codes_of(sheet: Sheet, *, max_rows: int) -> list[ListedCode]:
    rows = list(islice(sheet.rows(), max_rows + HEADER_DEPTH + 1))
    at, column = _find_title(rows)
    listed = [ListedCode(row.number, _code_of(row.cells, column)) for row in rows[at:]]
    if len(listed) > max_rows:
        raise refusal("too_many_rows", max_rows=max_rows)
    return listed


def _find_title(rows: Sequence[RawRow]) -> tuple[int, int | None]:
    """Index of the first row below the titles, and the column of codes; (0, None) without titles."""
    for at, row in enumerate(rows[:HEADER_DEPTH], 1):
        for column, cell in enumerate(row.cells):
            if _LAYOUT.find(cell) is not None:
                return at, column
    return 0, None


def _code_of(cells: Sequence[Cell], column: int | None) -> str:
    if column is not None:
        return as_text(cells[column]).strip() if column < len(cells) else ""
    texts = [part.strip() for cell in cells for part in _BETWEEN_CELLS.split(as_text(cell)) if part.strip()]
    return next((text for text in texts if normalise_code(text) is not None), texts[0] if texts else "")
