"""Recalls: revoke many certificates at once; more than one person may alone are suspended until a second one
approves.

A recall takes what can be revoked of the certificates that were chosen, and tells what it leaves out. Whoever
asked for it can take it back (decline it), never approve it. While it waits nobody changes its certificates
one by one (`withdrawing`). Everything is one transaction of a few statements, however many certificates there
are.
"""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Conflict, InputError, NotFound
from certsvc.issuing.visibility import get_batch, no_such_certificate
from certsvc.issuing.withdrawing.changes import TOLD
from certsvc.models import (
    REVOCABLE,
    ApiKey,
    Certificate,
    Kind,
    Recall,
    RecalledCertificate,
    RecallOutcome,
    RecallStatus,
    Role,
    Status,
    WithdrawalReason,
)
from certsvc.store import Database, certificates, papers, recalls, registry, status_lists
from certsvc.store.recalls import Candidate, Choice
from certsvc.webhooks.events import announce

MOST = 10_000
"""Certificates of one recall: what one transaction changes within some seconds."""


class LeftOut(StrEnum):
    """Why a chosen certificate is not recalled."""

    NOT_ISSUED = "not_issued"
    REVOKED = "already_revoked"
    REPLACED = "already_replaced"
    UNDER_RECALL = "under_recall"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. With `needs_approval` a second person must approve however few they are;
    `expected_count` is what a preview counted.
    """

    choice: Choice
    reason: WithdrawalReason
    text: str | None = None
    needs_approval: bool = False
    expected_count: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recall would do: which it takes, which it leaves out and why, and whether it then waits for a
    second person.
    """

    taken: list[Candidate]
    left_out: list[tuple[Candidate, LeftOut]]
    waits: bool

    @property
    def by_kind(self) -> Counter[Kind]:
        return Counter(each.kind for each in self.taken)

    @property
    def by_status(self) -> Counter[Status]:
        return Counter(each.status for each in self.taken)

    @property
    def by_cause(self) -> Counter[LeftOut]:
        """How many are left out, by why."""
        return Counter(why for _, why in self.left_out)


async def preview(db: Database, order: Order, *, caller: ApiKey, revoke_alone: int) -> Plan:
    """What `start` would do now; nothing is changed. Raises what `start` raises about the choice."""
    async with db.read() as session:
        return await _plan(session, order, caller=caller, revoke_alone=revoke_alone, for_change=False)


async def start(db: Database, order: Order, *, caller: ApiKey, revoke_alone: int, now: dt.datetime) -> Recall:
    """Revoke what was chosen, up to `revoke_alone` certificates; more of them, or with `needs_approval`, are
    suspended and wait.

    Raises InputError `nothing_chosen`, `too_many_chosen`; NotFound where a certificate or the batch is none
    that the caller may see; Conflict `nothing_to_recall`, `choice_changed`.
    """
    async with db.begin() as session:
        plan = await _plan(session, order, caller=caller, revoke_alone=revoke_alone, for_change=True)
        _require_as_expected(plan, order)
        recall = _new_recall(order, plan, caller=caller, now=now)
        session.add(recall)
        await session.flush()
        outcome = RecallOutcome.WAITING if plan.waits else RecallOutcome.REVOKED
        rows = [
            {"recall_id": recall.id, "certificate_id": each.id, "before": each.status, "outcome": outcome}
            for each in plan.taken
        ]
        await papers.add_all(session, RecalledCertificate, rows)
        if plan.waits:
            were_issued = recalls.members(recall.id, RecalledCertificate.before == Status.ISSUED)
            await _move(session, recall, were_issued, Status.SUSPENDED, caller=caller, now=now)
        else:
            await _move(session, recall, recalls.members(recall.id), Status.REVOKED, caller=caller, now=now)
    return recall


async def approve(db: Database, recall_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime) -> None:
    """Revoke what a recall has suspended, or found suspended. Raises NotFound, Conflict `recall_decided`,
    Forbidden `second_person_needed`.
    """
    async with db.begin() as session:
        recall, asked_by = await get_recall(session, recall_id, caller=caller, for_change=True)
        recall.approve(now, by=caller, asked_by=asked_by)
        await recalls.lock_certificates(session, recall_id)
        await recalls.settle(session, recall_id, RecallOutcome.REVOKED)
        revoked = recalls.members(recall_id, RecalledCertificate.outcome == RecallOutcome.REVOKED)
        await _move(session, recall, revoked, Status.REVOKED, caller=caller, now=now)


async def decline(db: Database, recall_id: uuid.UUID, *, text: str, caller: ApiKey, now: dt.datetime) -> None:
    """Reinstate what a recall has suspended; what was suspended before stays so. Raises NotFound, Conflict
    `recall_decided`.
    """
    async with db.begin() as session:
        recall, _ = await get_recall(session, recall_id, caller=caller, for_change=True)
        recall.decline(now, by=caller, text=text)
        await recalls.lock_certificates(session, recall_id)
        await recalls.settle(
            session, recall_id, RecallOutcome.REINSTATED, RecalledCertificate.before == Status.ISSUED
        )
        reinstated = recalls.members(recall_id, RecalledCertificate.outcome == RecallOutcome.REINSTATED)
        await _move(session, recall, reinstated, Status.ISSUED, caller=caller, now=now)


async def get_recall(
    session: AsyncSession, recall_id: uuid.UUID, *, caller: ApiKey, for_change: bool = False
) -> tuple[Recall, ApiKey]:
    """The recall and who asked for it, if that is the caller's organisation or the caller reads everything;
    otherwise NotFound.
    """
    recall = await recalls.find(session, recall_id, for_change=for_change)
    asked_by = await session.get_one(ApiKey, recall.asked_by_id) if recall else caller
    if recall is None or not (
        caller.is_of_same_holder(asked_by) or caller.role in (Role.ADMIN, Role.AUDITOR)
    ):
        raise NotFound("no_such_recall", "Không có đợt thu hồi này.", "There is no such recall.")
    return recall, asked_by


