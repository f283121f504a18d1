"""Webhook endpoints: make, change, remove them, change their secrets, and send again."""

import base64
import datetime as dt
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Conflict, NotFound
from certsvc.models import ApiKey, Disabled, EventType, Role, WebhookDelivery, WebhookEndpoint
from certsvc.models.webhooks import TEST
from certsvc.store import Database, webhooks
from certsvc.store.counting import count_alone
from certsvc.vault import Vault
from certsvc.webhooks.events import body_of, delivery
from certsvc.webhooks.posting import read_url

MOST_ENDPOINTS = 20
"""Of one holder."""

MOST_SECRETS = 5
"""That sign side by side; a further one ends the oldest."""

_PREFIX = "whsec_"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants changed of an endpoint; None leaves it as it is."""

    url: str | None = None
    events: Sequence[EventType] | None = None
    batch_certificates: bool | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret, as its holder has it (`whsec_` and base64); it signs until `until`, the newest for ever."""

    text: str = field(repr=False)
    until: dt.datetime | None

    @property
    def key(self) -> bytes:
        return base64.b64decode(self.text.removeprefix(_PREFIX))


def _new_secret() -> Secret:
    return Secret(_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(), None)


def secrets_of(endpoint: WebhookEndpoint, *, vault: Vault, now: dt.datetime) -> list[Secret]:
    """What signs now, the newest first."""
    kept = json.loads(vault.open_secret(_place(endpoint.id), endpoint.secrets))
    found = [
        Secret(text, None if until is None else dt.datetime.fromisoformat(until)) for text, until in kept
    ]
    return [secret for secret in found if secret.until is None or now < secret.until]


def _place(endpoint_id: uuid.UUID) -> str:
    return f"webhook_endpoints.secrets:{endpoint_id.hex}"


def _seal(endpoint_id: uuid.UUID, kept: Sequence[Secret], *, vault: Vault) -> bytes:
    return vault.seal_secret(
        _place(endpoint_id),
        json.dumps([(secret.text, secret.until and secret.until.isoformat()) for secret in kept]).encode(),
    )


async def create_endpoint(
    db: Database, wish: Wish, *, caller: ApiKey, vault: Vault, allow_private: bool, now: dt.datetime
) -> tuple[WebhookEndpoint, Secret]:
    """A new endpoint and its secret, which is shown once. Raises InputError `webhook_url`, Conflict
    `too_many_webhooks`.
    """
    read_url(wish.url or "", allow_private=allow_private)
    endpoint_id, secret = uuid.uuid4(), _new_secret()
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        owner_id=caller.id,
        url=wish.url,
        events=[str(event) for event in wish.events or EventType],
        batch_certificates=bool(wish.batch_certificates),
        secrets=_seal(endpoint_id, [secret], vault=vault),
        created_at=now,
    )
    async with db.begin() as session:
        await count_alone(session, f"webhooks of {caller.owner}")
        if len(await webhooks.list_owned(session, holder_of=caller)) >= MOST_ENDPOINTS:
            raise Conflict(
                "too_many_webhooks",
                f"Đã có {MOST_ENDPOINTS} webhook; hãy xoá bớt.",
                f"There are {MOST_ENDPOINTS} webhooks already; remove one.",
            )
        session.add(endpoint)
    return endpoint, secret


async def list_visible(session: AsyncSession, *, caller: ApiKey) -> list[WebhookEndpoint]:
    """The caller's own, or all for who reads everything."""
    return [
        endpoint
        for endpoint, _ in await webhooks.list_owned(
            session, holder_of=None if _reads_all(caller) else caller
        )
    ]


async def get_endpoint(
    session: AsyncSession, endpoint_id: uuid.UUID, *, caller: ApiKey, for_change: bool = False
) -> WebhookEndpoint:
    """The endpoint, if it is the caller's own or the caller reads everything; otherwise NotFound."""
    endpoint = await webhooks.find(session, endpoint_id, for_change=for_change)
    owner = await session.get_one(ApiKey, endpoint.owner_id) if endpoint else caller
    if endpoint is None or not (caller.is_of_same_holder(owner) or _reads_all(caller)):
        raise NotFound("no_such_webhook", "Không có webhook này.", "There is no such webhook.")
    return endpoint


