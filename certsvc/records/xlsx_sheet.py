"""Cells of one worksheet (ECMA-376 part 1, §18.3), row by row out of the XML stream.

A formula's cached value and the fact that it is a formula come in one pass. Dates are numbers whose
style says so. Only the present row is in memory.
"""

import datetime as dt
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from certsvc.records.cells import Cell
from certsvc.records.raw_rows import Flag, RawRow
from certsvc.records.refusals import refusal
from certsvc.records.xlsx_xml import pump

_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_MOST_CELL_CHARS = 32_767
"""Excel's own limits."""
_MOST_SHARED_BYTES = 256 << 20
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_COLUMN = re.compile("[A-Z]{1,3}")
_EPOCH, _EPOCH_1904 = dt.date(1899, 12, 30), dt.date(1904, 1, 1)
_FIRST_SERIAL, _LAST_SERIAL = 61, 2_958_465


class SharedStrings:
    """The workbook's string table (§18.4), held as UTF-8 in one buffer: a few bytes a string more than its text."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ends = array("Q", [0])
        self._is_text = self._is_phonetic = False

    def read(self, chunks: Iterable[bytes], *, max_elements: int) -> None:
        """Raises InputError as `pump` does, and `too_large_unpacked` beyond 256 MB of text."""
        for _ in pump(chunks, max_elements=max_elements, start=self._start, end=self._end, text=self._text):
            if len(self._buffer) > _MOST_SHARED_BYTES:
                raise refusal("too_large_unpacked")

    def __getitem__(self, index: int) -> str:
        """Raises IndexError for a string that is not there."""
        if index < 0:
            raise IndexError(index)
        return self._buffer[self._ends[index] : self._ends[index + 1]].decode()

    def _start(self, name: str, _: dict[str, str]) -> None:
        if name == "t":
            self._is_text = not self._is_phonetic
        elif name == "rPh":
            self._is_phonetic = True

    def _end(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self._ends.append(len(self._buffer))

    def _text(self, text: str) -> None:
        if self._is_text:
            self._buffer += text.encode()


@dataclass(frozen=True, slots=True)
class Workbook:
    """What sheets share: strings, the style numbers that mean dates, and from when serials count."""

    strings: SharedStrings
    date_styles: frozenset[str]
    is_1904: bool


class XlsxSheet:
    """One worksheet, read once."""

    is_delimited = False

    def __init__(self, open_part: Callable[[], Iterator[bytes]], *, workbook: Workbook, max_elements: int) -> None:
        self._open_part, self._max_elements = open_part, max_elements
        self._cells = _RowBuilder(workbook)

    def narrow(self, indexes: frozenset[int]) -> None:
        self._cells.wanted = indexes

    def rows(self) -> Iterator[RawRow]:
        """Rows that are not blank. Raises InputError: `broken_file`, `too_large_unpacked`."""
        cells = self._cells
        for _ in pump(self._open_part(), max_elements=self._max_elements, start=cells.start, end=cells.end, text=cells.text):
            done, cells.done = cells.done, []
            yield from done
            if cells.is_over:
                return


class _RowBuilder:
    """Expat's handlers for one sheet; finished rows gather in `done`."""

    __slots__ = ("_column", "_flags", "_has_formula", "_is_in_data", "_is_phonetic", "_is_text", "_left", "_number", "_parts", "_row", "_style", "_type", "_workbook", "done", "is_over", "wanted")  # fmt: skip  # noqa: E501

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self.done: list[RawRow] = []
        self.wanted: frozenset[int] | None = None
        self.is_over = self._is_in_data = self._is_text = self._is_phonetic = self._has_formula = False
        self._number, self._column, self._left = 0, -1, 0
        self._row: dict[int, Cell] = {}
        self._flags: dict[int, Flag] = {}
        self._type = self._style = ""
        self._parts: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._is_in_data:
            self._is_in_data = name == "sheetData" and not self.is_over
        elif name == "c":
            self._start_cell(attributes)
        elif name in {"v", "t"}:
            self._is_text = not self._is_phonetic and (self.wanted is None or self._column in self.wanted)
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._start_row(attributes.get("r"))
        elif name == "rPh":
            self._is_phonetic = True

    def end(self, name: str) -> None:
        if not self._is_in_data:
            return
        if name in {"v", "t"}:
            self._is_text = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "sheetData":
            self._is_in_data, self.is_over = False, True

    def text(self, text: str) -> None:
        if self._is_text and self._left > 0:
            self._parts.append(text[: self._left])
            self._left -= len(text)

    def _start_row(self, number: str | None) -> None:
        before = self._number
        self._number = before + 1 if number is None else int(number) if number.isdecimal() and len(number) < 8 else 0  # noqa: PLR2004 (seven digits)
        if not before < self._number <= _MOST_ROWS:
            raise refusal("broken_file")
        self._column = -1

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else _column_index(reference.rstrip("0123456789"))
        if self._column >= _MOST_COLUMNS:
            raise refusal("broken_file")
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._has_formula = False
        self._left = _MOST_CELL_CHARS
        self._parts.clear()

    def _end_cell(self) -> None:
        if self.wanted is not None and self._column not in self.wanted:
            return
        text = "".join(self._parts)
        if text:
            self._row[self._column] = self._value(text)
        if self._type == "e":
            self._row[self._column], self._flags[self._column] = None, Flag.ERROR
        elif self._has_formula:
            self._flags[self._column] = Flag.FORMULA if text or self._type == "str" else Flag.HOLLOW_FORMULA

    def _end_row(self) -> None:
        if self._flags or any(not isinstance(cell, str) or cell.strip() for cell in self._row.values()):
            width = max(self._row | self._flags) + 1
            cells: list[Cell] = [None] * width
            for index, cell in self._row.items():
                cells[index] = cell
            self.done.append(RawRow(self._number, cells, self._flags))
        self._row, self._flags = {}, {}

    def _value(self, text: str) -> Cell:
        if self._type == "s":
            return _unescaped(self._shared(text))
        if self._type == "b":
            return text == "1"
        if self._type != "n":
            return _unescaped(text)
        number = _number(text)
        if self._style in self._workbook.date_styles and not isinstance(number, str):
            return _day(number, is_1904=self._workbook.is_1904) or number
        return number

    def _shared(self, index: str) -> str:
        try:
            return self._workbook.strings[int(index)]
        except (ValueError, IndexError) as error:
            raise refusal("broken_file") from error


