"""From requested to issued: once, whatever is lost or comes twice; and what ends as failed, with a reason."""

import asyncio
import datetime as dt
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from typing_extensions import override

from certsvc.clock import utc_now
from certsvc.errors import Broken, CertsvcError, Conflict, Unavailable
from certsvc.files.archive import Archive, Location
from certsvc.files.blobs import Blobs
from certsvc.issuing.press.orders import Chunk, Order, Pressed
from certsvc.issuing.press.producing import issue_chunk
from certsvc.models import Event, PublishedFile, SigningIdentity
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress

DOWN = Unavailable(
    "tsa_unavailable", "Máy chủ dấu thời gian không phản hồi.", "The time-stamping authority does not answer."
)
NO_TSA = StandInPress(refuse=lambda _: DOWN)


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is told here happens around a press, so it signs nothing."""
    return dummy_rig


class LateArchive(Archive):
    """Does something else between storing a pack and saying where."""

    def __init__(self, rig: Rig, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(rig.res.blobs, rig.res.vault)
        self._meanwhile = meanwhile

    @override
    async def put_pack(self, pieces: Sequence[bytes]) -> list[Location]:
        places = await super().put_pack(pieces)
        await self._meanwhile()
        return places


def _clock(later: dt.timedelta) -> Any:
    return lambda: utc_now() + later


async def _register(rig: Rig) -> Sequence[Any]:
    async with rig.res.db.read() as session:
        return (await session.execute(select(PublishedFile.certificate_id, PublishedFile.sha256))).all()


async def _events(rig: Rig, name: str) -> int:
    async with rig.res.db.read() as session:
        return await session.scalar(select(func.count()).select_from(Event).where(Event.name == name)) or 0


async def test_jobs_delivered_twice_in_parallel_issue_once(rig: Rig) -> None:
    """Five jobs at once for three cases: every certificate has one digest in the register, one event, one
    serial.
    """
    await rig.submit(as_csv(*(record(number) for number in range(3))))
    await rig.read()
    claimed = await asyncio.gather(*(rig.issue() for _ in range(5)))
    assert sum(claimed) == 6
    certificates = (await rig.call("GET", "/v1/certificates")).json()["items"]
    assert {each["status"] for each in certificates} == {"issued"}
    assert sorted(row[1] for row in await _register(rig)) == sorted(
        each["pdf_sha256"] for each in certificates
    )
    assert await _events(rig, "issued") == 6
    assert len({each["serial"] for each in certificates}) == 6


async def test_who_lost_the_claim_discards_its_bytes(rig: Rig) -> None:
    """While one worker is silent between storing and publishing, another finishes: one artefact, the second
    worker's.
    """
    asked = (await rig.request(record(1))).json()
    seconds: list[str] = []

    async def another_finishes() -> None:
        assert await rig.issue(clock=_clock(dt.timedelta(minutes=5))) == 1
        seconds.append((await rig.certificate(asked["id"]))["pdf_sha256"])

    bench = replace(rig.bench, archive=LateArchive(rig, another_finishes))
    assert await issue_chunk(bench, clock=utc_now) == 1
    certificate = await rig.certificate(asked["id"])
    [published] = await _register(rig)
    assert certificate["status"] == "issued"
    assert seconds == [published[1]] == [certificate["pdf_sha256"]]
    assert await _events(rig, "issued") == 1
    assert await _events(rig, "signing") == 2
    pdf = await rig.call("GET", f"/v1/certificates/{asked['id']}/pdf")
    assert pdf.status_code == 200


async def test_a_worker_that_dies_after_storing_loses_nothing(rig: Rig) -> None:
    """Bytes without a row are nobody's; when the lease has run out the next worker issues under the same
    serial.
    """
    asked = (await rig.request(record(1))).json()

    async def die() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await issue_chunk(replace(rig.bench, archive=LateArchive(rig, die)), clock=utc_now)
    left = await rig.certificate(asked["id"])
    assert (left["status"], await _register(rig)) == ("signing", [])
    assert await rig.issue() == 0
    assert await rig.issue(clock=_clock(dt.timedelta(minutes=2))) == 1
    certificate = await rig.certificate(asked["id"])
    assert (certificate["status"], certificate["serial"]) == ("issued", left["serial"])


async def test_a_lease_is_renewed_while_work_goes_on(rig: Rig) -> None:
    """A chunk that takes longer than its lease is not taken by the next worker, neither in the press nor
    while it is stored.
    """
    await rig.request(record(1))
    await rig.request(record(2))
    taken: list[int] = []
    ahead = dt.timedelta()

    def clock() -> dt.datetime:
        return utc_now() + ahead

    async def slow() -> None:
        nonlocal ahead
        ahead += dt.timedelta(seconds=40)  # of a lease of sixty
        taken.append(await rig.issue(clock=clock))

    async def slow_press(chunk: Chunk) -> Pressed:
        await slow()
        return await StandInPress()(chunk)

    bench = replace(rig.bench, press=slow_press, archive=LateArchive(rig, slow))
    assert await issue_chunk(bench, clock=clock) == 2
    assert taken == [0, 0]
    assert await _events(rig, "issued") == 2


async def test_what_is_unavailable_is_tried_again(rig: Rig) -> None:
    """The TSA is down: back to `requested`, nobody takes it at once, after a while it is issued under the
    same serial.
    """
    asked = (await rig.request(record(1))).json()
    assert await rig.issue(press=NO_TSA) == 1
    waiting = await rig.certificate(asked["id"])
    assert (waiting["status"], waiting["reason"]) == ("requested", None)
    assert await rig.issue() == 0
    assert await rig.issue(clock=_clock(dt.timedelta(seconds=5))) == 1
    certificate = await rig.certificate(asked["id"])
    assert (certificate["status"], certificate["serial"]) == ("issued", waiting["serial"])


async def test_what_stays_unavailable_fails_with_its_reason(rig: Rig) -> None:
    """After `max_attempts` tries it is `failed`; the row of the batch says why, and the case can be sent
    again.
    """
    batch_id = (await rig.submit(as_csv(record(1, wants_recovery="0")))).json()["id"]
    await rig.read()
    tries = 0
    for hours in range(10):
        tries += await rig.issue(press=NO_TSA, clock=_clock(dt.timedelta(hours=hours)))
    assert tries == rig.res.settings.max_attempts
    line = next(each for each in await rig.results(batch_id) if each["kind"] == "sick_leave")
    assert (line["outcome"], line["reason"]) == ("failed", "tsa_unavailable")
    failed = await rig.certificate(line["certificate_id"])
    assert (failed["status"], failed["reason"]) == ("failed", "tsa_unavailable")
    assert "dấu thời gian" in failed["reason_text"]
    await rig.work()
    assert (await rig.call("GET", f"/v1/batches/{batch_id}")).json()["status"] == "done"
    again = await rig.issued(record(1))
    assert again["id"] != failed["id"]
    assert again["serial"] != failed["serial"]
    assert (await rig.call("GET", f"/v/{failed['code']}", role=None)).json()["verdict"] == "pending"


async def test_one_that_breaks_the_press_does_not_stop_the_others(rig: Rig) -> None:
    """A chunk over which a press breaks down is pressed one by one: the rest is issued, the one is tried
    again.
    """
    first = (await rig.request(record(1))).json()
    second = (await rig.request(record(2))).json()
    press = StandInPress()

    async def fragile(chunk: Chunk) -> Pressed:
        pressed = await press(chunk)
        if first["id"] in {str(order.certificate_id) for order in chunk.orders}:
            raise ZeroDivisionError
        return pressed

    assert await rig.issue(press=fragile) == 2
    assert sorted(len(chunk.orders) for chunk in press.chunks) == [1, 1, 2]
    assert (await rig.certificate(first["id"]))["status"] == "requested"
    assert (await rig.certificate(second["id"]))["status"] == "issued"
    assert await rig.issue(clock=_clock(dt.timedelta(seconds=5))) == 1
    assert (await rig.certificate(first["id"]))["status"] == "issued"


@pytest.mark.parametrize(
    ("error", "status"),
    [(DOWN, "requested"), (Broken("no_trust_anchor", "Không đọc được.", "Cannot be read."), "failed")],
)
async def test_what_befalls_a_whole_chunk_befalls_each(rig: Rig, error: CertsvcError, status: str) -> None:
    """A press that cannot work at all says so once for all."""
    ids = [(await rig.request(record(number))).json()["id"] for number in range(3)]

    async def closed(_: Chunk) -> Pressed:
        raise error

    assert await rig.issue(press=closed) == 3
    assert {(await rig.certificate(each))["status"] for each in ids} == {status}


async def test_a_full_store_is_tried_again(rig: Rig) -> None:
    """What was signed but cannot be stored is made again later."""
    asked = (await rig.request(record(1))).json()

    async def full() -> None:
        raise Unavailable("blobs_unavailable", "Đầy.", "Full.")

    assert await issue_chunk(replace(rig.bench, archive=LateArchive(rig, full)), clock=utc_now) == 1
    assert (await rig.certificate(asked["id"]))["status"] == "requested"
    assert await _register(rig) == []
    assert await rig.issue(clock=_clock(dt.timedelta(seconds=5))) == 1
    assert (await rig.certificate(asked["id"]))["status"] == "issued"


async def test_without_a_key_it_fails_and_says_what_to_do(rig: Rig) -> None:
    """The seal was retired: `failed` with a reason that a person can act on, no try wasted, no file."""
    async with rig.res.db.begin() as session:
        await session.execute(
            update(SigningIdentity).where(SigningIdentity.licence.is_(None)).values(retired_at=utc_now())
        )
    asked = (await rig.request(record(1))).json()
    assert await rig.issue() == 1
    failed = await rig.certificate(asked["id"])
    assert (failed["status"], failed["reason"]) == ("failed", "no_identity")
    assert "certsvc identities add" in failed["reason_text"]
    assert await _register(rig) == []


async def test_what_the_press_refuses_is_never_published(rig: Rig) -> None:
    """A file that failed our own check: `failed`, nothing in the register, nothing to download; the others of
    the chunk are issued.
    """
    asked, other = (await rig.request(record(1))).json(), (await rig.request(record(2))).json()

    def refuse(order: Order) -> CertsvcError | None:
        return (
            Broken("self_check_failed", "Không qua được.", "Fails.")
            if str(order.certificate_id) == asked["id"]
            else None
        )

    assert await rig.issue(press=StandInPress(refuse=refuse)) == 2
    failed = await rig.certificate(asked["id"])
    assert (failed["status"], failed["reason"]) == ("failed", "self_check_failed")
    assert [str(row[0]) for row in await _register(rig)] == [other["id"]]
    assert (await rig.call("GET", f"/v1/certificates/{asked['id']}/pdf")).status_code == 409


async def test_a_worker_that_died_too_often_gives_up(rig: Rig) -> None:
    """A certificate at which workers die is claimed `max_attempts` times, then `failed`; others go on."""
    asked = (await rig.request(record(1))).json()
    async with rig.res.db.begin() as session:
        await session.execute(text("UPDATE certificates SET attempts = 5"))
    await rig.issue()
    failed = await rig.certificate(asked["id"])
    assert (failed["status"], failed["reason"]) == ("failed", "too_many_attempts")


async def test_single_requests_go_before_batches(rig: Rig) -> None:
    """Who waits at a counter is served first, and no batch goes through the press with him; batches can be
    left aside.
    """
    await rig.submit(as_csv(*(record(number) for number in range(20))))
    await rig.read()
    assert await rig.issue(only_alone=True) == 0
    for number in (900, 901):
        alone = (await rig.request(record(number))).json()
        assert await rig.issue(only_alone=number == 901) == 1
        assert (await rig.certificate(alone["id"]))["status"] == "issued"
    assert await rig.issue() == 40


async def test_a_batch_read_by_two_is_read_once(rig: Rig) -> None:
    """A reader whose lease ran out while it was silent is overtaken, and stops: no row twice, no failure of
    the batch.
    """
    batch_id = (await rig.submit(as_csv(*(record(number) for number in range(5))))).json()["id"]

    class Slow(Blobs):
        @override
        async def fetch(self, name: str, to: Path) -> None:
            await super().fetch(name, to)
            await rig.read(clock=_clock(dt.timedelta(hours=1)))

    slow = replace(rig, res=replace(rig.res, blobs=Slow(rig.res.settings.obstore_url)))
    with pytest.raises(Conflict, match="taken_over"):
        await slow.read()
    await rig.work()
    batch = (await rig.call("GET", f"/v1/batches/{batch_id}")).json()
    assert batch["status"] == "done"
    assert (batch["counts"]["rows"], batch["counts"]["issued"]) == (5, 10)


async def test_serials_are_of_the_year_in_hanoi(rig: Rig) -> None:
    """At 18:00 UTC on New Year's Eve it is next year there; the number starts at one again."""
    for number, hour, serial in ((1, 16, "018012600001"), (2, 18, "018012700001")):
        asked = (await rig.request(record(number))).json()
        eve = dt.datetime(2026, 12, 31, hour, tzinfo=dt.UTC)
        await rig.issue(press=NO_TSA, clock=functools.partial(dt.datetime.fromisoformat, eve.isoformat()))
        assert (await rig.certificate(asked["id"]))["serial"] == serial


async def test_illnesses_of_no_facility_or_told_twice_stop_no_file(rig: Rig) -> None:
    """A case that is not over and names an unknown facility, and one that comes twice, are rejected rows; the
    others are issued.
    """
    ill = record(1, outcome="active")
    batch = (
        await rig.submit(as_csv(record(2, outcome="active", facility_code="99999"), ill, ill, record(3)))
    ).json()
    await rig.work()
    assert (await rig.call("GET", f"/v1/batches/{batch['id']}")).json()["status"] == "done"
    by_row = {
        line["row"]: line["outcome"] for line in await rig.results(batch["id"]) if line["kind"] == "recovery"
    }
    assert by_row == {2: "rejected", 3: "rejected", 4: "rejected", 5: "issued"}
