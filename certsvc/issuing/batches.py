"""A file of cases: read it row by row, keep the fate of every row.

Reading goes in chunks, each one transaction, so a worker that dies is followed by another that goes on behind the last
row judged. What the first bytes and the header show was refused at acceptance (`accepting`); what shows later makes the
batch `failed`, and the rows already judged stay. The file is kept, to be returned with its results (`returning`).
"""

import asyncio
import datetime as dt
import functools
import unicodedata
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.announcing import announce_batch
from certsvc.blobs import Blobs
from certsvc.config import Settings
from certsvc.errors import Conflict, Forbidden, InputError, NotFound
from certsvc.issuing.amendments import MENDED, load_amendments, open_amended
from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.issuing.leases import Lease
from certsvc.issuing.requesting import IN_BATCH, Answer, Terms, answer_rows, today_in_hanoi
from certsvc.models import ApiKey, Batch, BatchRow, BatchStatus, Role
from certsvc.records import Cell, Checked, SeenCases, check
from certsvc.records.tables import SheetRow
from certsvc.store import Database, batches, cancelling, papers
from certsvc.uploads import opened_upload
from certsvc.vault import Vault

_T = TypeVar("_T")
FIRST_ROWS, MOST_ROWS = 100, 500
"""Rows of one transaction: few at first, so that signing can begin; then more, since each transaction has its price."""


async def get_batch(session: AsyncSession, batch_id: uuid.UUID, *, caller: ApiKey) -> Batch:
    """The batch, if it is the caller's own or the caller reads everything; otherwise NotFound."""
    batch = await batches.find(session, batch_id)
    owner = await session.get_one(ApiKey, batch.owner_id) if batch else caller
    if batch is None or not (caller.is_of_same_holder(owner) or caller.role in (Role.ADMIN, Role.AUDITOR)):
        raise NotFound("no_such_batch", "Không có lô này.", "There is no such batch.")
    return batch


async def require_owner(session: AsyncSession, batch: Batch, *, caller: ApiKey) -> None:
    """Raises Forbidden `not_yours` for whoever may see the batch and did not send it."""
    if not caller.is_of_same_holder(await session.get_one(ApiKey, batch.owner_id)):
        raise Forbidden("not_yours", "Chỉ đơn vị đã gửi tệp mới được sửa hoặc cấp giấy từ tệp này.", "Only who sent this file may mend it or have it issued.")


async def read_batch(
    db: Database,
    batch_id: uuid.UUID,
    *,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
    clock: Callable[[], dt.datetime],
    on_progress: Callable[[], Awaitable[None]],
) -> None:
    """Judge every row of a batch that nobody reads; does nothing where somebody does or it is read.

    `on_progress` is called after each chunk of rows is committed. Raises Conflict `taken_over` where
    another reader has gone on meanwhile, `batch_cancelled` where it is to be read no further.
    """
    async with db.begin() as session:
        batch = await batches.find_for_change(session, batch_id)
        now = clock()
        if batch is None or batch.status is not BatchStatus.READING or (batch.lease_until and batch.lease_until > now):
            return
        batch.lease_until = now + dt.timedelta(seconds=settings.lease_s)
        caller = await session.get_one(ApiKey, batch.owner_id)
        stations = await Stations.load(session, only=batch.facility_code)
        done = await batches.last_row(session, batch_id)
        amendments = await load_amendments(session, batch, vault=vault)
    terms = Terms(caller=caller, now=clock(), late_reason=batch.late_reason, priority=IN_BATCH, dry_run=batch.dry_run, batch_id=batch_id)
    async with opened_upload(batch, blobs=blobs, vault=vault) as file:
        try:
            rows = functools.partial(open_amended, required(file), batch, settings, amendments)
            await _read_rows(
                db, batch_id, rows, terms=terms, stations=stations, done=done, vault=vault, settings=settings, clock=clock, on_progress=on_progress
            )
        except InputError as error:
            problem: dict[str, Any] = {"code": error.code, "message_vi": error.message_vi, "message_en": error.message_en, "errors": list(error.errors)}
            await _end_reading(db, batch_id, BatchStatus.FAILED, problem=problem, now=clock())
        else:
            await _end_reading(db, batch_id, BatchStatus.RUNNING, problem=None, now=clock())


def required(file: _T | None) -> _T:
    """The file of a batch, or its key. Raises InputError `file_not_kept` where it is gone."""
    if file is None:
        raise InputError("file_not_kept", "Tệp không còn được lưu; hãy gửi lại.", "The file is no longer kept; send it again.")
    return file


async def _read_rows(
    db: Database,
    batch_id: uuid.UUID,
    open_file: Callable[[], AbstractContextManager[Iterator[SheetRow]]],
    *,
    terms: Terms,
    stations: Stations,
    done: int,
    vault: Vault,
    settings: Settings,
    clock: Callable[[], dt.datetime],
    on_progress: Callable[[], Awaitable[None]],
) -> None:
    today = today_in_hanoi(clock())
    lease = Lease(lambda until: _extend(db, batch_id, until), lease_s=settings.lease_s, clock=clock)
    history = await lease.wait(asyncio.to_thread(_open_episodes, open_file, today, stations))
    seen, most = SeenCases(), FIRST_ROWS
    with open_file() as rows:
        while chunk := await lease.wait(asyncio.to_thread(_check_some, rows, most, today, stations, seen)):
            fresh = [(number, checked) for number, checked in chunk if number > done]
            async with db.begin() as session:
                await papers.take_turn(session)
                await _require_still_ours(session, batch_id, done=done)
                answers = await answer_rows(session, [checked for _, checked in fresh], terms=terms, vault=vault, history=history)
                judged = zip(fresh, answers, strict=True)
                await papers.add_all(session, BatchRow, [line for (number, checked), each in judged for line in columns_of(batch_id, number, checked, each)])
            if not terms.dry_run:
                history.forget_leaves()  # the database knows them now
            done, most = max(done, chunk[-1][0]), min(2 * most, MOST_ROWS)
            await on_progress()


