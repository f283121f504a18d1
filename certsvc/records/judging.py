"""Step two of judging a row: who gets which certificate [rules A-*, R-*, Order and scope].

Pure: what else is known of the person comes through `History`. Where a V rule is broken nothing else is
judged and every kind asked for is rejected; otherwise each kind reports all its broken rules.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from certsvc.records.case import CareSetting, Case, Outcome, TestPerformer, TestResult
from certsvc.records.checking import Checked
from certsvc.records.findings import Finding
from certsvc.records.rulebook import DischargeRule, Rulebook
from certsvc.records.rules import finding
from certsvc.states import Kind

_SCHOOL_AGE = 7
_COUNTED_PERFORMERS = frozenset({TestPerformer.HEALTH_WORKER, TestPerformer.SELF_SUPERVISED})


@dataclass(frozen=True, slots=True)
class Leave:
    """Another live sick leave of a person, both days inclusive; `label` names it to this caller, None: he may not know it."""

    first: dt.date
    last: dt.date
    label: str | None


class History(Protocol):
    """What is known of a person besides this case: the caller leaves the case's own papers out."""

    def leaves_of(self, person_key: str) -> Iterable[Leave]: ...

    def open_episodes_of(self, person_key: str) -> Iterable[dt.date]:
        """The `positive_on` of the person's cases that are not over."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one kind: rejecting findings where rejected, warnings and repairs where issued."""

    outcome: Literal["issue", "reject", "none"]
    findings: tuple[Finding, ...] = ()
    days: int | None = None


Judgement: TypeAlias = Mapping[Kind, Verdict]


def judge(checked: Checked, *, history: History, rules: Rulebook, kinds: Iterable[Kind] = Kind) -> Judgement:
    """The verdict for each of `kinds`; `days` is the length of the leave where one is issued.

    Of the person's history a sick leave asks for leaves alone, a recovery for open episodes alone.
    """
    return {kind: _judge_kind(checked, kind, history, rules) for kind in kinds}


def _judge_kind(checked: Checked, kind: Kind, history: History, rules: Rulebook) -> Verdict:
    if kind not in checked.wants:
        return Verdict("none")
    case = checked.case
    if case is None:
        return Verdict("reject", tuple(each for each in checked.findings if each.rejects))
    found = _sick_leave(case, history, rules) if kind is Kind.SICK_LEAVE else _recovery(case, history, rules)
    if rejecting := tuple(each for each in found if each.rejects):
        return Verdict("reject", rejecting)
    return Verdict("issue", (*checked.findings, *found), case.leave_days if kind is Kind.SICK_LEAVE else None)


def governing_rule(case: Case, rules: Rulebook) -> DischargeRule | None:
    """The row by which the recovery of a case is judged, and which its certificate cites; without one for its setting, that of care at home."""
    day = case.event_on(Kind.RECOVERY)
    return rules.discharge_rule_on(day, case.care_setting) or rules.discharge_rule_on(day, CareSetting.HOME)


def late_finding(case: Case, *, signed_on: dt.date, late_reason: str = "late") -> Finding | None:
    """A-LATE where a sick leave is signed on another day (in Hanoi) than the examination; it never blocks.

    `late_reason` is `late`, `reissue` or `request`; raises KeyError for another one.
    """
    return None if signed_on == case.examined_on else finding("A-LATE", "examined_on", late_reason)


def _sick_leave(case: Case, history: History, rules: Rulebook) -> list[Finding]:
    """Form (a), in table order [domain §1.4]."""
    found = []
    max_days = rules.leave_ceiling_on(case.event_on(Kind.SICK_LEAVE)).max_days
    if case.leave_days > max_days:
        found.append(finding("A-30-DAYS", "isolation_to", max_days=max_days))
    if case.isolation_from != case.examined_on:
        found.append(finding("A-STARTS-AT-EXAM", "isolation_from"))
    if not case.employer:
        found.append(finding("A-EMPLOYER", "employer"))
    if _is_under_seven(case) and not (case.father_name or case.mother_name):
        found.append(finding("A-UNDER-7", "father_name"))
    if case.care_setting is not CareSetting.HOME:
        found.append(finding("A-INPATIENT", "care_setting"))
    return found + [_overlap(case, leave) for leave in history.leaves_of(case.person_key) if _share_days(case, leave)]


def _is_under_seven(case: Case) -> bool:
    """On the examination day; who was born on 29/02 turns seven on 01/03 of a year without it."""
    born, day = case.birth.latest, case.event_on(Kind.SICK_LEAVE)
    return (day.year - _SCHOOL_AGE, day.month, day.day) < (born.year, born.month, born.day)


def _share_days(case: Case, leave: Leave) -> bool:
    return leave.first <= case.isolation_to and case.isolation_from <= leave.last


def _overlap(case: Case, leave: Leave) -> Finding:
    if leave.label is None:
        return finding("A-OVERLAP", "isolation_from", "elsewhere", first=f"{case.isolation_from:%d/%m/%Y}", last=f"{case.isolation_to:%d/%m/%Y}")
    days = {"first": case.isolation_from, "last": case.isolation_to, "other_first": leave.first, "other_last": leave.last}
    return finding("A-OVERLAP", "isolation_from", label=leave.label, **{name: f"{day:%d/%m/%Y}" for name, day in days.items()})


def _recovery(case: Case, history: History, rules: Rulebook) -> list[Finding]:
    """Form (b), in table order [domain §2.3]; `d` is taken at the end of isolation."""
    rule = governing_rule(case, rules)
    if rule is None:
        return [finding("R-NO-RULE", "isolation_to")]
    found = []
    if case.outcome is not Outcome.RECOVERED:
        found.append(finding("R-OUTCOME", "outcome"))
    d = (case.isolation_to - case.positive_on).days
    if d < rule.min_days:
        found.append(finding("R-TOO-EARLY", "isolation_to", min_days=rule.min_days))
    if (test := _judge_test(case, rule, d)) is not None:
        found.append(test)
    if any(positive_on > case.positive_on for positive_on in history.open_episodes_of(case.person_key)):
        found.append(finding("R-REINFECTION", "positive_on"))
    return found


def _judge_test(case: Case, rule: DischargeRule, d: int) -> Finding | None:
    """R-STILL-POSITIVE, R-TESTED-ALONE or W-NO-NEGATIVE; None where a negative test counts.

    A negative test counts from `positive_on` to `isolation_to`, done or watched by health staff.
    """
    is_negative = case.last_test_result is TestResult.NEGATIVE and case.last_test_on is not None
    is_negative = is_negative and case.last_test_on is not None and case.positive_on <= case.last_test_on <= case.isolation_to
    if is_negative and case.last_test_by in _COUNTED_PERFORMERS:
        return None
    if d >= rule.other_days or (d >= rule.vaccinated_days and _is_vaccinated(case, rule)):
        return finding("W-NO-NEGATIVE", "last_test_result")
    if is_negative:
        return finding("R-TESTED-ALONE", "last_test_by")
    return finding("R-STILL-POSITIVE", "last_test_result", vaccinated_days=rule.vaccinated_days, other_days=rule.other_days)


def _is_vaccinated(case: Case, rule: DischargeRule) -> bool:
    if case.vaccine_doses is None or case.vaccine_doses < rule.min_doses or case.last_dose_on is None:
        return False
    return (case.positive_on - case.last_dose_on).days >= rule.dose_lead_days
