"""What senders' own titles mean."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import ColumnMapping


async def find(session: AsyncSession, owner: str, name: str) -> ColumnMapping | None:
    return await session.get(ColumnMapping, (owner, name))


async def of_owner(session: AsyncSession, owner: str) -> Sequence[ColumnMapping]:
    return (
        await session.scalars(
            select(ColumnMapping).where(ColumnMapping.owner == owner).order_by(ColumnMapping.name)
        )
    ).all()


async def count(session: AsyncSession, owner: str) -> int:
    return (
        await session.scalar(
            select(func.count()).select_from(ColumnMapping).where(ColumnMapping.owner == owner)
        )
        or 0
    )


async def save(session: AsyncSession, mapping: ColumnMapping) -> None:
    """Insert, or put in the place of the one with its name."""
    await session.merge(mapping)


async def remove(session: AsyncSession, owner: str, name: str) -> None:
    await session.execute(
        delete(ColumnMapping).where(ColumnMapping.owner == owner, ColumnMapping.name == name)
    )
