"""ODS (ODF 1.3 part 3, clauses 9 and 19): the visible sheets of a spreadsheet, row by row.

One part, `content.xml`, holds all sheets, so they are read one after another from one stream. A cell or a row
may say how often it is repeated: blank ones are only counted, others are handed out that often, up to the
limits of a sheet. Packages are opened with the same suspicion as XLSX ones.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse

from certsvc.records.cells import Cell
from certsvc.records.raw.packages import PartStream, Search, damage_refused, open_package
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import Flag, RawRow, Sheet, is_blank
from certsvc.records.sheets.odf_kinds import CONTENT, check_spreadsheet

_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL_CHARS = 1_048_576, 16_384, 32_767
_ELEMENTS_PER_ROW, _SPARE_ELEMENTS = 400, 1_000_000
_MOST_ROW_BYTES = 4 << 20

_ODF = "{urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _TEXT, _OFFICE, _STYLE = (f"{_ODF}{name}:1.0}}" for name in ("table", "text", "office", "style"))
_CALC_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_SHEET_TAG, _ROW_TAG, _SPREADSHEET_TAG = f"{_TABLE}table", f"{_TABLE}table-row", f"{_OFFICE}spreadsheet"
_CELL_TAGS = frozenset({f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"})
_STYLE_TAG = f"{_STYLE}style"
_DURATION = re.compile(r"PT([0-9]{1,6})H([0-9]{1,6})M([0-9]{1,6})(?:[.,][0-9]+)?S")
_HOURS, _SIXTY = 24, 60
_NUMBERS = frozenset({"float", "percentage", "currency"})
_ERRORS = ("Err:", "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


@contextmanager
def open_ods_sheets(
    file: BinaryIO, *, max_rows: int, max_unpacked_bytes: int, search: Search | None = None
) -> Iterator[Iterator[Sheet]]:
    """The visible sheets of a spreadsheet, in its order, each to be read before the next is asked for.

    Raises InputError: `not_a_table` for other documents, `has_macros`, `encrypted_file`, `broken_file`,
    `too_large_unpacked`.
    """
    with open_package(file, max_unpacked_bytes=max_unpacked_bytes) as package:
        check_spreadsheet(package)
        most = max_rows * _ELEMENTS_PER_ROW + _SPARE_ELEMENTS
        with package.stream(
            CONTENT, most_elements=most, most_held_bytes=_MOST_ROW_BYTES, search=search
        ) as stream:
            yield _sheets(_Reading(stream))


class _Reading:
    """The one pass over `content.xml`; what has been read of a sheet is freed."""

    def __init__(self, stream: PartStream) -> None:
        self._events = iterparse(stream, ("start", "end"), forbid_dtd=True)
        self._stream = stream
        self._path: list[Element] = []
        self._hidden: set[str | None] = set()
        self._steps = self._go()

    def next_sheet(self) -> bool:
        """Go on into the next visible sheet; False at the end."""
        for event, element in self._steps:
            if event == "end" and element.tag == _STYLE_TAG:
                self._note_style(element)
            is_sheet = (
                event == "start"
                and element.tag == _SHEET_TAG
                and [parent.tag for parent in self._path[-2:-1]] == [_SPREADSHEET_TAG]
            )
            if is_sheet and element.get(f"{_TABLE}style-name") not in self._hidden:
                return True
        return False

    def rows(self) -> Iterator[Element]:
        """The row elements of the current sheet, grouped or not."""
        for event, element in self._steps:
            if event == "end" and element.tag == _ROW_TAG:
                yield element
            elif event == "end" and element.tag == _SHEET_TAG:
                return
            elif event == "start" and element.tag == _SHEET_TAG:
                raise refusal("broken_file")  # a table in a cell, which spreadsheets do not have

    def _go(self) -> Iterator[tuple[str, Element]]:
        with damage_refused():
            for event, element in self._events:
                if event == "start":
                    self._path.append(element)
                yield event, element
                if event == "end":
                    self._path.pop()
                    if element.tag in (_ROW_TAG, _STYLE_TAG, _SHEET_TAG):
                        self._path[-1].clear()
                        self._stream.release()

    def _note_style(self, style: Element) -> None:
        if any(properties.get(f"{_TABLE}display") == "false" for properties in style):
            self._hidden.add(style.get(f"{_STYLE}name"))


def _sheets(reading: _Reading) -> Iterator[Sheet]:
    number = 0
    while reading.next_sheet():
        sheet = OdsSheet(reading, str(number))
        yield sheet
        for _ in sheet.rest():
            pass  # rows that nobody asked for lie before the next sheet
        number += 1


class OdsSheet:
    """One sheet, read once."""

    is_delimited = False

    def __init__(self, reading: _Reading, part: str) -> None:
        self.part = part
        self._elements = reading.rows()
        self._wanted: frozenset[int] | None = None

    def narrow(self, indexes: frozenset[int]) -> None:
        self._wanted = indexes

    def rest(self) -> Iterator[Element]:
        return self._elements

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `broken_file`, `too_large_unpacked`."""
        number = 0
        for element in self._elements:
            with damage_refused():
                times = _times(element, "rows", _MOST_ROWS)
                cells, flags = self._cells(element)
            if number + times > _MOST_ROWS:
                raise refusal("broken_file")
            if not is_blank(cells.values(), flags):
                line = [cells.get(index) for index in range(max((*cells, *flags)) + 1)]
                for repeated in range(number + 1, number + times + 1):
                    yield RawRow(repeated, line, flags)
            number += times

    def _cells(self, row: Element) -> tuple[dict[int, Cell], dict[int, Flag]]:
        found: dict[int, Cell] = {}
        flags: dict[int, Flag] = {}
        start = 0
        for element in row:
            if element.tag not in _CELL_TAGS:
                continue
            times = _times(element, "columns", _MOST_COLUMNS)
            if start + times > _MOST_COLUMNS:
                raise refusal("broken_file")
            value, flag = _value(element)
            if value is not None or flag is not None:
                indexes = self._asked(range(start, start + times))
                found |= {} if value is None else dict.fromkeys(indexes, value)
                flags |= {} if flag is None else dict.fromkeys(indexes, flag)
            start += times
        return found, flags

    def _asked(self, indexes: range) -> Sequence[int]:
        """Those of a cell's places that matter; never more work than there are columns that matter."""
        if self._wanted is None or (len(indexes) == 1 and indexes[0] in self._wanted):
            return indexes
        if len(indexes) <= len(self._wanted):
            return [index for index in indexes if index in self._wanted]
        return [index for index in self._wanted if index in indexes]


