"""The doorbell: lost rings lose no work, and a real worker answers what there is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from certsvc import worker
from certsvc.config import Settings
from certsvc.errors import Unavailable
from certsvc.queue import Doorbell, EmbeddedServer
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """Whoever is rung for, it does not matter what is signed."""
    return dummy_rig


@pytest.fixture
async def redis(queue_server: EmbeddedServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(queue_server.url)
    await client.flushall()
    yield client
    await client.flushall()
    await client.aclose()


async def test_requests_ring(rig: Rig, redis: Redis) -> None:
    """A certificate and a file ring once each; the job holds ids and nothing personal."""
    await rig.request(record(1))
    batch = (await rig.submit(as_csv(record(2)))).json()
    jobs = [await redis.get(key) for key in await redis.keys("arq:job:*")]
    assert len(jobs) == 2
    text = b" ".join(jobs)
    assert batch["id"].replace("-", "").encode() in text
    assert b"TH-2202" not in text
    assert "Thử".encode() not in text


async def test_the_sweep_rings_for_what_nobody_rang_for(rig: Rig, redis: Redis) -> None:
    """FLUSHALL loses every ring; the sweep finds unread files and waiting certificates. Where nothing waits
    it is silent.
    """
    await worker.sweep(rig.res)
    assert await redis.zcard("arq:queue") == 0
    await rig.submit(as_csv(record(1)))
    await redis.flushall()
    await worker.sweep(rig.res)
    assert await redis.zcard("arq:queue") == 1
    await rig.read()
    await redis.flushall()
    await worker.sweep(rig.res)
    assert await redis.zcard("arq:queue") == 1
    await rig.work()
    await redis.flushall()
    await worker.sweep(rig.res)
    assert await redis.zcard("arq:queue") == 0


@pytest.mark.filterwarnings(
    "ignore:Call to deprecated close:DeprecationWarning"
)  # arq 0.28 closes its pool so
async def test_a_worker_goes_on_after_the_queue_was_emptied(rig: Rig, redis: Redis) -> None:
    """A real worker loop in the middle of a batch, FLUSHALL twice: everything is issued."""
    settings = rig.res.settings.model_copy(update={"sweep_s": 0.2, "chunk_size": 2, "lease_s": 5})
    working = asyncio.create_task(_run_worker(rig, settings))
    try:
        batch_id = (await rig.submit(as_csv(*(record(number) for number in range(6))))).json()["id"]
        for issued in (2, 6):
            await _until(rig, batch_id, issued=issued)
            await redis.flushall()
        batch = await _until(rig, batch_id, issued=12, status="done")
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
    assert batch["counts"]["issued"] == 12


@pytest.mark.filterwarnings(
    "ignore:Call to deprecated close:DeprecationWarning"
)  # arq 0.28 closes its pool so
async def test_a_worker_that_has_worked_for_long_asks_for_a_fresh_one(rig: Rig, redis: Redis) -> None:
    """By itself, but only when nothing waits any more; before that it goes on, batch after batch."""
    settings = rig.res.settings.model_copy(update={"chunk_size": 2})
    working = asyncio.create_task(_run_worker(rig, settings, worn_after=8))
    first = (await rig.submit(as_csv(*(record(number) for number in range(3))))).json()["id"]
    await _until(rig, first, issued=6, status="done")
    assert not working.done()
    second = (await rig.submit(as_csv(*(record(number) for number in range(3, 6))))).json()["id"]
    async with asyncio.timeout(60):
        assert await working
    batch = (await rig.call("GET", f"/v1/batches/{second}")).json()
    assert (batch["status"], batch["counts"]["issued"]) == ("done", 6)


async def _run_worker(rig: Rig, settings: Settings, **more: Any) -> bool:
    """With the rig's press."""
    return await worker.run_worker(
        settings, presses=Path(), opening=lambda *_, **__: contextlib.nullcontext(rig.bench.press), **more
    )


async def _until(rig: Rig, batch_id: str, *, issued: int, status: str | None = None) -> Any:
    """The batch, once so many are issued and it is in that state."""
    async with asyncio.timeout(60):
        while True:
            batch = (await rig.call("GET", f"/v1/batches/{batch_id}")).json()
            if batch["counts"]["issued"] >= issued and status in (None, batch["status"]):
                return batch
            await asyncio.sleep(0.05)


async def test_who_listens_hears_at_once(rig: Rig, redis: Redis) -> None:
    """A call comes without arq's asking; a listener that loses the server goes on listening."""
    heard: list[None] = []

    async def listen() -> None:
        async for call in rig.res.doorbell.listen():
            heard.append(call)  # noqa: PERF401 - as they come, not at the end

    async def hears(count: int) -> None:
        async with asyncio.timeout(30):
            while len(heard) < count:
                await rig.res.doorbell.ring_issue()
                await asyncio.sleep(0.05)

    listening = asyncio.create_task(listen())
    await hears(1)
    for client in await redis.client_list(_type="pubsub"):
        await redis.client_kill_filter(_id=client["id"])
    await hears(len(heard) + 3)  # one may have been under way
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening


async def test_without_a_queue_the_request_is_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring is lost, for the queue is away: the caller is told 202 all the same, for the row is there and
    the sweep will find it.
    """

    async def unreachable(*_: object) -> None:
        raise RedisConnectionError("away")

    with monkeypatch.context() as away:
        away.setattr(rig.res.doorbell._pool, "enqueue_job", unreachable)
        certificate = await rig.request(record(1))
        batch = await rig.submit(as_csv(record(2)))
    assert (certificate.status_code, batch.status_code) == (202, 202)
    await rig.work()
    assert {each["status"] for each in (await rig.call("GET", "/v1/certificates")).json()["items"]} == {
        "issued"
    }


async def test_no_server_no_doorbell() -> None:
    """Unavailable, not a strange exception, where nobody listens."""
    with pytest.raises(Unavailable):
        await Doorbell.connect("unix:///tmp/certsvc-no-such-socket", retries=0)


async def test_readiness_names_what_is_missing(rig: Rig) -> None:
    """200 and `ready`; without the queue 503, and `queue` says why. Alive it is all the same."""
    ready = await rig.call("GET", "/readyz", role=None)
    assert (ready.status_code, set(ready.json()["parts"].values())) == (200, {"ok"})

    gone = EmbeddedServer()
    gone.start()
    doorbell = await Doorbell.connect(gone.url)
    gone.stop()
    rig.app.state.resources = replace(rig.res, doorbell=doorbell)
    unready = await rig.call("GET", "/readyz", role=None)
    assert (unready.status_code, unready.json()["parts"]["queue"]) == (503, "queue_unavailable")
    assert (await rig.call("GET", "/livez", role=None)).status_code == 200
    await doorbell.close()
