"""What was handed in at BHXH's portal."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Submission, SubmissionState

_STANDING = (SubmissionState.SENDING, SubmissionState.ACCEPTED, SubmissionState.UNCERTAIN)


async def find(
    session: AsyncSession, submission_id: uuid.UUID, *, for_change: bool = False
) -> Submission | None:
    return await session.get(
        Submission, submission_id, with_for_update=for_change, populate_existing=for_change
    )


async def find_standing(session: AsyncSession, certificate_id: uuid.UUID, layout: str) -> Submission | None:
    """The one that arrived, may have arrived, or is on its way."""
    query = select(Submission).where(
        Submission.certificate_id == certificate_id,
        Submission.format == layout,
        Submission.state.in_(_STANDING),
    )
    return (await session.scalars(query)).one_or_none()


async def newest(session: AsyncSession, *, state: SubmissionState | None, limit: int) -> Sequence[Submission]:
    query = select(Submission).order_by(Submission.began_at.desc()).limit(limit)
    return (await session.scalars(query if state is None else query.where(Submission.state == state))).all()
