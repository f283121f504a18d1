"""What is left from before there were marks (`issuing/requests/marking.py`)."""

from collections.abc import Sequence

from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import UNMARKED, Certificate, Episode

ANY_UNMARKED = text(
    f"SELECT 1 WHERE EXISTS (SELECT 1 FROM certificates WHERE {UNMARKED})"  # noqa: S608 (a constant)
    " OR EXISTS (SELECT 1 FROM episodes WHERE patient IS NULL)"
)
"""One row where anything is left."""


async def unmarked_certificates(session: AsyncSession, *, limit: int) -> Sequence[Certificate]:
    return (
        await session.scalars(select(Certificate).where(text(UNMARKED)).order_by(Certificate.id).limit(limit))
    ).all()


async def unmarked_episodes(session: AsyncSession, *, limit: int) -> Sequence[tuple[Episode, Certificate]]:
    """Open illnesses whose patient is not written down, each with a certificate of its case."""
    of_case = and_(Certificate.facility_code == Episode.facility_code, Certificate.case_id == Episode.case_id)
    newest = (
        select(Certificate.id)
        .where(of_case)
        .order_by(Certificate.requested_at.desc())
        .limit(1)
        .correlate(Episode)
        .scalar_subquery()
    )
    query = (
        select(Episode, Certificate)
        .join(Certificate, Certificate.id == newest)
        .where(Episode.patient.is_(None))
        .limit(limit)
    )
    return [(episode, certificate) for episode, certificate in await session.execute(query)]
