"""When a batch ends: its file read to the end or given up, and none of its certificates in work."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Batch, BatchStatus
from certsvc.store import Database, batches, cancelling
from certsvc.webhooks.events import announce_batch


async def end_reading(
    db: Database,
    batch_id: uuid.UUID,
    status: BatchStatus,
    *,
    problem: dict[str, Any] | None,
    now: dt.datetime,
) -> None:
    """The file is read to its end, or cannot be; does nothing where the batch was cancelled meanwhile, or
    read to the end by another.

    What was judged before a file broke off is signed all the same, and the batch ends when that is done.
    """
    async with db.begin() as session:
        batch = await batches.find_for_change(session, batch_id)
        if batch is None or batch.status is not BatchStatus.READING:
            return
        batch.status, batch.problem, batch.lease_until = status, problem, None
        batch.counts = await batches.count_rows(session, batch_id)
        await finish_if_idle(session, batch, now=now)


async def fail_batch(db: Database, batch_id: uuid.UUID, *, now: dt.datetime) -> None:
    """End a batch that our own fault stopped; the rows already judged stay, the file can be sent again."""
    problem: dict[str, Any] = {
        "code": "internal_error",
        "message_vi": "Dịch vụ gặp lỗi khi đọc tệp. Hãy gửi lại tệp.",
        "message_en": "The service failed while reading. Please send the file again.",
    }
    await end_reading(db, batch_id, BatchStatus.FAILED, problem=problem | {"errors": []}, now=now)


async def finish_batches(db: Database, *, now: dt.datetime) -> None:
    """End every batch whose file is read no further and whose certificates have all come to an end.

    Of a cancelled one those are given up that came back from a worker without being signed.
    """
    async with db.begin() as session:
        for batch in await batches.ending(session):
            if batch.status is BatchStatus.CANCELLED:
                await cancelling.cancel_waiting(session, batch.id, now=now, actor="worker")
            await finish_if_idle(session, batch, now=now)


async def finish_if_idle(session: AsyncSession, batch: Batch, *, now: dt.datetime) -> None:
    """End a batch, locked and read no further, if none of its certificates is in work."""
    if not await batches.has_work(session, batch.id):
        batch.status = BatchStatus.DONE if batch.status is BatchStatus.RUNNING else batch.status
        batch.finished_at = now
        await announce_batch(session, batch, now=now)
