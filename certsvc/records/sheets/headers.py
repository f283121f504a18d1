"""Where a table's titles stand, and what they mean.

Official forms have titles in two rows: a group ("Cách ly") over its columns ("Từ ngày", "Đến ngày"), other
titles merged over both; and below them a row that numbers the columns. Only texts are looked at, for a stream
reports merged cells too late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from certsvc.records.columns import CASES, LONGEST_COMPARED, Layout, is_result
from certsvc.records.raw.refusals import MOST_COMPARED, refusal, shown_title
from certsvc.records.raw.rows import RawRow
from certsvc.records.rules.catalogue import finding
from certsvc.records.rules.findings import Finding
from certsvc.records.sheets.numbered_columns import numbers_columns
from certsvc.records.sheets.reading_csv import HEADER_DEPTH
from certsvc.records.sheets.titles_in_rows import Titles, single, under
from certsvc.records.text.lookalikes import with_d

_SURE_TITLES, _LIKELY_TITLES = 3, 2
_MOST_TITLES_SHOWN, _MOST_TITLES_COMPARED = 10, 100


@dataclass(frozen=True, slots=True)
class Header:
    """A table's titles: the last row they stand in, and what each column means in `layout`; `ignored` are
    titles that mean nothing, `repaired` the columns whose title has a letter that only looks like Đ.

    `first_row` is where cases may begin; `ahead` are rows read below the header to find its end.
    """

    number: int
    first_row: int
    width: int
    layout: Layout
    names: dict[int, str]
    ignored: tuple[str, ...]
    results: tuple[int, ...]
    repaired: tuple[str, ...] = ()
    ahead: tuple[RawRow, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Required columns that the table lacks."""
        return self.layout.missing(self.names.values())

    @property
    def wishes(self) -> int:
        """Index of the first column that says what is wanted; -1 in tables without one."""
        return min((index for index, name in self.names.items() if name in CASES.any_of), default=-1)


def find_header(rows: Iterator[RawRow], layouts: Sequence[Layout], unknown: dict[str, None]) -> Header | None:
    """The first row with three titles known in one of the layouts; else the best row with two, whose other
    columns are then missing.

    Rows above and below join in where they make more titles known. Texts of rows that are no header are added
    to `unknown`, as many as will be compared: titles may be among them.
    """
    best: Titles | None = None
    above: list[Titles] = []
    for row in islice(rows, HEADER_DEPTH):
        texts = (
            cell
            for cell in row.cells[:_MOST_TITLES_COMPARED]
            if isinstance(cell, str) and len(cell) <= LONGEST_COMPARED and cell.strip()
        )
        unknown |= dict.fromkeys(islice(texts, MOST_COMPARED - len(unknown)))
        alone = [single(row, layout) for layout in layouts]
        for titles in (*alone, *filter(None, (under(top, row) for top in above))):
            if len(titles.known) >= _LIKELY_TITLES and (best is None or titles.count > best.count):
                best = titles
        if best is not None and len(best.known) >= _SURE_TITLES:
            return _ended(best, rows, layouts)
        above = alone
    return None if best is None else _header(best)


def _ended(titles: Titles, rows: Iterator[RawRow], layouts: Sequence[Layout]) -> Header:
    """The header, with whatever of it stands in the rows below. JSON records have no such rows."""
    if titles.number == 0:
        return _header(titles)
    row = next(rows, None)
    if row is not None and (more := _below(titles, row, layouts)) is not None:
        titles, row = more, next(rows, None)
    header = _header(titles)
    if row is None:
        return header
    if row.number == header.first_row and numbers_columns(row.cells, but={*header.results}):
        return replace(header, first_row=row.number + 1)
    return replace(header, ahead=(row,))


def _below(titles: Titles, row: RawRow, layouts: Sequence[Layout]) -> Titles | None:
    """These titles joined with those of the next row, or that row's own where it is another header; None for
    a row of cases.
    """
    if (joined := under(titles, row)) is not None:
        return joined
    alone = [single(row, layout) for layout in layouts]
    others = [
        other
        for other in alone
        if len(other.known) >= _SURE_TITLES and 2 * len(other.known) >= len(other.texts)
    ]
    if row.number != titles.number + 1 or not others:
        return None
    other = max(others, key=lambda other: other.count)
    both = (
        replace(other, texts={**titles.texts, **other.texts}),
        replace(titles, number=row.number, texts={**other.texts, **titles.texts}),
    )
    return min(both, key=lambda header: (len(header.layout.missing(header.known.values())), -header.count))


def _header(titles: Titles) -> Header:
    names, layout = titles.known, titles.layout
    if len(set(names.values())) < len(names):
        twice = next(name for name in names.values() if list(names.values()).count(name) > 1)
        raise refusal("duplicate_columns", name=twice, title=layout.title_of(twice))
    others = {index: text for index, text in titles.texts.items() if index not in names}
    ignored = tuple(text for text in others.values() if not layout.is_passed_over(text))
    results = tuple(index for index, text in others.items() if is_result(text))
    repaired = tuple(
        name for index, name in names.items() if with_d(titles.texts[index]) != titles.texts[index]
    )
    return Header(titles.number, titles.number + 1, titles.width, layout, names, ignored, results, repaired)


def notices_of(header: Header) -> list[Finding]:
    """Findings on titles: W-REPAIRED-UNICODE, and W-COLUMN with the first few that mean nothing."""
    repaired = [finding("W-REPAIRED-UNICODE", name, "title") for name in header.repaired]
    if not header.ignored:
        return repaired
    shown = [f"«{shown_title(title)}»" for title in header.ignored[:_MOST_TITLES_SHOWN]]
    more = ["…"] if len(header.ignored) > _MOST_TITLES_SHOWN else []
    return [*repaired, finding("W-COLUMN", titles=", ".join(shown + more))]
