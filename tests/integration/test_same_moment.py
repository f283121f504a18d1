"""Several at the same moment, and whoever dies within it: one batch a key, nothing twice, and counts add up
throughout.
"""

import asyncio
import contextlib
import random
import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.requests import ClientDisconnect

from certsvc.clock import utc_now
from certsvc.issuing.finishing import finish_batches
from certsvc.models import Batch
from certsvc.store import certificates
from tests.support.changing import CASES, FILE, change, state, unfit, with_chunks
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_two_clients_with_one_key_make_one_batch(rig: Rig) -> None:
    """At the same moment: one answer is the batch, the other the same one or 409 `still_running`."""
    answers = await asyncio.gather(*(rig.submit(FILE, headers={"Idempotency-Key": "once"}) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert len(accepted) == 1
    await rig.work()
    assert (await state(rig, accepted.pop()))["counts"]["issued"] == 2 * CASES


async def test_a_client_that_dies_while_sending_leaves_nothing(rig: Rig) -> None:
    """Half a file and then silence: no batch, no stored file, and its idempotency key is free."""
    folder = rig.station.settings.data_dir
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    key = {"Idempotency-Key": "half"}
    answer = await _half_sent(rig, key)
    assert answer is None or answer >= 400
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before
    async with rig.res.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Batch)) == 0
    whole = await rig.submit(FILE, headers=key)
    assert (whole.status_code, "Idempotent-Replayed" in whole.headers) == (202, False)


async def _half_sent(rig: Rig, headers: dict[str, str]) -> int | None:
    """The status that is answered, if any, where the client closes its connection within the file."""
    async with rig.client() as client:
        request = client.build_request(
            "POST", "/v1/batches", files={"file": ("cases.csv", FILE)}, headers=headers
        )
        body = await request.aread()
    half = iter([{"type": "http.request", "body": body[: len(body) // 2], "more_body": True}])
    told: list[int] = []

    async def receive() -> Any:
        return next(half, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        told.extend([message["status"]] if "status" in message else [])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/batches",
        "raw_path": b"/v1/batches",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    with contextlib.suppress(ClientDisconnect):
        await rig.app(scope, receive, send)
    return told[0] if told else None


async def test_callers_at_the_same_moment(rig: Rig) -> None:
    """Cancel, resume and work at once, again and again: nothing is lost, nothing issued twice, and counts add
    up throughout.
    """
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    rig = with_chunks(rig, 2)

    async def at_once(what: str) -> None:
        answer = await rig.call("POST", f"/v1/batches/{batch_id}/{what}")
        assert answer.status_code in {200, 409}, answer.text

    for _ in range(3):
        await asyncio.gather(
            at_once("cancel"),
            rig.issue(),
            rig.issue(),
            state(rig, batch_id),
            at_once("resume"),
            finish_batches(rig.res.db, now=utc_now()),
        )
        await state(rig, batch_id)
    if (await state(rig, batch_id))["status"] == "cancelled":
        await change(rig, batch_id, "resume")
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 2 * CASES
    async with rig.res.db.read() as session:
        for line in await rig.results(batch_id):
            names = [
                event.name
                for event in await certificates.events_of(session, uuid.UUID(line["certificate_id"]))
            ]
            assert names.count("issued") == 1


STEPS = ("cancel", "resume", "replay", "issue", "fail", "sweep", "send again")


@pytest.mark.parametrize("seed", range(8))
async def test_counts_add_up_whatever_happens(rig: Rig, seed: int) -> None:
    """After any order of steps every batch adds up, and each case has one live paper of a kind at most."""
    rig = with_chunks(rig, 3)
    data = as_csv(*(record(number) for number in range(1, 4)))
    sent = [(await rig.submit(data)).json()["id"]]
    await rig.read()
    for step in random.Random(seed).choices(STEPS, k=14):
        match step:
            case "issue":
                await rig.issue()
            case "fail":
                await rig.issue(press=StandInPress(refuse=lambda _: unfit()))
            case "sweep":
                await finish_batches(rig.res.db, now=utc_now())
            case "send again":
                sent.append((await rig.submit(data + b"\n" * len(sent))).json()["id"])
                await rig.read()
            case _:
                await rig.call("POST", f"/v1/batches/{sent[-1]}/{step}")
        for batch_id in sent:
            await state(rig, batch_id)
    await rig.work()
    papers = (await rig.call("GET", "/v1/certificates", params={"limit": "200"})).json()["items"]
    live = Counter((paper["case_id"], paper["kind"]) for paper in papers if paper["status"] == "issued")
    assert set(live.values()) <= {1}
    serials = [paper["serial"] for paper in papers if paper["serial"]]
    assert len(serials) == len(set(serials))
