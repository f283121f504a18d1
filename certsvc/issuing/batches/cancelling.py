"""A batch stopped, taken up again, and what failed in it tried again.

Cancelling gives up what nobody works on: certificates that wait become `failed` with the reason `cancelled`,
so their cases are free; those that are being signed are finished. A file that is being read is put aside
behind the chunk of rows under way; a batch whose file could not be read whole stays `failed`, its waiting
certificates are given up. Resuming asks for the same certificates again, with the same codes, and reads on
behind the last row.
"""

import datetime as dt
import uuid
from enum import StrEnum
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Conflict
from certsvc.issuing.finishing import finish_if_idle
from certsvc.issuing.visibility import get_batch
from certsvc.models import ApiKey, Batch, BatchStatus
from certsvc.records.rules.catalogue import duplicate_finding
from certsvc.refusals import batch_cancelled
from certsvc.store import Database, batches, cancelling, papers


class BatchChange(StrEnum):
    CANCEL = "cancel"
    RESUME = "resume"
    REPLAY = "replay"


async def change_batch(
    db: Database, batch_id: uuid.UUID, change: BatchChange, *, caller: ApiKey, now: dt.datetime
) -> None:
    """One of the three; the caller rings the queue afterwards. Raises as they do."""
    match change:
        case BatchChange.CANCEL:
            await cancel_batch(db, batch_id, caller=caller, now=now)
        case BatchChange.RESUME:
            await resume_batch(db, batch_id, caller=caller, now=now)
        case BatchChange.REPLAY:
            await replay_batch(db, batch_id, caller=caller, now=now)
        case _:
            assert_never(change)


async def cancel_batch(db: Database, batch_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime) -> None:
    """Stop a batch; one that is stopped stays so. Raises NotFound, Conflict `batch_ended`."""
    async with db.begin() as session:
        batch = await _batch(session, batch_id, caller=caller)
        if batch.status is BatchStatus.CANCELLED:
            return
        if batch.status is not BatchStatus.READING and not await batches.has_work(session, batch_id):
            raise _ended()
        batch.status = batch.status if batch.status is BatchStatus.FAILED else BatchStatus.CANCELLED
        batch.lease_until = None
        await cancelling.cancel_waiting(session, batch_id, now=now, actor=str(caller.id))
        await finish_if_idle(session, batch, now=now)


async def resume_batch(db: Database, batch_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime) -> None:
    """Go on with a cancelled batch; the caller rings the queue afterwards. One that goes on already is left
    alone.

    Raises NotFound, Conflict `batch_ended` or, where its file was not read to the end, `file_forgotten`.
    """
    async with db.begin() as session:
        await papers.take_turn(session)
        batch = await _batch(session, batch_id, caller=caller)
        if batch.status in (BatchStatus.READING, BatchStatus.RUNNING):
            return
        if batch.status is not BatchStatus.CANCELLED:
            raise _ended()
        if batch.counts is None and batch.file_key is None:
            raise Conflict(
                "file_forgotten",
                "Tệp của lô không còn được lưu nên không thể đọc tiếp; hãy gửi lại tệp.",
                "The batch's file is no longer kept, so it cannot be read on; send it again.",
            )
        await _request_again(session, batch, cancelled=True, caller=caller, now=now)
        batch.status = BatchStatus.READING if batch.counts is None else BatchStatus.RUNNING
        batch.finished_at = batch.lease_until = None
        if batch.status is BatchStatus.RUNNING:
            await finish_if_idle(session, batch, now=now)


async def replay_batch(db: Database, batch_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime) -> None:
    """Try again what failed in a batch, once its cause is mended; the caller rings the queue afterwards.

    Raises NotFound, Conflict `nothing_to_replay` or, for a cancelled batch, `batch_cancelled`.
    """
    async with db.begin() as session:
        await papers.take_turn(session)
        batch = await _batch(session, batch_id, caller=caller)
        if batch.status is BatchStatus.CANCELLED:
            raise batch_cancelled()
        if not await cancelling.has_any(session, batch_id, cancelling.HAS_FAILED):
            raise Conflict(
                "nothing_to_replay",
                "Lô không có giấy nào ký lỗi để làm lại.",
                "No certificate of this batch has failed.",
            )
        await _request_again(session, batch, cancelled=False, caller=caller, now=now)
        if batch.finished_at is not None:
            batch.status = BatchStatus.RUNNING if batch.status is BatchStatus.DONE else batch.status
            batch.finished_at = None
            await finish_if_idle(session, batch, now=now)


async def _batch(session: AsyncSession, batch_id: uuid.UUID, *, caller: ApiKey) -> Batch:
    """Locked. Whose it is was asked without a lock, for that never changes."""
    await get_batch(session, batch_id, caller=caller)
    batch = await batches.find_for_change(session, batch_id)
    assert batch is not None
    return batch


async def _request_again(
    session: AsyncSession, batch: Batch, *, cancelled: bool, caller: ApiKey, now: dt.datetime
) -> None:
    which = cancelling.IS_CANCELLED if cancelled else cancelling.HAS_FAILED
    duplicate = duplicate_finding(is_same_content=False).to_json()
    await cancelling.take_back(session, batch.id, which, duplicate=duplicate, now=now, actor=str(caller.id))
    if batch.counts is not None:
        batch.counts = await batches.count_rows(session, batch.id)


def _ended() -> Conflict:
    return Conflict(
        "batch_ended",
        "Lô đã kết thúc; không còn gì để dừng hay chạy tiếp.",
        "The batch has ended; there is nothing to stop or to go on with.",
    )
