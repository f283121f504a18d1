"""A case about to be given a flaw, and the changes that many flaws share."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.support.f0_cases import Expected, Maker, Row


@dataclass
class Flaw:
    """One case about to be given a flaw; both certificates are asked for."""

    maker: Maker
    case: Row
    expected: Expected

    @property
    def positive(self) -> dt.date:
        return dt.date.fromisoformat(self.case["positive_on"])

    def later(self, days: int) -> str:
        return (self.positive + dt.timedelta(days=days)).isoformat()

    def pick(self, *changes: Row) -> None:
        self.case |= self.maker.rng.choice(changes)

    def begins(self, day: dt.date) -> None:
        """Tested, examined and isolated from that day on."""
        self.case |= dict.fromkeys(("positive_on", "examined_on", "isolation_from"), day.isoformat())

    def lasts(self, days: int, result: str = "negative") -> None:
        """The isolation ends that many days after the positive test, with such a last test."""
        self.case |= {
            "isolation_to": self.later(days),
            "last_test_on": self.later(days),
            "last_test_result": result,
        }
        self.expected.days, self.expected.warnings = days + 1, []

    def vaccinated(self, doses: int, days_before: int) -> None:
        self.case |= {"vaccine_doses": str(doses), "last_dose_on": self.later(-days_before) if doses else ""}

    def tested_negative(self) -> None:
        self.case["last_test_result"], self.expected.warnings = "negative", []

    def child(self, *, years: int, days: int = 0) -> None:
        """A patient whose birthday of that age is `days` after the examination."""
        born = self.positive + dt.timedelta(days=days)
        card = self.case["health_insurance_card"].replace("DN4", "TE1")
        self.case |= {
            "birth_date": born.replace(year=born.year - years).isoformat(),
            "citizen_id": "",
            "id_issued_on": "",
        }
        self.case |= {"vaccine_doses": "0", "last_dose_on": "", "health_insurance_card": card}
        self.tested_negative()

    def same_person_as(self, other: Row) -> None:
        """Another case of that person at the same station, for a sick leave only; visit and case stay."""
        self.case |= {
            **other,
            "case_id": self.case["case_id"],
            "visit_no": self.case["visit_no"],
            "wants_recovery": "0",
        }
        self.expected.recovery, self.expected.warnings = "none", []


Spoil: TypeAlias = Callable[[Flaw], None]
