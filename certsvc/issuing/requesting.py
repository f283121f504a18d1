"""From a checked case to certificates `requested`, or to the reasons why not.

Natural key: (facility, case, kind). While a certificate of that key is alive there is no second one:
the same content again is `existing`, other content is rejected (to correct a certificate is
`replace`'s business). After a failure the key is free again; after a revocation it is free for other
content, and for the same content only where somebody asks for this one certificate by itself.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.config import HANOI
from certsvc.issuing.episodes import Episodes
from certsvc.issuing.known import Asker, PeoplesHistory
from certsvc.issuing.terms import ALONE, Answer, Terms
from certsvc.models import Certificate, CertificateMark, Disclosure, Event, Kind, Status
from certsvc.records import Case, Checked, Leave, Rulebook, Verdict, duplicate_finding, governing_rule, judge, rule_ids
from certsvc.records.renewing import renewed
from certsvc.store import papers, registry
from certsvc.vault import Vault

_TELLING = frozenset({"A-OVERLAP", "R-REINFECTION"})
"""The rules whose findings may tell of other facilities' cases."""


async def answer_rows(
    session: AsyncSession,
    rows: Sequence[Checked],
    *,
    terms: Terms,
    vault: Vault,
    history: PeoplesHistory,
    rules: Rulebook,
    kinds: Collection[Kind] = tuple(Kind),
    is_compared: bool = False,
) -> list[tuple[Answer, ...]]:
    """Judge rows in the order of the file, and add what is to be issued (unless `terms.dry_run`).

    Returns one tuple a row, with an answer for each of `kinds`. `history` grows by what is accepted, so a
    later row of the file sees the earlier ones. `is_compared`: whoever reads the batch's file has held its rows against one another.
    """
    await papers.take_turn(session)
    cases = [row.case for row in rows if row.case is not None]
    newest = await papers.newest_by_key(session, {(case.facility_code, case.case_id) for case in cases}, kinds)
    episodes = await Episodes.of(session, rows, terms=terms)
    episodes.end_in(history)
    asker = Asker(terms.caller, is_rehearsing=terms.dry_run, but_batch=terms.batch_id if is_compared else None)
    await history.learn(session, cases, asker=asker, vault=vault, kinds=kinds)
    holding = await registry.requiring_approval(session, {case.facility_code for case in cases})
    desk = _Desk(newest, terms, vault, history, rules, holding, kinds)
    answers = await asyncio.to_thread(desk.answer_all, rows)
    if not terms.dry_run:
        await papers.add_all(session, Certificate, desk.accepted)
        await papers.add_all(session, CertificateMark, desk.marks)
        await papers.add_all(session, Event, [_requested(values, terms) for values in desk.accepted])
        await papers.add_all(session, Disclosure, [noted for row, each in zip(rows, answers, strict=True) for noted in disclosures_of(row, each, terms=terms)])
        await episodes.note(session, rows, answers, vault=vault)
    return answers


async def answer_one(session: AsyncSession, row: Checked, *, terms: Terms, vault: Vault, history: PeoplesHistory, rules: Rulebook) -> tuple[Answer, ...]:
    """As `answer_rows`, for a row that somebody sent by itself: refused, it leaves nothing but a note of what it told of other facilities' cases.

    The caller reports the refusal behind the transaction, so that the note stays [rules, Between facilities].
    """
    attempt = await session.begin_nested()
    [answers] = await answer_rows(session, [row], terms=terms, vault=vault, history=history, rules=rules)
    if is_refused(answers) and not terms.dry_run:
        await attempt.rollback()
        await papers.add_all(session, Disclosure, disclosures_of(row, answers, terms=terms))
    return answers


def is_refused(answers: Iterable[Answer]) -> bool:
    """Something was asked for, and none of it is given."""
    return {each.outcome for each in answers} - {"none"} == {"rejected"}


