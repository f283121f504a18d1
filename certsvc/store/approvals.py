"""Certificates that await approval by their facility's head: lists of them, and decisions about many in a few
statements.

What waits together, to be decided by one approval, is a facility's part of a batch, or one certificate that
was asked for alone; it is known by the id of the batch or of the certificate.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    SQLColumnExpression,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from certsvc.models import DECLINED, ApiKey, Certificate, Facility, Kind, Role, Status
from certsvc.models.certificates import HELD
from certsvc.store.certificates import record_events

_key = func.coalesce(Certificate.batch_id, Certificate.id)
_since = func.min(Certificate.changed_at)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits together: how many of each kind, days of leave in all, days of examination from and to,
    since when, who asked.
    """

    key: uuid.UUID
    facility_code: str
    batch_id: uuid.UUID | None
    sick_leave: int
    recovery: int
    days: int
    event_from: dt.date
    event_to: dt.date
    since: dt.datetime
    asked_by: uuid.UUID
    asked_as: Role

    @property
    def certificates(self) -> int:
        return self.sick_leave + self.recovery

    @property
    def is_one(self) -> bool:
        """Whether it is one certificate, and not a part of a batch."""
        return self.key != self.batch_id


def _number(kind: Kind) -> ColumnElement[int]:
    return func.sum(case((Certificate.kind == kind, 1), else_=0))


async def list_waiting(
    session: AsyncSession,
    *,
    facility_code: str | None,
    after: tuple[dt.datetime, uuid.UUID, str] | None = None,
    limit: int,
) -> Sequence[Waiting]:
    """The longest waiting first, of one facility or all; `after` is (since, key, facility) of the last one of
    the previous page.
    """
    query = _waiting(_key, facility_code).order_by(_since, _key, Certificate.facility_code).limit(limit)
    if after is not None:
        at, last_key, last_facility = after
        is_behind = or_(_key > last_key, and_(_key == last_key, Certificate.facility_code > last_facility))
        query = query.having(or_(_since > at, and_(_since == at, is_behind)))
    return [Waiting(*row) for row in (await session.execute(query)).all()]


async def find_waiting(session: AsyncSession, key: uuid.UUID, *, facility_code: str | None) -> Waiting | None:
    """A facility's part of the batch with this id, or the one certificate with it, also of a batch. Of
    several facilities' parts the first.
    """
    part = (
        _waiting(_key, facility_code)
        .where(Certificate.batch_id == key)
        .order_by(Certificate.facility_code)
        .limit(1)
    )
    alone = _waiting(Certificate.id, facility_code).where(Certificate.id == key)
    row = (await session.execute(part)).one_or_none() or (await session.execute(alone)).one_or_none()
    return None if row is None else Waiting(*row)


def _waiting(key: SQLColumnExpression[uuid.UUID], facility_code: str | None) -> Select[*tuple[Any, ...]]:
    """A row for each `Waiting`."""
    asked = (key, Certificate.facility_code, Certificate.batch_id)
    figures = (_number(Kind.SICK_LEAVE), _number(Kind.RECOVERY), func.coalesce(func.sum(Certificate.days), 0))
    days = (func.min(Certificate.event_on), func.max(Certificate.event_on))
    query = (
        select(*asked, *figures, *days, _since, ApiKey.id, ApiKey.role)
        .join(ApiKey, ApiKey.id == Certificate.requested_by_id)
        .where(text(HELD))
        .group_by(*asked, ApiKey.id, ApiKey.role)
    )
    return query if facility_code is None else query.where(Certificate.facility_code == facility_code)


async def held_page(
    session: AsyncSession, waiting: Waiting, *, skip: int, limit: int
) -> Sequence[Certificate]:
    """Certificates of what waits together, by case."""
    which = Certificate.id == waiting.key if waiting.is_one else Certificate.batch_id == waiting.key
    own = (text(HELD), Certificate.facility_code == waiting.facility_code, which)
    return (
        await session.scalars(
            select(Certificate)
            .where(*own)
            .order_by(Certificate.case_id, Certificate.kind.desc())
            .offset(skip)
            .limit(limit)
        )
    ).all()


async def has_any(session: AsyncSession, batch_id: uuid.UUID, *, facility_code: str) -> bool:
    """Whether a batch ever asked for a certificate of that facility."""
    return bool(
        await session.scalar(
            select(
                exists().where(Certificate.batch_id == batch_id, Certificate.facility_code == facility_code)
            )
        )
    )


async def approve_all(
    session: AsyncSession, batch_id: uuid.UUID, *, facility_code: str, now: dt.datetime, actor: str
) -> int:
    """Let workers have what waits of a facility in a batch; how many."""
    return await _decide(session, _of(batch_id, facility_code), {}, "approved", now=now, actor=actor)


async def decline_all(
    session: AsyncSession,
    batch_id: uuid.UUID,
    *,
    facility_code: str,
    reason_text: str,
    now: dt.datetime,
    actor: str,
) -> int:
    """Give up what waits of a facility in a batch; how many."""
    new = {"status": Status.FAILED, "reason": DECLINED, "reason_text": reason_text, "lease_until": None}
    return await _decide(session, _of(batch_id, facility_code), new, "declined", now=now, actor=actor)


async def release_unrequired(session: AsyncSession, *, now: dt.datetime, actor: str) -> int:
    """Let workers have what waits at facilities that require no approval any more; how many."""
    unbound = select(Facility.code).where(Facility.requires_approval.is_(False))
    return await _decide(
        session, Certificate.facility_code.in_(unbound), {}, "released", now=now, actor=actor
    )


async def declined_just_now(
    session: AsyncSession, batch_id: uuid.UUID, *, facility_code: str, now: dt.datetime
) -> Sequence[Certificate]:
    """What `decline_all` gave up in this transaction, without the records."""
    query = select(Certificate).where(
        _of(batch_id, facility_code), Certificate.reason == DECLINED, Certificate.changed_at == now
    )
    return (await session.scalars(query.options(defer(Certificate.record, raiseload=True)))).all()


def _of(batch_id: uuid.UUID, facility_code: str) -> ColumnElement[bool]:
    return and_(Certificate.batch_id == batch_id, Certificate.facility_code == facility_code)


async def _decide(
    session: AsyncSession,
    which: ColumnElement[bool],
    new: dict[str, Any],
    event: str,
    *,
    now: dt.datetime,
    actor: str,
) -> int:
    values = new | {"awaits_approval": False, "changed_at": now}
    statement = (
        update(Certificate)
        .where(text(HELD), which)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    number = cast("CursorResult[Any]", await session.execute(statement)).rowcount
    if number:
        is_new = (Certificate.status == new.get("status", Status.REQUESTED), Certificate.changed_at == now)
        await record_events(session, and_(which, *is_new), event, {}, at=now, actor=actor)
    return number
