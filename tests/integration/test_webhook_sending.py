"""Sending webhooks: signatures, tries over three days, two workers, workers that die, receivers that do not
answer.
"""

import asyncio
import contextlib
import datetime as dt
import itertools
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from certsvc import worker
from certsvc.clock import utc_now
from certsvc.errors import Unavailable
from certsvc.models import ApiKey
from certsvc.webhooks.deliveries import AT_ONCE, DISABLE_AFTER, GIVE_UP_AFTER, TRIES_AFTER, Delivering
from certsvc.webhooks.resolving import OF_A_HOLDER
from tests.support.hooks import (
    Time,
    allowing_private,
    courier_of,
    deliver,
    log_of,
    read,
    send_test,
    subscribe,
)
from tests.support.receiver import OK, Received, Receiver, receiving, status
from tests.support.records import record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return allowing_private(dummy_rig)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def _until(look: Any) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 - a receiver rings nobody
            await asyncio.sleep(0.01)


async def _tries(rig: Rig, clock: Time, *, chance: float = 0.0) -> list[dt.datetime]:
    """When something was tried, the clock going on to whatever is due next, for ten days."""
    courier, tries = courier_of(rig, clock=clock, chance=chance), []
    for _ in range(10 * 24 * 60):
        if await deliver(courier):
            tries.append(clock.now)
        [webhook] = (await rig.call("GET", "/v1/webhooks", role="admin")).json()["items"]
        waiting = await log_of(rig, webhook, state="pending")
        if not waiting:
            break
        clock.now = max(clock.now, *(dt.datetime.fromisoformat(each["next_attempt_at"]) for each in waiting))
    return tries


async def test_a_post_is_signed_and_logged(rig: Rig, receiver: Receiver) -> None:
    """The specification's library takes it for genuine, under this secret only and unchanged only; the log
    tells what came of it.
    """
    webhook = await subscribe(rig, receiver.url)
    sent = await send_test(rig, webhook)
    assert await deliver(courier_of(rig)) == 1
    [post] = receiver.came
    assert (post.target, post.id, post.headers["content-type"]) == (
        "/hook?of=us",
        sent["id"],
        "application/json",
    )
    assert post.opens_with(webhook["secret"])
    assert not post.opens_with("whsec_" + "A" * 44)
    assert not Received(post.target, post.headers, post.body.replace(b"test", b"tost")).opens_with(
        webhook["secret"]
    )
    assert not Received(post.target, post.headers | {"webhook-id": "msg_0"}, post.body).opens_with(
        webhook["secret"]
    )
    [logged] = await log_of(rig, webhook)
    assert (logged["state"], logged["attempts"], [each["status_code"] for each in logged["log"]]) == (
        "delivered",
        1,
        [204],
    )
    assert await deliver(courier_of(rig)) == 0


async def test_tries_are_spread_over_three_days(rig: Rig, receiver: Receiver) -> None:
    """As the table says, each under the same id and with a fresh timestamp; then it has failed, and is sent
    no more.
    """
    receiver.behave = lambda _: status(500)
    webhook = await subscribe(rig, receiver.url)
    clock = Time()
    rig.set_clock(clock.now)
    await send_test(rig, webhook)
    start = clock.now
    tries = await _tries(rig, clock)
    assert [each - start for each in tries] == [dt.timedelta(), *TRIES_AFTER]
    assert len({post.id for post in receiver.came}) == len({post.body for post in receiver.came}) == 1
    stamps = [int(post.headers["webhook-timestamp"]) for post in receiver.came]
    assert stamps == [int(each.timestamp()) for each in tries]
    [logged] = await log_of(rig, webhook)
    assert (logged["state"], logged["attempts"], {each["status_code"] for each in logged["log"]}) == (
        "failed",
        10,
        {500},
    )


