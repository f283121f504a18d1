"""What a rule is and what it found.

A `Rule` is data: its id in `rules.py`, level, legal basis, the dates it holds for, and its wordings in
Vietnamese and English. A `Finding` is one broken or applied rule of one row. Wordings never hold
personal data: they name columns, say what is wrong and what to do, and are logged and shown as they are.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """What a finding does: rejects the certificate, goes with it as a warning, or tells of a repair."""

    REJECT = "reject"
    WARN = "warn"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in both languages; `{column}` is the column's title in that language."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue.

    `wordings` are keyed by variant, the plain one by "". `basis` names the source: a legal text, or
    `own` for what this service asks for itself. `valid_from` and `valid_to` bound the event dates
    (examination day, end of isolation) the rule is for, both inclusive, None for unbounded.
    """

    id: str
    level: Level
    basis: str
    wordings: Mapping[str, Wording] = field(hash=False)
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that a row, or a whole file, broke or made use of; `field` is the column's English name."""

    rule: str
    level: Level
    field: str | None
    message_vi: str
    message_en: str

    @property
    def rejects(self) -> bool:
        return self.level is Level.REJECT

    def to_json(self) -> dict[str, str | None]:
        """The shape of `rules` in a batch's results."""
        return {
            "id": self.rule,
            "level": str(self.level),
            "field": self.field,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }
