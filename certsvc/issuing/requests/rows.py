"""From a checked case to certificates `requested`, or to the reasons why not.

Natural key: (facility, case, kind). While a certificate of that key is alive there is no second one:
the same content again is `existing`, other content is rejected (to correct a certificate is
`replace`'s business). After a failure the key is free again; after a revocation it is free for other
content, and for the same content only where somebody asks for this one certificate by itself.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.issuing.certificates import certificate_values, discharge_rule_of, disclosures_of, marks_of
from certsvc.issuing.episodes import Episodes
from certsvc.issuing.known import Asker, PeoplesHistory
from certsvc.issuing.terms import ALONE, Answer, Terms
from certsvc.models import Certificate, CertificateMark, Disclosure, Event, Kind, Status
from certsvc.records import Case, Checked, Leave, Rulebook, Verdict, duplicate_finding, judge, rule_ids
from certsvc.records.renewing import renewed
from certsvc.store import papers, registry
from certsvc.vault import Vault


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
    later row of the file sees the earlier ones. `is_compared`: whoever reads the batch's file has held its
    rows against one another.
    """
    await papers.take_turn(session)
    cases = [row.case for row in rows if row.case is not None]
    newest = await papers.newest_by_key(
        session, {(case.facility_code, case.case_id) for case in cases}, kinds
    )
    episodes = await Episodes.of(session, rows, terms=terms)
    episodes.end_in(history)
    asker = Asker(
        terms.caller, is_rehearsing=terms.dry_run, but_batch=terms.batch_id if is_compared else None
    )
    await history.learn(session, cases, asker=asker, vault=vault, kinds=kinds)
    holding = await registry.requiring_approval(session, {case.facility_code for case in cases})
    desk = _Desk(newest, terms, vault, history, rules, holding, kinds)
    answers = await asyncio.to_thread(desk.answer_all, rows)
    if not terms.dry_run:
        await papers.add_all(session, Certificate, desk.accepted)
        await papers.add_all(session, CertificateMark, desk.marks)
        await papers.add_all(session, Event, [_requested(values, terms) for values in desk.accepted])
        await papers.add_all(
            session,
            Disclosure,
            [
                noted
                for row, each in zip(rows, answers, strict=True)
                for noted in disclosures_of(row, each, terms=terms)
            ],
        )
        await episodes.note(session, rows, answers, vault=vault)
    return answers


async def answer_one(
    session: AsyncSession,
    row: Checked,
    *,
    terms: Terms,
    vault: Vault,
    history: PeoplesHistory,
    rules: Rulebook,
) -> tuple[Answer, ...]:
    """As `answer_rows`, for a row that somebody sent by itself: refused, it leaves nothing but a note of what
    it told of other facilities' cases.

    The caller reports the refusal behind the transaction, so that the note stays [rules, Between facilities].
    """
    async with session.begin_nested() as attempt:
        [answers] = await answer_rows(session, [row], terms=terms, vault=vault, history=history, rules=rules)
        if is_refused(answers):
            await attempt.rollback()
    if is_refused(answers) and not terms.dry_run:
        await papers.add_all(session, Disclosure, disclosures_of(row, answers, terms=terms))
    return answers


def is_refused(answers: Iterable[Answer]) -> bool:
    """Something was asked for, and none of it is given."""
    return {each.outcome for each in answers} - {"none"} == {"rejected"}


def _requested(values: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    return {
        "certificate_id": values["id"],
        "at": terms.now,
        "name": "requested",
        "actor": str(terms.caller.id),
        "facts": {},
    }


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where rows are judged one after another; `accepted` are the columns of the certificates that come of
    them.

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
        history, today = self.history.beside((row.facility_code, row.case_id)), day_in_hanoi(self.terms.now)
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

    def _accept(
        self, row: Checked, case: Case, kind: Kind, verdict: Verdict, before: Certificate | None
    ) -> Answer:
        days = case.leave_days if kind is Kind.SICK_LEAVE else None
        if kind is Kind.SICK_LEAVE:
            self.history.add_leave(
                case.patient,
                Leave(
                    (case.facility_code, case.case_id), case.isolation_from, case.isolation_to, case.case_id
                ),
            )
        if self.terms.dry_run:
            return Answer(kind, "would_issue", verdict.findings, days)
        revision = 1 if before is None else before.revision + 1
        values = certificate_values(
            case,
            kind,
            revision=revision,
            record=row.record,
            digest=row.digest,
            terms=self.terms,
            vault=self.vault,
        )
        values["discharge_rule"] = discharge_rule_of(case, kind, self.rules)
        values |= {
            "warnings": list(rule_ids(verdict.findings)),
            "awaits_approval": case.facility_code in self.holding,
        }
        self.accepted.append(values)
        self.marks.extend(
            {"certificate_id": values["id"], "mark": mark} for mark in marks_of(case, vault=self.vault)
        )
        return Answer(kind, "accepted", verdict.findings, days, values["id"], told=verdict.told)


def _kept(before: Certificate, digest: str, terms: Terms, *, vault: Vault) -> Answer | None:
    """The answer where an earlier certificate of the same key stands in the way; None where it does not.

    What was repaired by earlier rules says the same if it does once it is repaired by today's.
    """
    is_same = (
        before.record_digest == digest
        or renewed(vault.open_case(before.id, before.record)).content_digest() == digest
    )
    match before.status:
        case Status.FAILED:
            return None
        case Status.REVOKED if not is_same or terms.priority == ALONE:
            return None
        case _ if is_same:
            return Answer(before.kind, "existing", (), before.days, before.id)
        case _:
            return Answer(
                before.kind, "rejected", (duplicate_finding(is_same_content=False),), obstacle_id=before.id
            )
