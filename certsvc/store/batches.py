"""Batches and the fate of every row."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import (
    CANCELLED,
    ApiKey,
    Batch,
    BatchRow,
    BatchStatus,
    Certificate,
    Kind,
    PublishedFile,
    Status,
)
from certsvc.store.database import Database

LINES_AT_ONCE = 250
IN_WORK = (Status.REQUESTED, Status.SIGNING)

_Joined = TypeVarTuple("_Joined")


class Line(NamedTuple):
    """One row and kind, with the certificate it led to."""

    row: BatchRow
    certificate: Certificate | None


async def find(session: AsyncSession, batch_id: uuid.UUID) -> Batch | None:
    return await session.get(Batch, batch_id)


async def owner_of(session: AsyncSession, batch_id: uuid.UUID) -> str | None:
    """The organisation whose batch it is."""
    query = select(ApiKey).join(Batch, Batch.owner_id == ApiKey.id).where(Batch.id == batch_id)
    caller = await session.scalar(query)
    return None if caller is None else caller.owner


async def find_for_change(session: AsyncSession, batch_id: uuid.UUID) -> Batch | None:
    return await session.get(Batch, batch_id, with_for_update=True, populate_existing=True)


async def last_row(session: AsyncSession, batch_id: uuid.UUID, kind: Kind) -> int:
    """The sheet's last row that was judged already for this kind; 0 where none was."""
    return (
        await session.scalar(
            select(func.max(BatchRow.row)).where(BatchRow.batch_id == batch_id, BatchRow.kind == kind)
        )
        or 0
    )


async def is_judged(session: AsyncSession, batch_id: uuid.UUID, row: int, kind: Kind) -> bool:
    return await session.get(BatchRow, (batch_id, row, kind)) is not None


async def unread(session: AsyncSession, *, now: dt.datetime) -> Sequence[Batch]:
    """Batches that nobody is reading although they are not read to the end."""
    is_free = or_(Batch.lease_until.is_(None), Batch.lease_until < now)
    return (await session.scalars(select(Batch).where(Batch.status == BatchStatus.READING, is_free))).all()


async def extend_lease(session: AsyncSession, batch_id: uuid.UUID, *, lease_until: dt.datetime) -> None:
    await session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.status == BatchStatus.READING)
        .values(lease_until=lease_until)
    )


async def outlived(session: AsyncSession, *, created_before: dt.datetime, limit: int) -> Sequence[Batch]:
    """Batches, for change, whose file has been kept long enough."""
    query = select(Batch).where(
        Batch.file_key.is_not(None), Batch.status != BatchStatus.READING, Batch.created_at < created_before
    )
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def with_case(session: AsyncSession, certificate: Certificate) -> Sequence[Batch]:
    """Batches, for change, whose file is kept and holds the case of a certificate, or another case of that
    name.
    """
    named = select(BatchRow.batch_id).where(
        or_(BatchRow.certificate_id == certificate.id, BatchRow.case_id == certificate.case_id)
    )
    return (
        await session.scalars(
            select(Batch).where(Batch.file_key.is_not(None), Batch.id.in_(named)).with_for_update()
        )
    ).all()


async def ending(session: AsyncSession) -> Sequence[Batch]:
    """Read no further, and not finished; locked, without those that somebody else is about to end: that is
    announced once.
    """
    is_ending = and_(Batch.status != BatchStatus.READING, Batch.finished_at.is_(None))
    return (await session.scalars(select(Batch).where(is_ending).with_for_update(skip_locked=True))).all()


async def has_work(session: AsyncSession, batch_id: uuid.UUID) -> bool:
    """Whether any certificate of the batch is still to be issued."""
    return bool(
        await session.scalar(
            select(exists().where(Certificate.batch_id == batch_id, Certificate.status.in_(IN_WORK)))
        )
    )


