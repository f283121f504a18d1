"""When somebody was born: a day, or a year alone."""

import datetime as dt
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Birth:
    """When somebody was born: a day, or a year alone (`day` is None)."""

    year: int
    day: dt.date | None = None

    @classmethod
    def on(cls, day: dt.date) -> Self:
        return cls(day.year, day)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(int(text)) if len(text) == 4 else cls.on(dt.date.fromisoformat(text))  # noqa: PLR2004 (yyyy)

    @property
    def earliest(self) -> dt.date:
        """The first day it can have been; a year alone counts as 01/01."""
        return self.day or dt.date(self.year, 1, 1)

    @property
    def latest(self) -> dt.date:
        """The last day it can have been; a year alone counts as 31/12 [rules, A-UNDER-7]."""
        return self.day or dt.date(self.year, 12, 31)

    def age_on(self, day: dt.date) -> int:
        """Whole years; of a year alone the fewest that it can be."""
        return years_between(self.latest, day)

    @property
    def printed(self) -> str:
        """As the form shows it: dd/mm/yyyy or yyyy."""
        return f"{self.day:%d/%m/%Y}" if self.day else f"{self.year:04d}"

    @property
    def iso(self) -> str:
        """yyyy-mm-dd or yyyy; `from_json` reads it back."""
        return self.day.isoformat() if self.day else f"{self.year:04d}"

    def agrees_with(self, other: "Birth") -> bool:
        """Equal, or of the same year where one of them is a year alone."""
        return self == other or (self.year == other.year and (self.day is None or other.day is None))


def years_between(born: dt.date, day: dt.date) -> int:
    """Whole years; who was born on 29/02 completes one on 01/03 of a year without it."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