async def test_chance_delays_and_never_beyond_three_days(rig: Rig, receiver: Receiver) -> None:
    """The unluckiest delivery has as many tries, all within 72 hours."""
    receiver.behave = lambda _: status(404)
    webhook = await subscribe(rig, receiver.url)
    clock = Time()
    rig.set_clock(clock.now)
    await send_test(rig, webhook)
    start = clock.now
    tries = await _tries(rig, clock, chance=1.0)
    assert len(tries) == 1 + len(TRIES_AFTER)
    assert all(each - start > step for each, step in zip(tries[1:], TRIES_AFTER, strict=True))
    assert tries[-1] - start <= GIVE_UP_AFTER


async def test_what_failed_can_be_replayed(rig: Rig, receiver: Receiver) -> None:
    """One, or all that failed since; the id stays, so that a receiver sees that it had it before. What was
    delivered stays alone.
    """
    clock, behaviours = Time(), itertools.chain([OK], itertools.repeat(status(410)))
    receiver.behave = lambda _: next(behaviours)
    webhook = await subscribe(rig, receiver.url)
    here = f"/v1/webhooks/{webhook['id']}"
    rig.set_clock(clock.now)
    sent = [await send_test(rig, webhook)]
    await deliver(courier_of(rig, clock=clock))
    sent += [await send_test(rig, webhook) for _ in range(2)]
    await deliver(courier_of(rig, clock=clock))
    receiver.behave, receiver.came = (lambda _: OK), []
    since = {"failed_since": (clock.now - dt.timedelta(hours=1)).isoformat()}
    assert (await rig.call("POST", f"{here}/replay", json=since)).json()["code"] == "webhook_disabled"
    await rig.call("PATCH", here, json={"enabled": True})
    answer = await rig.call("POST", f"{here}/replay", json=since, headers={"Idempotency-Key": "r"})
    assert (answer.status_code, answer.json()) == (202, {"replayed": 2})
    assert await deliver(courier_of(rig, clock=clock)) == 2
    assert {post.id for post in receiver.came} == {each["id"] for each in sent[1:]}
    assert (await rig.call("POST", f"{here}/replay", json={"delivery_id": sent[0]["id"]})).json() == {
        "replayed": 1
    }
    assert await deliver(courier_of(rig, clock=clock)) == 1
    assert receiver.came[-1].id == sent[0]["id"]
    assert {each["state"] for each in await log_of(rig, webhook)} == {"delivered"}
    late = {"failed_since": (clock.now + dt.timedelta(hours=1)).isoformat()}
    assert (await rig.call("POST", f"{here}/replay", json=late)).json() == {"replayed": 0}
    for wrong in ({}, since | {"delivery_id": sent[0]["id"]}, {"delivery_id": "../x"}):
        assert (await rig.call("POST", f"{here}/replay", json=wrong)).status_code == 422
    assert (await rig.call("POST", f"{here}/replay", json={"delivery_id": "msg_" + "0" * 32})).json()[
        "code"
    ] == "no_such_delivery"


async def test_secrets_rotate_without_a_gap(rig: Rig, receiver: Receiver) -> None:
    """For the overlap both sign, after it the new one alone; an overlap of nothing ends the old one at
    once.
    """
    webhook = await subscribe(rig, receiver.url)
    here = f"/v1/webhooks/{webhook['id']}"
    second = (await rig.call("POST", f"{here}/rotate", json={"overlap_s": 120})).json()["secret"]
    for after_s, expected in ((0, [True, True]), (180, [False, True])):
        await send_test(rig, webhook)
        assert await deliver(courier_of(rig, clock=Time(utc_now() + dt.timedelta(seconds=after_s)))) == 1
        assert [receiver.came[-1].opens_with(each) for each in (webhook["secret"], second)] == expected
    third = (await rig.call("POST", f"{here}/rotate", json={"overlap_s": 0})).json()["secret"]
    await send_test(rig, webhook)
    await deliver(courier_of(rig))
    assert [receiver.came[-1].opens_with(each) for each in (webhook["secret"], second, third)] == [
        False,
        False,
        True,
    ]


