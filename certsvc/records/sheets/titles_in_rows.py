"""Titles of one row, and of rows that stand above one another: what each column is called, and what that
means.

A group's text applies to its own column and to those on its right that have a text below and none above. A
column then means what its texts mean together, in either order ("Kết quả" below "Xét nghiệm cuối", "Từ ngày"
below "Cách ly"), or what the last means alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from certsvc.records.columns import LONGEST_TITLE, Layout, is_result
from certsvc.records.raw.rows import RawRow

_MOST_JOINED_COLUMNS, _MOST_PARTS = 400, 3
_SAME_TITLES = 3
"""This many titles repeated below, as in two languages, are no case."""


@dataclass(frozen=True, slots=True)
class Titles:
    """What may be a header: the number of its last row, each column's texts from the top, what it is called,
    and which columns are known in `layout`.
    """

    number: int
    width: int
    layout: Layout
    parts: Mapping[int, tuple[str, ...]]
    texts: Mapping[int, str]
    known: dict[int, str]

    @property
    def count(self) -> int:
        """How many different columns are known."""
        return len(set(self.known.values()))


def single(row: RawRow, layout: Layout) -> Titles:
    """The titles of one row."""
    texts = {index: cell for index, cell in enumerate(row.cells) if isinstance(cell, str) and cell.strip()}
    known = {index: name for index, text in texts.items() if (name := layout.find(text)) is not None}
    parts = {index: (text,) for index, text in texts.items()}
    return Titles(row.number, len(row.cells), layout, parts, texts, known)


def under(top: Titles, row: RawRow) -> Titles | None:
    """These titles joined with those of the row right below; None where that row adds nothing, or would turn
    a known title into another: it is no header.
    """
    subs = _texts_of(row)
    if subs is None or not top.number or row.number != top.number + 1 or _contradicts(top, subs):
        return None
    parts = dict(_joined(top, subs))
    strong: dict[int, str] = {}
    weak: dict[int, str] = {}
    for index, texts in parts.items():
        _note_meaning(texts, top.layout, index, strong, weak)
    certain = {*strong.values()}
    known = strong | {index: name for index, name in weak.items() if name not in certain}
    width, called = max(top.width, len(row.cells)), {index: _called(texts) for index, texts in parts.items()}
    found = Titles(row.number, width, top.layout, parts, called, known)
    same = sum(
        top.layout.find(text) == top.known.get(index) is not None
        for index, text in subs.items()
        if index in top.known
    )
    return found if found.count > top.count or same >= _SAME_TITLES else None


def _texts_of(row: RawRow) -> dict[int, str] | None:
    """The texts of a row that holds nothing else; None for any other row."""
    if row.flags or any(cell is not None and not isinstance(cell, str) for cell in row.cells):
        return None
    return {
        index: cell
        for index, cell in enumerate(row.cells[:_MOST_JOINED_COLUMNS])
        if isinstance(cell, str) and cell.strip()
    }


def _contradicts(top: Titles, subs: Mapping[int, str]) -> bool:
    """Whether a known title that heads no group has something else below it, as above a row of cases."""
    return any(
        index in subs
        and top.layout.find(subs[index]) != name
        and not (index + 1 in subs and index + 1 not in top.parts)
        for index, name in top.known.items()
    )


def _joined(top: Titles, subs: Mapping[int, str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    group: tuple[str, ...] = ()
    for index in sorted({*top.parts, *subs}):
        above, sub = top.parts.get(index, ()), subs.get(index)
        if above:
            group = above if sub else ()
        yield index, (*(above or group), sub)[-_MOST_PARTS:] if sub else above


def _note_meaning(
    texts: tuple[str, ...], layout: Layout, index: int, strong: dict[int, str], weak: dict[int, str]
) -> None:
    """Note what a column's texts mean: together, which is certain, or the last alone, which several columns
    may share.
    """
    for joined in _together(texts):
        if (name := layout.find(joined)) is not None:
            strong[index] = name
            return
        if layout.is_passed_over(joined):
            return
    if len(texts) > 1 and (name := layout.find(texts[-1])) is not None:
        (strong if layout.find(texts[0]) == name else weak)[index] = name


def _together(texts: tuple[str, ...]) -> Iterator[str]:
    if sum(map(len, texts)) > LONGEST_TITLE:
        return
    for length in range(len(texts), 0 if len(texts) == 1 else 1, -1):
        for order in permutations(texts, length):
            if length == len(texts) or texts[-1] in order:
                yield " ".join(order)


def _called(texts: tuple[str, ...]) -> str:
    return texts[-1] if is_result(texts[-1]) else " ".join(texts)
