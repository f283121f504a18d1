"""The database holds the invariants by itself: constraints, migrations, sealed records."""

import asyncio
import contextlib
import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Broken, Conflict, Unavailable
from certsvc.models import Certificate, Entity, Kind, PublishedFile, Status
from certsvc.resources import utc_now
from certsvc.store import Database, certificates
from tests.support.records import record
from tests.support.rig import Rig


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Entity.metadata))


async def test_migrations_lead_to_the_models(tmp_path: Path) -> None:
    """From nothing to the newest schema there is no difference to the mapped entities; a second run changes nothing."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'fresh.db'}")
    try:
        with pytest.raises(Broken, match="stale_schema"):
            await db.check_schema()
        await db.migrate()
        await db.migrate()
        await db.check_schema()
        async with db.engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await db.close()


async def _copy(rig: Rig, certificate_id: str, **changes: Any) -> None:
    """A second row like that one, past all our code."""
    async with AsyncSession(rig.res.db.engine) as session, session.begin():
        old = await session.get_one(Certificate, uuid.UUID(certificate_id))
        values = {column.key: getattr(old, column.key) for column in Certificate.__mapper__.column_attrs}
        fresh = {"id": uuid.uuid4(), "code_index": uuid.uuid4().hex, "token_index": uuid.uuid4().hex}
        session.add(Certificate(**values | fresh | changes))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"revision": 2, "serial_sequence": 2}, "facility_code, certificates.case_id, certificates.kind"),
        ({"status": Status.REVOKED, "serial_sequence": 2}, "certificates.revision"),
        ({"status": Status.REVOKED, "revision": 2}, "certificates.serial_sequence"),
        ({"status": Status.REVOKED, "revision": 2, "serial_sequence": 2, "pdf_sha256": None}, "published"),
        ({"status": Status.REVOKED, "revision": 2, "serial_sequence": 2, "lease_token": "x"}, "lease"),
        ({"facility_code": "99999", "serial_sequence": 2}, "FOREIGN KEY"),
    ],
)
async def test_the_database_refuses_what_must_not_be(rig: Rig, changes: dict[str, Any], constraint: str) -> None:
    """A second live certificate of a case, a used revision or serial, an issued one without a file, a lease of nobody."""
    certificate = await rig.issued(record(1))
    with pytest.raises(IntegrityError, match=constraint):
        await _copy(rig, certificate["id"], **changes)
    await _copy(rig, certificate["id"], status=Status.REVOKED, revision=2, serial_sequence=2)


async def test_two_at_the_same_moment_are_a_conflict(rig: Rig) -> None:
    """What slips past our own look and is stopped by the database is our own error, not the driver's."""
    certificate = await rig.issued(record(1))
    with pytest.raises(Conflict):
        async with rig.res.db.begin() as session:
            session.add(PublishedFile(sha256=certificate["pdf_sha256"], certificate_id=uuid.UUID(certificate["id"]), published_at=utc_now()))


async def test_codes_and_digests_are_unique(rig: Rig) -> None:
    """Two certificates never share a look-up code, nor a published file."""
    certificate = await rig.issued(record(1))
    async with rig.res.db.read() as session:
        row = await session.get_one(Certificate, uuid.UUID(certificate["id"]))
    with pytest.raises(IntegrityError, match="code_index"):
        await _copy(rig, certificate["id"], status=Status.REVOKED, revision=2, serial_sequence=2, code_index=row.code_index)
    with pytest.raises(IntegrityError, match="sha256"):
        async with AsyncSession(rig.res.db.engine) as session, session.begin():
            session.add(PublishedFile(sha256=certificate["pdf_sha256"], certificate_id=row.id, published_at=utc_now()))


