"""Webhooks: who is told of what, and how endpoints are kept."""

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from certsvc.clock import utc_now
from certsvc.errors import Broken
from certsvc.issuing.finishing import finish_batches
from certsvc.issuing.press.producing import issue_chunk
from certsvc.models import WebhookDelivery, WebhookEndpoint
from certsvc.webhooks.endpoints import MOST_ENDPOINTS, MOST_SECRETS, secrets_of
from certsvc.worker import sweep
from tests.support.counting import statements
from tests.support.hooks import allowing_private, courier_of, deliver, log_of, read, send_test, subscribe
from tests.support.receiver import Receiver, receiving
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

NOWHERE = "https://receiver.example/hook"


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return allowing_private(dummy_rig)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def _events(rig: Rig, webhook: Any) -> list[str]:
    return [each["event"] for each in reversed(await log_of(rig, webhook))]


async def test_a_whole_life_is_told(rig: Rig, receiver: Receiver) -> None:
    """Issued, suspended, reinstated, replaced, revoked: one post each, with ids, state and where to ask;
    nothing about the person.
    """
    webhook = await subscribe(rig, receiver.url)
    first = await rig.issued(record(1))
    for change in ("suspend", "reinstate", "replace"):
        answer = await rig.call("POST", f"/v1/certificates/{first['id']}/{change}", json={"reason": "lost"})
    await rig.work()
    await rig.call("POST", f"/v1/certificates/{answer.json()['id']}/revoke", json={"reason": "fraud"})
    assert await deliver(courier_of(rig)) == 6
    assert all(post.opens_with(webhook["secret"]) for post in receiver.came)
    told = {
        (post["type"], post["data"]["status"], post["data"]["id"])
        for post in (json.loads(each.body) for each in receiver.came)
    }
    assert told == {
        ("certificate.issued", "issued", first["id"]),
        ("certificate.suspended", "suspended", first["id"]),
        ("certificate.reinstated", "issued", first["id"]),
        ("certificate.replaced", "replaced", first["id"]),
        ("certificate.issued", "issued", answer.json()["id"]),
        ("certificate.revoked", "revoked", answer.json()["id"]),
    }
    post = json.loads(receiver.came[0].body)
    assert set(post) == {"type", "timestamp", "data"}
    assert (await rig.call("GET", post["data"]["links"]["self"])).json()["id"] == post["data"]["id"]
    sent = b"".join(each.body for each in receiver.came).decode()
    columns = (
        "full_name",
        "birth_date",
        "citizen_id",
        "phone",
        "social_insurance_no",
        "diagnosis",
        "case_id",
    )
    personal = {record(1)[name] for name in columns}
    assert not any(secret in sent for secret in {*personal, first["code"], first["code"].replace("-", "")})


async def test_who_chose_hears_of_nothing_else(rig: Rig) -> None:
    """Only the chosen events; a change that is refused is told to nobody."""
    webhook = await subscribe(rig, NOWHERE, events=["certificate.revoked"])
    certificate = await rig.issued(record(1))
    await rig.call("POST", f"/v1/certificates/{certificate['id']}/reinstate", json={"reason": "lost"})
    assert await _events(rig, webhook) == []
    for _ in range(2):
        await rig.call("POST", f"/v1/certificates/{certificate['id']}/revoke", json={"reason": "fraud"})
    assert await _events(rig, webhook) == ["certificate.revoked"]


async def test_a_failed_certificate_is_told_with_its_reason(rig: Rig) -> None:
    """So that nobody waits for it."""
    webhook = await subscribe(rig, NOWHERE)
    await rig.request(record(1))
    refusing = StandInPress(refuse=lambda _: Broken("does_not_fit", "Không vừa.", "It does not fit."))
    await rig.issue(press=refusing)
    [told] = await log_of(rig, webhook)
    assert (told["event"], told["payload"]["data"]["reason"]) == ("certificate.failed", "does_not_fit")


async def test_a_batch_is_one_event_unless_more_is_asked_for(rig: Rig) -> None:
    """Its end with its counts, once though many look for ended batches; its certificates only to who wants
    them.
    """
    plain, eager = await subscribe(rig, NOWHERE), await subscribe(rig, NOWHERE, batch_certificates=True)
    batch_id = (await rig.submit(as_csv(record(1), record(2)))).json()["id"]
    await rig.read()
    while await rig.issue():
        pass
    await asyncio.gather(*(finish_batches(rig.res.db, now=utc_now()) for _ in range(4)))
    [told] = await log_of(rig, plain)
    assert (told["event"], told["payload"]["data"]["id"], told["payload"]["data"]["status"]) == (
        "batch.finished",
        batch_id,
        "done",
    )
    assert (
        told["payload"]["data"]["counts"]
        == (await rig.call("GET", f"/v1/batches/{batch_id}")).json()["counts"]
    )
    assert sorted(await _events(rig, eager)) == ["batch.finished", *["certificate.issued"] * 4]
    certificate_id = next(line["certificate_id"] for line in await rig.results(batch_id))
    await rig.call("POST", f"/v1/certificates/{certificate_id}/revoke", json={"reason": "fraud"})
    assert (await _events(rig, plain))[-1] == "certificate.revoked"


