"""`/v1/webhooks`: get notified of changes instead of polling for them [Standard Webhooks 1.0]."""

import datetime as dt
import json
import uuid
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from certsvc.api.access import Now, Reader, Res, Writer
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.openapi import headers
from certsvc.api.paging import Cursor, lead_on, read_cursor
from certsvc.api.schemas import Strict
from certsvc.models import DeliveryState, Disabled, EventType, WebhookDelivery, WebhookEndpoint
from certsvc.store import webhooks
from certsvc.webhooks import endpoints
from certsvc.webhooks.endpoints import Secret, Wish
from certsvc.webhooks.posting import MAX_URL

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_MAX_PAGE = 200
_MOST_OVERLAP_S = 7 * 24 * 3600

Url = Annotated[str, StringConstraints(max_length=MAX_URL, strip_whitespace=True)]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class WebhookRequest(Strict):
    """Where to post which events. With `batch_certificates` each certificate of a batch has its own event
    too, issued or failed.
    """

    url: Url
    events: Events | None = Field(None, description="all, if left out")
    batch_certificates: bool = False


class WebhookChange(Strict):
    """What is left out stays as it is."""

    url: Url | None = None
    events: Events | None = None
    batch_certificates: bool | None = None
    enabled: bool | None = None


class Rotation(Strict):
    overlap_s: int = Field(
        24 * 3600, ge=0, le=_MOST_OVERLAP_S, description="for how long the previous secrets sign too"
    )


class Replay(Strict):
    """One delivery, or all that failed."""

    delivery_id: Annotated[str, StringConstraints(pattern=r"^msg_[0-9a-f]{32}$")] | None = None
    failed_since: AwareDatetime | None = Field(
        None, description="all that were announced since then and failed"
    )

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.delivery_id is None) == (self.failed_since is None):
            raise ValueError("one of delivery_id and failed_since")
        return self


class WebhookOut(BaseModel):
    id: uuid.UUID
    url: str
    events: list[EventType]
    batch_certificates: bool
    enabled: bool
    disabled_reason: Disabled | None = Field(
        description="`gone`: it answered 410; `failing`: nothing was delivered for five days"
    )
    disabled_at: dt.datetime | None
    failing_since: dt.datetime | None
    created_at: dt.datetime
    links: dict[str, str]


class WebhookWithSecret(WebhookOut):
    secret: str = Field(description="`whsec_…`; shown this once")


class WebhookPage(BaseModel):
    items: list[WebhookOut]


class Attempt(BaseModel):
    at: dt.datetime
    status_code: int | None
    error: str | None = Field(description="why there was no answer: `timeout`, `address_refused`, …")
    ms: int


class DeliveryOut(BaseModel):
    id: str = Field(description="the `webhook-id` of every attempt")
    event: str
    state: DeliveryState
    created_at: dt.datetime
    attempts: int
    next_attempt_at: dt.datetime | None
    log: list[Attempt] = Field(description="the newest attempts, in order")
    payload: dict[str, Any]


class DeliveryPage(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None


class Replayed(BaseModel):
    replayed: int


def _out(endpoint: WebhookEndpoint) -> dict[str, Any]:
    here = f"/v1/webhooks/{endpoint.id}"
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.events,
        "batch_certificates": endpoint.batch_certificates,
        "enabled": endpoint.disabled_at is None,
        "disabled_reason": endpoint.disabled_reason,
        "disabled_at": endpoint.disabled_at,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
        "links": {"self": here, "deliveries": f"{here}/deliveries"},
    }


def _with_secret(endpoint: WebhookEndpoint, secret: Secret, status: int) -> Response:
    body = WebhookWithSecret(**_out(endpoint), secret=secret.text).model_dump(mode="json")
    return json_answer(body, status, location=f"/v1/webhooks/{endpoint.id}")


def _delivery_out(delivery: WebhookDelivery) -> DeliveryOut:
    return DeliveryOut(
        id=delivery.message_id,
        event=delivery.event,
        state=delivery.state,
        created_at=delivery.created_at,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at,
        log=[Attempt(**attempt) for attempt in delivery.log],
        payload=json.loads(delivery.body),
    )


