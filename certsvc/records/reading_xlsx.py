"""XLSX (ECMA-376 part 1, SpreadsheetML): the visible sheets of a workbook, row by row, read by openpyxl.

The parts of its read-only mode are put together here instead of calling `load_workbook`, which reads
themes, charts and pictures too, parses a sheet once more for its size, gives either formulas or values,
and keeps every row's element. Here one pass gives both, and of a sheet only the present row is held.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

from defusedxml.ElementTree import fromstring, iterparse
from openpyxl.packaging.manifest import Manifest
from openpyxl.reader.strings import read_string_table
from openpyxl.reader.workbook import WorkbookParser
from openpyxl.styles.stylesheet import Stylesheet
from openpyxl.utils.datetime import WINDOWS_EPOCH
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import DATA_TAG, FORMULA_TAG, ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import ARC_CONTENT_TYPES, ARC_STYLE, ARC_WORKBOOK, SHARED_STRINGS, SHEET_MAIN_NS, XLSX, XLTX

from certsvc.records.cells import Cell
from certsvc.records.raw_rows import Flag, RawRow, Sheet
from certsvc.records.refusals import refusal
from certsvc.records.xlsx_package import Package, PartStream, damage_refused, open_package

_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL_CHARS = 1_048_576, 16_384, 32_767
"""Excel's own limits."""
_ELEMENTS_A_ROW, _SPARE_ELEMENTS = 400, 1_000_000
_MOST_ROW_BYTES = 4 << 20
_MOST_STRINGS_BYTES, _MOST_STRINGS_ELEMENTS = 128 << 20, 6_000_000
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465
"""01/03/1900, before which Excel counts a day that never was, and the end of 9999."""
_ROW_DEPTH = 3
_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
_DATE_PARTS = {f"{{{SHEET_MAIN_NS}}}{name}" for name in ("numFmts", "cellXfs")}


@contextmanager
def open_sheets(file: BinaryIO, *, max_rows: int, max_unpacked_bytes: int) -> Iterator[Iterator[Sheet]]:
    """The visible worksheets of a workbook, in its order.

    Raises InputError: `not_a_table` for other packages, `has_macros`, `encrypted_file`, `broken_file`,
    `too_large_unpacked`.
    """
    with open_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        yield _sheets(package, max_elements=max_rows * _ELEMENTS_A_ROW + _SPARE_ELEMENTS)


def _sheets(package: Package, *, max_elements: int) -> Iterator[Sheet]:
    with damage_refused():
        kinds = _parts_by_kind(package)
        path = kinds.get(XLSX) or kinds.get(XLTX) or ARC_WORKBOOK
        if _STRICT in package.read(path):
            raise refusal("not_a_table")
        parser = WorkbookParser(package, path, keep_links=False)
        parser.parse()
        workbook = _Workbook(_read_strings(package, kinds.get(SHARED_STRINGS)), _date_styles(package), parser.wb.epoch)
        relations = [parser.rels.get(sheet.id) for sheet in parser.sheets if sheet.state == "visible"]
        parts = [relation.target for relation in relations if relation.Type.endswith("/worksheet")]
    for part in parts:
        yield XlsxSheet(package, part, workbook=workbook, max_elements=max_elements)


def _parts_by_kind(package: Package) -> dict[str, str]:
    """Names of parts by content type (part 2, §10.1.2), "" for a default. Raises InputError: `not_a_table`, `has_macros`."""
    if ARC_CONTENT_TYPES not in package.namelist():
        raise refusal("not_a_table")
    tree: Any = fromstring(package.read(ARC_CONTENT_TYPES), forbid_dtd=True)
    manifest: Any = Manifest.from_tree(tree)
    kinds = {part.ContentType: "" for part in manifest.Default} | {part.ContentType: part.PartName.lstrip("/") for part in manifest.Override}
    if any("macroenabled" in kind.lower() or "vbaproject" in kind.lower() for kind in kinds):
        raise refusal("has_macros")
    if kinds.keys().isdisjoint({XLSX, XLTX}):
        raise refusal("not_a_table")
    return kinds


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
    with package.stream(part, most_elements=_MOST_STRINGS_ELEMENTS, most_held_bytes=_MOST_STRINGS_BYTES) as stream:
        return _Strings(read_string_table(stream))


