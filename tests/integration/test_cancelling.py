"""Batches cancelled, resumed and replayed: at every moment the counts add up, and nothing is issued twice."""

import datetime as dt
import io
import uuid
from collections import Counter
from typing import Any

import openpyxl
import pytest

from certsvc.clock import utc_now
from certsvc.errors import Conflict, Unavailable
from certsvc.issuing.batches.reading import Steps
from certsvc.issuing.erasing import forget_uploads
from certsvc.issuing.finishing import finish_batches
from certsvc.store import certificates
from tests.support.changing import (
    CASES,
    FILE,
    MeanwhilePress,
    change,
    outcomes,
    read_until,
    refusal,
    state,
    unfit,
    with_chunks,
)
from tests.support.hooks import log_of, subscribe
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress


@pytest.fixture
def steps() -> Steps:
    """So that a file of a few rows takes several transactions."""
    return Steps(first=2, most=2)


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed does not matter."""
    return dummy_rig


async def test_what_waits_is_cancelled_and_taken_up_again(rig: Rig) -> None:
    """The same certificates under the same codes; a second call of each kind changes nothing."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    codes = {line["certificate_id"]: line["code"] for line in await rig.results(batch_id)}
    batch = await change(rig, batch_id, "cancel")
    assert (batch["status"], batch["counts"]["cancelled"], batch["counts"]["pending"]) == (
        "cancelled",
        2 * CASES,
        0,
    )
    assert batch["finished_at"] is not None
    assert await change(rig, batch_id, "cancel") == batch
    assert await rig.issue() == 0
    lines = await rig.results(batch_id)
    assert {(line["outcome"], line["reason"]) for line in lines} == {("cancelled", "cancelled")}
    report = (await rig.call("GET", f"/v/{lines[0]['code']}", role=None)).json()
    assert (report["verdict"], [reason["code"] for reason in report["reasons"]]) == ("pending", ["failed"])
    resumed = await change(rig, batch_id, "resume")
    assert (resumed["status"], resumed["finished_at"], resumed["counts"]["pending"]) == (
        "running",
        None,
        2 * CASES,
    )
    assert await change(rig, batch_id, "resume") == resumed
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["cancelled"]) == (
        "done",
        2 * CASES,
        0,
    )
    assert {line["certificate_id"]: line["code"] for line in await rig.results(batch_id)} == codes


async def test_what_is_being_signed_is_finished(rig: Rig) -> None:
    """A chunk in a worker's hands is issued; the batch is finished only then."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    rig = with_chunks(rig, 4)
    seen: list[Any] = []

    async def cancel() -> None:
        seen.append(await change(rig, batch_id, "cancel"))

    assert await rig.issue(press=MeanwhilePress(cancel)) == 4
    assert (
        seen[0]["status"],
        seen[0]["finished_at"],
        seen[0]["counts"]["pending"],
        seen[0]["counts"]["cancelled"],
    ) == ("cancelled", None, 4, 8)
    await finish_batches(rig.res.db, now=utc_now())
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["cancelled"]) == ("cancelled", 4, 8)
    assert batch["finished_at"] is not None


async def test_what_comes_back_unsigned_is_cancelled_too(rig: Rig) -> None:
    """Of a cancelled batch nothing is tried a second time."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    later = Unavailable("signer_unavailable", "Chưa ký được.", "Not now.")
    await rig.issue(press=MeanwhilePress(lambda: change(rig, batch_id, "cancel"), refusal=later))
    assert (await state(rig, batch_id))["finished_at"] is None
    await finish_batches(rig.res.db, now=utc_now())
    batch = await state(rig, batch_id)
    assert (batch["counts"]["cancelled"], batch["finished_at"] is not None) == (2 * CASES, True)


