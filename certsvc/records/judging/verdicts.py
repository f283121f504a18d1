"""Step two of judging a row: who gets which certificate [rules, Order and scope].

Pure: what else is known of the person comes through `History`, figures that change with the law through the
`Rulebook`. Where a V rule is broken nothing else is judged and every kind asked for is rejected; otherwise
each kind reports all its broken rules. What facilities that the caller may not see know of the person is
asked for last, and only where all else lets the certificate through, so that nobody learns it by guessing
[rules, Between facilities].
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from certsvc.records.case import Case
from certsvc.records.checking import Checked
from certsvc.records.judging.leaving import sick_leave_findings
from certsvc.records.judging.recovering import recovery_findings
from certsvc.records.judging.rulebook import Rulebook
from certsvc.records.patient import Patient
from certsvc.records.rules.catalogue import finding, in_table_order
from certsvc.records.rules.findings import Finding
from certsvc.states import Kind

CaseKey: TypeAlias = tuple[str, str]
"""(facility code, case id)."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Another live sick leave of a person, both days inclusive; the first is the day of the examination.

    `label` names it to this caller; None: he may not know of it, but that it is there.
    """

    case_key: CaseKey
    first: dt.date
    last: dt.date
    label: str | None


@dataclass(frozen=True, slots=True)
class Illness:
    """An illness of a person that is not over; `is_hidden`: of a facility that this caller may not see."""

    case_key: CaseKey
    positive_on: dt.date
    is_hidden: bool = False


class History(Protocol):
    """What is known of a person besides this case: the caller leaves the case's own papers out, and what may
    not be told at all.
    """

    def leaves_of(self, patient: Patient) -> Iterable[Leave]: ...

    def open_illnesses_of(self, patient: Patient) -> Iterable[Illness]: ...

    def column_shared_with_another(self, patient: Patient) -> str | None:
        """The column of a number that stands on the live certificate of somebody else [rules,
        W-SAME-NUMBER].
        """
        ...

    def is_visit_of_another(self, case: Case) -> bool:
        """Whether another patient's live certificate has the number of this visit [rules, W-SAME-VISIT]."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one kind: rejecting findings where rejected, warnings and repairs where issued.

    `told` are cases of facilities that the caller may not see of which the findings tell.
    """

    outcome: Literal["issue", "reject", "none"]
    findings: tuple[Finding, ...] = ()
    days: int | None = None
    told: tuple[CaseKey, ...] = ()


Judgement: TypeAlias = Mapping[Kind, Verdict]


def judge(
    checked: Checked, *, history: History, rules: Rulebook, today: dt.date, kinds: Iterable[Kind] = Kind
) -> Judgement:
    """The verdict for each of `kinds`; `days` is the length of the leave where one is issued. `today` is the
    day in Hanoi.

    Of the person's history a sick leave asks for leaves alone, a recovery for open illnesses alone.
    """
    return {kind: _judge_kind(checked, kind, history, rules, today) for kind in kinds}


def _judge_kind(checked: Checked, kind: Kind, history: History, rules: Rulebook, today: dt.date) -> Verdict:
    if kind not in checked.wants:
        return Verdict("none")
    case, is_leave = checked.case, kind is Kind.SICK_LEAVE
    broken = tuple(each for each in checked.findings if each.rejects) + (
        checked.leave_findings if is_leave else ()
    )
    if case is None or broken:
        return Verdict("reject", in_table_order(broken))
    found = _leave(case, history, rules) if is_leave else _recovery(case, history, rules, today)
    if rejecting := tuple(each for each in found if each.rejects):
        return Verdict("reject", rejecting)
    hidden, told = _hidden_overlaps(case, history) if is_leave else _hidden_illnesses(case, history)
    if rejecting := tuple(each for each in hidden if each.rejects):
        return Verdict("reject", rejecting, told=told)
    findings = (
        *in_table_order((*checked.findings, *_shared(checked, case, history))),
        *in_table_order((*found, *hidden)),
    )
    return Verdict("issue", findings, case.leave_days if is_leave else None, told)


def late_finding(case: Case, *, signed_on: dt.date, late_reason: str = "late") -> Finding | None:
    """A-LATE where a sick leave is signed on another day (in Hanoi) than the one it bears; it never blocks.

    `late_reason` is `late`, `reissue` or `request`; raises KeyError for another one.
    """
    return None if signed_on == case.dated_on else finding("A-LATE", "examined_on", late_reason)


def _shared(checked: Checked, case: Case, history: History) -> list[Finding]:
    """W-SAME-NUMBER and W-SAME-VISIT by live certificates, where the file itself has not given cause for
    them.
    """
    known = {each.rule for each in checked.findings}
    found = []
    if "W-SAME-NUMBER" not in known and (column := history.column_shared_with_another(case.patient)):
        found.append(finding("W-SAME-NUMBER", column))
    if "W-SAME-VISIT" not in known and history.is_visit_of_another(case):
        found.append(finding("W-SAME-VISIT", "visit_no"))
    return found


def _leave(case: Case, history: History, rules: Rulebook) -> list[Finding]:
    """Form (a), in table order."""
    found = sick_leave_findings(case, rules)
    visible = [leave for leave in history.leaves_of(case.patient) if leave.label is not None]
    of_examination = [
        leave
        for leave in visible
        if (leave.case_key[0], leave.first) == (case.facility_code, case.examined_on)
    ]
    if of_examination:
        found.append(
            finding(
                "A-ONE-EXAM",
                "examined_on",
                examined=_printed(of_examination[0].first),
                label=of_examination[0].label or "",
            )
        )
    found += [_overlap(case, leave) for leave in visible if _share_days(case, leave)]
    return list(in_table_order(found))


def _recovery(case: Case, history: History, rules: Rulebook, today: dt.date) -> list[Finding]:
    """Form (b), in table order."""
    found = recovery_findings(case, rules, today)
    if any(
        not illness.is_hidden and illness.positive_on > case.positive_on
        for illness in history.open_illnesses_of(case.patient)
    ):
        found.append(finding("R-REINFECTION", "positive_on"))
    return list(in_table_order(found))


def _hidden_overlaps(case: Case, history: History) -> tuple[list[Finding], tuple[CaseKey, ...]]:
    leaves = [
        leave for leave in history.leaves_of(case.patient) if leave.label is None and _share_days(case, leave)
    ]
    return [_overlap(case, leave) for leave in leaves[:1]], tuple(leave.case_key for leave in leaves)


def _hidden_illnesses(case: Case, history: History) -> tuple[list[Finding], tuple[CaseKey, ...]]:
    illnesses = [
        each
        for each in history.open_illnesses_of(case.patient)
        if each.is_hidden and each.positive_on > case.positive_on
    ]
    found = [finding("R-REINFECTION", "positive_on", "elsewhere")] if illnesses else []
    return found, tuple(illness.case_key for illness in illnesses)


def _share_days(case: Case, leave: Leave) -> bool:
    return leave.first <= case.isolation_to and case.isolation_from <= leave.last


def _overlap(case: Case, leave: Leave) -> Finding:
    if leave.label is None:
        return finding(
            "A-OVERLAP",
            "isolation_from",
            "elsewhere",
            first=_printed(case.isolation_from),
            last=_printed(case.isolation_to),
        )
    days = {
        "first": case.isolation_from,
        "last": case.isolation_to,
        "other_first": leave.first,
        "other_last": leave.last,
    }
    return finding(
        "A-OVERLAP",
        "isolation_from",
        label=leave.label,
        **{name: _printed(day) for name, day in days.items()},
    )


def _printed(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
