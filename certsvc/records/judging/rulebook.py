"""The figures of the rules that change with the law: dated rows, each with its legal basis.

Rows are chosen by the event date (examination for sick leave, end of isolation for recovery), never by the
print date. Of a table the row with the latest `valid_from` on or before the day counts, and a row that has
ended is not followed by an older one. What comes with the service stands in `rules.toml`; what an operator
adds has the same form (`rule_files`).
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from certsvc.records.case import CareSetting


class Sureness(StrEnum):
    """How well a dated row is founded."""

    FOUND = "found"
    """In a public source."""

    REMEMBERED = "remembered"
    """Background knowledge, its text was not seen."""

    ENTERED = "entered"
    """By an operator, who answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveCeiling:
    """The most days one sick-leave certificate may have [sick-leave, Length]."""

    id: str
    valid_from: dt.date
    valid_to: dt.date | None
    max_days: int
    basis: str
    sureness: Sureness


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeRule:
    """When an F0 in one of `care_settings` has recovered [recovery, Criteria].

    Days count from the positive test, which is the first: `min_days` with a counted negative test;
    `vaccinated_days` or `other_days` without one, after which the count of days alone suffices. A negative
    test counts from day `first_test_day` on. Vaccinated: `min_doses`, the last `dose_lead_days` before the
    positive test. `decision` and `decided_on` are what the certificate cites.
    """

    id: str
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


DatedRow: TypeAlias = LeaveCeiling | DischargeRule
_Row = TypeVar("_Row", LeaveCeiling, DischargeRule)
TABLES: Mapping[str, type[DatedRow]] = MappingProxyType(
    {"leave_ceilings": LeaveCeiling, "discharge_rules": DischargeRule}
)
"""The tables by the names that they have in files and in the database."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every dated row that holds for this service: what came with it, and what its operator has added.

    Of `withdrawn` rules nothing is judged any more; certificates that were judged by one still cite it.
    """

    leave_ceilings: tuple[LeaveCeiling, ...] = ()
    discharge_rules: tuple[DischargeRule, ...] = ()
    withdrawn: tuple[DatedRow, ...] = ()

    @classmethod
    def of(cls, rows: Iterable[DatedRow], *, withdrawn: Iterable[DatedRow] = ()) -> "Rulebook":
        """Rows of both tables, each in the order given."""
        every = tuple(rows)
        ceilings = tuple(row for row in every if isinstance(row, LeaveCeiling))
        return cls(ceilings, tuple(row for row in every if isinstance(row, DischargeRule)), tuple(withdrawn))

    @property
    def rows(self) -> tuple[DatedRow, ...]:
        """What holds, table by table."""
        return (*self.leave_ceilings, *self.discharge_rules)

    def find(self, row_id: str | None) -> DatedRow | None:
        """The row of that id, withdrawn ones too."""
        return next((row for row in (*self.rows, *self.withdrawn) if row.id == row_id), None)

    def leave_ceiling_on(self, day: dt.date) -> LeaveCeiling:
        """The ceiling for an examination on that day. Raises LookupError where the table has a gap."""
        found = in_force(self.leave_ceilings, day)
        if found is None:
            raise LookupError("the table of leave ceilings has a gap")
        return found

    def discharge_rule_on(self, day: dt.date, care_setting: CareSetting) -> DischargeRule | None:
        """The rule for an isolation in that setting which ended on that day; None where none has been
        entered.
        """
        return in_force((rule for rule in self.discharge_rules if care_setting in rule.care_settings), day)


def in_force(rows: Iterable[_Row], day: dt.date) -> _Row | None:
    """The one of these rows that counts on that day."""
    begun = [row for row in rows if row.valid_from <= day]
    latest = max(begun, key=lambda row: row.valid_from, default=None)
    return latest if latest is not None and (latest.valid_to is None or day <= latest.valid_to) else None


def table_of(row: DatedRow) -> str:
    return next(name for name, kind in TABLES.items() if isinstance(row, kind))


def to_json(row: DatedRow) -> dict[str, Any]:
    """JSON values only; `from_json` gives the same row back."""
    return dict(_plain_items(row))


def _plain_items(row: DatedRow) -> Iterator[tuple[str, Any]]:
    for name in (field.name for field in dataclasses.fields(row)):
        value = getattr(row, name)
        if isinstance(value, dt.date):
            yield name, value.isoformat()
        else:
            yield name, sorted(value) if isinstance(value, frozenset) else value


def from_json(table: str, values: Mapping[str, Any]) -> DatedRow:
    """The row that `to_json` wrote. Raises KeyError, TypeError or ValueError if it is not one."""
    return TABLES[table](**{name: _TYPES.get(name, _as_it_is)(value) for name, value in values.items()})


def _as_it_is(value: Any) -> Any:
    return value


def _day(value: str | None) -> dt.date | None:
    return None if value is None else dt.date.fromisoformat(value)


_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "valid_from": _day,
    "valid_to": _day,
    "decided_on": _day,
    "care_settings": lambda words: frozenset(map(CareSetting, words)),
    "sureness": Sureness,
}