async def test_a_worker_that_died_over_a_chunk_does_not_hold_a_batch_back(rig: Rig) -> None:
    """Its lease has run out: its certificates are cancelled, and if it was only slow its bytes are not
    published.
    """
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    long_ago = utc_now() - dt.timedelta(hours=1)
    slow = MeanwhilePress(lambda: change(rig, batch_id, "cancel"))
    await rig.issue(clock=lambda: long_ago, press=slow)
    batch = await state(rig, batch_id)
    assert (batch["counts"]["cancelled"], batch["counts"]["issued"]) == (2 * CASES, 0)
    await change(rig, batch_id, "resume")
    await rig.work()
    assert (await state(rig, batch_id))["counts"]["issued"] == 2 * CASES


@pytest.mark.parametrize(("chunks", "rows", "papers"), [(2, 4, 4), (5, CASES, CASES + 4)])
async def test_reading_stops_and_goes_on_behind_the_last_row(
    rig: Rig, chunks: int, rows: int, papers: int
) -> None:
    """Among the sick leaves or among the recoveries: the chunk under way is not written; no row is judged
    twice, none left out.
    """
    batch_id = (await rig.submit(FILE)).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, batch_id, chunks, lambda: change(rig, batch_id, "cancel"))
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["rows"], batch["counts"]["cancelled"]) == (
        "cancelled",
        rows,
        papers,
    )
    await rig.work()
    assert await state(rig, batch_id) == batch
    resumed = await change(rig, batch_id, "resume")
    assert (resumed["status"], resumed["counts"]["rows"], resumed["counts"]["pending"]) == (
        "reading",
        rows,
        papers,
    )
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["rows"], batch["counts"]["issued"]) == ("done", CASES, 2 * CASES)
    assert Counter(line["row"] for line in await rig.results(batch_id)) == dict.fromkeys(
        range(2, CASES + 2), 2
    )


async def test_a_reader_of_before_and_one_of_after_do_not_both_go_on(rig: Rig) -> None:
    """Cancelled and resumed within a chunk: the second reader takes over, the first one notices."""
    batch_id = (await rig.submit(FILE)).json()["id"]

    async def stop_and_go() -> None:
        await change(rig, batch_id, "cancel")
        await change(rig, batch_id, "resume")
        await rig.read()

    with pytest.raises(Conflict, match="taken_over"):
        await read_until(rig, batch_id, 1, stop_and_go)
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["rows"], batch["counts"]["issued"]) == ("done", CASES, 2 * CASES)


async def test_a_dry_run_can_be_stopped_too(rig: Rig) -> None:
    batch_id = (await rig.submit(FILE, dry_run="true")).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, batch_id, 1, lambda: change(rig, batch_id, "cancel"))
    await change(rig, batch_id, "resume")
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["certificates"], await outcomes(rig, batch_id)) == (
        "done",
        2 * CASES,
        {"would_issue": 2 * CASES},
    )
    assert await refusal(rig, batch_id, "cancel") == (409, "batch_ended")


