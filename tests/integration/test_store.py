"""The database holds the invariants by itself: constraints, migrations, sealed records."""

import asyncio
import contextlib
import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import utc_now
from certsvc.errors import Conflict, InputError, Unavailable
from certsvc.models import (
    Certificate,
    Entity,
    Facility,
    Kind,
    PublishedFile,
    Status,
)
from certsvc.store import Database, leases
from tests.support.records import as_csv, record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """The database does not ask what was signed."""
    return dummy_rig


async def _copy(rig: Rig, certificate_id: str, **changes: Any) -> None:
    """A second row like that one, past all our code."""
    async with AsyncSession(rig.res.db.engine) as session, session.begin():
        old = await session.get_one(Certificate, uuid.UUID(certificate_id))
        values = {column.key: getattr(old, column.key) for column in Certificate.__mapper__.column_attrs}
        fresh = {
            "id": uuid.uuid4(),
            "code_index": uuid.uuid4().hex,
            "token_index": uuid.uuid4().hex,
            "status_index": None,
        }
        session.add(Certificate(**values | fresh | changes))


def _file(sha256: str, certificate_id: uuid.UUID, **changes: Any) -> PublishedFile:
    facts = {"pack": uuid.uuid4().hex, "start": 0, "length": 1, "published_at": utc_now()}
    return PublishedFile(sha256=sha256, certificate_id=certificate_id, **facts | changes)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        (
            {"revision": 2, "serial_sequence": 2},
            "facility_code, certificates.case_id, certificates.kind|uq_certificates_live",
        ),
        (
            {"status": Status.REVOKED, "serial_sequence": 2},
            "certificates.revision|uq_certificates_natural_key",
        ),
        ({"status": Status.REVOKED, "revision": 2}, "certificates.serial_sequence|uq_certificates_serial"),
        ({"status": Status.REVOKED, "revision": 2, "serial_sequence": 2, "pdf_sha256": None}, "published"),
        ({"status": Status.REVOKED, "revision": 2, "serial_sequence": 2, "lease_token": "x"}, "lease"),
        (
            {"status": Status.REVOKED, "revision": 2, "serial_sequence": 2, "awaits_approval": True},
            "awaits_approval",
        ),
        (
            {"facility_code": "99999", "serial_sequence": 2},
            "FOREIGN KEY|fk_certificates_facility_code_facilities",
        ),
    ],
)
async def test_the_database_refuses_what_must_not_be(
    rig: Rig, changes: dict[str, Any], constraint: str
) -> None:
    """A second live certificate of a case, a used revision or serial, an issued one without a file, a lease
    of nobody, one that is held and not requested.
    """
    certificate = await rig.issued(record(1))
    with pytest.raises(IntegrityError, match=constraint):
        await _copy(rig, certificate["id"], **changes)
    await _copy(rig, certificate["id"], status=Status.REVOKED, revision=2, serial_sequence=2)


async def test_two_at_the_same_moment_are_a_conflict(rig: Rig) -> None:
    """What slips past our own look and is stopped by the database is our own error, not the driver's."""
    certificate = await rig.issued(record(1))
    with pytest.raises(Conflict):
        async with rig.res.db.begin() as session:
            session.add(_file(certificate["pdf_sha256"], uuid.UUID(certificate["id"])))


async def test_codes_and_digests_are_unique(rig: Rig) -> None:
    """Two certificates never share a look-up code, a place in a status list, or a published file."""
    certificate = await rig.issued(record(1))
    async with rig.res.db.read() as session:
        row = await session.get_one(Certificate, uuid.UUID(certificate["id"]))
    with pytest.raises(IntegrityError, match="code_index"):
        await _copy(
            rig,
            certificate["id"],
            status=Status.REVOKED,
            revision=2,
            serial_sequence=2,
            code_index=row.code_index,
        )
    with pytest.raises(IntegrityError, match=r"status_index|uq_certificates_status_place"):
        await _copy(
            rig,
            certificate["id"],
            status=Status.REVOKED,
            revision=2,
            serial_sequence=2,
            status_index=row.status_index,
        )
    with pytest.raises(IntegrityError, match="sha256"):
        async with AsyncSession(rig.res.db.engine) as session, session.begin():
            session.add(_file(certificate["pdf_sha256"], row.id))


