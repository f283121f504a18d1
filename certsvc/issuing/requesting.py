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
from certsvc.issuing.known import PeoplesHistory
from certsvc.models import ApiKey, Batch, Certificate, Episode, Event, Kind, Status
from certsvc.records import Case, Checked, Finding, Leave, Rulebook, Verdict, duplicate_finding, governing_rule, judge, rule_ids
from certsvc.store import papers, registry
from certsvc.vault import Vault

ALONE, IN_BATCH = 0, 1
"""Priorities: somebody waits for a single certificate, a batch can take its time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one wanted or unwanted kind of one row; `outcome` as in `BatchRow`.

    `obstacle_id` is the certificate with other content for which it was rejected.
    """

    kind: Kind
    outcome: str
    findings: tuple[Finding, ...]
    days: int | None = None
    certificate_id: uuid.UUID | None = None
    obstacle_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which terms certificates are asked for."""

    caller: ApiKey
    now: dt.datetime
    late_reason: str = "late"
    priority: int = ALONE
    dry_run: bool = False
    batch_id: uuid.UUID | None = None


async def answer_rows(
    session: AsyncSession,
    rows: Sequence[Checked],
    *,
    terms: Terms,
    vault: Vault,
    history: PeoplesHistory,
    rules: Rulebook,
    kinds: Collection[Kind] = tuple(Kind),
) -> list[tuple[Answer, ...]]:
    """Judge rows in the order of the file, and add what is to be issued (unless `terms.dry_run`).

    Returns one tuple a row, with an answer for each of `kinds`. `history` grows by what is accepted, so a
    later row of the file sees the earlier ones.
    """
    await papers.take_turn(session)
    cases = [row.case for row in rows if row.case is not None]
    people = {case.person_key: vault.person(case.person_key) for case in cases}
    newest = await papers.newest_by_key(session, {(case.facility_code, case.case_id) for case in cases}, kinds)
    await _note_episodes(session, rows, terms=terms, vault=vault, history=history)
    await history.learn(session, people, caller=terms.caller, kinds=kinds)
    holding = await registry.requiring_approval(session, {case.facility_code for case in cases})
    desk = _Desk(newest, people, terms, vault, history, rules, holding, kinds)
    answers = await asyncio.to_thread(desk.answer_all, rows)
    await papers.add_all(session, Certificate, desk.accepted)
    await papers.add_all(session, Event, [_requested(values, terms) for values in desk.accepted])
    return answers


def _requested(values: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    return {"certificate_id": values["id"], "at": terms.now, "name": "requested", "actor": str(terms.caller.id), "facts": {}}


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where rows are judged one after another; `accepted` are the columns of the certificates that come of them.

    Those of the facilities in `holding` wait for their head's approval.
    """

    newest: Mapping[papers.NaturalKey, Certificate]
    people: Mapping[str, str]
    terms: Terms
    vault: Vault
    history: PeoplesHistory
    rules: Rulebook
    holding: Collection[str]
    kinds: Collection[Kind]
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def answer_all(self, rows: Iterable[Checked]) -> list[tuple[Answer, ...]]:
        return [self._answer(row) for row in rows]

    def _answer(self, row: Checked) -> tuple[Answer, ...]:
        judgement = judge(row, history=self.history.beside((row.facility_code, row.case_id)), rules=self.rules, kinds=self.kinds)
        return tuple(self._answer_kind(row, kind, verdict) for kind, verdict in judgement.items())

    def _answer_kind(self, row: Checked, kind: Kind, verdict: Verdict) -> Answer:
        case = row.case
        if case is None or kind not in row.wants:
            return Answer(kind, "rejected" if verdict.outcome == "reject" else "none", verdict.findings)
        before = self.newest.get((case.facility_code, case.case_id, kind))
        if before is not None and (kept := _kept(before, row.digest, self.terms)):
            return kept
        if verdict.outcome != "issue":
            return Answer(kind, "rejected", verdict.findings)
        return self._accept(row, case, kind, verdict.findings, before)

    def _accept(self, row: Checked, case: Case, kind: Kind, findings: tuple[Finding, ...], before: Certificate | None) -> Answer:
        days = case.leave_days if kind is Kind.SICK_LEAVE else None
        if kind is Kind.SICK_LEAVE:
            self.history.add_leave(case.person_key, (case.facility_code, case.case_id), Leave(case.isolation_from, case.isolation_to, case.case_id))
        if self.terms.dry_run:
            return Answer(kind, "would_issue", findings, days)
        revision = 1 if before is None else before.revision + 1
        person = self.people[case.person_key]
        values = _values(case, kind, revision=revision, person=person, record=row.record, digest=row.digest, terms=self.terms, vault=self.vault)
        values["discharge_rule"] = discharge_rule_of(case, kind, self.rules)
        values |= {"warnings": list(rule_ids(findings)), "awaits_approval": case.facility_code in self.holding}
        self.accepted.append(values)
        return Answer(kind, "accepted", findings, days, values["id"])