def _date_styles(package: Package) -> frozenset[int]:
    """Cell formats (§18.8.10) that make a number a date; other styles are often faulty and of no interest."""
    if ARC_STYLE not in package.namelist():
        return frozenset()
    root: Any = fromstring(package.read(ARC_STYLE), forbid_dtd=True)
    for child in list(root):
        if child.tag not in _DATE_PARTS:
            root.remove(child)
    styles: Any = Stylesheet.from_tree(root)
    return frozenset(styles.date_formats - styles.timedelta_formats)


@dataclass(frozen=True, slots=True)
class _Workbook:
    """What sheets share: strings, the formats that mean dates, and from when serials count."""

    strings: _Strings
    date_styles: frozenset[int]
    epoch: dt.datetime


class XlsxSheet:
    """One worksheet, read once."""

    is_delimited = False

    def __init__(self, package: Package, part: str, *, workbook: _Workbook, max_elements: int) -> None:
        self.part = part
        self._package, self._workbook, self._max_elements = package, workbook, max_elements
        self._wanted: frozenset[int] | None = None

    def narrow(self, indexes: frozenset[int]) -> None:
        self._wanted = indexes

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `broken_file`, `too_large_unpacked`."""
        before = 0
        with self._package.stream(self.part, most_elements=self._max_elements, most_held_bytes=_MOST_ROW_BYTES) as stream:
            for number, cells, element in _parsed_rows(stream, self._workbook.strings):
                if not before < number <= _MOST_ROWS:
                    raise refusal("broken_file")
                before = number
                row = self._row(number, element, cells)
                if row is not None:
                    yield row

    def _row(self, number: int, element: Any, parsed: list[dict[str, Any]]) -> RawRow | None:
        found: dict[int, Cell] = {}
        flags: dict[int, Flag] = {}
        has_formulas = next(element.iter(FORMULA_TAG), None) is not None
        for tag, cell in zip(element, parsed, strict=True):
            index = cell["column"] - 1
            if index >= _MOST_COLUMNS:
                raise refusal("broken_file")
            if self._wanted is not None and index not in self._wanted:
                continue
            if cell["data_type"] == "e":
                found[index], flags[index] = None, Flag.ERROR
                continue
            if cell["value"] is not None:
                found[index] = self._value(cell["value"], cell["style_id"])
            if has_formulas and tag.find(FORMULA_TAG) is not None:
                flags[index] = Flag.FORMULA if index in found or tag.get("t") == "str" else Flag.HOLLOW_FORMULA
        if not flags and not any(not isinstance(cell, str) or cell.strip() for cell in found.values()):
            return None
        return RawRow(number, [found.get(index) for index in range(max((*found, *flags)) + 1)], flags)

    def _value(self, value: Cell | dt.time | dt.timedelta, style: int) -> Cell:
        if isinstance(value, str):
            return unescape(value[:_MOST_CELL_CHARS])
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.time | dt.timedelta):
            return str(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and style in self._workbook.date_styles:
            return _day(value, self._workbook.epoch) or value
        return value


def _parsed_rows(stream: PartStream, strings: _Strings) -> Iterator[tuple[int, list[dict[str, Any]], Any]]:
    """The rows of a sheet: number, openpyxl's cells, element. Each leaves the tree when the next is asked for; reading ends with the last."""
    with damage_refused():
        parser = WorkSheetParser(stream, strings, data_only=True)
        depth = 0
        top: Any = None
        for event, element in iterparse(stream, ("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                top = element if depth == _ROW_DEPTH - 1 else top
                continue
            depth -= 1
            if depth == _ROW_DEPTH - 1 and element.tag == ROW_TAG and top.tag == DATA_TAG:
                if len(element) > _MOST_COLUMNS:
                    raise refusal("broken_file")
                row: Any = element  # wider than what the stubs ask for
                yield (*parser.parse_row(row), row)
                parser.row_dimensions.clear()
                top.clear()
                stream.release()
            elif element is top and element.tag == DATA_TAG:
                return


@lru_cache(maxsize=4096)
def _day(serial: float, epoch: dt.datetime) -> dt.date | None:
    """The day of a date cell (§18.17.4.1), its time of day left out; None for a number that is none."""
    first = _FIRST_SERIAL if epoch == WINDOWS_EPOCH else 1
    if not first <= serial < _LAST_SERIAL + 1 - (epoch - WINDOWS_EPOCH).days:
        return None
    return (epoch + dt.timedelta(days=int(serial))).date()
