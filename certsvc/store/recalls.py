"""Recalls: which certificates are chosen, and what a recall does to all of them: a few statements, however
many there are.
"""

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from certsvc.models import (
    ApiKey,
    Certificate,
    Kind,
    Recall,
    RecalledCertificate,
    RecallOutcome,
    RecallStatus,
    Status,
)
from certsvc.models.recalls import WAITING
from certsvc.store import registry
from certsvc.store.certificates import signed_within


@dataclass(frozen=True, slots=True)
class Choice:
    """Which certificates: those of these ids, or what one batch asked for, or of a facility, of a kind,
    signed from one day to another.
    """

    certificate_ids: tuple[uuid.UUID, ...] = ()
    batch_id: uuid.UUID | None = None
    facility: str | None = None
    kind: Kind | None = None
    signed_from: dt.date | None = None
    signed_to: dt.date | None = None

    def to_json(self) -> dict[str, Any]:
        """What was chosen by, as it is kept; not the ids, which stand in rows."""
        values = {
            "batch_id": self.batch_id,
            "facility": self.facility,
            "kind": self.kind,
            "signed_from": self.signed_from,
            "signed_to": self.signed_to,
        }
        return {name: str(value) for name, value in values.items() if value is not None}


class Candidate(NamedTuple):
    """What decides whether a certificate can be recalled."""

    id: uuid.UUID
    facility_code: str
    kind: Kind
    status: Status
    serial: str | None
    requested_by_id: uuid.UUID


class RecallDetail(NamedTuple):
    """A recall with how many of its certificates came to what, who asked for it and who decided it."""

    recall: Recall
    counts: Counter[RecallOutcome]
    asked_by: ApiKey
    decided_by: ApiKey | None


class Recalled(NamedTuple):
    """A certificate of a recall, and what came of it."""

    row: RecalledCertificate
    certificate: Certificate


async def chosen(
    session: AsyncSession, choice: Choice, *, only: str | None, limit: int, for_change: bool
) -> list[Candidate]:
    """The chosen certificates, of the facility `only` where it is given (ids: of any), by id; for a change
    they are locked in that order.
    """
    query = (
        select(*(getattr(Certificate, name) for name in Candidate._fields))
        .where(*_filters(choice))
        .order_by(Certificate.id)
        .limit(limit)
    )
    if only is not None and not choice.certificate_ids:
        query = query.where(Certificate.facility_code == only)
    found = await session.execute(query.with_for_update() if for_change else query)
    return [Candidate(*row) for row in found]


def _filters(choice: Choice) -> list[ColumnElement[bool]]:
    if choice.certificate_ids:
        return [Certificate.id.in_(choice.certificate_ids)]
    if choice.batch_id is not None:
        return [Certificate.batch_id == choice.batch_id]
    filters = signed_within(choice.signed_from, choice.signed_to)
    filters += [Certificate.facility_code == choice.facility] if choice.facility is not None else []
    filters += [Certificate.kind == choice.kind] if choice.kind is not None else []
    return filters


