"""Webhook endpoints and deliveries: who subscribes, what is due, what came of it."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from certsvc.models import ApiKey, DeliveryState, EventType, WebhookDelivery, WebhookEndpoint
from certsvc.models.webhooks import PENDING

Owned = tuple[WebhookEndpoint, ApiKey]
"""An endpoint and the key that made it."""


def _has_good_key(now: dt.datetime) -> ColumnElement[bool]:
    """Whether the holder of the owner's key has any good one: who may no longer ask is no longer told
    either.
    """
    peer = aliased(ApiKey)
    is_good = and_(peer.revoked_at.is_(None), or_(peer.expires_at.is_(None), peer.expires_at > now))
    return exists().where(
        peer.role == ApiKey.role,
        peer.holder == ApiKey.holder,
        peer.facility_code.is_not_distinct_from(ApiKey.facility_code),
        is_good,
    )


async def subscribers(
    session: AsyncSession, event: EventType, *, facility_codes: Collection[str] | None, now: dt.datetime
) -> list[Owned]:
    """Endpoints that want the event and may see any of these facilities (None: whatever they may see).

    They cannot be removed until the transaction ends, for deliveries may refer to them by then.
    """
    query = select(WebhookEndpoint, ApiKey).join(ApiKey, ApiKey.id == WebhookEndpoint.owner_id)
    query = query.where(WebhookEndpoint.disabled_at.is_(None), _has_good_key(now))
    if facility_codes is not None:
        query = query.where(or_(ApiKey.facility_code.is_(None), ApiKey.facility_code.in_(facility_codes)))
    rows = (await session.execute(query.with_for_update(read=True, key_share=True, of=WebhookEndpoint))).all()
    return [(endpoint, owner) for endpoint, owner in rows if event in endpoint.events]


async def list_owned(session: AsyncSession, *, holder_of: ApiKey | None = None) -> Sequence[Owned]:
    """Endpoints by age, of one key's holder or all."""
    query = (
        select(WebhookEndpoint, ApiKey)
        .join(ApiKey, ApiKey.id == WebhookEndpoint.owner_id)
        .order_by(WebhookEndpoint.created_at, WebhookEndpoint.id)
    )
    rows = (await session.execute(query)).all()
    return [
        (endpoint, owner)
        for endpoint, owner in rows
        if holder_of is None or holder_of.is_of_same_holder(owner)
    ]


async def find(
    session: AsyncSession, endpoint_id: uuid.UUID, *, for_change: bool = False
) -> WebhookEndpoint | None:
    """Locked for change, events can go on being announced to it."""
    lock = {"key_share": True} if for_change else None
    return await session.get(WebhookEndpoint, endpoint_id, with_for_update=lock, populate_existing=True)


async def remove(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """With all its deliveries."""
    await session.get(
        WebhookEndpoint, endpoint.id, with_for_update=True, populate_existing=True
    )  # nothing is announced to it any more
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id))
    await session.delete(endpoint)


def _is_open(now: dt.datetime) -> ColumnElement[bool]:
    return and_(
        WebhookEndpoint.disabled_at.is_(None),
        or_(WebhookEndpoint.paused_until.is_(None), WebhookEndpoint.paused_until <= now),
    )


def _is_due(now: dt.datetime) -> ColumnElement[bool]:
    return and_(text(f"webhook_deliveries.{PENDING}"), WebhookDelivery.next_attempt_at <= now)


async def due_endpoints(session: AsyncSession, *, now: dt.datetime) -> Sequence[uuid.UUID]:
    """Endpoints to which something can be sent now."""
    has_due = exists().where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, _is_due(now))
    return (await session.scalars(select(WebhookEndpoint.id).where(_is_open(now), has_due))).all()


async def find_sendable(
    session: AsyncSession, endpoint_id: uuid.UUID, *, now: dt.datetime
) -> tuple[WebhookEndpoint, ApiKey, bool] | None:
    """The endpoint, unless it is disabled or paused, the key that made it, and whether its holder has a good
    one.
    """
    query = select(WebhookEndpoint, ApiKey, _has_good_key(now)).join(
        ApiKey, ApiKey.id == WebhookEndpoint.owner_id
    )
    row = (await session.execute(query.where(WebhookEndpoint.id == endpoint_id, _is_open(now)))).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def take_due(
    session: AsyncSession, endpoint_id: uuid.UUID, *, now: dt.datetime, limit: int
) -> Sequence[WebhookDelivery]:
    """What is due for an endpoint and nobody else is taking, longest due first; locked."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, _is_due(now))
    query = query.order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id).limit(limit)
    return (await session.scalars(query.with_for_update(skip_locked=True))).all()


async def lock_held(session: AsyncSession, attempts: Mapping[uuid.UUID, int]) -> list[WebhookDelivery]:
    """Deliveries of a claim, by the attempt that each was claimed with; who was too slow, and lost one, does
    not get it.
    """
    query = select(WebhookDelivery).where(WebhookDelivery.id.in_(attempts), text(PENDING)).with_for_update()
    found = (await session.scalars(query, execution_options={"populate_existing": True})).all()
    return [delivery for delivery in found if delivery.attempts == attempts[delivery.id]]


async def list_deliveries(
    session: AsyncSession,
    endpoint_id: uuid.UUID,
    *,
    state: DeliveryState | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[WebhookDelivery]:
    """Newest first; `before` is the (created_at, id) of the last one of the previous page."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if before is not None:
        at, last_id = before
        query = query.where(
            or_(
                WebhookDelivery.created_at < at,
                and_(WebhookDelivery.created_at == at, WebhookDelivery.id < last_id),
            )
        )
    return (
        await session.scalars(
            query.order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc()).limit(limit)
        )
    ).all()


async def find_delivery(
    session: AsyncSession, endpoint_id: uuid.UUID, delivery_id: uuid.UUID
) -> WebhookDelivery | None:
    """For a change; None where it is another endpoint's."""
    query = select(WebhookDelivery).where(
        WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint_id
    )
    return await session.scalar(query.with_for_update())


async def replay_failed(
    session: AsyncSession, endpoint_id: uuid.UUID, *, since: dt.datetime, now: dt.datetime
) -> int:
    """All tries again for what was announced since then and failed; returns how many."""
    failed = (
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.state == DeliveryState.FAILED,
        WebhookDelivery.created_at >= since,
    )
    again = (
        update(WebhookDelivery)
        .where(*failed)
        .values(state=DeliveryState.PENDING, started_at=now, next_attempt_at=now)
    )
    done = await session.execute(
        again.returning(WebhookDelivery.id).execution_options(synchronize_session=False)
    )
    return len(done.all())


async def forget(session: AsyncSession, *, older_than: dt.datetime) -> None:
    """Remove what was announced before then, unless it was replayed since and still waits."""
    is_done = or_(WebhookDelivery.state != DeliveryState.PENDING, WebhookDelivery.started_at < older_than)
    of_any = WebhookDelivery.endpoint_id.in_(select(WebhookEndpoint.id))  # the index begins with it
    await session.execute(
        delete(WebhookDelivery)
        .where(of_any, WebhookDelivery.created_at < older_than, is_done)
        .execution_options(synchronize_session=False)
    )


async def count_disabled(session: AsyncSession) -> int:
    """How many endpoints were disabled because of what they answer."""
    query = (
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(WebhookEndpoint.disabled_reason.in_(["gone", "failing"]))
    )
    return await session.scalar(query) or 0
