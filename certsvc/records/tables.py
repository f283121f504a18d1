"""Tables of cases (or of facilities, practitioners): finding the header, naming the cells.

What a file is, is decided by its first bytes, never by its name. Title rows above the header are
skipped, blank rows anywhere; rows keep the numbers their user sees.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from certsvc.records.cells import Cell, normalised
from certsvc.records.columns import CASES, Layout
from certsvc.records.findings import Finding
from certsvc.records.raw_rows import Flag, RawRow, Sheet
from certsvc.records.reading_csv import HEADER_DEPTH, CsvSheet
from certsvc.records.reading_exchange import is_exchange_xml, is_exchange_zip, open_exchange
from certsvc.records.reading_xlsx import open_sheets
from certsvc.records.refusals import missing_columns, refusal
from certsvc.records.rules import finding
from certsvc.records.titles import TITLES_VI

_SURE_TITLES, _LIKELY_TITLES = 3, 2
_MOST_TITLES_TOLD, _TITLE_CHARS = 10, 40
_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Compound files: spreadsheets before 2007, and every Office file with a password (MS-CFB §2.2)."""
_SCANNED_BYTES = 1 << 20
_FIRST_BYTES = 400
_FLAG_NOTICES = {
    Flag.FORMULA: ("W-FORMULA", ""),
    Flag.HOLLOW_FORMULA: ("W-FORMULA", "no_value"),
    Flag.ERROR: ("V-TEXT", "error"),
    Flag.BROKEN_DOCUMENT: ("V-DOCUMENT", ""),
    Flag.NO_DOCUMENT: ("V-DOCUMENT", "none"),
    Flag.UNPAIRED_DOCUMENT: ("V-DOCUMENT", "unpaired"),
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row by English column names; `number` as its user sees it. `notices` go into `check`."""

    number: int
    cells: dict[str, Cell] = field(repr=False)
    notices: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    width: int
    names: dict[int, str]
    ignored: tuple[str, ...]

    @property
    def wishes(self) -> int:
        """Index of the first column that says what is wanted; -1 in tables without."""
        return min((index for index, name in self.names.items() if name in CASES.any_of), default=-1)


class Table:
    """The rows of a file, read once from top to bottom.

    `format` is `csv`, `xlsx`, `xml` or `xml.zip`, `columns` the known ones in the file's order, `header_row` the number of
    the header's row. `notices` are findings on the file as a whole; formulas join them while rows are read.
    """

    def __init__(self, sheet: Sheet, header: _Header, rows: Iterator[RawRow], *, file_format: str, max_rows: int) -> None:
        self.format = file_format
        self.columns = tuple(header.names.values())
        self.header_row = header.number
        self._notices = dict.fromkeys(_ignored_notice(header))
        self._sheet, self._header, self._rows, self._max_rows = sheet, header, rows, max_rows

    @property
    def notices(self) -> tuple[Finding, ...]:
        return tuple(self._notices)

    def __iter__(self) -> Iterator[SheetRow]:
        """Raises InputError where a limit is passed or the file turns out broken; earlier rows stand."""
        for count, raw in enumerate(self._rows, 1):
            if count > self._max_rows:
                raise refusal("too_many_rows", max_rows=self._max_rows)
            yield self._named(raw)

    def _named(self, raw: RawRow) -> SheetRow:
        names, cells = self._header.names, raw.cells
        length = len(cells)
        named = {name: cells[index] for index, name in names.items() if index < length}
        if not raw.flags and self._header.wishes < length <= self._header.width:
            return SheetRow(raw.number, named)
        return SheetRow(raw.number, named, tuple(self._row_notices(raw)))

    def _row_notices(self, raw: RawRow) -> Iterator[Finding]:
        for index, flag in raw.flags.items():
            if index in self._header.names:
                rule, variant = _FLAG_NOTICES[flag]
                found = finding(rule, self._header.names[index], variant)
                if not found.rejects:
                    self._notices[found] = None
                yield found
        if self._sheet.is_delimited and any(isinstance(cell, str) and cell.strip() for cell in raw.cells[self._header.width :]):
            yield finding("V-ROW")
        if self._sheet.is_delimited and len(raw.cells) <= self._header.wishes:
            yield finding("V-ROW", None, "cut")


@contextmanager
def open_table(path: Path, *, max_rows: int, max_unpacked_bytes: int, layout: Layout = CASES) -> Iterator[Table]:
    """Open a CSV, XLSX or exchange file (XML, or a ZIP of XML) and find its header.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `has_macros`,
    `broken_file`, `unknown_xml`, `too_large_unpacked`, `no_header`, `missing_columns` (listed in `errors`),
    `duplicate_columns`, `no_rows`; while rows are read also `too_many_rows`, `too_large_unpacked`,
    `broken_file`, `broken_xml`, `unclosed_quote`.
    """
    with path.open("rb") as file:
        is_zip = _is_zip(file)
        if is_zip and is_exchange_zip(file, max_unpacked_bytes=max_unpacked_bytes):
            with open_exchange(file, is_zip=True, max_unpacked_bytes=max_unpacked_bytes) as sheet:
                yield _table([sheet], layout=layout, file_format="xml.zip", max_rows=max_rows)
        elif is_zip:
            with open_sheets(file, max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes) as sheets:
                yield _table(sheets, layout=layout, file_format="xlsx", max_rows=max_rows)
        else:
            if file.seek(0, 2) > max_unpacked_bytes:
                raise refusal("too_large_unpacked")
            if is_exchange_xml(_start_of(file)):
                with open_exchange(file, is_zip=False, max_unpacked_bytes=max_unpacked_bytes) as sheet:
                    yield _table([sheet], layout=layout, file_format="xml", max_rows=max_rows)
                return
            yield _table([CsvSheet(file, layout=layout, max_rows=max_rows)], layout=layout, file_format="csv", max_rows=max_rows)


def _start_of(file: BinaryIO) -> bytes:
    file.seek(0)
    start = file.read(_FIRST_BYTES)
    file.seek(0)
    return start


def _is_zip(file: BinaryIO) -> bool:
    """Whether to read the file as XLSX. Raises InputError for what is plainly no table."""
    start = file.read(_SCANNED_BYTES)
    if not start:
        raise refusal("empty_file")
    if start.startswith(_OLE_MAGIC):
        raise refusal("encrypted_file" if "EncryptedPackage".encode("utf-16-le") in start else "not_a_table")
    if start.startswith((b"%PDF-", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff")):
        raise refusal("not_a_table")
    return start.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _table(sheets: Sequence[Sheet] | Iterator[Sheet], *, layout: Layout, file_format: str, max_rows: int) -> Table:
    """The first sheet with a header. Raises InputError: `no_header`, `missing_columns`, `no_rows`."""
    partial: _Header | None = None
    for sheet in sheets:
        rows = sheet.rows()
        header = _find_header(rows, layout)
        if header is None or layout.missing(header.names.values()):
            partial = partial or header
            continue
        sheet.narrow(frozenset(header.names))
        first = next(rows, None)
        if first is None:
            raise refusal("no_rows")
        return Table(sheet, header, chain([first], rows), file_format=file_format, max_rows=max_rows)
    raise refusal("no_header") if partial is None else missing_columns(layout.missing(partial.names.values()))


def _find_header(rows: Iterator[RawRow], layout: Layout) -> _Header | None:
    """The first row with three known titles; else the best with two, whose other columns are then missing."""
    best: _Header | None = None
    for row in islice(rows, HEADER_DEPTH):
        known = [(index, name) for index, cell in enumerate(row.cells) if (name := layout.find(cell)) is not None]
        if len(known) >= _LIKELY_TITLES and (best is None or len(known) > len(best.names)):
            best = _header(row, known)
        if len(known) >= _SURE_TITLES:
            return best
    return best


def _header(row: RawRow, known: list[tuple[int, str]]) -> _Header:
    names = dict(known)
    if len(set(names.values())) < len(names):
        twice = next(name for name in names.values() if list(names.values()).count(name) > 1)
        raise refusal("duplicate_columns", name=twice, title=TITLES_VI[twice])
    ignored = tuple(cell for index, cell in enumerate(row.cells) if index not in names and isinstance(cell, str) and cell.strip())
    return _Header(row.number, len(row.cells), names, ignored)


def _ignored_notice(header: _Header) -> list[Finding]:
    """W-COLUMN, naming the first few."""
    if not header.ignored:
        return []
    shown = [f"«{''.join(filter(str.isprintable, normalised(title)))[:_TITLE_CHARS]}»" for title in header.ignored[:_MOST_TITLES_TOLD]]
    more = ["…"] if len(header.ignored) > _MOST_TITLES_TOLD else []
    return [finding("W-COLUMN", titles=", ".join(shown + more))]