async def _plan(
    session: AsyncSession, order: Order, *, caller: ApiKey, revoke_alone: int, for_change: bool
) -> Plan:
    found = await _chosen(session, order.choice, caller=caller, for_change=for_change)
    waiting = await recalls.waiting_of(session, [each.id for each in found])
    owned = await _owned(session, found, caller=caller)
    judged = [
        (each, _why_not(each, is_own=each.requested_by_id in owned, is_waiting=each.id in waiting))
        for each in found
    ]
    taken = [each for each, why in judged if why is None]
    left_out = [(each, why) for each, why in judged if why is not None]
    return Plan(taken, left_out, waits=order.needs_approval or len(taken) > revoke_alone)


async def _chosen(
    session: AsyncSession, choice: Choice, *, caller: ApiKey, for_change: bool
) -> list[Candidate]:
    _require_one_way(choice)
    if choice.batch_id is not None:
        await get_batch(session, choice.batch_id, caller=caller)
    found = await recalls.chosen(
        session, choice, only=caller.facility_code, limit=MOST + 1, for_change=for_change
    )
    if len(found) > MOST:
        raise InputError(
            "too_many_chosen",
            f"Một đợt thu hồi có nhiều nhất {MOST} giấy; hãy chia nhỏ, chẳng hạn theo ngày ký.",
            f"A recall has {MOST} certificates at most; split it, for example by days of signing.",
        )
    is_complete = not choice.certificate_ids or len(found) == len(set(choice.certificate_ids))
    if not is_complete or any(not caller.may_see(each.facility_code) for each in found):
        raise no_such_certificate()
    return found


def _require_one_way(choice: Choice) -> None:
    is_filter = any(each is not None for each in (choice.facility, choice.signed_from, choice.signed_to))
    if [
        bool(choice.certificate_ids),
        choice.batch_id is not None,
        is_filter or choice.kind is not None,
    ].count(True) != 1 or (choice.kind and not is_filter):
        raise nothing_chosen()


def nothing_chosen() -> InputError:
    return InputError(
        "nothing_chosen",
        "Hãy chọn giấy theo đúng một cách: từng giấy, cả một lô, hoặc theo cơ sở hay ngày ký.",
        "Choose certificates in exactly one way: by id, a batch, or by facility or days of signing.",
    )


async def _owned(session: AsyncSession, found: list[Candidate], *, caller: ApiKey) -> set[uuid.UUID]:
    """Of those who asked for these certificates, the ones whose papers the caller may withdraw: an insurer's
    only its own [api, Keys and roles].
    """
    requesters = {each.requested_by_id for each in found}
    if caller.role is not Role.INSURER:
        return requesters
    return {
        key_id
        for key_id, key in (await registry.callers_by_id(session, requesters)).items()
        if caller.is_of_same_holder(key)
    }


def _why_not(candidate: Candidate, *, is_own: bool, is_waiting: bool) -> LeftOut | None:
    if not is_own:
        return LeftOut.NOT_YOURS
    if is_waiting:
        return LeftOut.UNDER_RECALL
    if candidate.status in REVOCABLE:
        return None
    return {Status.REVOKED: LeftOut.REVOKED, Status.REPLACED: LeftOut.REPLACED}.get(
        candidate.status, LeftOut.NOT_ISSUED
    )


def _require_as_expected(plan: Plan, order: Order) -> None:
    if not plan.taken:
        raise Conflict(
            "nothing_to_recall",
            "Trong các giấy đã chọn không có giấy nào thu hồi được.",
            "None of the chosen certificates can be revoked.",
            left_out=dict(plan.by_cause),
        )
    if order.expected_count not in (None, len(plan.taken)):
        raise Conflict(
            "choice_changed",
            "Từ lúc xem trước, số giấy thu hồi được đã khác; hãy xem trước lại.",
            "Since the preview another number of certificates can be revoked; look at the preview again.",
            count=len(plan.taken),
        )


def _new_recall(order: Order, plan: Plan, *, caller: ApiKey, now: dt.datetime) -> Recall:
    return Recall(
        id=uuid.uuid4(),
        status=RecallStatus.WAITING if plan.waits else RecallStatus.REVOKED,
        reason=str(order.reason),
        text=order.text,
        chosen=order.choice.to_json(),
        left_out=dict(plan.by_cause),
        asked_by_id=caller.id,
        asked_at=now,
        decided_at=None if plan.waits else now,
    )


async def _move(
    session: AsyncSession,
    recall: Recall,
    certificate_ids: Select[uuid.UUID],
    to: Status,
    *,
    caller: ApiKey,
    now: dt.datetime,
) -> None:
    """Give certificates of a recall, all locked, another state, and tell everybody, as `withdrawing` does for
    one.
    """
    event, told = TOLD[to]
    is_back = to is Status.ISSUED
    reason, text = (None, None) if is_back else (recall.reason, recall.text)
    await recalls.change(session, certificate_ids, to, reason=reason, text=text, now=now)
    facts = {"reason": str(WithdrawalReason.OTHER) if is_back else recall.reason, "recall": str(recall.id)}
    await certificates.record_events(
        session, Certificate.id.in_(certificate_ids), event, facts, at=now, actor=str(caller.id)
    )
    await status_lists.mark_many_changed(session, certificate_ids)
    await announce(session, told, await recalls.to_announce(session, certificate_ids), now=now)
