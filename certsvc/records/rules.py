"""The rules: the catalogue in table order, and the figures in them that change with the law.

A new decision of the Ministry is one more row in a dated table, with its legal basis. Rows are chosen by
the event date (examination day for sick leave, end of isolation for recovery), never by the print date.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeVar

from certsvc.records.certificate_catalogue import RECOVERY_RULES, SICK_LEAVE_RULES
from certsvc.records.field_catalogue import FIELD_RULES
from certsvc.records.findings import Finding, Rule
from certsvc.records.titles import TITLES_VI
from certsvc.records.warning_catalogue import WARNING_RULES

RULES: dict[str, Rule] = {rule.id: rule for rule in (*FIELD_RULES, *WARNING_RULES, *SICK_LEAVE_RULES, *RECOVERY_RULES)}
"""Every rule by its id, in the order in which findings are told."""

_RANK = {rule_id: rank for rank, rule_id in enumerate(RULES)}
_COLUMN_RANK: dict[str | None, int] = {None: -1} | {name: rank for rank, name in enumerate(TITLES_VI)}


class Sureness(StrEnum):
    """How well a dated row is founded."""

    FOUND = "found in a public source"
    REMEMBERED = "background knowledge, text not seen"


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
    """When an F0 at home has recovered [domain §2.3].

    `d` counts from the positive test: `min_days` with a counted negative test; `vaccinated_days` or
    `other_days` without one. Vaccinated: `min_doses`, the last `dose_lead_days` before the positive test.
    `decision` and `decided_on` are what the certificate cites.
    """

    valid_from: dt.date
    valid_to: dt.date | None
    min_days: int
    vaccinated_days: int
    other_days: int
    min_doses: int
    dose_lead_days: int
    decision: str
    decided_on: dt.date
    basis: str
    sureness: Sureness


LEAVE_CEILINGS = (
    LeaveCeiling(valid_from=dt.date.min, valid_to=dt.date(2025, 6, 30), max_days=30, basis="TT 56/2017/TT-BYT", sureness=Sureness.FOUND),
    LeaveCeiling(valid_from=dt.date(2025, 7, 1), valid_to=None, max_days=30, basis="TT 25/2025/TT-BYT", sureness=Sureness.FOUND),
)

DISCHARGE_RULES = (
    DischargeRule(
        valid_from=dt.date(2022, 2, 1),
        valid_to=dt.date(2022, 3, 13),
        min_days=7,
        vaccinated_days=10,
        other_days=14,
        min_doses=2,
        dose_lead_days=14,
        decision="261/QĐ-BYT",
        decided_on=dt.date(2022, 1, 31),
        basis="QĐ 250/QĐ-BYT 28/01/2022, QĐ 261/QĐ-BYT 31/01/2022",
        sureness=Sureness.FOUND,
    ),
    DischargeRule(
        valid_from=dt.date(2022, 3, 14),
        valid_to=None,
        min_days=7,
        vaccinated_days=10,
        other_days=14,
        min_doses=2,
        dose_lead_days=14,
        decision="604/QĐ-BYT",
        decided_on=dt.date(2022, 3, 14),
        basis="QĐ 604/QĐ-BYT 14/03/2022 (thay QĐ 261/QĐ-BYT)",
        sureness=Sureness.REMEMBERED,
    ),
)
"""The decisions of 2021 (QĐ 3416, QĐ 4689, Hanoi's 276/PA-UBND) are rows to add; until then: R-NO-RULE."""

OLD_COVID_CODE = "B34.2"


def leave_ceiling_on(day: dt.date) -> LeaveCeiling:
    """The ceiling for an examination on that day."""
    found = _in_force(LEAVE_CEILINGS, day)
    if found is None:
        raise LookupError("the table of leave ceilings has a gap")
    return found


def discharge_rule_on(day: dt.date) -> DischargeRule | None:
    """The discharge rule for an isolation that ended on that day; None where none has been entered."""
    return _in_force(DISCHARGE_RULES, day)


def takes_old_covid_code(day: dt.date) -> bool:
    """Whether B34.2 was still taken for COVID-19 (with W-ICD-OLD) at an examination on that day."""
    last = RULES["W-ICD-OLD"].valid_to
    return last is None or day <= last


@lru_cache(maxsize=4096)
def finding(rule_id: str, field: str | None = None, variant: str = "", **facts: str | int) -> Finding:
    """A finding of that rule in its wording `variant`, about a column, with further `facts` filled in.

    Raises KeyError for an unknown rule or variant, or a fact the wording needs and did not get.
    """
    rule = RULES[rule_id]
    wording = rule.wordings[variant]
    return Finding(
        rule_id,
        rule.level,
        field,
        wording.vi.format(column=TITLES_VI.get(field or "", field), **facts),
        wording.en.format(column=field, **facts),
    )


def in_table_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda each: (_RANK[each.rule], _COLUMN_RANK.get(each.field, len(_COLUMN_RANK)))))


def rule_ids(findings: Iterable[Finding]) -> list[str]:
    """The ids, each once, in the order given."""
    return list(dict.fromkeys(each.rule for each in findings))


def duplicate_finding(*, is_same_content: bool) -> Finding:
    """V-DUPLICATE, saying whether the earlier record of the same case says the same."""
    return finding("V-DUPLICATE", "case_id", "same" if is_same_content else "other")


def _in_force(rows: Sequence[_Row], day: dt.date) -> _Row | None:
    return next((row for row in rows if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)), None)
