"""What is known of cases and people when rows of a file are judged, a chunk at a time; and how new rows go
in.

A chunk has hundreds of rows: questions about it are one statement wanted, and what it adds goes past the
ORM's unit of work, in one statement a table.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import LIVE, Certificate, CertificateMark, Entity, Episode, EpisodeMark, Kind
from certsvc.store.dialects import place, table_of

_OfCase = TypeVar("_OfCase", Certificate, Episode)

CaseKey = tuple[str, str]
"""(facility code, case id)."""
NaturalKey = tuple[str, str, Kind]
"""(facility code, case id, kind)."""

_JUDGING = int.from_bytes(b"judging")
"""PostgreSQL's advisory locks are known by a number."""


async def take_turn(session: AsyncSession) -> None:
    """From here to the end of the transaction nobody else judges: what one accepts, the next must see.

    SQLite has one writer anyway. On PostgreSQL two could each miss the other's leave [rules, A-OVERLAP].
    Ask before locking any row, else two transactions may wait for each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_JUDGING)))


async def add_all(session: AsyncSession, entity: type[Entity], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, given by their columns; all must name the same ones."""
    if rows:
        connection = await session.connection()
        await connection.execute(insert(Entity.metadata.tables[entity.__tablename__]), rows)


async def newest_by_key(
    session: AsyncSession, cases: Collection[CaseKey], kinds: Collection[Kind]
) -> dict[NaturalKey, Certificate]:
    """The newest revision of each natural key of these cases and kinds that has any."""
    if not cases:
        return {}
    query = (
        _of_cases(session, Certificate, cases)
        .where(Certificate.kind.in_(kinds))
        .order_by(Certificate.revision)
    )
    return {(found.facility_code, found.case_id, found.kind): found for found in await session.scalars(query)}


async def live_by_marks(session: AsyncSession, marks: Iterable[str]) -> Sequence[Certificate]:
    """Live certificates that have any of these marks (blind indexes), of both kinds."""
    wanted = table_of(session, [(mark,) for mark in marks])
    having = select(CertificateMark.certificate_id).join(
        wanted, CertificateMark.mark == place(session, wanted, 0)
    )
    # The state is looked at here: in the query it tempts SQLite to an index of states, and so to nearly all
    # certificates.
    return [
        found
        for found in await session.scalars(select(Certificate).where(Certificate.id.in_(having)))
        if found.status in LIVE
    ]


async def episodes_by_marks(session: AsyncSession, marks: Iterable[str]) -> Sequence[Episode]:
    """What is known of illnesses whose patient has any of these marks (blind indexes)."""
    wanted = table_of(session, [(mark,) for mark in marks])
    having = (
        select(EpisodeMark.facility_code, EpisodeMark.case_id)
        .join(wanted, EpisodeMark.mark == place(session, wanted, 0))
        .distinct()
        .subquery()
    )
    query = select(Episode).join(
        having, and_(Episode.facility_code == having.c.facility_code, Episode.case_id == having.c.case_id)
    )
    return (await session.scalars(query)).all()


async def end_episode(session: AsyncSession, episode: Episode) -> None:
    """Forget an illness that is over."""
    await session.execute(
        delete(EpisodeMark).where(
            EpisodeMark.facility_code == episode.facility_code, EpisodeMark.case_id == episode.case_id
        )
    )
    await session.delete(episode)


async def episodes_by_case(session: AsyncSession, cases: Collection[CaseKey]) -> dict[CaseKey, Episode]:
    """Open illnesses by (facility code, case id)."""
    if not cases:
        return {}
    query = _of_cases(session, Episode, cases)
    return {(found.facility_code, found.case_id): found for found in await session.scalars(query)}


def _of_cases(session: AsyncSession, entity: type[_OfCase], cases: Iterable[CaseKey]) -> Select[_OfCase]:
    wanted = table_of(session, cases)
    return select(entity).join(
        wanted,
        and_(entity.facility_code == place(session, wanted, 0), entity.case_id == place(session, wanted, 1)),
    )