def _number(text: str) -> int | float | str:
    """A number cell's value; what is no finite number stays text, for the column's rule to refuse."""
    try:
        if text.isdecimal() and text.isascii():
            return int(text) if len(text) < 20 else text  # noqa: PLR2004 (a double holds no more)
        number = float(text)
    except ValueError:
        return text
    return number if abs(number) < 1e300 else text  # noqa: PLR2004 (neither infinite nor absurd; NaN compares false)


@lru_cache(maxsize=4096)
def _day(serial: float, *, is_1904: bool) -> dt.date | None:
    """The day of a date cell (§18.17.4.1), its time of day left out; None for serials before 01/03/1900 or beyond 9999."""
    days = int(serial)
    if is_1904:
        return _EPOCH_1904 + dt.timedelta(days=days) if 0 < days < _LAST_SERIAL - 1462 else None
    return _EPOCH + dt.timedelta(days=days) if _FIRST_SERIAL <= days <= _LAST_SERIAL else None


@cache
def _column_index(letters: str) -> int:
    """A is 0. Raises InputError (`broken_file`) for what is no column."""
    if not _COLUMN.fullmatch(letters):
        raise refusal("broken_file")
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _unescaped(text: str) -> str:
    """Undo ST_Xstring (§22.9.2.19): _x000D_ stands for the character of that number."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
