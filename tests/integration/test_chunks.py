"""Issuing many at once: what a chunk costs the database, in which order it is taken, what is stored for
it.
"""

import datetime as dt
import re
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from certsvc.clock import utc_now
from certsvc.config import Signatures
from certsvc.issuing.press.producing import issue_chunk
from certsvc.issuing.press.rosters import Rosters
from certsvc.models import Certificate, PublishedFile, SigningIdentity, Slot
from certsvc.store import leases
from tests.support.counting import plan, questions, statements
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.stand_in_press import StandInPress


async def _wait_for(rig: Rig, count: int, *, first: int) -> None:
    """So many cases that wait, a certificate each, of two facilities by turns."""
    await rig.submit(
        as_csv(
            *(
                record(first + number, facility=("01801", "01802")[number % 2], wants_recovery="0")
                for number in range(count)
            )
        )
    )
    await rig.read()


async def test_a_chunk_of_any_size_takes_the_same_statements(dummy_rig: Rig) -> None:
    """Three hundred certificates cost the database as many statements as ten, all within one chunk."""
    now = utc_now() + dt.timedelta(
        minutes=1
    )  # which stands still, so staff is asked for by the first chunk only
    bench = replace(dummy_rig.bench, settings=dummy_rig.bench.settings.model_copy(update={"chunk_size": 500}))
    counts = []
    for number, size in enumerate((10, 10, 300)):
        await _wait_for(dummy_rig, size, first=1000 * number)
        with statements(dummy_rig) as told:
            assert await issue_chunk(bench, clock=lambda: now) == size
        counts.append(len(told))
    assert counts[1] == counts[2] < 15
    async with dummy_rig.res.db.read() as session:
        files = (await session.scalars(select(PublishedFile))).all()
        assert set(
            (await session.execute(text("SELECT status, count(*) FROM certificates GROUP BY status"))).all()
        ) == {("issued", 320)}
    assert len({file.pack for file in files}) == 3


async def test_waiting_certificates_are_found_through_their_index(dummy_rig: Rig) -> None:
    """Neither a claim nor the sweep's question walks through all that were ever issued, nor sorts what
    waits.
    """
    with questions(dummy_rig) as told:
        async with dummy_rig.res.db.begin() as session:
            await leases.take_waiting(session, now=utc_now(), limit=10)
            await leases.has_waiting(session, now=utc_now())
    asked = [(statement, values) for statement, values in told if "FROM certificates" in statement]
    for statement, values in asked:
        chosen = await plan(dummy_rig, statement, values)
        assert "ix_certificates_work" in chosen
        assert not re.search(r"TEMP B-TREE|Sort", chosen)
    assert len(asked) == 2


async def test_a_full_chunk_says_so_and_the_last_does_not(dummy_rig: Rig) -> None:
    """Who issues looks for more only where there may be more."""
    await _wait_for(dummy_rig, 5, first=0)
    bench = replace(dummy_rig.bench, settings=dummy_rig.bench.settings.model_copy(update={"chunk_size": 4}))
    full: list[int] = []
    assert [await issue_chunk(bench, clock=utc_now, on_full=lambda: full.append(1)) for _ in range(3)] == [
        4,
        1,
        0,
    ]
    assert full == [1]


async def test_a_chunk_has_few_facilities(dummy_rig: Rig) -> None:
    """Certificates asked for together come by facility, for those of one facility share signers and bytes."""
    await _wait_for(dummy_rig, 8, first=0)
    press = StandInPress()
    bench = replace(
        dummy_rig.bench, press=press, settings=dummy_rig.bench.settings.model_copy(update={"chunk_size": 4})
    )
    while await issue_chunk(bench, clock=utc_now):
        pass
    assert [{order.facts.facility_name for order in chunk.orders} for chunk in press.chunks] == [
        {"Trạm Y tế Phúc Xá"},
        {"Trạm Y tế Trúc Bạch"},
    ]