async def test_gone_is_gone(rig: Rig, receiver: Receiver) -> None:
    """410 disables the endpoint at once: nothing more is announced or sent."""
    receiver.behave = lambda _: status(410)
    webhook = await subscribe(rig, receiver.url)
    await send_test(rig, webhook)
    await deliver(courier_of(rig))
    now = await read(rig, webhook)
    assert (now["enabled"], now["disabled_reason"]) == (False, "gone")
    await rig.issued(record(1))
    assert [each["event"] for each in await log_of(rig, webhook)] == ["webhook.test"]


async def test_who_fails_for_days_is_disabled(rig: Rig, receiver: Receiver) -> None:
    """Five days without a single delivery; one that succeeds between begins them anew."""
    receiver.behave = lambda _: status(500)
    webhook = await subscribe(rig, receiver.url)
    clock = Time()
    for hours in (0, 60, 60):
        clock.go(hours=hours)
        assert (await read(rig, webhook))["enabled"]
        rig.set_clock(clock.now)
        await send_test(rig, webhook)
        await deliver(courier_of(rig, clock=clock))
    disabled = await read(rig, webhook)
    assert (
        disabled["disabled_reason"],
        clock.now - dt.datetime.fromisoformat(disabled["failing_since"]),
    ) == ("failing", DISABLE_AFTER)
    receiver.behave = lambda _: OK
    await rig.call("PATCH", f"/v1/webhooks/{webhook['id']}", json={"enabled": True})
    clock.go(hours=1)
    await deliver(courier_of(rig, clock=clock))
    assert (await read(rig, webhook))["failing_since"] is None


@pytest.mark.parametrize(
    ("wish", "pause_s"), [("120", 120), (None, 30), ("99999999", 3600), ("nonsense", 30)]
)
async def test_a_busy_receiver_is_left_alone(
    rig: Rig, receiver: Receiver, wish: str | None, pause_s: int
) -> None:
    """As long as Retry-After wishes, within reason, nothing at all is sent to it."""
    receiver.behave = lambda _: status(503, *([f"Retry-After: {wish}"] if wish else []))
    webhook = await subscribe(rig, receiver.url)
    await send_test(rig, webhook)
    clock = Time()
    assert await deliver(courier_of(rig, clock=clock)) == 1
    await send_test(rig, webhook)
    receiver.behave = lambda _: OK
    clock.go(seconds=pause_s - 1)
    assert await deliver(courier_of(rig, clock=clock)) == 0
    clock.go(seconds=1)
    assert await deliver(courier_of(rig, clock=clock)) >= 1


async def test_two_workers_send_nothing_twice(rig: Rig, receiver: Receiver) -> None:
    """Side by side they share what there is."""
    webhook = await subscribe(rig, receiver.url)
    sent = {(await send_test(rig, webhook))["id"] for _ in range(3 * AT_ONCE + 5)}
    counts = await asyncio.gather(*(deliver(courier_of(rig)) for _ in range(3)))
    assert sum(counts) == len(receiver.came) == len(sent)
    assert {post.id for post in receiver.came} == sent
    assert receiver.most_at_once <= 3 * AT_ONCE


async def test_what_a_dead_worker_had_is_sent_again(rig: Rig, receiver: Receiver) -> None:
    """Once its lease has run out, not sooner, under the same id."""
    receiver.behave = lambda _: None
    webhook = await subscribe(rig, receiver.url)
    await send_test(rig, webhook)
    clock = Time()
    dying = asyncio.create_task(deliver(courier_of(rig, clock=clock)))
    await _until(lambda: receiver.came)
    dying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await dying
    receiver.behave = lambda _: OK
    assert await deliver(courier_of(rig, clock=clock)) == 0
    clock.go(seconds=61)
    assert await deliver(courier_of(rig, clock=clock)) == 1
    assert receiver.came[0].id == receiver.came[1].id
    [logged] = await log_of(rig, webhook)
    assert (logged["state"], logged["attempts"], len(logged["log"])) == ("delivered", 2, 1)


