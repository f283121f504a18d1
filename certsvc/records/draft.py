"""A row while it is being read: its cells, and what was found so far. Internal to `records`."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from certsvc.records.cells import Cell, are_plain, as_text, day_of, has_forbidden, normalised
from certsvc.records.columns import MAX_CHARS
from certsvc.records.findings import Finding
from certsvc.records.rules import finding
from certsvc.records.words import allowed_words, meaning_of


class Draft:
    """Cells by English column name, their text normalised; an absent column is an empty cell."""

    __slots__ = ("_cells", "_is_sound", "_repaired", "findings", "leave_findings", "today")

    def __init__(self, raw: Mapping[str, Cell], *, today: dt.date, notices: Iterable[Finding] = ()) -> None:
        self.today = today
        self.findings = list(notices)
        self.leave_findings: list[Finding] = []
        """What rejects the sick leave alone: a recovery needs none of it."""
        self._cells, self._repaired, self._is_sound = raw, frozenset[str](), are_plain(_texts(raw))
        if not self._is_sound:
            self._cells = {column: normalised(cell) if isinstance(cell, str) else cell for column, cell in raw.items()}
            self._repaired = frozenset(column for column, cell in self._cells.items() if isinstance(cell, str) and cell and cell != raw[column])
            self._is_sound = are_plain(_texts(self._cells))

    def report(self, rule: str, column: str | None, variant: str = "", **facts: str | int) -> None:
        self.findings.append(finding(rule, column, variant, **facts))

    def is_good(self, column: str) -> bool:
        """Whether nothing found so far about that column rejects the row."""
        return not self.findings or not any(each.field == column and each.rejects for each in self.findings)

    def cell(self, column: str) -> Cell:
        """The cell as it came, text normalised without a word about it."""
        return self._cells.get(column)

    def plain(self, column: str) -> str:
        """The cell as normalised text, without a word about it."""
        return as_text(self._cells.get(column))

    def text(self, column: str, *, rule: str = "V-TEXT") -> str:
        """The cell as normalised text, telling of repairs (W-REPAIRED-UNICODE).

        Text that is too long for its column or holds control characters is reported as `rule`.
        """
        text = as_text(self._cells.get(column))
        if column in self._repaired:
            self.report("W-REPAIRED-UNICODE", column)
        if len(text) > MAX_CHARS[column]:
            self._report_as(rule, column, "long", max_chars=MAX_CHARS[column])
        elif not self._is_sound and has_forbidden(text):
            self._report_as(rule, column, "")
        return text

    def digits(self, column: str, *, length: int, most_zeros: int, rule: str) -> str:
        """Text whose leading zeros, at most `most_zeros`, are put back up to `length` (W-REPAIRED-ZEROS)."""
        text = self.text(column, rule=rule)
        if length - most_zeros <= len(text) < length and text.isascii() and text.isdigit():
            self.report("W-REPAIRED-ZEROS", column)
            return text.zfill(length)
        return text

    def day(self, column: str, *, may_lie_ahead: bool) -> dt.date | None:
        """The day in a cell; one that is not real, or lies ahead where only the past can stand, is V-DATE-ORDER."""
        cell = self.cell(column)
        if cell is None or cell == "":
            return None
        day = day_of(cell)
        if day is None or (day > self.today and not may_lie_ahead):
            self.report("V-DATE-ORDER", column, "" if day is None else "future")
        return day

    def word(self, column: str, *, rule: str = "V-VALUE", is_needed: bool = False) -> object:
        """What the word in a cell means, None for an empty one; a word the column does not know is `rule`."""
        text = self.plain(column)
        meaning = meaning_of(column, text) if text else None
        if meaning is None and (text or is_needed):
            facts = allowed_words(column) if rule == "V-VALUE" else {}
            self.report(rule, column, "" if text or rule != "V-VALUE" else "missing", **facts)
        return meaning

    def _report_as(self, rule: str, column: str, variant: str, **facts: int) -> None:
        if rule in {"V-TEXT", "V-NAME"}:
            self.report(rule, column, variant, **facts)
        else:
            self.report(rule, column)


def _texts(cells: Mapping[str, Cell]) -> Iterator[str]:
    return (cell for cell in cells.values() if isinstance(cell, str))