async def test_sequences_are_never_given_twice(rig: Rig) -> None:
    """Twenty askers at once; a rolled-back one takes nothing; each year and kind counts by itself."""

    async def take() -> list[int]:
        async with rig.res.db.begin() as session:
            return list(await certificates.next_sequences(session, facility_code="01801", kind=Kind.SICK_LEAVE, year=2026, count=3))

    given = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(number for some in given for number in some) == list(range(1, 61))
    with contextlib.suppress(ZeroDivisionError):
        async with rig.res.db.begin() as session:
            await certificates.next_sequences(session, facility_code="01801", kind=Kind.SICK_LEAVE, year=2026, count=5)
            raise ZeroDivisionError
    assert await take() == [61, 62, 63]
    async with rig.res.db.begin() as session:
        other_year = await certificates.next_sequences(session, facility_code="01801", kind=Kind.SICK_LEAVE, year=2027, count=1)
        other_kind = await certificates.next_sequences(session, facility_code="01801", kind=Kind.RECOVERY, year=2026, count=1)
    assert (list(other_year), list(other_kind)) == ([1], [1])


async def test_records_are_sealed_to_their_rows(rig: Rig) -> None:
    """No name lies in the database, and a record moved to another row does not open."""
    first, second = await rig.issued(record(1)), await rig.issued(record(2))
    raw = b"".join(path.read_bytes() for path in rig.res.settings.data_dir.glob("certsvc.db*"))
    for secret in ("Nguyễn Thị Thử Nghiệm", "001188000001", "0900000001", first["code"].replace("-", "")):
        assert secret.encode() not in raw
    async with rig.res.db.begin() as session:
        stolen = await session.scalar(select(Certificate.record).where(Certificate.id == uuid.UUID(first["id"])))
        await session.execute(update(Certificate).where(Certificate.id == uuid.UUID(second["id"])).values(record=stolen))
    answer = await rig.call("GET", f"/v/{second['code']}", role=None)
    assert (answer.status_code, answer.json()["code"]) == (500, "record_unreadable")
    assert "Thử" not in answer.text


async def test_a_failed_transaction_leaves_nothing(rig: Rig) -> None:
    """Whatever was added before the failure is gone, and the next one is not disturbed."""
    with contextlib.suppress(ZeroDivisionError):
        async with rig.res.db.begin() as session:
            await session.execute(text("DELETE FROM practitioners"))
            raise ZeroDivisionError
    assert len((await rig.call("GET", "/v1/practitioners")).json()["items"]) > 10


async def test_what_the_driver_cannot_do_now_is_unavailable(rig: Rig) -> None:
    """A busy or damaged database: our own error, not the driver's; a 503 for the caller."""
    async with rig.res.db.begin() as session:
        await session.execute(text("DROP TABLE events"))
    with pytest.raises(Unavailable, match="store_unavailable"):
        async with rig.res.db.read() as session:
            await session.execute(text("SELECT * FROM events"))
    answer = await rig.request(record(1))
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


TRANSITIONS = {
    "revoke": {Status.ISSUED, Status.SUSPENDED},
    "suspend": {Status.ISSUED},
    "reinstate": {Status.SUSPENDED},
    "replace": {Status.ISSUED, Status.SUSPENDED},
    "release": {Status.SIGNING},
    "fail": {Status.REQUESTED, Status.SIGNING},
    "claim": {Status.REQUESTED, Status.SIGNING},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("name", TRANSITIONS)
def test_only_legal_transitions(name: str, status: Status) -> None:
    """All others are a Conflict and change nothing."""
    certificate = Certificate(status=status, attempts=0, changed_at=utc_now())
    now = utc_now()
    arguments: dict[str, Any] = {"claim": {"lease_until": now + dt.timedelta(1), "token": "t"}, "release": {}, "reinstate": {}}.get(
        name, {"reason": "x", "text": None}
    )
    if status in TRANSITIONS[name]:
        getattr(certificate, name)(now, **arguments)
        assert certificate.changed_at == now
        return
    with pytest.raises(Conflict, match="illegal_transition"):
        getattr(certificate, name)(now, **arguments)
    assert certificate.status is status
