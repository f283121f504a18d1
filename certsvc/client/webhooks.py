"""Calls about webhooks: who is notified of changes. `open_webhook` opens what arrives."""

import datetime as dt
from collections.abc import AsyncGenerator, Sequence

from certsvc.client.asking import Question, ask, ask_pages, fetch, post
from certsvc.client.certificates import Id
from certsvc.client.more_results import (
    Delivery,
    DeliveryPage,
    EventType,
    Replayed,
    Webhook,
    WebhookPage,
    WebhookWithSecret,
)
from certsvc.client.results import DeliveryState
from certsvc.client.wires import Wire

_PATH = "/v1/webhooks"


async def create_webhook(
    wire: Wire, url: str, *, events: Sequence[EventType] | None = None, batch_certificates: bool = False
) -> WebhookWithSecret:
    """Have events (all, if none are named) posted to an address. Keep the `secret`: it is shown this once."""
    body = {
        "url": url,
        "batch_certificates": batch_certificates,
        "events": None if events is None else list(events),
    }
    return await ask(wire, post(_PATH, json=body), WebhookWithSecret)


async def list_webhooks(wire: Wire) -> list[Webhook]:
    return (await ask(wire, Question("GET", _PATH), WebhookPage)).items


async def get_webhook(wire: Wire, webhook_id: Id) -> Webhook:
    return await ask(wire, Question("GET", f"{_PATH}/{webhook_id}"), Webhook)


async def change_webhook(
    wire: Wire,
    webhook_id: Id,
    *,
    url: str | None = None,
    events: Sequence[EventType] | None = None,
    batch_certificates: bool | None = None,
    enabled: bool | None = None,
) -> Webhook:
    """Change it, disable it, or enable it again; what is left out stays as it is."""
    asked = {
        "url": url,
        "events": None if events is None else list(events),
        "batch_certificates": batch_certificates,
        "enabled": enabled,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    return await ask(wire, Question("PATCH", f"{_PATH}/{webhook_id}", json=body), Webhook)


async def remove_webhook(wire: Wire, webhook_id: Id) -> None:
    """Remove it with its log."""
    await fetch(wire, Question("DELETE", f"{_PATH}/{webhook_id}"))


async def rotate_webhook(wire: Wire, webhook_id: Id, *, overlap_s: int = 24 * 3600) -> WebhookWithSecret:
    """A new secret, shown this once; the previous ones sign too for `overlap_s` more."""
    return await ask(
        wire, post(f"{_PATH}/{webhook_id}/rotate", json={"overlap_s": overlap_s}), WebhookWithSecret
    )


def list_deliveries(
    wire: Wire, webhook_id: Id, *, state: DeliveryState | None = None, page_size: int = 200
) -> AsyncGenerator[Delivery, None]:
    """What was sent and its outcome, newest first, fetched page by page as needed."""
    return ask_pages(
        wire, f"{_PATH}/{webhook_id}/deliveries", {"state": state, "limit": page_size}, DeliveryPage
    )


async def replay_delivery(wire: Wire, webhook_id: Id, delivery_id: str) -> int:
    """Send one again, under the same `webhook-id`. Returns how many are sent."""
    return await _replay(wire, webhook_id, {"delivery_id": delivery_id})


async def replay_failed(wire: Wire, webhook_id: Id, since: dt.datetime) -> int:
    """Send again all that was announced since then (an aware instant) and failed. Returns how many are
    sent.
    """
    return await _replay(wire, webhook_id, {"failed_since": since.isoformat()})


async def _replay(wire: Wire, webhook_id: Id, which: dict[str, str]) -> int:
    return (await ask(wire, post(f"{_PATH}/{webhook_id}/replay", json=which), Replayed)).replayed


async def send_test(wire: Wire, webhook_id: Id) -> Delivery:
    """Send a `webhook.test`; its outcome is in the log."""
    return await ask(wire, post(f"{_PATH}/{webhook_id}/test"), Delivery)