async def test_what_was_sent_again_meanwhile_is_not_issued_twice(rig: Rig) -> None:
    """The same content is `existing`, other content is V-DUPLICATE; only the rest is taken up."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    await change(rig, batch_id, "cancel")
    again = as_csv(record(1), record(2, address="Số 14, Phúc Xá, Hà Nội"))
    other_id = (await rig.submit(again)).json()["id"]
    await rig.work()
    resumed = await change(rig, batch_id, "resume")
    assert {
        name: resumed["counts"][name]
        for name in ("certificates", "existing", "accepted", "rejected", "cancelled")
    } == {
        "certificates": 8,
        "existing": 2,
        "accepted": 5,
        "rejected": 1,
        "cancelled": 0,
    }
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"]) == ("done", 8)
    lines, others = await rig.results(batch_id), await rig.results(other_id)
    assert [line["outcome"] for line in lines[:4]] == ["existing", "existing", "rejected", "rejected"]
    assert [line["serial"] for line in lines[:2]] == [line["serial"] for line in others[:2]]
    assert [rule["id"] for line in lines[2:4] for rule in line["rules"]] == ["V-DUPLICATE"] * 2
    serials = [line["serial"] for line in (*lines, *others) if line["outcome"] == "issued"]
    assert len(serials) == len(set(serials)) == 2 * CASES


async def test_who_relied_on_a_cancelled_paper_is_told_so(rig: Rig) -> None:
    """Not that it was issued before: the row says that it was cancelled, and sent once more it is issued."""
    first = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    second = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    assert {(line["outcome"], line["status"]) for line in await rig.results(second)} == {
        ("existing", "requested")
    }
    assert "Đã yêu cầu trước đây, đang ký" in await _texts(rig, second)
    await change(rig, first, "cancel")
    assert {(line["outcome"], line["reason"], line["status"]) for line in await rig.results(second)} == {
        ("cancelled", "cancelled", "failed")
    }
    texts = await _texts(rig, second)
    assert "Đã huỷ" in texts
    assert any("gửi lại" in text for text in texts)
    third = (await rig.submit(FILE)).json()["id"]
    await rig.work()
    assert await outcomes(rig, third) == {"issued": 2 * CASES}


async def _texts(rig: Rig, batch_id: str) -> set[str]:
    """Every text in the workbook that is given back."""
    book = openpyxl.load_workbook(
        io.BytesIO((await rig.call("GET", f"/v1/batches/{batch_id}/results?format=xlsx")).content)
    )
    return {str(value) for row in book.worksheets[0].iter_rows(values_only=True) for value in row}


async def test_two_batches_of_one_file_cancelled_and_resumed(rig: Rig) -> None:
    """Whoever is resumed first gets the papers; the key of a case stays usable afterwards."""
    first = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    await change(rig, first, "cancel")
    second = (await rig.submit(FILE + b"\n")).json()["id"]
    await rig.read()
    await change(rig, second, "cancel")
    await change(rig, first, "resume")
    assert (await change(rig, second, "resume"))["counts"]["existing"] == 2 * CASES
    third = (await rig.submit(FILE + b"\n\n")).json()["id"]
    await rig.work()
    assert await outcomes(rig, first) == {"issued": 2 * CASES}
    assert await outcomes(rig, second) == await outcomes(rig, third) == {"existing": 2 * CASES}
    assert (await state(rig, second))["status"] == "done"


async def test_a_revoked_paper_does_not_come_back_with_a_batch(rig: Rig) -> None:
    batch_id = (await rig.submit(as_csv(record(1)))).json()["id"]
    await rig.read()
    await change(rig, batch_id, "cancel")
    paper = await rig.issued(record(1))
    await rig.call("POST", f"/v1/certificates/{paper['id']}/revoke", json={"reason": "fraud"})
    await change(rig, batch_id, "resume")
    await rig.work()
    assert await outcomes(rig, batch_id) == {"existing": 1, "issued": 1}


async def test_what_has_ended_cannot_be_cancelled_or_resumed(rig: Rig) -> None:
    batch_id = (await rig.submit(FILE)).json()["id"]
    assert await refusal(rig, str(uuid.uuid4()), "cancel") == (404, "no_such_batch")
    assert await refusal(rig, batch_id, "cancel", role="facility") == (404, "no_such_batch")
    assert await refusal(rig, batch_id, "cancel", role="auditor") == (403, "read_only")
    await rig.read()
    while await rig.issue():
        pass
    assert await refusal(rig, batch_id, "cancel") == (409, "batch_ended")
    await rig.work()
    for what in ("cancel", "resume"):
        assert await refusal(rig, batch_id, what) == (409, "batch_ended")
    assert await refusal(rig, batch_id, "replay") == (409, "nothing_to_replay")


async def test_a_file_that_is_gone_cannot_be_read_on(rig: Rig) -> None:
    """409 and nothing changes; a file that was read to the end is not needed."""
    stopped = (await rig.submit(FILE)).json()["id"]
    with pytest.raises(Conflict, match="batch_cancelled"):
        await read_until(rig, stopped, 1, lambda: change(rig, stopped, "cancel"))
    read = (await rig.submit(as_csv(record(50)))).json()["id"]
    await rig.read()
    await change(rig, read, "cancel")
    await forget_uploads(rig.res.db, blobs=rig.res.blobs, created_before=utc_now() + dt.timedelta(days=1))
    before = await state(rig, stopped)
    assert await refusal(rig, stopped, "resume") == (409, "file_forgotten")
    assert await state(rig, stopped) == before
    assert (await change(rig, read, "resume"))["status"] == "running"


async def test_failed_ones_are_replayed_when_the_cause_is_mended(rig: Rig) -> None:
    """Only those that failed, under their codes; a cancelled batch is resumed first."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    broken = StandInPress(refuse=lambda _: unfit())
    await with_chunks(rig, 10).issue(press=broken)
    await rig.issue()
    await finish_batches(rig.res.db, now=utc_now())
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["failed"]) == ("done", 2, 10)
    failed = {
        line["certificate_id"]: line["code"]
        for line in await rig.results(batch_id)
        if line["reason"] == "unfit_key"
    }
    replayed = await change(rig, batch_id, "replay")
    assert (replayed["status"], replayed["finished_at"], replayed["counts"]["pending"]) == (
        "running",
        None,
        10,
    )
    await change(rig, batch_id, "cancel")
    assert await refusal(rig, batch_id, "replay") == (409, "batch_cancelled")
    await change(rig, batch_id, "resume")
    await rig.work()
    batch = await state(rig, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["failed"]) == ("done", 12, 0)
    lines = {line["certificate_id"]: line["code"] for line in await rig.results(batch_id)}
    assert failed.items() <= lines.items()
    assert len(failed) == 10