async def waiting_of(
    session: AsyncSession, certificate_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Which of these are under a recall that waits, and under which."""
    query = select(RecalledCertificate.certificate_id, RecalledCertificate.recall_id)
    rows = await session.execute(
        query.where(text(WAITING), RecalledCertificate.certificate_id.in_(certificate_ids))
    )
    return dict(rows.all())


async def find(session: AsyncSession, recall_id: uuid.UUID, *, for_change: bool = False) -> Recall | None:
    return await session.get(Recall, recall_id, with_for_update=for_change, populate_existing=for_change)


async def lock_certificates(session: AsyncSession, recall_id: uuid.UUID) -> None:
    """Nobody else changes a recall's certificates until the transaction ends; in the order in which `chosen`
    locks.
    """
    await session.execute(
        select(Certificate.id)
        .where(Certificate.id.in_(members(recall_id)))
        .order_by(Certificate.id)
        .with_for_update()
    )


def members(recall_id: uuid.UUID, *which: ColumnElement[bool]) -> Select[uuid.UUID]:
    """The ids of a recall's certificates, of those of which `which` is true."""
    return select(RecalledCertificate.certificate_id).where(
        RecalledCertificate.recall_id == recall_id, *which
    )


async def settle(
    session: AsyncSession, recall_id: uuid.UUID, outcome: RecallOutcome, *which: ColumnElement[bool]
) -> None:
    """What waited and is suspended now, and of which `which` is true, comes to this; the rest of what waited
    is left as it is.
    """
    of_recall = update(RecalledCertificate).where(
        RecalledCertificate.recall_id == recall_id, RecalledCertificate.outcome == RecallOutcome.WAITING
    )
    is_suspended = RecalledCertificate.certificate_id.in_(
        select(Certificate.id).where(Certificate.status == Status.SUSPENDED)
    )
    for came_to, filters in ((outcome, (is_suspended, *which)), (RecallOutcome.UNCHANGED, ())):
        await session.execute(
            of_recall.where(*filters).values(outcome=came_to).execution_options(synchronize_session=False)
        )


async def change(
    session: AsyncSession,
    certificate_ids: Select[uuid.UUID],
    to: Status,
    *,
    reason: str | None,
    text: str | None,
    now: dt.datetime,
) -> None:
    values = {"status": to, "reason": reason, "reason_text": text, "changed_at": now}
    await session.execute(
        update(Certificate)
        .where(Certificate.id.in_(certificate_ids))
        .values(values)
        .execution_options(synchronize_session=False)
    )


async def to_announce(session: AsyncSession, certificate_ids: Select[uuid.UUID]) -> Sequence[Certificate]:
    """What webhooks tell of each; records stay where they are."""
    told = load_only(
        Certificate.facility_code,
        Certificate.status,
        Certificate.serial,
        Certificate.reason,
        Certificate.replaced_by_id,
        Certificate.batch_id,
        raiseload=True,
    )
    return (
        await session.scalars(
            select(Certificate)
            .where(Certificate.id.in_(certificate_ids))
            .order_by(Certificate.id)
            .options(told)
        )
    ).all()


def _is_of(owner: ApiKey | None) -> list[ColumnElement[bool]]:
    """Of the organisation of `owner`, or of all; joined with who asked."""
    if owner is None:
        return []
    return [
        ApiKey.role == owner.role,
        ApiKey.holder == owner.holder,
        ApiKey.facility_code.is_not_distinct_from(owner.facility_code),
    ]


async def list_page(
    session: AsyncSession,
    *,
    owner: ApiKey | None,
    status: RecallStatus | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[Recall]:
    """Newest first: those that `owner`'s organisation asked for, or all; `before` is (asked_at, id) of the
    last one of the previous page.
    """
    query = (
        select(Recall)
        .join(ApiKey, ApiKey.id == Recall.asked_by_id)
        .where(*_is_of(owner))
        .order_by(Recall.asked_at.desc(), Recall.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(Recall.status == status)
    if before is not None:
        at, last_id = before
        query = query.where(or_(Recall.asked_at < at, and_(Recall.asked_at == at, Recall.id < last_id)))
    return (await session.scalars(query)).all()


async def count_waiting(session: AsyncSession, *, owner: ApiKey | None) -> int:
    query = select(func.count()).select_from(Recall).join(ApiKey, ApiKey.id == Recall.asked_by_id)
    return await session.scalar(query.where(Recall.status == RecallStatus.WAITING, *_is_of(owner))) or 0


async def counts(
    session: AsyncSession, recall_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Counter[RecallOutcome]]:
    """Of each recall: how many certificates came to what."""
    by = (RecalledCertificate.recall_id, RecalledCertificate.outcome)
    found: defaultdict[uuid.UUID, Counter[RecallOutcome]] = defaultdict(Counter)
    for recall_id, outcome, number in await session.execute(
        select(*by, func.count()).where(RecalledCertificate.recall_id.in_(recall_ids)).group_by(*by)
    ):
        found[recall_id][outcome] = number
    return found


async def in_detail(session: AsyncSession, found: Iterable[Recall]) -> list[RecallDetail]:
    """Recalls with their counts and who asked for and decided them."""
    found = list(found)
    outcomes = await counts(session, [recall.id for recall in found])
    ids = {id_ for recall in found for id_ in (recall.asked_by_id, recall.decided_by_id) if id_}
    callers = await registry.callers_by_id(session, ids)
    return [
        RecallDetail(
            recall,
            outcomes[recall.id],
            callers[recall.asked_by_id],
            None if recall.decided_by_id is None else callers[recall.decided_by_id],
        )
        for recall in found
    ]


async def certificates_page(
    session: AsyncSession,
    recall_id: uuid.UUID,
    *,
    outcome: RecallOutcome | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Recalled]:
    """Newest request first; `before` is (requested_at, id) of the last certificate of the previous page."""
    query = select(RecalledCertificate, Certificate).join(
        Certificate, Certificate.id == RecalledCertificate.certificate_id
    )
    query = (
        query.where(RecalledCertificate.recall_id == recall_id)
        .order_by(Certificate.requested_at.desc(), Certificate.id.desc())
        .limit(limit)
    )
    if outcome is not None:
        query = query.where(RecalledCertificate.outcome == outcome)
    if before is not None:
        at, last_id = before
        query = query.where(
            or_(Certificate.requested_at < at, and_(Certificate.requested_at == at, Certificate.id < last_id))
        )
    return [Recalled(*row) for row in (await session.execute(query)).all()]
