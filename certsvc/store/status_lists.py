"""Status lists and the trust list: places given, states that changed, what was signed."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import Row, Select, func, or_, select, text, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Certificate, Status, StatusList, TrustList
from certsvc.models.certificates import WITHDRAWN
from certsvc.models.published import CAPACITY


async def take_places(session: AsyncSession, wanted: int) -> list[tuple[int, int]]:
    """So many places never given before, as (list, how many were given in it before); a full list is followed
    by a new one.

    The newest list is locked until the transaction ends.
    """
    places: list[tuple[int, int]] = []
    while len(places) < wanted:
        newest = await session.scalar(
            select(StatusList).order_by(StatusList.number.desc()).limit(1).with_for_update()
        )
        room = 0 if newest is None else CAPACITY - newest.given
        if newest is None or not room:
            await _add_list(session, 0 if newest is None else newest.number + 1)
            continue
        first, count = newest.given, min(room, wanted - len(places))
        newest.given += count
        await session.flush()
        places += [(newest.number, number) for number in range(first, first + count)]
    return places


async def _add_list(session: AsyncSession, number: int) -> None:
    """Somebody else may add it at the same time."""
    insert = (
        sqlite.insert(StatusList)
        if session.get_bind().dialect.name == "sqlite"
        else postgresql.insert(StatusList)
    )
    await (await session.connection()).execute(
        insert.values(number=number, given=0, changes=0).on_conflict_do_nothing()
    )


async def mark_changed(session: AsyncSession, certificate: Certificate) -> None:
    """The state of a certificate is another one from this transaction on."""
    if certificate.status_list is not None:
        await session.execute(
            update(StatusList)
            .where(StatusList.number == certificate.status_list)
            .values(changes=StatusList.changes + 1)
        )


async def mark_many_changed(session: AsyncSession, certificate_ids: Select[uuid.UUID]) -> None:
    """The states of these certificates are others from this transaction on. Lists come in order, so that two
    such calls never wait for each other.
    """
    lists = (
        select(Certificate.status_list)
        .where(Certificate.id.in_(certificate_ids), Certificate.status_list.is_not(None))
        .distinct()
    )
    for number in sorted(found for found in await session.scalars(lists) if found is not None):
        await session.execute(
            update(StatusList).where(StatusList.number == number).values(changes=StatusList.changes + 1)
        )


async def stale(session: AsyncSession, *, older_than: dt.datetime) -> Sequence[Row[int, int]]:
    """(number, changes) of lists that were never signed, changed since, or were signed longer ago."""
    is_stale = or_(
        StatusList.built_at.is_(None),
        StatusList.changes != StatusList.built_changes,
        StatusList.built_at < older_than,
    )
    return (
        await session.execute(
            select(StatusList.number, StatusList.changes).where(is_stale).order_by(StatusList.number)
        )
    ).all()


async def withdrawn_in(session: AsyncSession, number: int) -> Sequence[Row[int | None, Status]]:
    """(index, state) of each certificate in a list that is not in force."""
    query = select(Certificate.status_index, Certificate.status).where(
        Certificate.status_list == number, text(WITHDRAWN)
    )
    return (await session.execute(query)).all()


async def save_list(
    session: AsyncSession, number: int, *, changes: int, built_at: dt.datetime, jwt: bytes, cwt: bytes
) -> None:
    """Unless one that shows more changes is there already."""
    is_behind = or_(StatusList.built_changes.is_(None), StatusList.built_changes <= changes)
    values = {"built_changes": changes, "built_at": built_at, "jwt": jwt, "cwt": cwt}
    await session.execute(update(StatusList).where(StatusList.number == number, is_behind).values(values))


async def find_list(session: AsyncSession, number: int) -> StatusList | None:
    return await session.get(StatusList, number)


async def list_numbers(session: AsyncSession) -> Sequence[int]:
    """Of the lists that are signed."""
    return (
        await session.scalars(
            select(StatusList.number).where(StatusList.built_at.is_not(None)).order_by(StatusList.number)
        )
    ).all()


async def oldest_signing(session: AsyncSession) -> dt.datetime | None:
    """When that list was signed, of status lists and trust list, which was signed longest ago; None where
    none is.
    """
    signed = union_all(
        select(StatusList.built_at.label("at")).where(StatusList.built_at.is_not(None)),
        select(TrustList.signed_at),
    ).subquery()
    found: dt.datetime | None = await session.scalar(select(func.min(signed.c.at)))
    return found


async def find_trust_list(session: AsyncSession) -> TrustList | None:
    return await session.get(TrustList, 1)


async def save_trust_list(session: AsyncSession, body: bytes, *, signed_at: dt.datetime) -> None:
    await session.merge(TrustList(id=1, signed_at=signed_at, body=body))
