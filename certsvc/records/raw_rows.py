"""What the readers hand to `tables`: rows as they stand in the sheet, before columns have names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from certsvc.records.cells import Cell


class Flag(StrEnum):
    """What is special about a cell."""

    FORMULA = "formula"
    HOLLOW_FORMULA = "hollow_formula"
    """A formula whose value no spreadsheet has computed yet."""
    ERROR = "error"
    BROKEN_DOCUMENT = "broken_document"
    """The row was a document of its own (exchange files), which nobody can read."""
    NO_DOCUMENT = "no_document"
    UNPAIRED_DOCUMENT = "unpaired_document"


_NO_FLAGS: Mapping[int, Flag] = {}


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row that is not blank; `number` counts from 1 as the sheet shows it, `flags` are by cell index."""

    number: int
    cells: Sequence[Cell] = field(repr=False)
    flags: Mapping[int, Flag] = field(default_factory=lambda: _NO_FLAGS)


class Sheet(Protocol):
    """A sheet that is read once, from the top."""

    @property
    def is_delimited(self) -> bool:
        """Whether cells are told apart by a delimiter, so that a stray one can shift a row."""
        ...

    def rows(self) -> Iterator[RawRow]: ...

    def narrow(self, indexes: frozenset[int]) -> None:
        """Say that from now on only these cells matter."""
        ...