HERE = ("01801", Kind.SICK_LEAVE)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [({"stock": "0" * 64}, "layers"), ({"length": 0}, "place"), ({"start": -1}, "place")],
)
async def test_a_file_lies_somewhere(rig: Rig, changes: dict[str, Any], constraint: str) -> None:
    """No stock without its base, and no piece of nothing."""
    certificate = await rig.issued(record(1))
    with pytest.raises(IntegrityError, match=constraint):
        async with AsyncSession(rig.res.db.engine) as session, session.begin():
            session.add(_file("0" * 64, uuid.UUID(certificate["id"]), **changes))


async def test_sequences_are_never_given_twice(rig: Rig) -> None:
    """Twenty askers at once; a rolled-back one takes nothing; each year and kind counts by itself."""

    async def take() -> list[int]:
        async with rig.res.db.begin() as session:
            return list((await leases.next_sequences(session, {HERE: 3}, year=2026))[HERE])

    given = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(number for some in given for number in some) == list(range(1, 61))
    with contextlib.suppress(ZeroDivisionError):
        async with rig.res.db.begin() as session:
            await leases.next_sequences(session, {HERE: 5}, year=2026)
            raise ZeroDivisionError
    assert await take() == [61, 62, 63]
    async with rig.res.db.begin() as session:
        other_year = await leases.next_sequences(session, {HERE: 1}, year=2027)
        others = await leases.next_sequences(
            session, {("01801", Kind.RECOVERY): 1, HERE: 2, ("01802", Kind.RECOVERY): 2}, year=2026
        )
    assert other_year == {HERE: range(1, 2)}
    assert others == {
        ("01801", Kind.RECOVERY): range(1, 2),
        HERE: range(64, 66),
        ("01802", Kind.RECOVERY): range(1, 3),
    }


async def _everything_stored(rig: Rig) -> bytes:
    """SQLite's files as they are; of PostgreSQL every row of every table, bytes as hex."""
    if rig.res.db.is_sqlite:
        return b"".join(path.read_bytes() for path in rig.res.settings.data_dir.glob("certsvc.db*"))
    rows: list[str] = []
    async with rig.res.db.read() as session:
        for table in Entity.metadata.tables:
            rows += (await session.scalars(text(f"SELECT CAST({table} AS text) FROM {table}"))).all()
    return "\n".join(rows).encode()


async def test_records_are_sealed_to_their_rows(rig: Rig) -> None:
    """No name lies in the database, and a record moved to another row does not open."""
    first, second = await rig.issued(record(1)), await rig.issued(record(2))
    raw = await _everything_stored(rig)
    for secret in ("Nguyễn Thị Thử Nghiệm", "001188000001", "0900000001", first["code"].replace("-", "")):
        assert secret.encode() not in raw
        assert secret.encode().hex().encode() not in raw  # as a dump writes bytes
    assert first["id"].replace("-", "").encode() in raw.replace(b"-", b"")
    async with rig.res.db.begin() as session:
        stolen = await session.scalar(
            select(Certificate.record).where(Certificate.id == uuid.UUID(first["id"]))
        )
        await session.execute(
            update(Certificate).where(Certificate.id == uuid.UUID(second["id"])).values(record=stolen)
        )
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


