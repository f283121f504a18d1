"""Certificates: natural keys, the digest register, the event log. What a worker does with many at once:
`claims`; what checks ask: `entries`.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    String,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import HANOI
from certsvc.models import Certificate, Event, Kind, PublishedFile, Status
from certsvc.models.register import LAID_OUT

_LONG_AGO, _FAR_AHEAD = dt.date(1900, 1, 1), dt.date(9000, 1, 1)


async def find(session: AsyncSession, certificate_id: uuid.UUID) -> Certificate | None:
    return await session.get(Certificate, certificate_id)


async def find_for_change(session: AsyncSession, certificate_id: uuid.UUID) -> Certificate | None:
    """The row, locked against other writers until the transaction ends."""
    return await session.get(Certificate, certificate_id, with_for_update=True, populate_existing=True)


async def successors(session: AsyncSession, certificate: Certificate) -> list[Certificate]:
    """What came in the place of a certificate, one after another: the last is the one that counts. Empty
    where it was not replaced.
    """
    found: list[Certificate] = []
    while certificate.replaced_by_id is not None:
        certificate = await session.get_one(Certificate, certificate.replaced_by_id)
        found.append(certificate)
    return found


async def list_page(
    session: AsyncSession,
    *,
    facility_code: str | None,
    status: Status | None,
    kind: Kind | None,
    case_id: str | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
    signed_from: dt.date | None = None,
    signed_to: dt.date | None = None,
) -> Sequence[Certificate]:
    """Newest first; `before` is the (requested_at, id) of the last one of the previous page."""
    filters: list[ColumnElement[bool]] = []
    if facility_code is not None:
        filters.append(Certificate.facility_code == facility_code)
    if status is not None:
        filters.append(Certificate.status == status)
    if kind is not None:
        filters.append(Certificate.kind == kind)
    if case_id is not None:
        filters.append(Certificate.case_id == case_id)
    filters += signed_within(signed_from, signed_to)
    if before is not None:
        at, last_id = before
        filters.append(
            or_(Certificate.requested_at < at, and_(Certificate.requested_at == at, Certificate.id < last_id))
        )
    query = (
        select(Certificate)
        .where(*filters)
        .order_by(Certificate.requested_at.desc(), Certificate.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


def signed_within(first: dt.date | None, last: dt.date | None) -> list[ColumnElement[bool]]:
    """Of what was signed from the first to the last of these days in Hanoi, both included; None leaves an end
    open.
    """
    filters: list[ColumnElement[bool]] = []
    if first is not None:
        filters.append(Certificate.signed_at >= _midnight(first))
    if last is not None:
        filters.append(Certificate.signed_at < _midnight(last) + dt.timedelta(days=1))
    return filters


def _midnight(day: dt.date) -> dt.datetime:
    """Its beginning in Hanoi. The first and last days that a date can be have none in UTC, and nothing was
    signed near them.
    """
    return dt.datetime.combine(min(max(day, _LONG_AGO), _FAR_AHEAD), dt.time(), HANOI)


async def published_files(session: AsyncSession, digests: Collection[str]) -> dict[str, PublishedFile]:
    """Entries of the digest register, by SHA-256."""
    query = select(PublishedFile).where(PublishedFile.sha256.in_(digests))
    return {found.sha256: found for found in await session.scalars(query)}


async def destroy_keys(session: AsyncSession, certificate_id: uuid.UUID) -> int:
    """Forget the data keys of every version of a certificate that has one yet; returns how many."""
    of_it = (PublishedFile.certificate_id == certificate_id, PublishedFile.data_key.is_not(None))
    return len(
        (
            await session.execute(
                update(PublishedFile).where(*of_it).values(data_key=None).returning(PublishedFile.sha256)
            )
        ).all()
    )


def record_event(
    session: AsyncSession, certificate_id: uuid.UUID, name: str, *, at: dt.datetime, actor: str, **facts: Any
) -> None:
    """Append to the certificate's history; `facts` hold nothing personal, so nothing that a person wrote
    freely.
    """
    session.add(Event(certificate_id=certificate_id, at=at, name=name, actor=actor, facts=facts))


async def record_events(
    session: AsyncSession,
    which: ColumnElement[bool],
    name: str,
    facts: dict[str, Any],
    *,
    at: dt.datetime,
    actor: str,
) -> None:
    """Append to the history of every certificate of which `which` is true, in one statement."""
    told = select(
        Certificate.id,
        literal(at, Certificate.changed_at.type),
        literal(name, String),
        literal(actor, String),
        literal(facts, JSON),
    ).where(which)
    await session.execute(insert(Event).from_select(["certificate_id", "at", "name", "actor", "facts"], told))


async def events_of(session: AsyncSession, certificate_id: uuid.UUID) -> Sequence[Event]:
    return (
        await session.scalars(select(Event).where(Event.certificate_id == certificate_id).order_by(Event.id))
    ).all()


class Figure(NamedTuple):
    """How many certificates of a facility and kind stand where, and when the oldest of them was asked for.

    `held` of them wait for the facility's head; `oldest_unheld` is the oldest of the others.
    """

    facility_code: str
    kind: Kind
    status: Status
    number: int
    oldest: dt.datetime
    held: int
    oldest_unheld: dt.datetime | None


async def figures(session: AsyncSession, *, facility_code: str | None) -> Sequence[Figure]:
    """Per facility, kind and status."""
    asked, is_held = Certificate.requested_at, Certificate.awaits_approval
    held = func.sum(case((is_held, 1), else_=0))
    unheld = func.min(case((is_held.is_(False), asked)))
    query = (
        select(
            Certificate.facility_code,
            Certificate.kind,
            Certificate.status,
            func.count(),
            func.min(asked),
            held,
            unheld,
        )
        .group_by(Certificate.facility_code, Certificate.kind, Certificate.status)
        .order_by(Certificate.facility_code, Certificate.kind, Certificate.status)
    )
    if facility_code is not None:
        query = query.where(Certificate.facility_code == facility_code)
    return [Figure(*row) for row in (await session.execute(query)).all()]


async def published_ways(session: AsyncSession) -> dict[str, int]:
    """How many files were filled into a compiled design, and how many had to be laid out in full."""
    every = await session.scalar(select(func.count()).select_from(PublishedFile)) or 0
    laid_out = (
        await session.scalar(select(func.count()).select_from(PublishedFile).where(text(LAID_OUT))) or 0
    )
    return {"filled": every - laid_out, "laid_out": laid_out}
