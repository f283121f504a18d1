"""Batches under test: changed over HTTP, inspected, read and signed while something else happens."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from certsvc.clock import utc_now
from certsvc.errors import Conflict, Unavailable
from certsvc.issuing.batches.reading import read_batch
from certsvc.issuing.press.orders import Chunk, Pressed
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

CASES = 6
FILE = as_csv(*(record(number) for number in range(1, CASES + 1)))


@dataclass
class MeanwhilePress:
    """Signs nothing; between claim and publishing it does something else, once."""

    meanwhile: Callable[[], Awaitable[Any]]
    refusal: Unavailable | None = None
    calls: int = field(default=0)

    async def __call__(self, chunk: Chunk) -> Pressed:
        self.calls += 1
        if self.calls == 1:
            await self.meanwhile()
        return await StandInPress(refuse=lambda _: self.refusal)(chunk)


def with_chunks(rig: Rig, size: int) -> Rig:
    return replace(
        rig, bench=replace(rig.bench, settings=rig.bench.settings.model_copy(update={"chunk_size": size}))
    )


def unfit() -> Conflict:
    return Conflict("unfit_key", "Khoá không dùng được.", "The key is unfit.")


async def change(rig: Rig, batch_id: str, what: str, **more: Any) -> Any:
    answer = await rig.call("POST", f"/v1/batches/{batch_id}/{what}", **more)
    assert answer.status_code == 200, answer.text
    assert_adds_up(answer.json())
    return answer.json()


async def refusal(rig: Rig, batch_id: str, what: str, **more: Any) -> tuple[int, str]:
    answer = await rig.call("POST", f"/v1/batches/{batch_id}/{what}", **more)
    return answer.status_code, answer.json()["code"]


async def state(rig: Rig, batch_id: str, *, role: str = "insurer") -> Any:
    batch = (await rig.call("GET", f"/v1/batches/{batch_id}", role=role)).json()
    assert_adds_up(batch)
    return batch


def assert_adds_up(batch: Any) -> None:
    counts = batch["counts"]
    assert min(counts.values()) >= 0, counts
    assert counts["rows"] == counts["accepted"] + counts["rejected"] + counts["none"], counts
    asked = 0 if batch["dry_run"] else counts["certificates"]
    assert asked == counts["issued"] + counts["pending"] + counts["failed"] + counts["cancelled"], counts


async def outcomes(rig: Rig, batch_id: str) -> Counter[str]:
    return Counter(line["outcome"] for line in await rig.results(batch_id))


async def read_until(rig: Rig, batch_id: str, chunks: int, then: Callable[[], Awaitable[Any]]) -> None:
    """Read a file, and do something after that many chunks."""
    seen = 0

    async def progress() -> None:
        nonlocal seen
        seen += 1
        if seen == chunks:
            await then()

    res = rig.res
    await read_batch(
        res.db,
        uuid.UUID(batch_id),
        blobs=res.blobs,
        vault=res.vault,
        settings=res.settings,
        clock=utc_now,
        on_progress=progress,
        steps=rig.steps,
    )
