"""Delivering announced events by Standard Webhooks 1.0: signed, retried for three days, at least once.

    1. claim    a short transaction takes what is due for one endpoint and moves it behind the lease
    2. post     outside any transaction, a few at once
    3. settle   a short transaction records the result where the claim still holds

A worker that dies leaves deliveries that are due again when the lease has run out. Endpoints have nothing to
do with one another: a receiver that never responses holds up its own deliveries alone.
"""

import asyncio
import base64
import datetime as dt
import hmac
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from certsvc.errors import CertsvcError
from certsvc.logs import get_logger
from certsvc.models import DeliveryState, Disabled, WebhookDelivery, WebhookEndpoint
from certsvc.store import Database, webhooks
from certsvc.vault import Vault
from certsvc.webhooks.endpoints import secrets_of
from certsvc.webhooks.posting import Letter, Response

Post = Callable[[str, Sequence[Letter], str], Awaitable[list[Response]]]
"""Posts letters to one address of a holder (`posting.Poster.post_all`)."""

GIVE_UP_AFTER = dt.timedelta(hours=72)
TRIES_AFTER = tuple(
    dt.timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 35 * 60, 9_000, 27_000, 63_000, 113_400, 185_400, 244_800)
)
"""When a delivery is tried again, counted from its first try: 5 s, 5 min, 35 min, 2.5 h, 7.5 h, 17.5 h, 31.5
h, 51.5 h, 68 h.
"""

JITTER = 0.05
"""At most this much later, at random, so that deliveries that failed together are not retried together."""

DISABLE_AFTER = dt.timedelta(days=5)
AT_ONCE = 10
"""Posts to one endpoint side by side."""

_ENDPOINTS_AT_ONCE = 50
_LEASE = dt.timedelta(seconds=60)
_LOOK_S = 1.0
_LAST_POSTS_S = 8
_BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
_PAUSE, _LONGEST_PAUSE = dt.timedelta(seconds=30), dt.timedelta(hours=1)
_LONGEST_WISH = dt.timedelta(days=1)
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Courier:
    """What sending works with; `chance` gives numbers from 0 to 1."""

    db: Database
    vault: Vault
    post: Post
    clock: Callable[[], dt.datetime]
    chance: Callable[[], float] = random.random

    async def due(self) -> Sequence[uuid.UUID]:
        """Endpoints to which something can be sent now."""
        async with self.db.read() as session:
            return await webhooks.due_endpoints(session, now=self.clock())

    async def deliver_some(self, endpoint_id: uuid.UUID) -> int:
        """One round of up to `AT_ONCE` deliveries to an endpoint; returns how many were tried.

        Raises Unavailable where none was; they are due again when the lease has run out.
        """
        now = self.clock()
        async with self.db.begin() as session:
            found = await webhooks.find_sendable(session, endpoint_id, now=now)
            due = await webhooks.take_due(session, endpoint_id, now=now, limit=AT_ONCE) if found else ()
            for delivery in due:
                delivery.claim(lease_until=now + _LEASE)
        if not found or not due:
            return 0
        endpoint, owner, has_good_key = found
        responses = [Response(error="no_good_key")] * len(due)
        if has_good_key:
            responses = await self.post(endpoint.url, self._letters(endpoint, due, now=now), owner.owner)
        await self._settle(endpoint_id, due, responses)
        return len(due)

    def _letters(
        self, endpoint: WebhookEndpoint, due: Sequence[WebhookDelivery], *, now: dt.datetime
    ) -> list[Letter]:
        keys = [secret.key for secret in secrets_of(endpoint, vault=self.vault, now=now)]
        return [Letter(_headers(delivery, keys, now=now), delivery.body.encode()) for delivery in due]

    async def _settle(
        self, endpoint_id: uuid.UUID, due: Sequence[WebhookDelivery], responses: Sequence[Response]
    ) -> None:
        now = self.clock()
        attempts = {delivery.id: delivery.attempts for delivery in due}
        by_id = {delivery.id: response for delivery, response in zip(due, responses, strict=True)}
        async with self.db.begin() as session:
            endpoint = await webhooks.find(session, endpoint_id, for_change=True)
            if endpoint is None:
                return
            for delivery in await webhooks.lock_held(session, attempts):
                _settle_one(delivery, by_id[delivery.id], now=now, chance=self.chance())
            _judge(endpoint, responses, now=now)
        good = sum(response.is_good for response in responses)
        _log.info(
            "webhooks.posted", endpoint=str(endpoint_id), delivered=good, not_delivered=len(responses) - good
        )


def _headers(delivery: WebhookDelivery, keys: Sequence[bytes], *, now: dt.datetime) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "certsvc-webhooks/1",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            sign(key, delivery.message_id, timestamp, delivery.body) for key in keys
        ),
    }