def _times(element: Element, what: str, most: int) -> int:
    times = int(element.get(f"{_TABLE}number-{what}-repeated", "1"))
    if not 1 <= times <= most:
        raise refusal("broken_file")
    return times


def _value(cell: Element) -> tuple[Cell, Flag | None]:
    """What a cell holds (part 3, 19.385), and its flag."""
    has_formula = cell.get(f"{_TABLE}formula") is not None
    kind = cell.get(f"{_OFFICE}value-type")
    shown = cell.get(f"{_OFFICE}string-value") if kind == "string" else None
    shown = _shown(cell) if shown is None else shown[:_MOST_CELL_CHARS]
    if cell.get(_CALC_TYPE) == "error" or (has_formula and shown.startswith(_ERRORS)):
        return None, Flag.ERROR
    if kind is None and has_formula:
        return None, Flag.HOLLOW_FORMULA
    return _typed(cell, kind, shown), Flag.FORMULA if has_formula else None


def _typed(cell: Element, kind: str | None, shown: str) -> Cell:
    if kind in _NUMBERS:
        number = float(cell.get(f"{_OFFICE}value", ""))
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    match kind:
        case "boolean":
            return cell.get(f"{_OFFICE}boolean-value") == "true"
        case "date" | "time":
            text = cell.get(f"{_OFFICE}{kind}-value", "")
            when = _day(text) if kind == "date" else _time(text)
            return shown if when is None else when
        case _:
            return shown or None


def _day(text: str) -> dt.date | None:
    """The day of a date, without its time of day."""
    try:
        return dt.date.fromisoformat(text.partition("T")[0])
    except ValueError:
        return None


def _time(text: str) -> dt.time | float | None:
    """A time of day; a longer duration (xsd:duration) as a number of days."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = map(int, match.groups())
    if hours < _HOURS and minutes < _SIXTY and seconds < _SIXTY:
        return dt.time(hours, minutes, seconds)
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds) / dt.timedelta(days=1)


def _shown(cell: Element) -> str:
    """The paragraphs of a cell, without notes and drawings."""
    text, is_first = "", True
    for paragraph in cell:
        if paragraph.tag == f"{_TEXT}p":
            text += "" if is_first else "\n"
            is_first = False
            for piece in _pieces(paragraph):
                text += piece
                if len(text) >= _MOST_CELL_CHARS:
                    return text[:_MOST_CELL_CHARS]
    return text


def _pieces(element: Element) -> Iterator[str]:
    """Text with its spaces, tabs and line breaks (part 3, 6.1)."""
    yield element.text or ""
    for child in element:
        match child.tag.removeprefix(_TEXT):
            case "s":
                yield " " * min(int(child.get(f"{_TEXT}c", "1")), _MOST_CELL_CHARS)
            case "tab":
                yield "\t"
            case "line-break":
                yield "\n"
            case "span" | "a":
                yield from _pieces(child)
            case _:
                pass
        yield child.tail or ""