async def count(session: AsyncSession, batch_id: uuid.UUID) -> dict[str, int]:
    """The `counts` of a batch at one moment; ask within `Database.read`, or with the batch locked.

    rows = accepted + rejected + none, and certificates = issued + pending + failed + cancelled, but in a dry
    run, whose certificates are those that would be issued. Of what is pending, `awaiting_approval` wait for
    their facility's head.
    """
    own = Certificate.batch_id == batch_id
    columns = (Certificate.status, Certificate.awaits_approval)
    found = (await session.execute(select(*columns, func.count()).where(own).group_by(*columns))).all()
    certificates: Counter[Status] = Counter()
    for status, _, number in found:
        certificates[status] += number
    given_up = select(func.count()).where(
        own, Certificate.status == Status.FAILED, Certificate.reason == CANCELLED
    )
    cancelled = await session.scalar(given_up) or 0
    rows = await session.scalar(select(Batch.counts).where(Batch.id == batch_id)) or await count_rows(
        session, batch_id
    )
    failed = certificates[Status.FAILED] - cancelled
    issued = sum(number for status, number in certificates.items() if status not in (*IN_WORK, Status.FAILED))
    progress = {
        "issued": issued,
        "pending": rows["asked"] - issued - failed - cancelled,
        "failed": failed,
        "cancelled": cancelled,
    }
    progress["awaiting_approval"] = sum(number for _, is_held, number in found if is_held)
    return {name: number for name, number in rows.items() if name != "asked"} | progress


async def count_rows(session: AsyncSession, batch_id: uuid.UUID) -> dict[str, int]:
    """What the rows judged so far came to; final once all are, and then kept in `Batch.counts`.

    A row is `accepted` if anything is or would be issued or was before, `rejected` if a wanted
    certificate is rejected and none issued, else `none`; the others count certificates, `asked` those that
    this batch asked for.
    """
    good, accepted = (
        BatchRow.outcome.in_(["accepted", "existing", "would_issue"]),
        BatchRow.outcome == "accepted",
    )
    per_row = (
        select(
            func.max(case((good, 1), else_=0)).label("good"),
            func.max(case((BatchRow.outcome == "rejected", 1), else_=0)).label("bad"),
            _sum(accepted).label("asked"),
            _sum(or_(accepted, BatchRow.outcome == "would_issue")).label("certificates"),
            _sum(BatchRow.outcome == "existing").label("existing"),
        )
        .where(BatchRow.batch_id == batch_id)
        .group_by(BatchRow.row)
        .subquery()
    )
    rows, is_bad = per_row.c, and_(per_row.c.good == 0, per_row.c.bad == 1)
    names = ("certificates", "existing", "asked")
    totals = [_total(rows[name]) for name in names]
    all_rows, good_rows, bad_rows, *others = (
        await session.execute(
            select(func.count(), _sum(rows.good == 1), _sum(is_bad), *totals).select_from(per_row)
        )
    ).one()
    counts = {
        "rows": all_rows,
        "accepted": good_rows,
        "rejected": bad_rows,
        "none": all_rows - good_rows - bad_rows,
    }
    return counts | dict(zip(names, others, strict=True))


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    """An integer also on PostgreSQL, where the sum of sums is a decimal."""
    return cast(func.coalesce(func.sum(column), 0), Integer)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


async def lines(db: Database, batch_id: uuid.UUID) -> AsyncIterator[Line]:
    """Every line of the batch in the order of the file, sick leave before recovery.

    Each page is a transaction of its own: whoever takes the lines slowly, or not at all, holds no connection.
    """
    query = select(BatchRow, Certificate).outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
    async for row, certificate in _in_pages(db, batch_id, query):
        yield Line(row, certificate)


async def lines_with_files(
    db: Database, batch_id: uuid.UUID
) -> AsyncIterator[tuple[Line, PublishedFile | None]]:
    """As `lines`, each with the entry of its PDF in the digest register."""
    query = (
        select(BatchRow, Certificate, PublishedFile)
        .outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
        .outerjoin(PublishedFile, PublishedFile.sha256 == Certificate.pdf_sha256)
    )
    async for row, certificate, file in _in_pages(db, batch_id, query):
        yield Line(row, certificate), file


async def _in_pages(
    db: Database, batch_id: uuid.UUID, query: Select[BatchRow, *_Joined]
) -> AsyncIterator[Row[BatchRow, *_Joined]]:
    row, kind = 0, ""
    while True:
        async with db.read() as session:
            page = (await session.execute(_page(query, batch_id, row=row, kind=kind))).all()
        for found in page:
            yield found
        if len(page) < LINES_AT_ONCE:
            return
        row, kind = page[-1][0].row, str(page[-1][0].kind)


def _page(
    query: Select[BatchRow, *_Joined], batch_id: uuid.UUID, *, row: int, kind: str
) -> Select[BatchRow, *_Joined]:
    """What comes after this line."""
    here = (
        BatchRow.batch_id == batch_id,
        BatchRow.row >= row,
        or_(BatchRow.row > row, BatchRow.kind < kind),
    )  # the first two find it in the index
    return query.where(*here).order_by(BatchRow.row, BatchRow.kind.desc()).limit(LINES_AT_ONCE)
