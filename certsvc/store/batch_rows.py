"""One row of a batch: its lines, what a person put in its place, and what of its batch its judge must
know.
"""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import BatchAmendment, BatchRow, Certificate, Kind
from certsvc.models.batches import REJECTED
from certsvc.store.batches import Line

_GOOD = ("accepted", "existing", "would_issue")


async def lines_of(session: AsyncSession, batch_id: uuid.UUID, row: int) -> list[Line]:
    """Sick leave before recovery; none where the batch has no such row."""
    query = select(BatchRow, Certificate).outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
    found = await session.execute(
        query.where(BatchRow.batch_id == batch_id, BatchRow.row == row).order_by(BatchRow.kind.desc())
    )
    return [Line(line, certificate) for line, certificate in found.all()]


async def next_rejected(session: AsyncSession, batch_id: uuid.UUID, *, after: int) -> int | None:
    """The first rejected row behind `after`, else the first of the batch; `after` itself does not count."""
    for behind in (BatchRow.row > after, BatchRow.row < after):
        if row := await session.scalar(select(func.min(BatchRow.row)).where(_is_rejected(batch_id), behind)):
            return row
    return None


async def count_rejected(session: AsyncSession, batch_id: uuid.UUID) -> int:
    """How many rows have a line that was rejected."""
    return (
        await session.scalar(select(func.count(BatchRow.row.distinct())).where(_is_rejected(batch_id))) or 0
    )


def _is_rejected(batch_id: uuid.UUID) -> ColumnElement[bool]:
    return and_(BatchRow.batch_id == batch_id, text(REJECTED))


async def is_taken_by_another(
    session: AsyncSession, batch_id: uuid.UUID, row: int, *, facility_code: str, case_id: str
) -> bool:
    """Whether another row of the batch has that case: an earlier one, rejected or not, as reading the file
    would have it, or a later one that is good.
    """
    stands = or_(BatchRow.row < row, and_(BatchRow.row > row, BatchRow.outcome.in_(_GOOD)))
    same = (
        BatchRow.batch_id == batch_id,
        BatchRow.case_id == case_id,
        BatchRow.facility_code == facility_code,
    )
    return bool(await session.scalar(select(exists().where(*same, stands))))


async def with_leave(session: AsyncSession, batch_id: uuid.UUID, rows: Collection[int]) -> set[int]:
    """Those of these rows of a dry run whose sick leave would be issued."""
    would = (
        BatchRow.batch_id == batch_id,
        BatchRow.row.in_(rows),
        BatchRow.kind == Kind.SICK_LEAVE,
        BatchRow.outcome == "would_issue",
    )
    return set((await session.scalars(select(BatchRow.row).where(*would))).all())


async def find_amendment(session: AsyncSession, batch_id: uuid.UUID, row: int) -> BatchAmendment | None:
    return await session.get(BatchAmendment, (batch_id, row))


async def amendments_of(session: AsyncSession, batch_id: uuid.UUID) -> Sequence[BatchAmendment]:
    return (await session.scalars(select(BatchAmendment).where(BatchAmendment.batch_id == batch_id))).all()


async def save_amendment(session: AsyncSession, amendment: BatchAmendment) -> None:
    """Insert, or put in the place of the row's earlier one."""
    await session.merge(amendment)


async def count_versions(session: AsyncSession, batch_id: uuid.UUID) -> int:
    """How often rows of the batch were mended, all together."""
    return (
        await session.scalar(
            select(func.sum(BatchAmendment.version)).where(BatchAmendment.batch_id == batch_id)
        )
        or 0
    )