async def test_who_was_too_slow_does_not_undo_what_the_next_did(rig: Rig, receiver: Receiver) -> None:
    """It lost its claim: the delivery stays delivered though its own post came to nothing."""
    receiver.behave = lambda post: None if len(receiver.came) == 1 else OK
    webhook = await subscribe(rig, receiver.url)
    await send_test(rig, webhook)
    clock = Time()
    slow = asyncio.create_task(deliver(courier_of(rig, clock=clock, timeout_s=1.5)))
    await _until(lambda: receiver.came)
    clock.go(seconds=61)
    assert await deliver(courier_of(rig, clock=clock)) == 1
    await slow
    [logged] = await log_of(rig, webhook)
    assert (logged["state"], [each["status_code"] for each in logged["log"]]) == ("delivered", [204])


async def test_a_slow_receiver_holds_up_nobody_else(rig: Rig, receiver: Receiver) -> None:
    """One that never answers has its few posts open; another gets all of its own meanwhile."""
    async with receiving(lambda _: None) as silent:
        for url, count in ((silent.url, 30), (receiver.url, 3 * AT_ONCE)):
            webhook = await subscribe(rig, url)
            for _ in range(count):
                await send_test(rig, webhook)
        delivering = asyncio.create_task(Delivering(courier_of(rig)).run())
        await _until(lambda: len(receiver.came) == 3 * AT_ONCE and silent.open_now == AT_ONCE)
        assert len(silent.came) == AT_ONCE
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering


async def test_slow_names_of_a_holder_hold_up_nobody_else(rig: Rig, receiver: Receiver) -> None:
    """Another holder's post arrives meanwhile; a name that was not looked up at all was not tried: it waits,
    with nothing in its log.
    """

    async def resolve(host: str, _port: int) -> list[str]:
        if host.startswith("slow"):
            await asyncio.sleep(60)
        return ["127.0.0.1"]

    slow = [await subscribe(rig, f"http://slow-{number}.example/") for number in range(OF_A_HOLDER + 1)]
    good = await subscribe(rig, f"http://good.example:{receiver.port}/", role="facility")
    for webhook in (*slow, good):
        await send_test(rig, webhook)
    courier = courier_of(rig, timeout_s=1, resolve=resolve)
    outcomes = await asyncio.gather(
        *(courier.deliver_some(uuid.UUID(webhook["id"])) for webhook in (*slow, good)), return_exceptions=True
    )
    assert [each.code for each in outcomes if isinstance(each, Unavailable)] == ["resolver_busy"]
    logs = [
        (each["state"], [entry["error"] for entry in each["log"]])
        for webhook in (*slow, good)
        for each in await log_of(rig, webhook)
    ]
    assert sorted(logs) == [("delivered", [None]), ("pending", []), *[("pending", ["timeout"])] * OF_A_HOLDER]


async def test_a_revoked_key_hears_no_more(rig: Rig, receiver: Receiver) -> None:
    """With the holder's last good key; what waits is not sent either."""
    webhook = await subscribe(rig, receiver.url, role="facility")
    await send_test(rig, webhook)
    async with rig.res.db.begin() as session:
        await session.execute(
            update(ApiKey).where(ApiKey.facility_code == "01801").values(revoked_at=utc_now())
        )
    assert await deliver(courier_of(rig)) == 1
    assert receiver.came == []
    await rig.issued(record(1))
    [logged] = await log_of(rig, webhook)
    assert (logged["event"], [each["error"] for each in logged["log"]]) == ("webhook.test", ["no_good_key"])


@pytest.mark.filterwarnings(
    "ignore:Call to deprecated close:DeprecationWarning"
)  # arq 0.28 closes its pool so
async def test_a_worker_sends(rig: Rig, receiver: Receiver) -> None:
    """A real worker loop: asked for, issued, told."""
    webhook = await subscribe(rig, receiver.url)
    working = asyncio.create_task(
        worker.run_worker(
            rig.res.settings, presses=Path(), opening=lambda *_, **__: contextlib.nullcontext(rig.bench.press)
        )
    )
    try:
        await rig.request(record(1))
        await _until(lambda: receiver.came)
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    assert receiver.came[0].opens_with(webhook["secret"])
