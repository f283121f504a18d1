"""What the readers hand to `tables`: rows as they are in the sheet, before columns have names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from certsvc.records.cells import Cell


class Flag(StrEnum):
    """What is special about a cell, or (at index `WHOLE_ROW`) about a row."""

    FORMULA = "formula"
    HOLLOW_FORMULA = "hollow_formula"
    """A formula whose value no spreadsheet has computed yet."""
    ERROR = "error"
    NUMBER = "number"
    """A number written as one on purpose (JSON), not guessed by a spreadsheet."""
    NESTED = "nested"
    """A list or an object where a value should be."""
    LATE = "late"
    """A field that the first records lack and that is no known column."""
    TWICE = "twice"
    """The record names a field twice."""
    NO_RECORD = "no_record"
    """Something other than a record, in the place of one."""
    BROKEN_DOCUMENT = "broken_document"
    """The row was a document of its own (exchange files), which cannot be read."""
    NO_DOCUMENT = "no_document"
    UNPAIRED_DOCUMENT = "unpaired_document"


WHOLE_ROW = -1

_NO_FLAGS: Mapping[int, Flag] = {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table is in its file: the sheet's part, the header's last row, the indexes of columns that we
    once added.

    `first_row` is the first that may be a case: below the header, and below a row that numbers its columns; 0
    stands for the row below the header.
    """

    part: str
    header_row: int
    results: tuple[int, ...]
    first_row: int = 0


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row that is not blank; `number` counts from 1 as the sheet shows it, `flags` are by cell index."""

    number: int
    cells: Sequence[Cell] = field(repr=False)
    flags: Mapping[int, Flag] = field(default_factory=lambda: _NO_FLAGS)


def is_blank(cells: Iterable[Cell], flags: Mapping[int, Flag]) -> bool:
    """Whether a spreadsheet shows nothing in a row. Formulas with an empty result, which people copy far down
    below a table, show nothing either.
    """
    if any(not isinstance(cell, str | None) or (cell or "").strip() for cell in cells):
        return False
    return not flags or all(flag is Flag.FORMULA for flag in flags.values())


class Sheet(Protocol):
    """A sheet that is read once, from the top."""

    @property
    def part(self) -> str:
        """The sheet's part of its file; empty where the file is one sheet."""
        ...

    @property
    def is_delimited(self) -> bool:
        """Whether cells are separated by a delimiter, so that a stray one can shift a row."""
        ...

    def rows(self) -> Iterator[RawRow]: ...

    def narrow(self, indexes: frozenset[int]) -> None:
        """Say that from now on only these cells matter."""
        ...
