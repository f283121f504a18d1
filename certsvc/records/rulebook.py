"""The figures of the rules that change with the law: dated rows, each with its legal basis.

Rows are chosen by the event date (examination for sick leave, end of isolation for recovery), never by the print date. Of a
table the row with the latest `valid_from` on or before the day counts, and a row that has ended is not followed by an older one.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from certsvc.records.case import CareSetting


class Sureness(StrEnum):
    """How well a dated row is founded."""

    FOUND = "found in a public source"
    REMEMBERED = "background knowledge, text not seen"
    ENTERED = "entered by an operator"


class Dated(Protocol):
    @property
    def valid_from(self) -> dt.date: ...
    @property
    def valid_to(self) -> dt.date | None: ...


_Row = TypeVar("_Row", bound=Dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveCeiling:
    """The most days one sick-leave certificate may have [domain §1.4 A1]."""

    valid_from: dt.date
    valid_to: dt.date | None
    max_days: int
    basis: str
    sureness: Sureness


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeRule:
    """When an F0 in one of `care_settings` has recovered [domain §2.3].

    Days count from the positive test, which is the first: `min_days` with a counted negative test; `vaccinated_days` or
    `other_days` without one, after which the count of days alone suffices. A negative test counts from day `first_test_day` on.
    Vaccinated: `min_doses`, the last `dose_lead_days` before the positive test. `decision` and `decided_on` are what the
    certificate cites.
    """

    valid_from: dt.date
    valid_to: dt.date | None
    min_days: int
    first_test_day: int
    vaccinated_days: int
    other_days: int
    min_doses: int
    dose_lead_days: int
    care_settings: frozenset[CareSetting]
    decision: str
    decided_on: dt.date
    basis: str
    sureness: Sureness


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every dated row that holds for this service: what came with it, and what its operator has added."""

    leave_ceilings: tuple[LeaveCeiling, ...]
    discharge_rules: tuple[DischargeRule, ...]

    def leave_ceiling_on(self, day: dt.date) -> LeaveCeiling:
        """The ceiling for an examination on that day. Raises LookupError where the table has a gap."""
        found = _in_force(self.leave_ceilings, day)
        if found is None:
            raise LookupError("the table of leave ceilings has a gap")
        return found

    def discharge_rule_on(self, day: dt.date, care_setting: CareSetting) -> DischargeRule | None:
        """The rule for an isolation in that setting which ended on that day; None where none has been entered."""
        return _in_force((rule for rule in self.discharge_rules if care_setting in rule.care_settings), day)


def _in_force(rows: Iterable[_Row], day: dt.date) -> _Row | None:
    begun = [row for row in rows if row.valid_from <= day]
    latest = max(begun, key=lambda row: row.valid_from, default=None)
    return latest if latest is not None and (latest.valid_to is None or day <= latest.valid_to) else None


_TT56, _TT25 = "TT 56/2017/TT-BYT", "TT 25/2025/TT-BYT"
_HOME = frozenset({CareSetting.HOME})

_BUILT_IN = Rulebook(
    (
        LeaveCeiling(valid_from=dt.date.min, valid_to=dt.date(2025, 6, 30), max_days=30, basis=_TT56, sureness=Sureness.FOUND),
        LeaveCeiling(valid_from=dt.date(2025, 7, 1), valid_to=None, max_days=30, basis=_TT25, sureness=Sureness.FOUND),
    ),
    (
        DischargeRule(
            valid_from=dt.date(2022, 2, 1),
            valid_to=dt.date(2022, 3, 13),
            min_days=7,
            first_test_day=7,
            vaccinated_days=10,
            other_days=14,
            min_doses=2,
            dose_lead_days=14,
            care_settings=_HOME,
            decision="261/QĐ-BYT",
            decided_on=dt.date(2022, 1, 31),
            basis="QĐ 250/QĐ-BYT 28/01/2022, QĐ 261/QĐ-BYT 31/01/2022",
            sureness=Sureness.FOUND,
        ),
        DischargeRule(
            valid_from=dt.date(2022, 3, 14),
            valid_to=dt.date(2023, 10, 19),
            min_days=7,
            first_test_day=7,
            vaccinated_days=10,
            other_days=14,
            min_doses=2,
            dose_lead_days=14,
            care_settings=_HOME,
            decision="604/QĐ-BYT",
            decided_on=dt.date(2022, 3, 14),
            basis="QĐ 604/QĐ-BYT 14/03/2022 (thay QĐ 261/QĐ-BYT); hết hiệu lực khi COVID-19 chuyển sang nhóm B (QĐ 3896/QĐ-BYT 20/10/2023)",
            sureness=Sureness.REMEMBERED,
        ),
    ),
)
"""What comes with the service. The decisions of 2021 (QĐ 3416, QĐ 4689, Hanoi's 276/PA-UBND) are not entered: R-NO-RULE."""


def built_in() -> Rulebook:
    """The rows that come with the service, and no others."""
    return _BUILT_IN
