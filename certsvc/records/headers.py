"""Where a table's titles stand, and what they mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from certsvc.records.columns import CASES, LONGEST_COMPARED, Layout, is_result
from certsvc.records.findings import Finding
from certsvc.records.raw_rows import RawRow
from certsvc.records.reading_csv import HEADER_DEPTH
from certsvc.records.refusals import MOST_COMPARED, refusal, shown_title
from certsvc.records.rules import finding

_SURE_TITLES, _LIKELY_TITLES = 3, 2
_MOST_TITLES_TOLD, _MOST_TITLES_COMPARED = 10, 100


@dataclass(frozen=True, slots=True)
class Header:
    """A table's titles: the row they stand in, and what each column means in `layout`; `ignored` are titles that mean nothing."""

    number: int
    width: int
    layout: Layout
    names: dict[int, str]
    ignored: tuple[str, ...]
    results: tuple[int, ...]

    @property
    def missing(self) -> list[str]:
        """Required columns that are not there."""
        return self.layout.missing(self.names.values())

    @property
    def wishes(self) -> int:
        """Index of the first column that says what is wanted; -1 in tables without."""
        return min((index for index, name in self.names.items() if name in CASES.any_of), default=-1)


def find_header(rows: Iterator[RawRow], layouts: Sequence[Layout], unknown: dict[str, None]) -> Header | None:
    """The first row with three titles that are known in one of the layouts; else the best with two, whose other columns are then missing.

    Texts of rows that are none are added to `unknown`, as many as will be compared: titles may be among them.
    """
    best: Header | None = None
    for row in islice(rows, HEADER_DEPTH):
        texts = (cell for cell in row.cells[:_MOST_TITLES_COMPARED] if isinstance(cell, str) and len(cell) <= LONGEST_COMPARED and cell.strip())
        unknown |= dict.fromkeys(islice(texts, MOST_COMPARED - len(unknown)))
        for layout in layouts:
            known = [(index, name) for index, cell in enumerate(row.cells) if cell and (name := layout.find(cell)) is not None]
            if len(known) >= _LIKELY_TITLES and (best is None or len(known) > len(best.names)):
                best = _header(row, known, layout)
        if best is not None and len(best.names) >= _SURE_TITLES:
            return best
    return best


def _header(row: RawRow, known: list[tuple[int, str]], layout: Layout) -> Header:
    names = dict(known)
    if len(set(names.values())) < len(names):
        twice = next(name for name in names.values() if list(names.values()).count(name) > 1)
        raise refusal("duplicate_columns", name=twice, title=layout.title_of(twice))
    others = {index: cell for index, cell in enumerate(row.cells) if index not in names and isinstance(cell, str) and cell.strip()}
    ignored = tuple(cell for cell in others.values() if not layout.is_passed_over(cell))
    return Header(row.number, len(row.cells), layout, names, ignored, tuple(index for index, cell in others.items() if is_result(cell)))


def ignored_notice(header: Header) -> list[Finding]:
    """W-COLUMN, naming the first few."""
    if not header.ignored:
        return []
    shown = [f"«{shown_title(title)}»" for title in header.ignored[:_MOST_TITLES_TOLD]]
    more = ["…"] if len(header.ignored) > _MOST_TITLES_TOLD else []
    return [finding("W-COLUMN", titles=", ".join(shown + more))]
