"""JSON: an array of flat objects, alone or as `records` of an object; and NDJSON, one object a line.

A record's number is its place in the array, counted from 1, or its line. Columns are the fields of the first
records and all that may be left out; whatever is no flat object of values is flagged, so that the row is told
of.
"""

import codecs
import contextlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, TypeAlias

from certsvc.records.cells import Cell
from certsvc.records.columns import Layout
from certsvc.records.exchange.tag_tables import layouts_of
from certsvc.records.raw.refusals import refusal
from certsvc.records.raw.rows import WHOLE_ROW, Flag, RawRow
from certsvc.records.sheets.reading_csv import HEADER_DEPTH

Fields: TypeAlias = list[tuple[str, Any]] | None
"""A record's fields in their order, or None where there is no record. Nested values are `_NESTED`."""

_ARRAY = re.compile(r"[ \t\r\n]*\[[ \t\r\n]*[{\]]")
_WRAPPED = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"records"[ \t\r\n]*:[ \t\r\n]*\[')
_LINES = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*["}]')
_BLANKS = re.compile(r"[ \t\r\n]*")
_BOM = b"\xef\xbb\xbf"
_MOST_RECORD_BYTES, _MOST_FIELDS = 1 << 20, 400
_MOST_BLANK_ROWS = 1 << 17
_CHUNK_BYTES = 1 << 16
_NESTED = object()


def format_of(start: str) -> str | None:
    """`json` or `ndjson` by a file's first characters, None for what is neither."""
    if _ARRAY.match(start) or _WRAPPED.match(start):
        return "json"
    return "ndjson" if _LINES.match(start) else None


class RecordsSheet:
    """Records as the rows of one sheet, which is read once, out of UTF-8; the first row holds the names of
    their fields.
    """

    is_delimited = False
    part = ""

    def __init__(self, file: BinaryIO, *, file_format: str, layout: Layout, max_rows: int) -> None:
        self._file, self._layout, self._max_rows = file, layout, max_rows
        self._records = _array if file_format == "json" else partial(_lines, max_rows=max_rows)

    def narrow(self, indexes: frozenset[int]) -> None:
        """Fields cost nothing more here."""

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
            row = (
                RawRow(number, [], {WHOLE_ROW: Flag.NO_RECORD})
                if fields is None
                else header.row(number, fields)
            )
            if row.flags or any(
                not isinstance(cell, str | None) or (cell or "").strip() for cell in row.cells
            ):
                yield row
            else:
                _check_blank(number, self._max_rows)


class _Header:
    """Where fields go: those of the first records, then every column that a record need not have."""

    def __init__(self, layout: Layout, names: Iterable[str]) -> None:
        names = list(names)
        layout = max(layouts_of(layout), key=lambda each: len({*map(each.find, names)} - {None}))
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
            index = (
                self._by_name[name]
                if name in self._by_name
                else self._by_column.get(self._layout.find(name) or "")
            )
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


def _fields(value: Any) -> Fields:
    is_record = isinstance(value, _Pairs) and len(value) <= _MOST_FIELDS
    return (
        [(name, _NESTED if isinstance(each, list | dict) else each) for name, each in value]
        if is_record
        else None
    )


class _Pairs(list[tuple[str, Any]]):
    """An object whose double names are still to be seen."""


def _refuse(name: str) -> Any:
    """NaN and the infinities are no JSON (RFC 8259 §6)."""
    raise ValueError(name)


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_refuse)


class _Window:
    """What of a text is being parsed: it grows by what is not understood yet, and no record needs much."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._decoder = file, codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._is_over = "", 0, False

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
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
        """The next value. It is whole where something follows, for digits could go on behind what has been
        read.
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
            raise ValueError("no end of a value")
        chunk = self._file.read(_CHUNK_BYTES)
        self._is_over = not chunk
        self._text, self._at = self._text[self._at :] + self._decoder.decode(chunk, final=not chunk), 0


def _array(file: BinaryIO) -> Iterator[tuple[int, Fields]]:
    """Raises InputError `broken_json`, naming the record that it breaks off in; what the library says would
    quote it.
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