async def test_cancelled_ones_are_not_replayed(rig: Rig) -> None:
    """They did not fail: `resume` is for them."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    await change(rig, batch_id, "cancel")
    assert await refusal(rig, batch_id, "replay") == (409, "batch_cancelled")
    assert (await state(rig, batch_id))["counts"]["failed"] == 0


async def test_the_history_tells_who_cancelled_and_resumed(rig: Rig) -> None:
    batch_id = (await rig.submit(as_csv(record(1)))).json()["id"]
    await rig.read()
    [line, _] = await rig.results(batch_id)
    await change(rig, batch_id, "cancel")
    await change(rig, batch_id, "resume")
    async with rig.res.db.read() as session:
        events = await certificates.events_of(session, uuid.UUID(line["certificate_id"]))
    assert [(event.name, event.facts) for event in events] == [
        ("requested", {}),
        ("failed", {"reason": "cancelled"}),
        ("requested", {}),
    ]
    assert len({event.actor for event in events}) == 1


async def test_one_key_cancels_once(rig: Rig) -> None:
    """The stored answer, also after the batch went on."""
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    key = {"Idempotency-Key": "stop"}
    cancelled = await change(rig, batch_id, "cancel", headers=key)
    await change(rig, batch_id, "resume")
    again = await rig.call("POST", f"/v1/batches/{batch_id}/cancel", headers=key)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (cancelled, "true")
    assert (await state(rig, batch_id))["status"] == "running"


async def test_webhooks_and_events_tell_the_end_of_each_go(rig: Rig) -> None:
    """`cancelled`, then after a resume `done`; who heard the first end hears the second."""
    hook = await subscribe(rig, "https://receiver.example/hook", events=["batch.finished"])
    batch_id = (await rig.submit(FILE)).json()["id"]
    await rig.read()
    await change(rig, batch_id, "cancel")
    path = f"/v1/batches/{batch_id}/events"
    stream = (await rig.call("GET", path)).text
    assert "event: cancelled" in stream
    heard = next(line.removeprefix("id: ") for line in stream.splitlines() if line.startswith("id: "))
    assert (await rig.call("GET", path, headers={"Last-Event-ID": heard})).status_code == 204
    await change(rig, batch_id, "resume")
    await rig.work()
    assert "event: done" in (await rig.call("GET", path, headers={"Last-Event-ID": heard})).text
    told = [entry["event"] for entry in await log_of(rig, hook)]
    assert told == ["batch.finished", "batch.finished"]
