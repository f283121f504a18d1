"""What cancelling, resuming and replaying a batch does to its certificates: a few statements, however many
there are.
"""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, and_, case, func, literal, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from certsvc.models import CANCELLED, DECLINED, BatchRow, Certificate, Facility, Status
from certsvc.store.certificates import record_events

_Other = aliased(Certificate)
_OTHERS = and_(
    _Other.facility_code == Certificate.facility_code,
    _Other.case_id == Certificate.case_id,
    _Other.kind == Certificate.kind,
    _Other.id != Certificate.id,
)
"""Certificates of the same natural key."""

IS_CANCELLED = and_(Certificate.status == Status.FAILED, Certificate.reason == CANCELLED)
HAS_FAILED = and_(
    Certificate.status == Status.FAILED,
    or_(Certificate.reason.is_(None), Certificate.reason.not_in([CANCELLED, DECLINED])),
)
"""What the head did not approve is not tried again by itself: whoever mends it sends it again."""


async def cancel_waiting(session: AsyncSession, batch_id: uuid.UUID, *, now: dt.datetime, actor: str) -> None:
    """Give up the certificates of a batch that nobody is signing; those in the hands of a worker are left to
    it.
    """
    is_left_behind = and_(Certificate.status == Status.SIGNING, Certificate.lease_until < now)
    waits = (Certificate.batch_id == batch_id, or_(Certificate.status == Status.REQUESTED, is_left_behind))
    new = {
        "status": Status.FAILED,
        "reason": CANCELLED,
        "reason_text": None,
        "lease_token": None,
        "lease_until": None,
    }
    given_up = update(Certificate).where(*waits).values(new | {"awaits_approval": False, "changed_at": now})
    await session.execute(given_up.execution_options(synchronize_session=False))
    await _record_just_now(
        session, batch_id, IS_CANCELLED, "failed", {"reason": CANCELLED}, now=now, actor=actor
    )


async def has_any(session: AsyncSession, batch_id: uuid.UUID, which: ColumnElement[bool]) -> bool:
    """Whether `IS_CANCELLED` or `HAS_FAILED` is true of any certificate of the batch."""
    return (
        await session.scalar(select(Certificate.id).where(Certificate.batch_id == batch_id, which).limit(1))
        is not None
    )


async def take_back(
    session: AsyncSession,
    batch_id: uuid.UUID,
    which: ColumnElement[bool],
    *,
    duplicate: dict[str, Any],
    now: dt.datetime,
    actor: str,
) -> None:
    """Request again those of a batch's certificates of which `which` is true. Ask for `papers.take_turn`
    before.

    Where another paper of the same case and kind was asked for meanwhile and did not fail, the row leads to
    that one: `existing` if it says the same, else rejected with the finding `duplicate`.
    """
    await _lead_to_others(session, batch_id, which, duplicate=duplicate)
    newest_other = (
        select(func.coalesce(func.max(_Other.revision), 0))
        .where(_OTHERS)
        .correlate(Certificate)
        .scalar_subquery()
    )
    new = {
        "status": Status.REQUESTED,
        "reason": None,
        "reason_text": None,
        "attempts": 0,
        "lease_until": None,
        "changed_at": now,
    }
    is_held = Certificate.facility_code.in_(select(Facility.code).where(Facility.requires_approval))
    again = (
        update(Certificate)
        .where(Certificate.batch_id == batch_id, which)
        .values(new | {"revision": newest_other + 1, "awaits_approval": is_held})
    )
    await session.execute(again.execution_options(synchronize_session=False))
    await _record_just_now(
        session, batch_id, Certificate.status == Status.REQUESTED, "requested", {}, now=now, actor=actor
    )


async def _lead_to_others(
    session: AsyncSession, batch_id: uuid.UUID, which: ColumnElement[bool], *, duplicate: dict[str, Any]
) -> None:
    """Rows whose certificate was overtaken lead to the other one; the batch lets go of its own."""
    overtaken = _overtaken(batch_id, which).subquery()
    is_same = overtaken.c.is_same
    leads_there = {
        "outcome": case((is_same, "existing"), else_="rejected"),
        "certificate_id": case((is_same, overtaken.c.theirs), else_=null()),
        "rules": case((is_same, literal([], JSON)), else_=literal([duplicate], JSON)),
    }
    own_rows = (BatchRow.batch_id == batch_id, BatchRow.certificate_id == overtaken.c.ours)
    await session.execute(
        update(BatchRow).where(*own_rows).values(leads_there).execution_options(synchronize_session=False)
    )
    let_go = update(Certificate).where(
        Certificate.id.in_(_overtaken(batch_id, which).with_only_columns(Certificate.id))
    )
    await session.execute(let_go.values(batch_id=None).execution_options(synchronize_session=False))


def _overtaken(batch_id: uuid.UUID, which: ColumnElement[bool]) -> Select[uuid.UUID, uuid.UUID, bool]:
    """Those that came too late: `ours`, the newest paper of the same key that did not fail (`theirs`), and
    whether it says the same.
    """
    newest = (
        select(func.max(_Other.revision))
        .where(_OTHERS, _Other.status != Status.FAILED)
        .correlate(Certificate)
        .scalar_subquery()
    )
    their = aliased(Certificate)
    is_theirs = and_(
        their.facility_code == Certificate.facility_code,
        their.case_id == Certificate.case_id,
        their.kind == Certificate.kind,
        their.revision == newest,
    )
    columns = (
        Certificate.id.label("ours"),
        their.id.label("theirs"),
        (their.record_digest == Certificate.record_digest).label("is_same"),
    )
    return (
        select(*columns)
        .join(their, is_theirs)
        .where(Certificate.batch_id == batch_id, which, their.revision > Certificate.revision)
    )


async def _record_just_now(
    session: AsyncSession,
    batch_id: uuid.UUID,
    of: ColumnElement[bool],
    name: str,
    facts: dict[str, Any],
    *,
    now: dt.datetime,
    actor: str,
) -> None:
    """Into the history of each certificate of the batch that has just become what `of` says."""
    await record_events(
        session,
        and_(Certificate.batch_id == batch_id, of, Certificate.changed_at == now),
        name,
        facts,
        at=now,
        actor=actor,
    )
