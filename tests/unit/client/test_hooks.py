"""Received webhooks are opened where they are genuine; the specification's own library signs them here."""

import base64
import datetime as dt
import json

import pytest
from standardwebhooks import Webhook

from certsvc.client import ForgedWebhook, open_webhook

SECRET, OTHER = (f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2))
NOW = dt.datetime(2026, 11, 26, 2, 15, 9, tzinfo=dt.UTC)
BODY = json.dumps(
    {"type": "certificate.revoked", "timestamp": "2026-11-26T02:15:09.120Z", "data": {"status": "revoked"}}
).encode()


def signed(body: bytes = BODY, *secrets: str, at: dt.datetime = NOW) -> dict[str, str]:
    signatures = " ".join(Webhook(secret).sign("msg_1", at, body.decode()) for secret in secrets or (SECRET,))
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": signatures,
    }


def test_a_genuine_one_is_opened() -> None:
    event = open_webhook(SECRET, signed(), BODY, now_s=NOW.timestamp() + 299)
    assert (event.id, event.type, event.data, event.timestamp.microsecond) == (
        "msg_1",
        "certificate.revoked",
        {"status": "revoked"},
        120_000,
    )


def test_one_good_signature_is_enough() -> None:
    """While a secret rotates, posts carry two."""
    assert open_webhook(SECRET, signed(BODY, OTHER, SECRET), BODY, now_s=NOW.timestamp()).id == "msg_1"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, BODY),
        (signed(BODY, OTHER), BODY),
        (signed(), BODY + b" "),
        (signed() | {"Webhook-Id": "msg_2"}, BODY),
        (signed() | {"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)}, BODY),
        (signed() | {"Webhook-Signature": "v1,"}, BODY),
        (signed() | {"Webhook-Signature": "v1,ghế"}, BODY),
        (signed(at=NOW - dt.timedelta(seconds=301)), BODY),
        (signed(at=NOW + dt.timedelta(seconds=301)), BODY),
        (signed(b"[]"), b"[]"),
    ],
)
def test_anything_else_is_not(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(ForgedWebhook):
        open_webhook(SECRET, headers, body, now_s=NOW.timestamp())


def test_a_secret_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        open_webhook("whsec_!", signed(), BODY)
