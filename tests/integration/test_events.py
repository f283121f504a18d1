"""A batch followed as server-sent events: whole states, ids that resume, an end."""

import asyncio
import json
from typing import Any

import httpx2

from certsvc.api.v1.events import Pace, Streams
from tests.support.records import as_csv, record
from tests.support.rig import Rig


def _heard(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines())
        for block in answer.text.strip().split("\n\n")
    ]
    return [block | {"data": json.loads(block["data"])} for block in blocks if "data" in block]


async def test_a_batch_is_followed_to_its_end(dummy_rig: Rig) -> None:
    """While it is read and issued; the counts of every event add up, the last tells the batch as GET does."""
    batch_id = (await dummy_rig.submit(as_csv(*(record(number) for number in range(1, 6))))).json()["id"]
    following = asyncio.create_task(dummy_rig.call("GET", f"/v1/batches/{batch_id}/events"))
    await asyncio.sleep(0)
    await dummy_rig.work()
    events = _heard(await following)
    for event in events:
        counts = event["data"]["counts"]
        assert counts["rows"] == counts["accepted"] + counts["rejected"] + counts["none"]
        assert (
            counts["certificates"]
            == counts["issued"] + counts["pending"] + counts["failed"] + counts["cancelled"]
        )
    batch = (await dummy_rig.call("GET", f"/v1/batches/{batch_id}")).json()
    assert (events[-1]["event"], batch["counts"]["issued"]) == ("done", 10)
    assert events[-1]["data"] == batch | {"estimated_end_at": events[-1]["data"]["estimated_end_at"]}
    assert {event["event"] for event in events[:-1]} <= {"progress"}


async def test_who_comes_back_hears_what_is_new(dummy_rig: Rig) -> None:
    """An id of before the end: the end; the end's own id: 204, which tells a browser not to come back."""
    batch_id = (await dummy_rig.submit(as_csv(record(1)))).json()["id"]
    await dummy_rig.work()
    path = f"/v1/batches/{batch_id}/events"
    (end,) = _heard(await dummy_rig.call("GET", path, headers={"Last-Event-ID": "0-0-reading"}))
    assert end["event"] == "done"
    again = await dummy_rig.call("GET", path, headers={"Last-Event-ID": end["id"]})
    assert (again.status_code, again.content) == (204, b"")


async def test_head_of_a_stream_does_not_wait_for_its_end(dummy_rig: Rig) -> None:
    batch_id = (await dummy_rig.submit(as_csv(record(1)))).json()["id"]
    answer = await dummy_rig.call("HEAD", f"/v1/batches/{batch_id}/events")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_streams_of_a_key_are_counted(dummy_rig: Rig) -> None:
    batch_id = (await dummy_rig.submit(as_csv(record(1)))).json()["id"]
    dummy_rig.app.state.streams = Streams(most_of_a_key=0)
    answer = await dummy_rig.call("GET", f"/v1/batches/{batch_id}/events")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")


def test_the_end_is_estimated_from_what_was_done_lately() -> None:
    pace = Pace()
    assert pace.estimate(0, 100, at_s=0) is None
    assert pace.estimate(20, 80, at_s=10) == 40
    assert pace.estimate(20, 80, at_s=60) is None