async def test_a_batch_that_fails_has_finished_too(rig: Rig) -> None:
    """A file that cannot be read to its end."""
    webhook = await subscribe(rig, NOWHERE)
    await rig.submit(as_csv(record(1)) + b'"unclosed\n')
    await rig.work()
    [told] = await log_of(rig, webhook)
    assert (told["event"], told["payload"]["data"]["status"]) == ("batch.finished", "failed")


async def test_nobody_is_told_what_his_key_may_not_see(rig: Rig) -> None:
    """A station hears of its own papers, an insurer of all; of a batch its sender and the admin."""
    roles = ("facility", "facility 01802", "insurer", "another insurer", "admin")
    hooks = {role: await subscribe(rig, NOWHERE, role=role) for role in roles}
    await rig.issued(record(1), role="facility")
    await rig.submit(as_csv(record(2, facility="01802")), role="facility 01802")
    await rig.work()
    heard = {role: await _events(rig, hooks[role]) for role in roles}
    assert heard == {
        "facility": ["certificate.issued"],
        "facility 01802": ["batch.finished"],
        "insurer": ["certificate.issued"],
        "another insurer": ["certificate.issued"],
        "admin": ["certificate.issued", "batch.finished"],
    }


async def test_endpoints_belong_to_their_holder(rig: Rig) -> None:
    """Another key of the holder has them too, others find none; an auditor reads the log, and sees no
    secret.
    """
    webhook = await subscribe(rig, NOWHERE)
    here = f"/v1/webhooks/{webhook['id']}"
    statuses = {
        role: (await rig.call("GET", here, role=role)).status_code
        for role in ("renewed insurer", "another insurer", "facility", "auditor", "admin")
    }
    assert statuses == {
        "renewed insurer": 200,
        "another insurer": 404,
        "facility": 404,
        "auditor": 200,
        "admin": 200,
    }
    for method, path, body in (
        ("GET", "/deliveries", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/rotate", {}),
        ("POST", "/test", None),
        ("POST", "/replay", {"failed_since": "2026-01-01T00:00:00Z"}),
    ):
        answer = await rig.call(method, here + path, role="another insurer", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_webhook"), path
    assert [
        each["id"] for each in (await rig.call("GET", "/v1/webhooks", role="renewed insurer")).json()["items"]
    ] == [webhook["id"]]
    assert (await rig.call("GET", "/v1/webhooks", role="another insurer")).json()["items"] == []
    assert webhook["secret"] not in (await rig.call("GET", "/v1/webhooks", role="auditor")).text


async def test_secrets_are_shown_once_and_kept_sealed(rig: Rig) -> None:
    """The same call under the same key shows the same secret, for it made no second endpoint; the database
    does not show it.
    """
    calls = [
        await rig.call("POST", "/v1/webhooks", json={"url": NOWHERE}, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]
    assert calls[0].content == calls[1].content
    assert calls[0].headers["Location"] == f"/v1/webhooks/{calls[0].json()['id']}"
    async with rig.res.db.read() as session:
        [kept] = (await session.scalars(select(WebhookEndpoint))).all()
    assert calls[0].json()["secret"].encode() not in kept.secrets
    assert calls[0].json()["secret"].startswith("whsec_")


async def test_what_cannot_be_an_address_is_refused(rig: Rig) -> None:
    """When it is made and when it is changed, in words that say what to do; so is an event that there is
    not.
    """
    webhook = await subscribe(rig, NOWHERE)
    for url in (
        "ftp://receiver.example",
        "https://user:word@receiver.example",
        "https://",
        "nonsense",
        "https://receiver.example/#part",
    ):
        for method, address in (("POST", "/v1/webhooks"), ("PATCH", f"/v1/webhooks/{webhook['id']}")):
            answer = await rig.call(method, address, json={"url": url})
            assert (answer.status_code, answer.json()["code"]) == (422, "webhook_url"), url
    assert (
        await rig.call("POST", "/v1/webhooks", json={"url": NOWHERE, "events": ["certificate.burnt"]})
    ).status_code == 422


async def test_a_holder_has_so_many_endpoints(rig: Rig) -> None:
    """One more is a conflict; for another holder, or after a removal, there is room."""
    hooks = [await subscribe(rig, NOWHERE) for _ in range(MOST_ENDPOINTS)]
    answer = await rig.call("POST", "/v1/webhooks", json={"url": NOWHERE})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")
    await subscribe(rig, NOWHERE, role="facility")
    await send_test(rig, hooks[0])
    assert (await rig.call("DELETE", f"/v1/webhooks/{hooks[0]['id']}")).status_code == 204
    assert (await rig.call("GET", f"/v1/webhooks/{hooks[0]['id']}")).status_code == 404
    await subscribe(rig, NOWHERE)


async def test_a_disabled_endpoint_rests(rig: Rig, receiver: Receiver) -> None:
    """Nothing is announced to it nor sent; tests and replays say why not. Enabled again, what waited is
    sent.
    """
    webhook = await subscribe(rig, receiver.url)
    await send_test(rig, webhook)
    here = f"/v1/webhooks/{webhook['id']}"
    disabled = (await rig.call("PATCH", here, json={"enabled": False})).json()
    assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "by_request")
    await rig.issued(record(1))
    assert await deliver(courier_of(rig)) == 0
    answer = await rig.call("POST", f"{here}/test")
    assert (answer.status_code, answer.json()["code"], answer.json()["disabled_reason"]) == (
        409,
        "webhook_disabled",
        "by_request",
    )
    assert (await rig.call("PATCH", here, json={"enabled": True})).json()["enabled"]
    assert await deliver(courier_of(rig)) == 1
    assert await _events(rig, webhook) == ["webhook.test"]


async def test_the_log_goes_on_page_by_page(rig: Rig) -> None:
    """Each delivery once, newest first, by state."""
    webhook = await subscribe(rig, NOWHERE)
    sent = [(await send_test(rig, webhook))["id"] for _ in range(5)]
    seen, address = [], f"/v1/webhooks/{webhook['id']}/deliveries?state=pending&limit=2"
    while address:
        answer = await rig.call("GET", address)
        seen += [each["id"] for each in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        address = (
            f"/v1/webhooks/{webhook['id']}/deliveries?state=pending&limit=2&cursor={cursor}" if cursor else ""
        )
    assert seen == sent[::-1]
    assert await log_of(rig, webhook, state="failed") == []


async def test_old_deliveries_are_forgotten(rig: Rig) -> None:
    """After thirty days, by the sweep; younger ones stay."""
    webhook = await subscribe(rig, NOWHERE)
    for age in (31, 29):
        rig.set_clock(utc_now() - dt.timedelta(days=age))
        await send_test(rig, webhook)
    await sweep(rig.res)
    [kept] = await log_of(rig, webhook)
    assert dt.datetime.fromisoformat(kept["created_at"]) > utc_now() - dt.timedelta(days=30)


async def test_a_chunk_of_any_size_is_announced_with_the_same_statements(rig: Rig) -> None:
    """Deliveries of three hundred certificates are written as those of ten are; where nobody wants them, none
    are.
    """
    bench = replace(rig.bench, settings=rig.bench.settings.model_copy(update={"chunk_size": 500}))
    now, counts = utc_now() + dt.timedelta(minutes=1), []
    for number, size in enumerate((10, 10, 10, 300)):
        if number == 2:
            await subscribe(rig, NOWHERE, batch_certificates=True, events=["certificate.issued"])
        await rig.submit(as_csv(*(record(1000 * number + each, wants_recovery="0") for each in range(size))))
        await rig.read()
        with statements(rig) as told:
            assert await issue_chunk(bench, clock=lambda: now) == size
        counts.append(len(told))
    assert counts[2] == counts[3] == counts[1] + 1
    async with rig.res.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(WebhookDelivery)) == 310


async def test_only_so_many_secrets_sign(rig: Rig) -> None:
    """However often it is rotated, the newest is among them."""
    webhook = await subscribe(rig, NOWHERE)
    shown = [
        (await rig.call("POST", f"/v1/webhooks/{webhook['id']}/rotate")).json()["secret"]
        for _ in range(MOST_SECRETS + 2)
    ]
    assert len({webhook["secret"], *shown}) == MOST_SECRETS + 3
    async with rig.res.db.read() as session:
        endpoint = await session.get_one(WebhookEndpoint, uuid.UUID(webhook["id"]))
    kept = secrets_of(endpoint, vault=rig.res.vault, now=utc_now())
    assert [secret.text for secret in kept] == shown[::-1][:MOST_SECRETS]
    assert (await read(rig, webhook))["enabled"]