def _requested(values: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    return {"certificate_id": values["id"], "at": terms.now, "name": "requested", "actor": str(terms.caller.id), "facts": {}}


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where rows are judged one after another; `accepted` are the columns of the certificates that come of them.

    Those of the facilities in `holding` wait for their head's approval.
    """

    newest: Mapping[papers.NaturalKey, Certificate]
    terms: Terms
    vault: Vault
    history: PeoplesHistory
    rules: Rulebook
    holding: Collection[str]
    kinds: Collection[Kind]
    accepted: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)

    def answer_all(self, rows: Iterable[Checked]) -> list[tuple[Answer, ...]]:
        return [self._answer(row) for row in rows]

    def _answer(self, row: Checked) -> tuple[Answer, ...]:
        history, today = self.history.beside((row.facility_code, row.case_id)), today_in_hanoi(self.terms.now)
        judgement = judge(row, history=history, rules=self.rules, today=today, kinds=self.kinds)
        return tuple(self._answer_kind(row, kind, verdict) for kind, verdict in judgement.items())

    def _answer_kind(self, row: Checked, kind: Kind, verdict: Verdict) -> Answer:
        case = row.case
        if case is None or kind not in row.wants:
            return Answer(kind, "rejected" if verdict.outcome == "reject" else "none", verdict.findings)
        before = self.newest.get((case.facility_code, case.case_id, kind))
        if before is not None and (kept := _kept(before, row.digest, self.terms, vault=self.vault)):
            return kept
        if verdict.outcome != "issue":
            return Answer(kind, "rejected", verdict.findings, told=verdict.told)
        return self._accept(row, case, kind, verdict, before)

    def _accept(self, row: Checked, case: Case, kind: Kind, verdict: Verdict, before: Certificate | None) -> Answer:
        days = case.leave_days if kind is Kind.SICK_LEAVE else None
        if kind is Kind.SICK_LEAVE:
            self.history.add_leave(case.patient, Leave((case.facility_code, case.case_id), case.isolation_from, case.isolation_to, case.case_id))
        if self.terms.dry_run:
            return Answer(kind, "would_issue", verdict.findings, days)
        revision = 1 if before is None else before.revision + 1
        values = _values(case, kind, revision=revision, record=row.record, digest=row.digest, terms=self.terms, vault=self.vault)
        values["discharge_rule"] = discharge_rule_of(case, kind, self.rules)
        values |= {"warnings": list(rule_ids(verdict.findings)), "awaits_approval": case.facility_code in self.holding}
        self.accepted.append(values)
        self.marks.extend({"certificate_id": values["id"], "mark": mark} for mark in marks_of(case, vault=self.vault))
        return Answer(kind, "accepted", verdict.findings, days, values["id"], told=verdict.told)


def _kept(before: Certificate, digest: str, terms: Terms, *, vault: Vault) -> Answer | None:
    """The answer where an earlier certificate of the same key stands in the way; None where it does not.

    What was repaired by earlier rules says the same if it does once it is repaired by today's.
    """
    is_same = before.record_digest == digest or renewed(vault.open_case(before.id, before.record)).content_digest() == digest
    match before.status:
        case Status.FAILED:
            return None
        case Status.REVOKED if not is_same or terms.priority == ALONE:
            return None
        case _ if is_same:
            return Answer(before.kind, "existing", (), before.days, before.id)
        case _:
            return Answer(before.kind, "rejected", (duplicate_finding(is_same_content=False),), obstacle_id=before.id)


def new_certificate(case: Case, kind: Kind, *, revision: int, terms: Terms, vault: Vault) -> Certificate:
    """A certificate `requested` for a case; its look-up secrets follow from its random id."""
    return Certificate(**_values(case, kind, revision=revision, record=case.canonical(), digest=case.content_digest(), terms=terms, vault=vault))


def disclosures_of(row: Checked, answers: Iterable[Answer], *, terms: Terms) -> list[dict[str, Any]]:
    """What is to be noted of answers that tell of cases at other facilities, at both."""
    noted = []
    for answer in answers:
        rule = next((each.rule for each in answer.findings if each.rule in _TELLING), "")
        asking = {"at": terms.now, "rule": rule, "actor": str(terms.caller.id), "facility_code": row.facility_code, "case_id": row.case_id}
        noted += [asking | {"told_facility_code": facility_code, "told_case_id": case_id} for facility_code, case_id in answer.told]
    return noted


def marks_of(case: Case, *, vault: Vault) -> list[str]:
    """The blind indexes under which a certificate of this case is found."""
    return [vault.mark(mark) for mark in (*case.patient.marks, case.visit_mark) if mark]


def _values(case: Case, kind: Kind, *, revision: int, record: bytes, digest: str, terms: Terms, vault: Vault) -> dict[str, Any]:
    """The columns of a new certificate; `record` and `digest` are the case's."""
    certificate_id = uuid.uuid4()
    is_leave = kind is Kind.SICK_LEAVE
    return {
        "id": certificate_id,
        "facility_code": case.facility_code,
        "case_id": case.case_id,
        "kind": kind,
        "revision": revision,
        "status": Status.REQUESTED,
        "code_index": vault.index(vault.code(certificate_id)),
        "token_index": vault.index(vault.token(certificate_id)),
        "person": "",
        "record": vault.seal_record(certificate_id, record),
        "record_digest": digest,
        "event_on": case.event_on(kind),
        "discharge_rule": None,
        "leave_from": case.isolation_from if is_leave else None,
        "leave_to": case.isolation_to if is_leave else None,
        "days": case.leave_days if is_leave else None,
        "warnings": [],
        "late_reason": terms.late_reason,
        "priority": terms.priority,
        "is_reissue": False,
        "attempts": 0,
        "awaits_approval": False,
        "requested_by_id": terms.caller.id,
        "batch_id": terms.batch_id,
        "requested_at": terms.now,
        "changed_at": terms.now,
    }


def discharge_rule_of(case: Case, kind: Kind, rules: Rulebook) -> str | None:
    """The id of the row by which a recovery is judged, and which its certificate cites."""
    rule = governing_rule(case, rules) if kind is Kind.RECOVERY else None
    return rule.id if rule else None


def today_in_hanoi(now: dt.datetime) -> dt.date:
    return now.astimezone(HANOI).date()