def _kept(before: Certificate, digest: str, terms: Terms) -> Answer | None:
    """The answer where an earlier certificate of the same key stands in the way; None where it does not."""
    is_same = before.record_digest == digest
    match before.status:
        case Status.FAILED:
            return None
        case Status.REVOKED if not is_same or terms.priority == ALONE:
            return None
        case _ if is_same:
            return Answer(before.kind, "existing", (), before.days, before.id)
        case _:
            return Answer(before.kind, "rejected", (duplicate_finding(is_same_content=False),), obstacle_id=before.id)


async def _note_episodes(session: AsyncSession, rows: Sequence[Checked], *, terms: Terms, vault: Vault, history: PeoplesHistory) -> None:
    """Remember open illnesses, and that others are over [rules R-REINFECTION]; of a case that names no facility of ours nothing can be kept.

    A row for a facility that these terms do not issue for says nothing. A dry run writes nothing down; that an illness is over
    `history` alone is told.
    """
    only = await _only_facility(session, terms)
    rows = [row for row in rows if only in (None, row.facility_code)]
    known = await papers.episodes_by_case(session, {(row.facility_code, row.case_id) for row in rows})
    over = {(row.facility_code, row.case_id) for row in rows if row.open_episode is None and row.case is not None} & known.keys()
    if terms.dry_run:
        for case_key in over:
            history.end_episode(case_key)
        return
    for case_key in over:
        await session.delete(known[case_key])
    facilities = await registry.facilities_by_code(session, {row.facility_code for row in rows if row.open_episode})
    for row in rows:
        case_key = (row.facility_code, row.case_id)
        if row.open_episode is not None and case_key not in known and row.facility_code in facilities:
            person = vault.person(row.open_episode.person_key)
            known[case_key] = Episode(facility_code=row.facility_code, case_id=row.case_id, person=person, positive_on=row.open_episode.positive_on)
            session.add(known[case_key])


async def _only_facility(session: AsyncSession, terms: Terms) -> str | None:
    """The one facility that is issued for, as V-FACILITY has it: the caller's own, or which the batch names; None for every one."""
    batch = await session.get(Batch, terms.batch_id) if terms.batch_id else None
    return terms.caller.facility_code or (batch.facility_code if batch else None)


def new_certificate(case: Case, kind: Kind, *, revision: int, terms: Terms, vault: Vault) -> Certificate:
    """A certificate `requested` for a case; its look-up secrets follow from its random id."""
    record, person = case.canonical(), vault.person(case.person_key)
    return Certificate(**_values(case, kind, revision=revision, person=person, record=record, digest=case.content_digest(), terms=terms, vault=vault))


def _values(case: Case, kind: Kind, *, revision: int, person: str, record: bytes, digest: str, terms: Terms, vault: Vault) -> dict[str, Any]:
    """The columns of a new certificate; `person` is the blind index, `record` and `digest` are the case's."""
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
        "person": person,
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
