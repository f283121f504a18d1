"""JSON: an array of flat objects, alone or as `records` of an object; and NDJSON, one object a line.

A record's number is its place in the array, counted from 1, or its line. Columns are the fields of the first
records and every column that may be left out; whatever is not a flat object of values is flagged, so that its
row is reported.
"""

import codecs
import contextlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, NoReturn, TypeAlias

from certsvc.records.cells import Cell
from certsvc.records.columns import Layout
from certsvc.records.exchange.tag_tables import layouts_of
from certsvc.records.raw.formats import FileFormat
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import WHOLE_ROW, Flag, RawRow, is_blank
from certsvc.records.sheets.reading_csv import HEADER_DEPTH

Fields: TypeAlias = list[tuple[str, Any]] | None
"""A record's fields in their order, or None for what is not a record. Nested values are `_NESTED`."""

_ARRAY = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*[{\]]")
_WRAPPED = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"records"[ \t\r\n]*:[ \t\r\n]*\[')
_LINES = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*["}]')
_BLANKS = re.compile(r"[ \t\r\n]*")
_BOM = b"\xef\xbb\xbf"
_MOST_RECORD_BYTES, _MOST_FIELDS = 1 << 20, 400
_MOST_BLANK_ROWS = 1 << 17
_CHUNK_BYTES = 1 << 16
_NESTED = object()


def json_format(start: str) -> FileFormat | None:
    """JSON or NDJSON, by a file's first characters; None for neither."""
    if _ARRAY.match(start) or _WRAPPED.match(start):
        return FileFormat.JSON
    return FileFormat.NDJSON if _LINES.match(start) else None


class RecordsSheet:
    """Records as the rows of a sheet, read once, from UTF-8; the first row holds the names of fields."""

    is_delimited = False
    part = ""

    def __init__(self, file: BinaryIO, *, file_format: FileFormat, layout: Layout, max_rows: int) -> None:
        self._file, self._layout, self._max_rows = file, layout, max_rows
        self._records = _array if file_format is FileFormat.JSON else partial(_lines, max_rows=max_rows)

    def narrow(self, indexes: frozenset[int]) -> None:
        """Nothing to save here: a record is read as a whole."""

    def rows(self) -> Iterator[RawRow]:
        """The header as row 0, then every record that is not blank. Raises InputError `broken_json`,
        `too_many_rows`.
        """
        self._file.seek(0)
        records = self._records(self._file)
        first = list(itertools.islice(records, HEADER_DEPTH))
        header = _Header(self._layout, dict.fromkeys(name for _, fields in first for name, _ in fields or ()))
        yield RawRow(0, header.titles)
        for number, fields in itertools.chain(first, records):
            if fields is None:
                yield RawRow(number, [], {WHOLE_ROW: Flag.NO_RECORD})
                continue
            row = header.row(number, fields)
            if is_blank(row.cells, row.flags):
                _check_blank(number, self._max_rows)
            else:
                yield row


class _Header:
    """Where fields go: those of the first records, then every column that a record may leave out."""

    def __init__(self, layout: Layout, names: Iterable[str]) -> None:
        names = list(names)
        layout = max(layouts_of(layout), key=lambda layout: len({*map(layout.find, names)} - {None}))
        self.titles: list[str] = []
        self._layout = layout
        self._by_column: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        for name in names:
            self._add(name)
        if not layout.any_of or {*layout.any_of} & {*self._by_column, *layout.defaults}:
            asked = {*self._by_column, *layout.defaults}
            for column in layout.columns:
                if not layout.is_needed(column, asked) or column.name in layout.defaults:
                    self._add(column.name)

    def _add(self, name: str) -> None:
        column = self._layout.find(name)
        if column in self._by_column:
            self._by_name[name] = self._by_column[column]
            return
        self._by_name[name] = len(self.titles)
        if column is not None:
            self._by_column[column] = len(self.titles)
        self.titles.append(name)

    def row(self, number: int, fields: list[tuple[str, Any]]) -> RawRow:
        cells: list[Cell] = [None] * len(self.titles)
        flags: dict[int, Flag] = {}
        taken: set[int | str] = set()
        for name, value in fields:
            index = self._by_name.get(name)
            if index is None:
                index = self._by_column.get(self._layout.find(name) or "")
            place = name if index is None else index
            if place in taken:
                flags[WHOLE_ROW] = Flag.TWICE
            taken.add(place)
            if index is None:
                flags[len(cells)] = Flag.LATE
            elif value is _NESTED:
                flags[index] = Flag.NESTED
            else:
                cells[index] = value
                if isinstance(value, int | float) and not isinstance(value, bool):
                    flags[index] = Flag.NUMBER
        return RawRow(number, cells, flags)


def _check_blank(number: int, max_rows: int) -> None:
    """Whether a file may go on at a blank record. Raises InputError `too_many_rows`."""
    if number > max_rows + _MOST_BLANK_ROWS:
        raise refusal("too_many_rows", max_rows=max_rows)


def _lines(file: BinaryIO, *, max_rows: int) -> Iterator[tuple[int, Fields]]:
    for number in itertools.count(1):
        line = file.readline(_MOST_RECORD_BYTES + 1)
        if not line:
            return
        if len(line) > _MOST_RECORD_BYTES:
            raise refusal("broken_json", row=number)
        if number == 1:
            line = line.removeprefix(_BOM)
        if line.strip():
            yield number, _parsed(line)
        else:
            _check_blank(number, max_rows)


def _parsed(line: bytes) -> Fields:
    try:
        return _fields(_DECODER.decode(line.decode()))
    except (ValueError, RecursionError):  # not UTF-8, not JSON, numbers without end, brackets without end
        return None


def _fields(record: Any) -> Fields:
    if not isinstance(record, _Pairs) or len(record) > _MOST_FIELDS:
        return None
    return [(name, _NESTED if isinstance(value, list | dict) else value) for name, value in record]


class _Pairs(list[tuple[str, Any]]):
    """An object in which names given twice can still be seen."""


def _refuse(name: str) -> NoReturn:
    """NaN and the infinities are not JSON (RFC 8259 §6)."""
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_refuse)


class _Window:
    """The part of a text being parsed. It grows until a value is complete; no record needs much."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._decoder = file, codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._is_over = "", 0, False

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            self._at = _BLANKS.match(self._text, self._at).end()  # type: ignore[union-attr]  # it always matches
            if self._at < len(self._text) or self._is_over:
                return self._text[self._at : self._at + 1]
            self._grow()

    def take(self) -> str:
        char = self.peek()
        self._at += 1
        return char

    def value(self) -> Any:
        """The next value. It is complete only where something follows it: the digits of a number could go on
        beyond what has been read.
        """
        self.peek()
        while True:
            with contextlib.suppress(ValueError):
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or self._is_over:
                    self._at = end
                    return value
            self._grow()

    def _grow(self) -> None:
        if self._is_over or len(self._text) - self._at > _MOST_RECORD_BYTES:
            raise ValueError("a value does not end")
        chunk = self._file.read(_CHUNK_BYTES)
        self._is_over = not chunk
        self._text, self._at = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk), 0


def _array(file: BinaryIO) -> Iterator[tuple[int, Fields]]:
    """Raises InputError `broken_json` with the number of the bad record; the library's message would quote
    it.
    """
    window, number = _Window(file), 0
    try:
        is_wrapped = window.take() == "{"
        if is_wrapped:  # `"records": [`, as the first bytes said
            window.value()
            window.take()
            window.take()
        mark = window.take() if window.peek() == "]" else ","
        while mark == ",":
            number += 1
            yield number, _fields(window.value())
            mark = window.take()
        if mark != "]" or (is_wrapped and window.take() != "}") or window.peek():
            raise ValueError("something else than the next record or the end")  # noqa: TRY301 (one answer to all of these)
    except (ValueError, RecursionError):
        raise refusal("broken_json", row=number) from None
