"""What webhooks tell of: one delivery for each endpoint that wants an event and may see what it is about.

Deliveries are rows, written in the transaction of the change itself, so none is lost and none is told of what
was rolled back. Where nobody subscribes, one look at a small table is all it costs. Bodies hold ids, states
and where to ask, never whom it is about [Standard Webhooks 1.0].
"""

import datetime as dt
import json
import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import (
    ApiKey,
    Batch,
    Certificate,
    DeliveryState,
    EventType,
    Role,
    WebhookDelivery,
    WebhookEndpoint,
)
from certsvc.store import batches, papers, webhooks

_TOLD_BY_BATCH = (EventType.CERTIFICATE_ISSUED, EventType.CERTIFICATE_FAILED)
"""Of a batch's certificates these are told only to who asked for it: the batch has an event of its own."""


async def announce(
    session: AsyncSession, event: EventType, certificates: Collection[Certificate], *, now: dt.datetime
) -> None:
    """Certificates have just become what `event` says, in this transaction."""
    if not certificates:
        return
    subscribers = await webhooks.subscribers(
        session, event, facility_codes={paper.facility_code for paper in certificates}, now=now
    )
    if not subscribers:
        return
    told = [(paper, body_of(event, _facts_of(paper), now=now)) for paper in certificates]
    rows = [
        delivery(endpoint.id, event, body, now=now)
        for endpoint, owner in subscribers
        for certificate, body in told
        if _is_for(endpoint, owner, event, certificate)
    ]
    await papers.add_all(session, WebhookDelivery, rows)


async def is_listened_for(
    session: AsyncSession, event: EventType, *, facility_code: str, in_batch: bool, now: dt.datetime
) -> bool:
    """Whether anybody is to be told of such an event of that facility's certificates, so that many need not
    be read for nobody.
    """
    subscribers = await webhooks.subscribers(session, event, facility_codes={facility_code}, now=now)
    return any(
        endpoint.batch_certificates or not (in_batch and event in _TOLD_BY_BATCH)
        for endpoint, _ in subscribers
    )


def _is_for(endpoint: WebhookEndpoint, owner: ApiKey, event: EventType, certificate: Certificate) -> bool:
    if event in _TOLD_BY_BATCH and certificate.batch_id is not None and not endpoint.batch_certificates:
        return False
    return owner.may_see(certificate.facility_code)


async def announce_batch(session: AsyncSession, batch: Batch, *, now: dt.datetime) -> None:
    """A batch has come to its end, in this transaction."""
    subscribers = await webhooks.subscribers(session, EventType.BATCH_FINISHED, facility_codes=None, now=now)
    sender = await session.get_one(ApiKey, batch.owner_id)
    told = [
        endpoint
        for endpoint, owner in subscribers
        if owner.role is Role.ADMIN or owner.is_of_same_holder(sender)
    ]
    if not told:
        return
    facts = {
        "id": str(batch.id),
        "status": batch.status,
        "dry_run": batch.dry_run,
        "counts": await batches.count(session, batch.id),
    }
    facts |= {"links": {"self": f"/v1/batches/{batch.id}", "results": f"/v1/batches/{batch.id}/results"}}
    body = body_of(EventType.BATCH_FINISHED, facts, now=now)
    await papers.add_all(
        session,
        WebhookDelivery,
        [delivery(endpoint.id, EventType.BATCH_FINISHED, body, now=now) for endpoint in told],
    )


def _facts_of(certificate: Certificate) -> dict[str, Any]:
    return {
        "id": str(certificate.id),
        "status": certificate.status,
        "serial": certificate.serial,
        "facility_code": certificate.facility_code,
        "reason": certificate.reason,
        "replaced_by": None if certificate.replaced_by_id is None else str(certificate.replaced_by_id),
        "batch_id": None if certificate.batch_id is None else str(certificate.batch_id),
        "links": {"self": f"/v1/certificates/{certificate.id}"},
    }


def body_of(event: str, facts: dict[str, Any], *, now: dt.datetime) -> str:
    """The JSON that is sent: `type`, `timestamp` (of the event) and `data`."""
    at = now.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {"type": event, "timestamp": at, "data": facts}, ensure_ascii=False, separators=(",", ":")
    )


def delivery(endpoint_id: uuid.UUID, event: str, body: str, *, now: dt.datetime) -> dict[str, Any]:
    """The columns of a new `WebhookDelivery`, due at once."""
    return {
        "id": uuid.uuid4(),
        "endpoint_id": endpoint_id,
        "event": event,
        "body": body,
        "state": DeliveryState.PENDING,
        "created_at": now,
        "started_at": now,
        "attempts": 0,
        "next_attempt_at": now,
        "log": [],
    }
