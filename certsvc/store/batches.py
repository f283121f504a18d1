"""Batches and the fate of every row."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Batch, BatchRow, BatchStatus, Certificate, Status

LINES_AT_ONCE = 1000
IN_WORK = (Status.REQUESTED, Status.SIGNING)


class Line(NamedTuple):
    """One row and kind, with the certificate it led to."""

    row: BatchRow
    certificate: Certificate | None


async def find(session: AsyncSession, batch_id: uuid.UUID) -> Batch | None:
    return await session.get(Batch, batch_id)


async def find_for_change(session: AsyncSession, batch_id: uuid.UUID) -> Batch | None:
    return await session.get(Batch, batch_id, with_for_update=True, populate_existing=True)


async def last_row(session: AsyncSession, batch_id: uuid.UUID) -> int:
    """The sheet's last row that was judged already; 0 where none was."""
    return await session.scalar(select(func.max(BatchRow.row)).where(BatchRow.batch_id == batch_id)) or 0


async def unread(session: AsyncSession, *, now: dt.datetime) -> Sequence[Batch]:
    """Batches that nobody is reading although they are not read to the end."""
    is_free = or_(Batch.lease_until.is_(None), Batch.lease_until < now)
    return (await session.scalars(select(Batch).where(Batch.status == BatchStatus.READING, is_free))).all()


async def extend_lease(session: AsyncSession, batch_id: uuid.UUID, *, lease_until: dt.datetime) -> None:
    await session.execute(update(Batch).where(Batch.id == batch_id, Batch.status == BatchStatus.READING).values(lease_until=lease_until))


async def running(session: AsyncSession) -> Sequence[Batch]:
    return (await session.scalars(select(Batch).where(Batch.status == BatchStatus.RUNNING))).all()


async def has_work(session: AsyncSession, batch_id: uuid.UUID) -> bool:
    """Whether any certificate of the batch is still to be issued."""
    query = (
        select(BatchRow.row)
        .join(Certificate, Certificate.id == BatchRow.certificate_id)
        .where(BatchRow.batch_id == batch_id, BatchRow.outcome == "accepted", Certificate.status.in_(IN_WORK))
        .limit(1)
    )
    return await session.scalar(query) is not None


async def count(session: AsyncSession, batch_id: uuid.UUID) -> dict[str, int]:
    """The `counts` of api.md §2, from the rows themselves, so that they always add up.

    A row is `accepted` if anything is or would be issued or was before, `rejected` if a wanted
    certificate is rejected and none issued, else `none`; the others count certificates.
    """
    good = BatchRow.outcome.in_(["accepted", "existing", "would_issue"])
    per_row = (
        select(
            func.max(case((good, 1), else_=0)).label("good"),
            func.max(case((BatchRow.outcome == "rejected", 1), else_=0)).label("bad"),
        )
        .where(BatchRow.batch_id == batch_id)
        .group_by(BatchRow.row)
        .subquery()
    )
    rows = (
        await session.execute(select(func.count(), _sum(per_row.c.good == 1), _sum(and_(per_row.c.good == 0, per_row.c.bad == 1))).select_from(per_row))
    ).one()
    accepted = BatchRow.outcome == "accepted"
    lines = (
        await session.execute(
            select(
                _sum(or_(accepted, BatchRow.outcome == "would_issue")),
                _sum(and_(accepted, Certificate.status.not_in([*IN_WORK, Status.FAILED]))),
                _sum(BatchRow.outcome == "existing"),
                _sum(and_(accepted, Certificate.status.in_(IN_WORK))),
                _sum(and_(accepted, Certificate.status == Status.FAILED)),
                _sum(BatchRow.outcome == "cancelled"),
            )
            .select_from(BatchRow)
            .outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
            .where(BatchRow.batch_id == batch_id)
        )
    ).one()
    all_rows, good_rows, bad_rows = rows
    names = ("certificates", "issued", "existing", "pending", "failed", "cancelled")
    return {"rows": all_rows, "accepted": good_rows, "rejected": bad_rows, "none": all_rows - good_rows - bad_rows} | dict(zip(names, lines, strict=True))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


async def lines(session: AsyncSession, batch_id: uuid.UUID, *, after: tuple[int, str] = (0, "")) -> AsyncIterator[Line]:
    """Every line of the batch in the order of the file, sick leave before recovery, a page at a time."""
    while page := (await session.execute(_page(batch_id, after=after))).all():
        for row, certificate in page:
            yield Line(row, certificate)
        after = (page[-1][0].row, str(page[-1][0].kind))
        session.expunge_all()


def _page(batch_id: uuid.UUID, *, after: tuple[int, str]) -> Select[BatchRow, Certificate]:
    row, kind = after
    return (
        select(BatchRow, Certificate)
        .outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
        .where(BatchRow.batch_id == batch_id, or_(BatchRow.row > row, and_(BatchRow.row == row, BatchRow.kind < kind)))
        .order_by(BatchRow.row, BatchRow.kind.desc())
        .limit(LINES_AT_ONCE)
    )