def _reads_all(caller: ApiKey) -> bool:
    return caller.role in (Role.ADMIN, Role.AUDITOR)


async def change_endpoint(
    db: Database, endpoint_id: uuid.UUID, wish: Wish, *, caller: ApiKey, allow_private: bool, now: dt.datetime
) -> WebhookEndpoint:
    """Raises NotFound, InputError `webhook_url`. What is pending waits while an endpoint is disabled."""
    async with db.begin() as session:
        endpoint = await get_endpoint(session, endpoint_id, caller=caller, for_change=True)
        if wish.url is not None:
            read_url(wish.url, allow_private=allow_private)
            endpoint.url = wish.url
        if wish.events is not None:
            endpoint.events = [str(event) for event in wish.events]
        if wish.batch_certificates is not None:
            endpoint.batch_certificates = wish.batch_certificates
        if wish.enabled:
            endpoint.enable()
        elif wish.enabled is False and endpoint.disabled_at is None:
            endpoint.disable(now, Disabled.BY_REQUEST)
    return endpoint


async def remove_endpoint(db: Database, endpoint_id: uuid.UUID, *, caller: ApiKey) -> None:
    """With its log. Raises NotFound."""
    async with db.begin() as session:
        await webhooks.remove(session, await get_endpoint(session, endpoint_id, caller=caller))


async def rotate_secret(
    db: Database,
    endpoint_id: uuid.UUID,
    *,
    overlap: dt.timedelta,
    caller: ApiKey,
    vault: Vault,
    now: dt.datetime,
) -> tuple[WebhookEndpoint, Secret]:
    """A new secret; those before sign for `overlap` more. Raises NotFound."""
    secret, until = _new_secret(), now + overlap
    async with db.begin() as session:
        endpoint = await get_endpoint(session, endpoint_id, caller=caller, for_change=True)
        before = secrets_of(endpoint, vault=vault, now=now)
        ending = [Secret(old.text, until if old.until is None else min(old.until, until)) for old in before]
        endpoint.secrets = _seal(endpoint_id, [secret, *ending][:MOST_SECRETS], vault=vault)
    return endpoint, secret


async def send_test(
    db: Database, endpoint_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> WebhookDelivery:
    """A `webhook.test` for one endpoint. Raises NotFound, Conflict `webhook_disabled`."""
    async with db.begin() as session:
        endpoint = await get_endpoint(session, endpoint_id, caller=caller, for_change=True)
        _require_enabled(endpoint)
        test = WebhookDelivery(
            **delivery(endpoint.id, TEST, body_of(TEST, {"id": str(endpoint.id)}, now=now), now=now)
        )
        session.add(test)
    return test


async def replay_one(
    db: Database, endpoint_id: uuid.UUID, delivery_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> int:
    """Send a delivery again, whatever became of it. Raises NotFound, Conflict `webhook_disabled`."""
    async with db.begin() as session:
        endpoint = await get_endpoint(session, endpoint_id, caller=caller, for_change=True)
        _require_enabled(endpoint)
        found = await webhooks.find_delivery(session, endpoint_id, delivery_id)
        if found is None:
            raise NotFound("no_such_delivery", "Không có lần gửi này.", "There is no such delivery.")
        found.replay(now)
    return 1


async def replay_failed(
    db: Database, endpoint_id: uuid.UUID, *, since: dt.datetime, caller: ApiKey, now: dt.datetime
) -> int:
    """Send again what was announced since then and failed; returns how many. Raises NotFound, Conflict
    `webhook_disabled`.
    """
    async with db.begin() as session:
        endpoint = await get_endpoint(session, endpoint_id, caller=caller, for_change=True)
        _require_enabled(endpoint)
        return await webhooks.replay_failed(session, endpoint_id, since=since, now=now)


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.disabled_at is not None:
        raise Conflict(
            "webhook_disabled",
            "Webhook đang tắt; hãy bật lại (PATCH enabled: true) trước.",
            "The webhook is disabled; enable it first (PATCH enabled: true).",
            disabled_reason=endpoint.disabled_reason,
        )