async def _extend(db: Database, batch_id: uuid.UUID, lease_until: dt.datetime) -> None:
    async with db.begin() as session:
        await batches.extend_lease(session, batch_id, lease_until=lease_until)


async def _require_still_ours(session: AsyncSession, batch_id: uuid.UUID, *, done: int) -> None:
    """Raises Conflict `taken_over` where another reader, while we were silent, has gone on behind row `done`, or `batch_cancelled`.

    The batch is locked until the chunk is in, so nobody cancels it halfway.
    """
    batch = await batches.find_for_change(session, batch_id)
    if batch is None or batch.status is BatchStatus.CANCELLED:
        raise Conflict("batch_cancelled", "Lô đã bị huỷ trong khi đọc tệp.", "The batch was cancelled while its file was read.")
    if batch.status is not BatchStatus.READING or await batches.last_row(session, batch_id) != done:
        raise Conflict("taken_over", "Tệp đang được một tiến trình khác đọc tiếp.", "Another worker goes on reading this file.")


def _open_episodes(open_file: Callable[[], AbstractContextManager[Iterator[SheetRow]]], today: dt.date, stations: Stations) -> PeoplesHistory:
    """First pass: whoever is ill again further down must be known before the first row is judged."""
    history = PeoplesHistory()
    with open_file() as rows:
        for row in rows:
            if not _is_over(row.cells.get("outcome")) and (episode := check(row.cells, today=today, registry=stations).open_episode):
                history.add_episode(episode.person_key, episode.positive_on)
    return history


def _is_over(outcome: Cell) -> bool:
    """A quick look that spares most rows the first pass's full check; who says nothing of it, as exchange files do, is not ill again."""
    return outcome is None or (isinstance(outcome, str) and unicodedata.normalize("NFC", outcome).strip().casefold() in ("recovered", "khỏi bệnh"))


def _check_some(rows: Iterator[SheetRow], most: int, today: dt.date, stations: Stations, seen: SeenCases) -> list[tuple[int, Checked]]:
    checked = []
    for row in islice(rows, most):
        result = check(row.cells, today=today, registry=stations, notices=row.notices)
        duplicate = seen.find(result)
        checked.append((row.number, result if duplicate is None else result.with_finding(duplicate)))
    return checked


def columns_of(batch_id: uuid.UUID, number: int, checked: Checked, answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The columns of a row's `BatchRow`s. Of a mended row each says so, whatever became of it."""
    mended = [MENDED] if MENDED in checked.findings else []
    return [
        {
            "batch_id": batch_id,
            "row": number,
            "kind": answer.kind,
            "case_id": checked.case_id,
            "facility_code": checked.facility_code or None,
            "outcome": answer.outcome,
            "rules": [finding.to_json() for finding in dict.fromkeys((*answer.findings, *mended))],
            "days": answer.days,
            "certificate_id": answer.certificate_id,
        }
        for answer in answers
    ]


async def _end_reading(db: Database, batch_id: uuid.UUID, status: BatchStatus, *, problem: dict[str, Any] | None, now: dt.datetime) -> None:
    async with db.begin() as session:
        batch = await batches.find_for_change(session, batch_id)
        if batch is None or batch.status is not BatchStatus.READING:  # cancelled, or read to the end by another
            return
        batch.status, batch.problem, batch.lease_until = status, problem, None
        batch.counts = await batches.count_rows(session, batch_id)
        if status is BatchStatus.FAILED:
            batch.finished_at = now
            await announce_batch(session, batch, now=now)
        else:
            await finish_if_idle(session, batch, now=now)


async def fail_batch(db: Database, batch_id: uuid.UUID, *, now: dt.datetime) -> None:
    """End a batch that our own fault stopped; the rows already judged stay, the file can be sent again."""
    problem: dict[str, Any] = {
        "code": "internal_error",
        "message_vi": "Dịch vụ gặp lỗi khi đọc tệp. Hãy gửi lại tệp.",
        "message_en": "The service failed while reading. Please send the file again.",
    }
    await _end_reading(db, batch_id, BatchStatus.FAILED, problem=problem | {"errors": []}, now=now)


async def finish_batches(db: Database, *, now: dt.datetime) -> None:
    """End every batch, running or cancelled, whose certificates have all come to an end.

    Of a cancelled one those are given up that came back from a worker without being signed.
    """
    async with db.begin() as session:
        for batch in await batches.ending(session):
            if batch.status is BatchStatus.CANCELLED:
                await cancelling.cancel_waiting(session, batch.id, now=now, actor="worker")
            await finish_if_idle(session, batch, now=now)


async def finish_if_idle(session: AsyncSession, batch: Batch, *, now: dt.datetime) -> None:
    """End a batch, locked and running or cancelled, if none of its certificates is in work."""
    if not await batches.has_work(session, batch.id):
        batch.status = BatchStatus.DONE if batch.status is BatchStatus.RUNNING else batch.status
        batch.finished_at = now
        await announce_batch(session, batch, now=now)
