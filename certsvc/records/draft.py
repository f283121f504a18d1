"""A row while it is being read: its cells, and what was found so far. Internal to `records`."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping

from certsvc.records.cells import Cell, are_plain, as_text, day_of, has_forbidden, is_destroyed, normalised
from certsvc.records.columns import IDENTIFIERS, MAX_CHARS
from certsvc.records.rules.catalogue import finding
from certsvc.records.rules.findings import Finding
from certsvc.records.text.encoding import NAMES, fault_of
from certsvc.records.text.lookalikes import has_typographic, with_d, with_plain_marks
from certsvc.records.words import allowed_words, meaning_of

_VIETNAMESE = re.compile("[\u0100-\u1fff]")
"""In a plain row: a letter that no text read as Windows-1252 has."""


class Draft:
    """Cells by English column name, their text normalised; an absent column is an empty cell."""

    __slots__ = ("_cells", "_is_plain", "_raw", "_repairs", "findings", "leave_findings", "printed", "today")

    def __init__(self, raw: Mapping[str, Cell], *, today: dt.date, notices: Iterable[Finding] = ()) -> None:
        self.today = today
        self.findings = list(notices)
        self.leave_findings: list[Finding] = []
        """What rejects the sick leave alone: a recovery needs none of it."""
        self.printed: frozenset[str] = frozenset()
        """The columns of free text that a wanted form prints (V-ENCODING)."""
        self._raw, self._cells, self._is_plain = (
            raw,
            raw,
            are_plain([cell for cell in raw.values() if isinstance(cell, str)]) and _names_are_plain(raw),
        )
        self._repairs: dict[str, list[str]] = {}
        if not self._is_plain:
            self._cells = {
                column: self._repaired(column, cell) if isinstance(cell, str) else cell
                for column, cell in raw.items()
            }

    def _repaired(self, column: str, raw: str) -> str:
        """The text normalised, with the letters and marks that it means; what was done is noted, by the
        wordings of W-REPAIRED-UNICODE.
        """
        text = normalised(raw)
        repairs = [""] if text and text != raw else []
        if column not in IDENTIFIERS and not text.isascii():
            meant = with_d(text)
            repairs += ["letters"] if meant != text else []
            text = with_plain_marks(meant) if column in NAMES else meant
            repairs += ["marks"] if text != meant else []
        if repairs:
            self._repairs[column] = repairs
        return text

    def report(self, rule: str, column: str | None, variant: str = "", **facts: str | int) -> None:
        self.findings.append(finding(rule, column, variant, **facts))

    def is_good(self, column: str) -> bool:
        """Whether nothing found so far about that column rejects the row."""
        return not self.findings or not any(each.field == column and each.rejects for each in self.findings)

    def is_told(self, rule: str, column: str) -> bool:
        """Whether that rule was reported of that column."""
        return any(each.field == column and each.rule == rule for each in self.findings)

    def cell(self, column: str) -> Cell:
        """The cell as it came, text normalised without a word about it."""
        return self._cells.get(column)

    def plain(self, column: str) -> str:
        """The cell as normalised text, without a word about it."""
        return as_text(self._cells.get(column))

    def text(self, column: str, *, rule: str = "V-TEXT") -> str:
        """The cell as normalised text, telling of repairs (W-REPAIRED-UNICODE).

        Text that is too long for its column or holds control characters is reported as `rule`, what cannot be
        printed as it was typed as V-ENCODING.
        """
        text = as_text(self._cells.get(column))
        if (
            self._is_plain
            and len(text) <= MAX_CHARS[column]
            and (text.isascii() or column not in self.printed or _VIETNAMESE.search(text))
        ):
            return text  # nearly all
        self._tell_repairs(column)
        if len(text) > MAX_CHARS[column]:
            self._report_as(rule, column, "long", max_chars=MAX_CHARS[column])
            return text
        if has_forbidden(text):
            self._report_as(rule, column, "")
        if column in self.printed and not text.isascii():
            self._check_encoding(column, text)
        return text

    def identifier(self, column: str) -> str:
        """The same for a number that nobody counts with: what a spreadsheet has destroyed is V-BROKEN-ID."""
        text = self.text(column)
        if text and is_destroyed(self._cells.get(column)):
            self.report("V-BROKEN-ID", column)
        return text

    def digits(self, column: str, *, length: int, most_zeros: int, rule: str) -> str:
        """Text whose leading zeros, at most `most_zeros`, are put back up to `length` (W-REPAIRED-ZEROS)."""
        text = self.text(column, rule=rule)
        if length - most_zeros <= len(text) < length and text.isascii() and text.isdigit():
            self.report("W-REPAIRED-ZEROS", column)
            return text.zfill(length)
        return text

    def day(self, column: str, *, may_lie_ahead: bool) -> dt.date | None:
        """The day in a cell; one that is not real, or lies ahead where only the past can stand, is
        V-DATE-ORDER.
        """
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
        if self._repairs:
            self._tell_repairs(column, only="letters")
        meaning = meaning_of(column, text) if text else None
        if meaning is None and (text or is_needed):
            facts = allowed_words(column) if rule == "V-VALUE" else {}
            self.report(rule, column, "" if text or rule != "V-VALUE" else "missing", **facts)
        return meaning

    def _tell_repairs(self, column: str, *, only: str | None = None) -> None:
        for variant in self._repairs.get(column, ()):
            if only in {None, variant}:
                self.report("W-REPAIRED-UNICODE", column, variant)

    def _check_encoding(self, column: str, text: str) -> None:
        raw = self._raw.get(column)
        fault = fault_of(raw if isinstance(raw, str) else text, text, is_name=column in NAMES)
        if fault is not None:
            self.report("V-ENCODING", column, fault.variant, **fault.facts)

    def _report_as(self, rule: str, column: str, variant: str, **facts: int) -> None:
        if rule in {"V-TEXT", "V-NAME"}:
            self.report(rule, column, variant, **facts)
        else:
            self.report(rule, column)


def _names_are_plain(raw: Mapping[str, Cell]) -> bool:
    """Whether no name holds typographic marks; in other texts they stay."""
    for column in NAMES:  # a loop, for it is asked of every row
        cell = raw.get(column)
        if cell and isinstance(cell, str) and has_typographic(cell):
            return False
    return True
