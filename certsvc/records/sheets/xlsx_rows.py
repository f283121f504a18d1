"""The rows of a worksheet part (ECMA-376 part 1, §18.3.1), taken from expat as they stream by: only the
current row is held.

openpyxl builds a tree for each row and an object for each cell; with a large file that is most of the cost of
reading, and signing waits for reading. Rows, columns and cells are understood as openpyxl understands them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from openpyxl.utils import column_index_from_string
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.errors import InputError
from certsvc.records.raw.packages import PartStream, damage_refused, part_name, part_parser
from certsvc.records.raw.refusals import refusal

_DATA, _ROW, _CELL, _VALUE, _FORMULA, _INLINE, _TEXT, _RUN = (
    part_name(SHEET_MAIN_NS, name) for name in ("sheetData", "row", "c", "v", "f", "is", "t", "r")
)
_DATA_DEPTH, _ROW_DEPTH, _CELL_DEPTH, _VALUE_DEPTH, _TEXT_DEPTH = 2, 3, 4, 5, 6
_MOST_LETTERS, _MOST_COLUMNS = 3, 16_384
INLINE, ERROR = "inlineStr", "e"
"""Kinds of cells (§18.18.11): one that holds its own text, and one whose text is no value."""
_DIGITS = "0123456789"


class RawCell(NamedTuple):
    """A cell that holds something: its column from 1, its `t` and `s` (§18.3.1.4), and the text of `v` or
    `is`, None if it has neither.
    """

    column: int
    kind: str
    style: str | None
    text: str | None
    has_formula: bool


def sheet_rows(stream: PartStream) -> Iterator[tuple[int, list[RawCell]]]:
    """The rows of a worksheet with their numbers from 1, blank ones too; reading ends with the last.

    Raises InputError `broken_file`, and what the stream raises, after the rows before the damage.
    """
    sheet = _Sheet()
    while not sheet.is_over:
        with damage_refused():
            chunk = stream.read()
        broken: InputError | None = None
        try:
            with damage_refused():
                sheet.parser.Parse(chunk, not chunk)
        except InputError as error:
            broken = error
        if sheet.rows:
            stream.release()
        ended, sheet.rows = sheet.rows, []
        yield from ended
        if broken is not None and not sheet.is_over:
            raise broken
        if not chunk:
            return


class _Sheet:
    """Where the parser stands in the part."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[RawCell]]] = []
        self.is_over = False
        self._cells: list[RawCell] = []
        self._depth, self._row, self._column = 0, 0, 0
        self._is_data = self._is_row = self._is_cell = self._is_too_wide = False
        self._is_inline = self._is_run = self._is_text = False
        self._kind, self._has_formula = "", False
        self._style: str | None = None
        self._texts: list[str] | None = None
        self._starts = (
            self._start_other,
            self._start_other,
            self._start_data,
            self._start_row,
            self._start_cell,
            self._start_value,
            self._start_text,
            self._start_run_text,
        )
        """By depth; that of the part's root is 1."""
        self.parser = part_parser(self._start, self._end, self._text)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth < len(self._starts):
            self._starts[self._depth](name, attributes)

    def _start_other(self, *_: object) -> None:
        """The worksheet itself."""

    def _start_data(self, name: str, _: dict[str, str]) -> None:
        self._is_data = name == _DATA

    def _start_row(self, name: str, attributes: dict[str, str]) -> None:
        if self._is_data and name == _ROW:
            number = attributes.get("r")
            self._row = self._row + 1 if number is None else _whole(number)
            self._is_row, self._column = True, 0

    def _start_cell(self, name: str, attributes: dict[str, str]) -> None:
        if self._is_row and name == _CELL:
            reference = attributes.get("r")
            self._column = _column(reference.rstrip(_DIGITS)) if reference else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s")
            self._is_cell, self._has_formula, self._texts = True, False, None

    def _start_value(self, name: str, _: dict[str, str]) -> None:
        if not self._is_cell:
            return
        if name == _FORMULA:
            self._has_formula = True
        elif name == (_INLINE if self._kind == INLINE else _VALUE):
            self._texts = []
            self._is_inline = self._kind == INLINE
            self._is_text = not self._is_inline

    def _start_text(self, name: str, _: dict[str, str]) -> None:
        self._is_text = self._is_inline and name == _TEXT
        self._is_run = self._is_inline and name == _RUN

    def _start_run_text(self, name: str, _: dict[str, str]) -> None:
        self._is_text = self._is_run and name == _TEXT

    def _end_cell(self) -> None:
        if self._column > _MOST_COLUMNS:
            self._is_too_wide = True
        elif self._texts is not None or self._has_formula or self._kind == ERROR:
            text = None if self._texts is None else "".join(self._texts)
            self._cells.append(RawCell(self._column, self._kind, self._style, text, self._has_formula))

    def _end_row(self) -> None:
        if self._is_too_wide:
            raise refusal("broken_file")
        self.rows.append((self._row, self._cells))
        self._is_row, self._cells = False, []

    def _text(self, text: str) -> None:
        if self._is_text and self._texts is not None:
            self._texts.append(text)

    def _end(self, _: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        self._is_text = False
        if depth == _CELL_DEPTH and self._is_cell:
            self._is_cell = self._is_inline = self._is_run = False
            self._end_cell()
        elif depth == _VALUE_DEPTH:
            self._is_inline = False
        elif depth == _TEXT_DEPTH:
            self._is_run = False
        elif depth == _ROW_DEPTH and self._is_row:
            self._end_row()
        elif depth == _DATA_DEPTH and self._is_data:
            self._is_data, self.is_over = False, True


def _whole(number: str) -> int:
    """A row's number; some programs write 5.0. Raises ValueError."""
    try:
        return int(number)
    except ValueError:
        value = float(number)
        if not value.is_integer():
            raise
        return int(value)


def _column(letters: str) -> int:
    """Raises ValueError for what names no column."""
    if len(letters) > _MOST_LETTERS:
        raise ValueError
    return _column_of(letters)


@lru_cache(maxsize=1024)
def _column_of(letters: str) -> int:
    return column_index_from_string(letters)
