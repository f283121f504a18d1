"""XLSX (ECMA-376 part 1, SpreadsheetML): the visible sheets of a workbook, row by row.

openpyxl reads the workbook and its styles. Its `load_workbook` is not called: it also reads themes, charts
and pictures, parses a sheet once more for its size, and gives either formulas or values. `xlsx_rows` gives
both in one pass over a sheet and holds only the current row; `xlsx_strings` reads strings.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

from defusedxml.ElementTree import fromstring
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles.stylesheet import Stylesheet
from openpyxl.utils.datetime import WINDOWS_EPOCH, from_ISO8601
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.records.cells import Cell
from certsvc.records.raw.foreign import ForeignFormat, wrong_format
from certsvc.records.raw.packages import Package, Search, damage_refused, open_package
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import Flag, RawRow, Sheet, is_blank
from certsvc.records.sheets.xlsx_parts import parts_of
from certsvc.records.sheets.xlsx_rows import ERROR, INLINE, RawCell, sheet_rows
from certsvc.records.sheets.xlsx_strings import read_strings, shown

_MOST_ROWS = 1_048_576
"""Excel's own limit."""
_ELEMENTS_PER_ROW, _SPARE_ELEMENTS = 400, 1_000_000
_MOST_ROW_BYTES = 4 << 20
_MOST_STRINGS_BYTES, _MOST_STRINGS_ELEMENTS = 128 << 20, 6_000_000
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465
"""01/03/1900, before which Excel counts a day that never was (29/02/1900), and the last day of 9999."""
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_DATE_PARTS = {f"{{{SHEET_MAIN_NS}}}{name}" for name in ("numFmts", "cellXfs")}


@contextmanager
def open_sheets(
    file: BinaryIO, *, max_rows: int, max_unpacked_bytes: int, search: Search | None = None
) -> Iterator[Iterator[Sheet]]:
    """The visible worksheets of a workbook, in its order; the package itself says which parts they are.

    Raises InputError: `not_a_table` for other packages, `has_macros`, `encrypted_file`, `broken_file`,
    `too_large_unpacked`.
    """
    with open_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        yield _sheets(package, max_elements=max_rows * _ELEMENTS_PER_ROW + _SPARE_ELEMENTS, search=search)


def _sheets(package: Package, *, max_elements: int, search: Search | None) -> Iterator[Sheet]:
    with damage_refused():
        found = parts_of(package)
        if _STRICT in package.read(found.workbook):
            raise wrong_format(ForeignFormat.STRICT_OPEN_XML)
        parser = WorkbookParser(package, found.workbook, keep_links=False)
        parser.parse()
        strings, date_styles = _read_strings(package, found.strings), _date_styles(package, found.styles)
        workbook = _Workbook(strings, date_styles, parser.wb.epoch)
        relations = [parser.rels.get(sheet.id) for sheet in parser.sheets if sheet.state == "visible"]
        parts = [relation.target for relation in relations if relation.Type.endswith("/worksheet")]
    for part in parts:
        yield XlsxSheet(package, part, workbook=workbook, max_elements=max_elements, search=search)


class _Strings:
    """The string table, without Python's meaning of negative indexes."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def __getitem__(self, index: int, /) -> str:
        if index < 0:
            raise IndexError
        return self._texts[index]


def _read_strings(package: Package, part: str | None) -> _Strings:
    if not part:
        return _Strings([])
    with package.stream(
        part, most_elements=_MOST_STRINGS_ELEMENTS, most_held_bytes=_MOST_STRINGS_BYTES
    ) as stream:
        return _Strings(read_strings(stream))


def _date_styles(package: Package, part: str | None) -> frozenset[int]:
    """Cell formats (§18.8.10) that make a number a date. Other styles do not matter, and are often faulty."""
    if part is None:
        return frozenset()
    root: Any = fromstring(package.read(part), forbid_dtd=True)
    for child in list(root):
        if child.tag not in _DATE_PARTS:
            root.remove(child)
    styles: Any = Stylesheet.from_tree(root)
    return frozenset(styles.date_formats - styles.timedelta_formats)


@dataclass(frozen=True, slots=True)
class _Workbook:
    """What sheets share: strings, the formats that mean dates, and the day that serials count from."""

    strings: _Strings
    date_styles: frozenset[int]
    epoch: dt.datetime


class XlsxSheet:
    """One worksheet, read once."""

    is_delimited = False

    def __init__(
        self, package: Package, part: str, *, workbook: _Workbook, max_elements: int, search: Search | None
    ) -> None:
        self.part = part
        self._package, self._workbook = package, workbook
        self._max_elements, self._search = max_elements, search
        self._wanted: frozenset[int] | None = None

    def narrow(self, indexes: frozenset[int]) -> None:
        self._wanted = indexes

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `broken_file`, `too_large_unpacked`."""
        before = 0
        limits = {"most_elements": self._max_elements, "most_held_bytes": _MOST_ROW_BYTES}
        with self._package.stream(self.part, **limits, search=self._search) as stream:
            for number, cells in sheet_rows(stream):
                if not before < number <= _MOST_ROWS:
                    raise refusal("broken_file")
                before = number
                with damage_refused():
                    row = self._row(number, cells)
                if row is not None:
                    yield row

    def _row(self, number: int, cells: list[RawCell]) -> RawRow | None:
        found: dict[int, Cell] = {}
        flags: dict[int, Flag] = {}
        for column, kind, style, text, has_formula in cells:
            index = column - 1
            if self._wanted is not None and index not in self._wanted:
                continue
            if kind == ERROR:
                found[index], flags[index] = None, Flag.ERROR
                continue
            if text or (text is not None and kind == INLINE):
                found[index] = self._value(text, kind, style)
            if has_formula:
                flags[index] = Flag.FORMULA if index in found or kind == "str" else Flag.HOLLOW_FORMULA
        if is_blank(found.values(), flags):
            return None
        return RawRow(number, [found.get(index) for index in range(max((*found, *flags)) + 1)], flags)

    def _value(self, text: str, kind: str, style: str | None) -> Cell:
        """What a cell means by its kind [ECMA-376 part 1 §18.18.11]. Raises ValueError or IndexError for what
        it cannot mean.
        """
        match kind:
            case "n":
                number = float(text) if "." in text or "E" in text or "e" in text else int(text)
                is_day = style is not None and int(style) in self._workbook.date_styles
                return (_day(number, self._workbook.epoch) or number) if is_day else number
            case "s":
                return self._workbook.strings[int(text)]
            case "b":
                return bool(int(text))
            case "d":
                when: object = from_ISO8601(text)  # type: ignore[no-untyped-call]
                if isinstance(when, dt.datetime):
                    return when.date()
                return when if isinstance(when, dt.date | dt.time) else str(when)
            case _:
                return shown(text)


@lru_cache(maxsize=4096)
def _day(serial: float, epoch: dt.datetime) -> dt.date | None:
    """The day of a date cell (§18.17.4.1), without its time of day; None for a number out of range."""
    first = _FIRST_SERIAL if epoch == WINDOWS_EPOCH else 1
    if not first <= serial < _LAST_SERIAL + 1 - (epoch - WINDOWS_EPOCH).days:
        return None
    return (epoch + dt.timedelta(days=int(serial))).date()