async def test_a_text_that_cannot_be_held_is_refused(rig: Rig) -> None:
    """PostgreSQL keeps no NUL: 422 wherever a text of a caller is compared with what it has; SQLite looks,
    and finds nothing.
    """
    sent = [
        await rig.call("GET", f"/v1/{each}", role="admin")
        for each in ("certificates?case_id=%00", "certificates?facility=%00", "practitioners?facility=%00")
    ]
    sent += [
        await rig.submit(as_csv(record(1)), facility="01\0"),
        await rig.submit(as_csv(record(1)), mapping="01\0"),
    ]
    sent.append(await rig.call("GET", "/v1/stats?facility=%00"))
    told = [(each.status_code, each.json().get("code")) for each in sent]
    if rig.res.db.is_sqlite:
        assert told == [(200, None)] * 3 + [(422, "unknown_facility"), (404, "no_such_mapping"), (200, None)]
        assert [each.json()["items"] for each in sent[:3]] == [[]] * 3
    else:
        assert told == [(422, "invalid_text")] * 6
        with pytest.raises(InputError, match="invalid_text"):
            await rig.res.db.find_row(select(Facility.name).where(Facility.code == bindparam("key")), "\0")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+asyncpg://nobody@127.0.0.1:1/none",
        "postgresql+asyncpg://nobody@/none?host=/no/such/folder",
    ],
)
async def test_a_server_that_does_not_answer_is_unavailable(address: str) -> None:
    """No port, no socket: our own error, as for a damaged file."""
    db = Database(address)
    with pytest.raises(Unavailable, match="store_unavailable"):
        async with db.read() as session:
            await session.connection()
    await db.close()


async def test_what_one_accepts_the_next_sees(rig: Rig) -> None:
    """Overlapping leaves of one person, asked for at two stations at the same moment: the later one is warned
    [rules, A-OVERLAP].
    """
    for number in range(1, 6):
        both = record(number), record(number, facility="01802", case_id=f"elsewhere {number}")
        answers = await asyncio.gather(*map(rig.request, both))
        ids = [uuid.UUID(answer.json()["id"]) for answer in answers]
        async with rig.res.db.read() as session:
            warnings = [(await session.get_one(Certificate, each)).warnings for each in ids]
        assert sorted("A-OVERLAP" in each for each in warnings) == [False, True]


async def test_counts_follow_the_certificates(rig: Rig) -> None:
    """What the rows came to is kept, what became of their certificates is counted; certificates of others are
    left out.
    """
    await rig.issued(record(9))
    rows = as_csv(
        *({**record(number), "wants_sick_leave": "1", "wants_recovery": "1"} for number in range(1, 4)),
        {**record(4), "sex": "x"},
    )
    batch = (await rig.submit(rows)).json()
    assert batch["counts"]["rows"] == 0
    await rig.read()
    counts = (await rig.call("GET", f"/v1/batches/{batch['id']}")).json()["counts"]
    asked = {
        "rows": 4,
        "accepted": 3,
        "rejected": 1,
        "none": 0,
        "certificates": 6,
        "existing": 0,
        "cancelled": 0,
        "awaiting_approval": 0,
    }
    assert counts == asked | {"issued": 0, "failed": 0, "pending": 6}
    await rig.work()
    counts = (await rig.call("GET", f"/v1/batches/{batch['id']}")).json()["counts"]
    assert counts == asked | {"issued": 6, "failed": 0, "pending": 0}
    again = (await rig.submit(rows + b"\r\n", dry_run="true")).json()
    await rig.work()
    counts = (await rig.call("GET", f"/v1/batches/{again['id']}")).json()["counts"]
    assert counts == asked | {"certificates": 0, "existing": 6, "issued": 0, "failed": 0, "pending": 0}


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
    arguments: dict[str, Any] = {
        "claim": {"lease_until": now + dt.timedelta(1), "token": "t"},
        "release": {},
    }.get(name, {"reason": "x", "text": None})
    if status in TRANSITIONS[name]:
        getattr(certificate, name)(now, **arguments)
        assert certificate.changed_at == now
        return
    with pytest.raises(Conflict, match="illegal_transition"):
        getattr(certificate, name)(now, **arguments)
    assert certificate.status is status
