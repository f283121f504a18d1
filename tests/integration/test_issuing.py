"""From requested to issued: once, whatever is lost or comes twice; and what ends as failed, with a reason."""

import asyncio
import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from sqlalchemy import func, select, text, update

from certsvc.errors import Conflict, Unavailable
from certsvc.issuing import making, producing
from certsvc.models import Certificate, Event, PublishedFile, SigningIdentity
from certsvc.resources import utc_now
from certsvc.signing.tsa import TimeStamper
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@dataclass
class Stubborn:
    """A time-stamping authority that fails with `error` the first `times` times."""

    real: TimeStamper
    error: Exception
    times: int

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return self.real.certificates

    @property
    def max_token_bytes(self) -> int:
        return self.real.max_token_bytes

    async def stamp(self, digest: bytes) -> bytes:
        if self.times > 0:
            self.times -= 1
            raise self.error
        return await self.real.stamp(digest)


DOWN = Unavailable("tsa_unavailable", "Máy chủ dấu thời gian không phản hồi.", "The time-stamping authority does not answer.")


def _clock(later: dt.timedelta) -> Any:
    return lambda: utc_now() + later


async def _register(rig: Rig) -> Sequence[Any]:
    async with rig.res.db.read() as session:
        return (await session.execute(select(PublishedFile.certificate_id, PublishedFile.sha256))).all()


async def _events(rig: Rig, name: str) -> int:
    async with rig.res.db.read() as session:
        return await session.scalar(select(func.count()).select_from(Event).where(Event.name == name)) or 0


async def test_jobs_delivered_twice_in_parallel_issue_once(rig: Rig) -> None:
    """Five jobs at once for three cases: every certificate has one digest in the register, one event, one serial."""
    await rig.submit(as_csv(*(record(number) for number in range(3))))
    await rig.read()
    claimed = await asyncio.gather(*(rig.issue() for _ in range(5)))
    assert sum(claimed) == 6
    certificates = (await rig.call("GET", "/v1/certificates")).json()["items"]
    assert {each["status"] for each in certificates} == {"issued"}
    assert sorted(row[1] for row in await _register(rig)) == sorted(each["pdf_sha256"] for each in certificates)
    assert await _events(rig, "issued") == 6
    assert len({each["serial"] for each in certificates}) == 6