async def test_certificates_share_what_they_can(dummy_rig: Rig) -> None:
    """Layers lie in the store once; one that shares nothing lies whole in its piece; all come back as
    registered.
    """
    await _wait_for(dummy_rig, 6, first=0)
    slow = StandInPress(is_slow=lambda order: order.facts.serial.endswith("00002"))
    assert await dummy_rig.issue(press=slow) == 6
    async with dummy_rig.res.db.read() as session:
        files = (await session.scalars(select(PublishedFile).order_by(PublishedFile.start))).all()
        sizes = {row.pdf_sha256: row.pdf_bytes for row in (await session.scalars(select(Certificate))).all()}
    assert [len(await dummy_rig.res.archive.get(file)) for file in files] == [
        sizes[file.sha256] for file in files
    ]
    whole = [file for file in files if file.base is None]
    assert len(whole) == 2
    assert {file.stock for file in whole} == {None}
    blobs = dummy_rig.res.settings.data_dir / "blobs"
    assert len(list((blobs / "layers").iterdir())) == 3  # a base, and a stock for each facility
    [pack] = [path for path in (blobs / "packs").rglob("*") if path.is_file()]
    assert pack.stat().st_size == files[-1].start + files[-1].length
    assert [file.start for file in files] == [0, *(file.start + file.length for file in files[:-1])]


async def test_no_plain_piece_lies_in_the_store(dummy_rig: Rig) -> None:
    """What is the certificate's own is sealed; its key is wrapped and opens in its own row only."""
    certificate = await dummy_rig.issued(record(1))
    data = (await dummy_rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")).content
    own = data[-1000:-500]
    stored = b"".join(
        path.read_bytes() for path in (dummy_rig.res.settings.data_dir / "blobs").rglob("*") if path.is_file()
    )
    assert own not in stored
    async with dummy_rig.res.db.read() as session:
        file = await session.get_one(PublishedFile, certificate["pdf_sha256"])
    assert file.data_key is not None
    key = dummy_rig.res.vault.unwrap_key(uuid.UUID(certificate["id"]), file.data_key)
    raw = b"".join(path.read_bytes() for path in dummy_rig.res.settings.data_dir.glob("certsvc.db*"))
    assert key not in raw


@pytest.mark.parametrize(
    ("signatures", "head_examined", "slots"),
    [
        (Signatures.ALL, False, [Slot.PRACTITIONER, Slot.REPRESENTATIVE, Slot.ORGANISATION]),
        (Signatures.ALL, True, [Slot.REPRESENTATIVE, Slot.ORGANISATION]),
        (Signatures.ORGANISATION, False, [Slot.ORGANISATION]),
        (Signatures.ORGANISATION, True, [Slot.ORGANISATION]),
    ],
)
async def test_who_signs(
    dummy_rig: Rig, signatures: Signatures, slots: list[Slot], *, head_examined: bool
) -> None:
    """All whom the form names, in order, a head who examined but once; or the organisation alone."""
    press = StandInPress()
    bench = replace(dummy_rig.bench, press=press, rosters=Rosters(dummy_rig.res.db, signatures=signatures))
    await dummy_rig.request(record(1, head_examined=head_examined))
    assert await issue_chunk(bench, clock=utc_now) == 1
    [[order]] = [chunk.orders for chunk in press.chunks]
    assert [each.slot for each in order.signatories] == slots
    assert order.facts.head_examined is head_examined
    names = {
        Slot.PRACTITIONER: "Hồ Phương Lợi",
        Slot.REPRESENTATIVE: "Ngô Thị Yến",
        Slot.ORGANISATION: "Trạm Y tế Phúc Xá",
    }
    assert {each.slot: each.name for each in order.signatories} == {slot: names[slot] for slot in slots}


async def test_a_change_of_staff_is_noticed(dummy_rig: Rig) -> None:
    """A key retired between two chunks signs no more after a few seconds."""
    await dummy_rig.issued(record(1))
    async with dummy_rig.res.db.begin() as session:
        for identity in await session.scalars(
            select(SigningIdentity).where(SigningIdentity.licence.is_(None))
        ):
            identity.retired_at = utc_now()
    asked = (await dummy_rig.request(record(2))).json()
    assert await dummy_rig.issue(clock=lambda: utc_now() + dt.timedelta(seconds=6)) == 1
    assert (await dummy_rig.certificate(asked["id"]))["reason"] == "no_identity"