@router.post("", status_code=201, response_model=WebhookWithSecret, responses={201: headers("Location")})
async def create(body: WebhookRequest, res: Res, caller: Writer, now: Now, once: Once) -> Response:
    """Have events posted to an address. The answer shows the secret that signs them, this once."""

    async def work() -> Response:
        wish = Wish(**dict(body))
        allow_private = res.settings.webhooks_allow_private
        return _with_secret(
            *await endpoints.create_endpoint(
                res.db, wish, caller=caller, vault=res.vault, allow_private=allow_private, now=now
            ),
            201,
        )

    return await once(work, body, caller=caller)


@router.get("")
async def list_webhooks(res: Res, caller: Reader) -> WebhookPage:
    """The caller's own; auditors and admins see all."""
    async with res.db.read() as session:
        found = await endpoints.list_visible(session, caller=caller)
    return WebhookPage(items=[WebhookOut(**_out(endpoint)) for endpoint in found])


@router.get("/{webhook_id}")
async def read(webhook_id: uuid.UUID, res: Res, caller: Reader) -> WebhookOut:
    async with res.db.read() as session:
        return WebhookOut(**_out(await endpoints.get_endpoint(session, webhook_id, caller=caller)))


@router.patch("/{webhook_id}")
async def change(
    webhook_id: uuid.UUID, body: WebhookChange, res: Res, caller: Writer, now: Now
) -> WebhookOut:
    """Change it, disable it, or enable it again; what waits meanwhile is sent then."""
    allow_private = res.settings.webhooks_allow_private
    return WebhookOut(
        **_out(
            await endpoints.change_endpoint(
                res.db, webhook_id, Wish(**dict(body)), caller=caller, allow_private=allow_private, now=now
            )
        )
    )


@router.delete("/{webhook_id}", status_code=204)
async def remove(webhook_id: uuid.UUID, res: Res, caller: Writer) -> None:
    """Remove it with its log."""
    await endpoints.remove_endpoint(res.db, webhook_id, caller=caller)


@router.post("/{webhook_id}/rotate", response_model=WebhookWithSecret, responses={200: headers("Location")})
async def rotate(
    webhook_id: uuid.UUID, res: Res, caller: Writer, now: Now, once: Once, body: Rotation | None = None
) -> Response:
    """A new secret, shown this once. The previous ones sign too for `overlap_s` more."""

    async def work() -> Response:
        overlap = dt.timedelta(seconds=(body or Rotation()).overlap_s)
        return _with_secret(
            *await endpoints.rotate_secret(
                res.db, webhook_id, overlap=overlap, caller=caller, vault=res.vault, now=now
            ),
            200,
        )

    return await once(work, body or "", caller=caller)


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    webhook_id: uuid.UUID,
    request: Request,
    response: Response,
    res: Res,
    caller: Reader,
    *,
    state: DeliveryState | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 50,
) -> DeliveryPage:
    """What was sent, and its outcome; newest first."""
    before = None if cursor is None else read_cursor(cursor)
    async with res.db.read() as session:
        await endpoints.get_endpoint(session, webhook_id, caller=caller)
        found = await webhooks.list_deliveries(
            session, webhook_id, state=state, before=before, limit=limit + 1
        )
    page = found[:limit]
    next_cursor = lead_on(request, response, page[-1].created_at, page[-1].id) if len(found) > limit else None
    return DeliveryPage(items=[_delivery_out(delivery) for delivery in page], next_cursor=next_cursor)


@router.post("/{webhook_id}/replay", status_code=202, response_model=Replayed)
async def replay(
    webhook_id: uuid.UUID, body: Replay, res: Res, caller: Writer, now: Now, once: Once
) -> Response:
    """Send again, under the same `webhook-id`."""

    async def work() -> Response:
        if body.failed_since is not None:
            count = await endpoints.replay_failed(
                res.db, webhook_id, since=body.failed_since, caller=caller, now=now
            )
        else:
            delivery_id = uuid.UUID(str(body.delivery_id).removeprefix("msg_"))
            count = await endpoints.replay_one(res.db, webhook_id, delivery_id, caller=caller, now=now)
        return json_answer({"replayed": count}, 202)

    return await once(work, body, caller=caller)


@router.post("/{webhook_id}/test", status_code=202, response_model=DeliveryOut)
async def send_test(webhook_id: uuid.UUID, res: Res, caller: Writer, now: Now, once: Once) -> Response:
    """Send a `webhook.test`; its outcome is in the log."""

    async def work() -> Response:
        sent = await endpoints.send_test(res.db, webhook_id, caller=caller, now=now)
        return json_answer(_delivery_out(sent).model_dump(mode="json"), 202)

    return await once(work, "", caller=caller)
