"""Keeping presses busy: batches in chunks side by side, single requests past them, a polite end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from certsvc.issuing.press.orders import Chunk, Pressed
from certsvc.worker import Issuing
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress


@dataclass
class SlowPress:
    """Holds chunks of several certificates until `gate` opens; `waiting` is how many it holds now, `most` at
    once.
    """

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    most: int = 0

    async def __call__(self, chunk: Chunk) -> Pressed:
        if len(chunk.orders) > 1:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            await self.gate.wait()
            self.waiting -= 1
        return await StandInPress()(chunk)


@asynccontextmanager
async def issuing(rig: Rig, press: Callable[[Chunk], Awaitable[Pressed]]) -> AsyncIterator[Issuing]:
    """With two presses and chunks of five."""
    settings = rig.bench.settings.model_copy(update={"presses": 2, "chunk_size": 5})
    one = Issuing(replace(rig.bench, press=press, settings=settings))
    working = asyncio.create_task(one.run())
    yield one
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working


async def until(look: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(30):
        while not await look():  # noqa: ASYNC110 - the database rings nobody
            await asyncio.sleep(0.01)


async def _batch(rig: Rig, cases: int) -> str:
    batch_id: str = (
        await rig.submit(as_csv(*(record(number, wants_recovery="0") for number in range(cases))))
    ).json()["id"]
    await rig.read()
    return batch_id


async def _counts(rig: Rig, batch_id: str) -> Any:
    return (await rig.call("GET", f"/v1/batches/{batch_id}")).json()["counts"]


async def test_one_ring_is_enough(dummy_rig: Rig) -> None:
    """Chunk follows chunk until nothing waits, and the batch is done."""
    batch_id = await _batch(dummy_rig, 23)
    async with issuing(dummy_rig, StandInPress()) as worker:
        worker.ring()

        async def is_done() -> bool:
            return bool((await dummy_rig.call("GET", f"/v1/batches/{batch_id}")).json()["status"] == "done")

        await until(is_done)
    assert (await _counts(dummy_rig, batch_id))["issued"] == 23


async def test_single_requests_pass_a_batch(dummy_rig: Rig) -> None:
    """With every press taken and a chunk more in store, who rings alone is issued all the same; the batch
    goes on after.
    """
    batch_id, press = await _batch(dummy_rig, 40), SlowPress()
    async with issuing(dummy_rig, press) as worker:
        worker.ring()

        async def are_taken() -> bool:
            return press.waiting == 3

        await until(are_taken)
        for number in (900, 901):
            asked = (await dummy_rig.request(record(number))).json()
            worker.ring()

            async def is_issued(certificate_id: str = asked["id"]) -> bool:
                return bool((await dummy_rig.certificate(certificate_id))["status"] == "issued")

            await until(is_issued)
        assert (await _counts(dummy_rig, batch_id))["issued"] == 0
        press.gate.set()

        async def all_are_issued() -> bool:
            return bool((await _counts(dummy_rig, batch_id))["issued"] == 40)

        await until(all_are_issued)
    assert press.most == 3


async def test_a_ring_is_heard_though_all_are_busy(dummy_rig: Rig) -> None:
    """What comes in while every place is taken is issued once one is free, without a second ring."""
    await _batch(dummy_rig, 15)
    press = SlowPress()
    async with issuing(dummy_rig, press) as worker:
        worker.ring()

        async def are_taken() -> bool:
            return press.waiting == 3

        await until(are_taken)
        later = (await dummy_rig.submit(as_csv(record(950, wants_recovery="0")))).json()["id"]
        await dummy_rig.read()
        worker.ring()
        await asyncio.sleep(0)
        press.gate.set()

        async def is_issued() -> bool:
            return bool((await _counts(dummy_rig, later))["issued"] == 1)

        await until(is_issued)


async def test_what_is_begun_is_finished(dummy_rig: Rig) -> None:
    """Told to stop, it begins no new chunk but ends those under way."""
    batch_id, press = await _batch(dummy_rig, 40), SlowPress()
    async with issuing(dummy_rig, press) as worker:
        worker.ring()

        async def are_taken() -> bool:
            return press.waiting == 3

        await until(are_taken)
        asyncio.get_running_loop().call_later(0.1, press.gate.set)
    assert (await _counts(dummy_rig, batch_id))["issued"] == 15
