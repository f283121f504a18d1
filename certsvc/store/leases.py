"""What a worker does with a chunk of certificates: claim, number, publish; few statements, however many there
are.

Entities decide what a certificate becomes (`Certificate.claim`, `number`, `mark_issued`), detached from the
session; their columns are then written by one statement for the whole chunk. What is written after a claim
asks for its token, so whoever lost the claim changes nothing.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Certificate, Event, Kind, PublishedFile, SerialCounter
from certsvc.models.certificates import IN_WORK
from certsvc.store.papers import add_all

Counter = tuple[str, Kind]
"""(facility code, kind): what serials are counted by, each year."""

_CLAIMED = (
    "status",
    "attempts",
    "lease_until",
    "lease_token",
    "serial",
    "serial_year",
    "serial_sequence",
    "status_list",
    "status_index",
    "changed_at",
)
_ISSUED = (
    "status",
    "signed_at",
    "pdf_sha256",
    "pdf_bytes",
    "level",
    "design",
    "warnings",
    "lease_until",
    "lease_token",
    "changed_at",
)


def _is_waiting(now: dt.datetime) -> ColumnElement[bool]:
    """Nobody's: never claimed, to be tried again now, or left behind by a worker that fell silent."""
    is_free = or_(Certificate.lease_until.is_(None), Certificate.lease_until < now)
    return and_(text(IN_WORK), is_free)


async def take_waiting(
    session: AsyncSession, *, now: dt.datetime, limit: int, up_to: int | None = None
) -> Sequence[Certificate]:
    """Up to `limit` certificates of one priority that wait for a worker, locked; the smallest number goes
    first.

    Those asked for at the same time come by facility, so that a chunk has few signers. `up_to` leaves higher
    numbers out.
    """
    query = select(Certificate).where(_is_waiting(now))
    if up_to is not None:
        query = query.where(Certificate.priority <= up_to)
    query = query.order_by(
        Certificate.priority, Certificate.requested_at, Certificate.facility_code, Certificate.id
    ).limit(limit)
    found = (await session.scalars(query.with_for_update(skip_locked=True))).all()
    return [claimed for claimed in found if claimed.priority == found[0].priority]


async def has_waiting(session: AsyncSession, *, now: dt.datetime) -> bool:
    return bool(await session.scalar(select(exists().where(_is_waiting(now)))))


async def next_sequences(
    session: AsyncSession, wanted: Mapping[Counter, int], *, year: int
) -> dict[Counter, range]:
    """So many sequence numbers for each counter, never given before. Counters only ever grow [architecture,
    Serials].

    Counters are locked in their order, so that two workers never wait for each other.
    """
    if not wanted:
        return {}
    # The two dialects spell it alike, but SQLAlchemy has a class of its own for each.
    insert = (
        sqlite.insert(SerialCounter)
        if session.get_bind().dialect.name == "sqlite"
        else postgresql.insert(SerialCounter)
    )
    grow = insert.on_conflict_do_update(
        index_elements=[SerialCounter.facility_code, SerialCounter.kind, SerialCounter.year],
        set_={"last": SerialCounter.last + insert.excluded.last},
    )
    rows = [
        {"facility_code": code, "kind": kind, "year": year, "last": wanted[code, kind]}
        for code, kind in sorted(wanted)
    ]
    await (await session.connection()).execute(grow, rows)
    grown = select(SerialCounter.facility_code, SerialCounter.kind, SerialCounter.last).where(
        SerialCounter.facility_code.in_({code for code, _ in wanted}), SerialCounter.year == year
    )
    last = {(code, kind): last for code, kind, last in await session.execute(grown)}
    return {counter: range(last[counter] - count + 1, last[counter] + 1) for counter, count in wanted.items()}


async def write_claims(session: AsyncSession, claimed: Collection[Certificate]) -> None:
    """Write what `claim` and `number` made of rows that `take_waiting` locked in this transaction."""
    await _write(session, _CLAIMED, claimed)


async def extend_lease(
    session: AsyncSession, ids: Collection[uuid.UUID], *, token: str, lease_until: dt.datetime
) -> None:
    held = (Certificate.id.in_(ids), Certificate.lease_token == token)
    await session.execute(
        update(Certificate)
        .where(*held)
        .values(lease_until=lease_until)
        .execution_options(synchronize_session=False)
    )


async def lock_held(session: AsyncSession, ids: Collection[uuid.UUID], *, token: str) -> frozenset[uuid.UUID]:
    """Which of these certificates the claim still holds; they cannot change until the transaction ends."""
    query = (
        select(Certificate.id)
        .where(Certificate.id.in_(ids), Certificate.lease_token == token)
        .with_for_update()
    )
    return frozenset(await session.scalars(query))


async def publish(
    session: AsyncSession, issued: Collection[Certificate], files: Sequence[Mapping[str, Any]]
) -> None:
    """Write what `mark_issued` made of rows that `lock_held` locked in this transaction, and enter their
    files (by column) in the register.
    """
    await _write(session, _ISSUED, issued)
    await add_all(session, PublishedFile, files)


async def record_events(
    session: AsyncSession,
    name: str,
    facts: Mapping[uuid.UUID, dict[str, Any]],
    *,
    at: dt.datetime,
    actor: str,
) -> None:
    """Append to the history of each certificate; `facts` hold nothing personal."""
    await add_all(
        session,
        Event,
        [
            {"certificate_id": certificate_id, "at": at, "name": name, "actor": actor, "facts": some}
            for certificate_id, some in facts.items()
        ],
    )


async def _write(
    session: AsyncSession, columns: Sequence[str], certificates: Collection[Certificate]
) -> None:
    if certificates:
        table = Certificate.__table__
        statement = (
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("of"))
            .values({name: bindparam(f"new_{name}") for name in columns})
        )
        rows = [
            {"of": certificate.id} | {f"new_{name}": getattr(certificate, name) for name in columns}
            for certificate in certificates
        ]
        await (await session.connection()).execute(statement, rows)
