"""A received webhook: whether it is genuine, and what it says [Standard Webhooks 1.0]."""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from certsvc.client.results import Result

_LATEST_S = 5 * 60
_BRAND = "whsec_"


class ForgedWebhook(Exception):
    """Not signed with this secret, changed, or too old: answer 400 and do nothing."""


class WebhookEvent(Result):
    """`id` is the same at every attempt, so that you can skip what you have handled. `data` is thin; follow
    its `links` for more.
    """

    id: str
    type: str
    timestamp: dt.datetime
    data: dict[str, Any]


def open_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None
) -> WebhookEvent:
    """The event in a post. `headers` in any case, `body` the bytes as received, `now_s` the Unix time
    (default: the clock's).

    Raises ForgedWebhook; ValueError for a malformed secret.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id, sent, signatures = (
        found.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    expected = _signature(secret, f"{message_id}.{sent}.".encode() + body)
    if not any(hmac.compare_digest(signature.encode(), expected) for signature in signatures.split()):
        raise ForgedWebhook("no signature matches")
    now_s = time.time() if now_s is None else now_s
    if not (sent.isascii() and sent.isdecimal()) or abs(now_s - int(sent)) > _LATEST_S:
        raise ForgedWebhook("its timestamp is not within the last minutes")
    try:
        content = _Content.model_validate_json(body)
    except ValidationError:
        raise ForgedWebhook("it is not an event") from None
    return WebhookEvent(id=message_id, **dict(content))


class _Content(Result):
    type: str
    timestamp: dt.datetime
    data: dict[str, Any]


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_BRAND), validate=True)
    except binascii.Error as error:
        raise ValueError("not a webhook's secret: whsec_…") from error
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
