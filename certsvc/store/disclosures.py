"""When rules told one facility of another's cases."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Disclosure


async def list_page(
    session: AsyncSession, *, facility_code: str | None, before: int | None, limit: int
) -> Sequence[Disclosure]:
    """Newest first, numbers below `before`; of one facility both what it was told and what was told of it."""
    query = select(Disclosure).order_by(Disclosure.id.desc()).limit(limit)
    if facility_code is not None:
        query = query.where(
            or_(Disclosure.facility_code == facility_code, Disclosure.told_facility_code == facility_code)
        )
    if before is not None:
        query = query.where(Disclosure.id < before)
    return (await session.scalars(query)).all()