async def test_who_lost_the_claim_discards_its_bytes(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one worker is silent between signing and publishing, another finishes: one artefact, the second worker's."""
    asked = (await rig.request(record(1))).json()
    real_put = rig.res.blobs.put
    met: list[str] = []

    async def put_late(name: str, data: Any) -> None:
        await real_put(name, data)
        met.append(name)
        if len(met) == 1:
            monkeypatch.setattr(type(rig.res.blobs), "put", lambda _, name, data: real_put(name, data))
            assert await rig.issue(clock=_clock(dt.timedelta(minutes=5))) == 1

    monkeypatch.setattr(type(rig.res.blobs), "put", lambda _, name, data: put_late(name, data))
    assert await rig.issue() == 1
    certificate = await rig.certificate(asked["id"])
    [published] = await _register(rig)
    assert certificate["status"] == "issued"
    assert published[1] == certificate["pdf_sha256"]
    assert certificate["pdf_sha256"] not in met[0]
    assert await _events(rig, "issued") == 1
    assert await _events(rig, "signing") == 2
    pdf = await rig.call("GET", f"/v1/certificates/{asked['id']}/pdf")
    assert pdf.status_code == 200


async def test_a_lease_is_renewed_while_work_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chunk that takes longer than its lease is not taken by the next worker."""
    await rig.request(record(1))
    await rig.request(record(2))
    real = making.lay_out
    taken: list[int] = []
    ahead = dt.timedelta()

    def clock() -> dt.datetime:
        return utc_now() + ahead

    async def slow(*arguments: Any, **more: Any) -> Any:
        nonlocal ahead
        laid = await real(*arguments, **more)
        ahead += dt.timedelta(seconds=40)  # of a lease of sixty
        return laid

    real_produce = making.produce

    async def produce(*arguments: Any, **more: Any) -> Any:
        monkeypatch.setattr(producing, "lay_out", real)
        taken.append(await rig.issue(clock=clock))
        return await real_produce(*arguments, **more)

    monkeypatch.setattr(producing, "lay_out", slow)
    monkeypatch.setattr(producing, "produce", produce)
    assert await rig.issue(clock=clock) == 2
    assert taken == [0, 0]
    assert await _events(rig, "issued") == 2


async def test_what_is_unavailable_is_tried_again(rig: Rig) -> None:
    """The TSA is down: back to `requested`, nobody takes it at once, after a while it is issued under the same serial."""
    asked = (await rig.request(record(1))).json()
    assert await rig.issue(time_stamper=Stubborn(rig.workshop.time_stamper, DOWN, 1)) == 1
    waiting = await rig.certificate(asked["id"])
    assert (waiting["status"], waiting["reason"]) == ("requested", None)
    assert await rig.issue() == 0
    assert await rig.issue(clock=_clock(dt.timedelta(seconds=5))) == 1
    certificate = await rig.certificate(asked["id"])
    assert (certificate["status"], certificate["serial"]) == ("issued", waiting["serial"])


async def test_what_stays_unavailable_fails_with_its_reason(rig: Rig) -> None:
    """After `max_attempts` tries it is `failed`; the row of the batch says why, and the case can be sent again."""
    batch_id = (await rig.submit(as_csv(record(1, wants_recovery="0")))).json()["id"]
    await rig.read()
    tries = 0
    for hours in range(10):
        tries += await rig.issue(time_stamper=Stubborn(rig.workshop.time_stamper, DOWN, 1000), clock=_clock(dt.timedelta(hours=hours)))
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


async def test_one_that_breaks_does_not_stop_the_others(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen failure of one certificate: the rest of the chunk is issued, that one is tried again."""
    first = (await rig.request(record(1))).json()
    second = (await rig.request(record(2))).json()
    real = making.produce

    async def fragile(certificate: Certificate, *arguments: Any, **more: Any) -> Any:
        if str(certificate.id) == first["id"]:
            raise ZeroDivisionError
        return await real(certificate, *arguments, **more)

    monkeypatch.setattr(producing, "produce", fragile)
    assert await rig.issue() == 2
    assert (await rig.certificate(first["id"]))["status"] == "requested"
    assert (await rig.certificate(second["id"]))["status"] == "issued"
    monkeypatch.undo()
    assert await rig.issue(clock=_clock(dt.timedelta(seconds=5))) == 1
    assert (await rig.certificate(first["id"]))["status"] == "issued"


async def test_without_a_key_it_fails_and_says_what_to_do(rig: Rig) -> None:
    """The seal was retired: `failed` with a reason that a person can act on, no try wasted, no file."""
    async with rig.res.db.begin() as session:
        await session.execute(update(SigningIdentity).where(SigningIdentity.licence.is_(None)).values(retired_at=utc_now()))
    asked = (await rig.request(record(1))).json()
    assert await rig.issue() == 1
    failed = await rig.certificate(asked["id"])
    assert (failed["status"], failed["reason"]) == ("failed", "no_identity")
    assert "certsvc identities add" in failed["reason_text"]
    assert await _register(rig) == []


async def test_what_our_own_check_rejects_is_never_published(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sealed file with one byte changed: `failed`, nothing in the register, nothing to download."""
    asked = (await rig.request(record(1))).json()
    monkeypatch.setattr("certsvc.issuing.making.prove_raw", lambda *_, **__: "a forged fault")
    assert await rig.issue() == 1
    failed = await rig.certificate(asked["id"])
    assert (failed["status"], failed["reason"]) == ("failed", "self_check_failed")
    assert await _register(rig) == []
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
    """Who waits at a counter is served first."""
    await rig.submit(as_csv(*(record(number) for number in range(20))))
    await rig.read()
    alone = (await rig.request(record(900))).json()
    await rig.issue()
    assert (await rig.certificate(alone["id"]))["status"] == "issued"


async def test_a_batch_read_by_two_is_read_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader whose lease ran out while it was silent is overtaken, and stops: no row twice, no failure of the batch."""
    batch_id = (await rig.submit(as_csv(*(record(number) for number in range(5))))).json()["id"]
    real_fetch = rig.res.blobs.fetch

    async def fetch_slowly(name: str, to: Path) -> None:
        await real_fetch(name, to)
        monkeypatch.setattr(type(rig.res.blobs), "fetch", lambda _, name, to: real_fetch(name, to))
        await rig.read(clock=_clock(dt.timedelta(hours=1)))

    monkeypatch.setattr(type(rig.res.blobs), "fetch", lambda _, name, to: fetch_slowly(name, to))
    with pytest.raises(Conflict, match="taken_over"):
        await rig.read()
    await rig.work()
    batch = (await rig.call("GET", f"/v1/batches/{batch_id}")).json()
    assert batch["status"] == "done"
    assert (batch["counts"]["rows"], batch["counts"]["issued"]) == (5, 10)


async def test_serials_are_of_the_year_in_hanoi(rig: Rig) -> None:
    """At 18:00 UTC on New Year's Eve it is next year there; the number starts at one again."""
    down = Stubborn(rig.workshop.time_stamper, DOWN, 1000)
    for number, hour, serial in ((1, 16, "018012600001"), (2, 18, "018012700001")):
        asked = (await rig.request(record(number))).json()
        eve = dt.datetime(2026, 12, 31, hour, tzinfo=dt.UTC)
        await rig.issue(time_stamper=down, clock=functools.partial(dt.datetime.fromisoformat, eve.isoformat()))
        assert (await rig.certificate(asked["id"]))["serial"] == serial
