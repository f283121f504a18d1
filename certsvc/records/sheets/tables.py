"""Tables of cases (or of facilities, practitioners): finding the header, naming the cells.

A file's format is judged by its content (`formats`), never by its name. Title rows above the header are
skipped, blank rows anywhere; rows keep the numbers their user sees.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from certsvc.records.cells import Cell, as_text
from certsvc.records.columns import CASES, IDENTIFIERS, Layout
from certsvc.records.exchange.reading import open_exchange
from certsvc.records.exchange.tag_tables import layouts_of
from certsvc.records.raw.formats import EXCHANGE_FORMATS, FileFormat
from certsvc.records.raw.packages import Search
from certsvc.records.raw.refusals import missing_columns, no_header, refusal
from certsvc.records.raw.rows import WHOLE_ROW, Flag, Place, RawRow, Sheet, is_blank
from certsvc.records.rules.catalogue import finding
from certsvc.records.rules.findings import Finding
from certsvc.records.sheets.formats import format_of
from certsvc.records.sheets.headers import Header, find_header, notices_of
from certsvc.records.sheets.reading_csv import CsvSheet
from certsvc.records.sheets.reading_json import RecordsSheet
from certsvc.records.sheets.reading_ods import open_ods_sheets
from certsvc.records.sheets.reading_xlsx import open_sheets

_SEARCHED_COLUMNS = frozenset(range(1_000))
"""How far to the right a sheet is searched for its titles."""
_FLAG_NOTICES = {
    Flag.FORMULA: ("W-FORMULA", ""),
    Flag.HOLLOW_FORMULA: ("W-FORMULA", "no_value"),
    Flag.ERROR: ("V-TEXT", "error"),
    Flag.NUMBER: ("V-TEXT", "number"),
    Flag.NESTED: ("V-TEXT", "nested"),
    Flag.TWICE: ("V-ROW", "twice"),
    Flag.NO_RECORD: ("V-ROW", "no_record"),
    Flag.LATE: ("W-COLUMN", "late"),
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


class Table:
    """The rows of a file, read once from top to bottom.

    `columns` are the known ones in the file's order, `place` says where in the file they are. `notices` are
    findings on the file as a whole; formulas join them while rows are read.
    """

    def __init__(
        self, sheet: Sheet, header: Header, rows: Iterator[RawRow], *, file_format: FileFormat, max_rows: int
    ) -> None:
        self.format = file_format
        self.columns = tuple(header.names.values())
        self.place = Place(sheet.part, header.number, header.results, header.first_row)
        self._layout = header.layout
        self._notices = dict.fromkeys(notices_of(header))
        self._sheet, self._header, self._rows, self._max_rows = sheet, header, rows, max_rows

    @property
    def notices(self) -> tuple[Finding, ...]:
        return tuple(self._notices)

    def __iter__(self) -> Iterator[SheetRow]:
        """Raises InputError where a limit is passed or the file proves to be broken; earlier rows stand."""
        for count, raw in enumerate(self._rows, 1):
            if count > self._max_rows:
                raise refusal("too_many_rows", max_rows=self._max_rows)
            yield self._named(raw)

    def _named(self, raw: RawRow) -> SheetRow:
        names, cells = self._header.names, raw.cells
        length = len(cells)
        named = {name: cells[index] for index, name in names.items() if index < length}
        for name, value in self._layout.defaults.items():
            if not as_text(named.get(name)).strip():
                named[name] = value
        named = self._layout.cells_of(named)
        if not raw.flags and self._header.wishes < length <= self._header.width:
            return SheetRow(raw.number, named)
        return SheetRow(raw.number, named, tuple(self._row_notices(raw)))

    def _row_notices(self, raw: RawRow) -> Iterator[Finding]:
        for index, flag in raw.flags.items():
            title = self._header.names.get(index)
            name = None if title is None else self._layout.field_of(title)
            if flag is Flag.NUMBER and name not in IDENTIFIERS:
                continue
            if name is not None or index == WHOLE_ROW or index >= self._header.width:
                rule, variant = _FLAG_NOTICES[flag]
                found = finding(rule, name, variant)
                if not found.rejects:
                    self._notices[found] = None
                yield found
        if self._sheet.is_delimited:
            beyond = raw.cells[self._header.width :]
            if any(isinstance(cell, str) and cell.strip() for cell in beyond):
                yield finding("V-ROW")
            if len(raw.cells) <= self._header.wishes:
                yield finding("V-ROW", None, "cut")


@contextmanager
def open_table(
    path: Path, *, max_rows: int, max_unpacked_bytes: int, layout: Layout = CASES
) -> Iterator[Table]:
    """Open a file of any format and find its header. In exchange files a tag means what the social insurance
    says, whatever mapping `layout` has.

    Raises InputError: `empty_file`, `not_a_table`, `not_utf8`, `encrypted_file`, `has_macros`, `broken_file`,
    `broken_json`, `unknown_xml`, `too_large_unpacked`, `no_header`, `missing_columns` (listed in `errors`),
    `duplicate_columns`, `no_rows`; while rows are read also `too_many_rows`, `too_large_unpacked`,
    `broken_file`, `broken_json`, `broken_xml`, `unclosed_quote`, `row_too_long`.
    """
    search = Search()
    with open_file(
        path, max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes, layout=layout, search=search
    ) as (file_format, sheets):
        layouts = [layout.unmapped()] if file_format in EXCHANGE_FORMATS else layouts_of(layout)
        table = _table(sheets, layouts=layouts, file_format=file_format, max_rows=max_rows)
        search.end()
        yield table


@contextmanager
def open_file(
    path: Path,
    *,
    max_rows: int,
    max_unpacked_bytes: int,
    layout: Layout = CASES,
    search: Search | None = None,
) -> Iterator[tuple[FileFormat, Iterator[Sheet]]]:
    """A file's format and its sheets, each to be read before the next is asked for; raises as `open_table`.
    `search` bounds what may come before rows.
    """
    limits = {"max_rows": max_rows, "max_unpacked_bytes": max_unpacked_bytes}
    with path.open("rb") as file:
        found, text = format_of(file, max_unpacked_bytes=max_unpacked_bytes)
        if found in EXCHANGE_FORMATS:
            raw, is_zip = (file, True) if text is None else (text.as_it_is(), False)
            with open_exchange(raw, is_zip=is_zip, max_unpacked_bytes=max_unpacked_bytes) as dossiers:
                yield found, iter([dossiers])
        elif text is None:
            open_package = open_ods_sheets if found is FileFormat.ODS else open_sheets
            with open_package(file, **limits, search=search) as sheets:
                yield found, sheets
        elif found is FileFormat.CSV:
            yield found, iter([CsvSheet(text.as_utf8(), layout=layout, max_rows=max_rows)])
        else:
            records = RecordsSheet(text.as_utf8(), file_format=found, layout=layout, max_rows=max_rows)
            yield found, iter([records])


def _table(
    sheets: Iterator[Sheet], *, layouts: Sequence[Layout], file_format: FileFormat, max_rows: int
) -> Table:
    """The first sheet with a header. Raises InputError: `no_header`, `missing_columns`, `no_rows`."""
    partial: Header | None = None
    unknown: dict[str, None] = {}
    for sheet in sheets:
        sheet.narrow(_SEARCHED_COLUMNS)
        rows = sheet.rows()
        header = find_header(rows, layouts, unknown)
        if header is None or header.missing:
            partial = partial or header
            continue
        sheet.narrow(frozenset(header.names))
        rows = chain(_narrowed(header, sheet), rows)
        first = next(rows, None)
        if first is None:
            raise refusal("no_rows")
        return Table(sheet, header, chain([first], rows), file_format=file_format, max_rows=max_rows)
    if partial is None:
        raise no_header(unknown, layouts[0])
    raise missing_columns(partial.missing, partial.ignored, partial.layout)


def _narrowed(header: Header, sheet: Sheet) -> Iterator[RawRow]:
    """Rows that were read before the sheet was narrowed, as it gives them from now on."""
    for row in header.ahead:
        if sheet.is_delimited:
            yield row
            continue
        cells = [cell if index in header.names else None for index, cell in enumerate(row.cells)]
        flags = {index: flag for index, flag in row.flags.items() if index in header.names}
        if not is_blank(cells, flags):
            yield RawRow(row.number, cells, flags)