def sign(key: bytes, message_id: str, timestamp: str, body: str) -> str:
    """`v1,` and HMAC-SHA-256 over `id.timestamp.body` in base64 [Standard Webhooks 1.0]."""
    return (
        "v1,"
        + base64.b64encode(hmac.digest(key, f"{message_id}.{timestamp}.{body}".encode(), "sha256")).decode()
    )


def _settle_one(delivery: WebhookDelivery, response: Response, *, now: dt.datetime, chance: float) -> None:
    note: dict[str, Any] = {
        "at": now.isoformat(),
        "status_code": response.status,
        "error": response.error,
        "ms": response.ms,
    }
    if response.is_good:
        delivery.settle(DeliveryState.DELIVERED, note)
    elif (
        response.status == HTTPStatus.GONE
        or (at := next_try(delivery.started_at, now=now, wish=_wish(response, now), chance=chance)) is None
    ):
        delivery.settle(DeliveryState.FAILED, note)
    else:
        delivery.settle(DeliveryState.PENDING, note, next_attempt_at=at)


def next_try(
    started_at: dt.datetime, *, now: dt.datetime, wish: dt.timedelta | None, chance: float
) -> dt.datetime | None:
    """When a delivery first tried at `started_at` is tried again, not sooner than the receiver wishes; None
    where three days are over.
    """
    step = next((after for after in TRIES_AFTER if after > now - started_at), None)
    if step is None:
        return None
    return min(
        max(started_at + step * (1 + JITTER * chance), now + (wish or dt.timedelta())),
        started_at + GIVE_UP_AFTER,
    )


def _wish(response: Response, now: dt.datetime) -> dt.timedelta | None:
    """`Retry-After`, in seconds or as a date [RFC 9110 §10.2.3], a day at most; None for anything else."""
    text = response.retry_after or ""
    try:
        wish = (
            dt.timedelta(seconds=int(text))
            if text.isdecimal()
            else parsedate_to_datetime(text).astimezone(dt.UTC) - now
        )
    except (ValueError, OverflowError):
        return None
    return min(max(wish, dt.timedelta()), _LONGEST_WISH)


def _judge(endpoint: WebhookEndpoint, responses: Sequence[Response], *, now: dt.datetime) -> None:
    """What the responses say of the endpoint itself: gone, failing for days, or to be left alone for a
    while.
    """
    is_good = any(response.is_good for response in responses)
    endpoint.failing_since = None if is_good else endpoint.failing_since or now
    pauses = [_wish(response, now) or _PAUSE for response in responses if response.status in _BUSY]
    if pauses:
        endpoint.paused_until = now + min(max(pauses), _LONGEST_PAUSE)
    if any(response.status == HTTPStatus.GONE for response in responses):
        _disable(endpoint, Disabled.GONE, now=now)
    elif endpoint.failing_since is not None and now - endpoint.failing_since >= DISABLE_AFTER:
        _disable(endpoint, Disabled.FAILING, now=now)


def _disable(endpoint: WebhookEndpoint, reason: Disabled, *, now: dt.datetime) -> None:
    endpoint.disable(now, reason)
    _log.warning("webhook.disabled", endpoint=str(endpoint.id), reason=reason)


class Delivering:
    """Sends to many endpoints side by side, and looks once a second for what is due."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._under_way: dict[uuid.UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled; deliveries under way get a few seconds to finish."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(_LOOK_S)
        finally:
            await self._end()

    async def _look(self) -> None:
        try:
            due = [due_id for due_id in await self._courier.due() if due_id not in self._under_way]
        except CertsvcError as error:
            _log.warning("webhooks.interrupted", code=error.code)
            return
        free = _ENDPOINTS_AT_ONCE - len(self._under_way)
        for endpoint_id in random.sample(due, min(free, len(due))):  # at random, where there are too many
            self._under_way[endpoint_id] = asyncio.create_task(self._deliver(endpoint_id))

    async def _deliver(self, endpoint_id: uuid.UUID) -> None:
        """Round after round, unless other endpoints wait for a slot."""
        try:
            while (
                await self._courier.deliver_some(endpoint_id) == AT_ONCE
                and len(self._under_way) < _ENDPOINTS_AT_ONCE
            ):
                pass
        except CertsvcError as error:  # the lease runs out, and it is tried again
            _log.warning("webhooks.interrupted", code=error.code, endpoint=str(endpoint_id))
        except Exception as error:  # noqa: BLE001 - other endpoints go on, and the log has it
            _log.error("webhooks.crashed", endpoint=str(endpoint_id), exc_info=error)
        finally:
            del self._under_way[endpoint_id]

    async def _end(self) -> None:
        tasks = list(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_POSTS_S)
        for late in tasks:
            late.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
