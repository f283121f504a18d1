"""Single questions asked of the database's driver: the same values as through the entities, the same
errors.
"""

import asyncio
import uuid

import pytest
from sqlalchemy import text

from certsvc.codes import CodeKind
from certsvc.errors import Unavailable
from certsvc.models import Certificate, Facility
from certsvc.store import Database, entries
from certsvc.store.entries import Entry
from tests.support.records import record
from tests.support.rig import Rig


@pytest.mark.parametrize("kind", CodeKind)
async def test_a_look_up_reads_what_the_entity_holds(dummy_rig: Rig, kind: CodeKind) -> None:
    """Every value with its type, also where nothing stands yet."""
    issued = await dummy_rig.issued(record(2))
    waiting = (await dummy_rig.request(record(1))).json()
    for each in (waiting, issued):
        async with dummy_rig.res.db.read() as session:
            certificate = await session.get_one(Certificate, uuid.UUID(each["id"]))
            facility = await session.get_one(Facility, certificate.facility_code)
            index = certificate.code_index if kind is CodeKind.CODE else certificate.token_index
            in_transaction = await entries.find(session, index, kind=kind)
        entry = await entries.look_up(dummy_rig.res.db, index, kind=kind)
        assert entry is not None
        assert entry == in_transaction
        assert entry.facility == facility.name
        held = {name: getattr(certificate, name) for name in Entry.__slots__ if name != "facility"}
        assert {name: getattr(entry, name) for name in held} == held


async def test_a_damaged_database_is_unavailable_until_it_is_mended(dummy_rig: Rig) -> None:
    """A 503 in our words; the next question is answered again."""
    for statement, status in (
        ("ALTER TABLE facilities RENAME TO stations", 503),
        ("ALTER TABLE stations RENAME TO facilities", 200),
    ):
        async with dummy_rig.res.db.begin() as session:
            await session.execute(text(statement))
        answer = await dummy_rig.call("GET", "/v/0000-0000-0000-0001", role=None)
        assert answer.status_code == status
    assert answer.json()["reasons"][0]["code"] == "no_such_code"


async def test_a_server_that_was_started_again_is_asked_again(dummy_rig: Rig) -> None:
    """Whoever asks with a kept connection that has broken meanwhile does not notice. (SQLite has no server:
    there it is two questions.)
    """
    db = dummy_rig.res.db
    asked = [dummy_rig.call("GET", "/v/0000-0000-0000-0001", role=None) for _ in range(5)]
    before = await asyncio.gather(*asked[:3])  # so that several connections are kept
    if not db.is_sqlite:
        async with db.read() as session:
            ended = await session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            )
            assert len(ended.all()) > 1
    after = await asyncio.gather(*asked[3:])
    assert [answer.status_code for answer in (*before, *after)] == [200] * 5


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+asyncpg://nobody@127.0.0.1:1/none",
        "postgresql+asyncpg://nobody@/none?host=/no/such/folder",
    ],
)
async def test_a_server_that_does_not_answer_is_unavailable(address: str) -> None:
    db = Database(address)
    with pytest.raises(Unavailable, match="store_unavailable"):
        await entries.look_up(db, "0" * 64, kind=CodeKind.CODE)
    await db.close()


async def test_a_writer_does_not_hold_a_look_up_up(dummy_rig: Rig) -> None:
    """It is answered while a transaction holds the write lock, and does not see what is not committed."""
    issued = await dummy_rig.issued(record(3))
    async with dummy_rig.res.db.begin() as session:
        await session.execute(text("UPDATE certificates SET status = 'suspended', reason = 'fraud'"))
        answer = await dummy_rig.call("GET", f"/v/{issued['code']}", role=None)
    assert answer.json()["verdict"] == "valid"
    assert (await dummy_rig.call("GET", f"/v/{issued['code']}", role=None)).json()["verdict"] == "suspended"
