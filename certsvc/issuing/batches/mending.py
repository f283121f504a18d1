"""A rejected row mended in place: shown as it was sent, judged again as a person wrote it, and taken where
anything comes of it.

In a dry run it is then a row that would be issued, and issuing the dry run takes it along. In a batch its
certificates belong to the batch, which runs again until they are signed. Lines that led to a certificate stay
as they are: of a row whose one paper was issued only the other is judged. What a person wrote is kept beside
the file, sealed under its key.
"""

import asyncio
import dataclasses
import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.config import Settings
from certsvc.errors import Conflict, NotFound
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import open_cells, opened_upload, required, seal_cells
from certsvc.issuing.batches.amendments import MENDED, load_amendments, open_amended
from certsvc.issuing.batches.reading import columns_of
from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.issuing.requests.rows import answer_one, is_refused
from certsvc.issuing.requests.single import rejected, require_known_fields
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import IN_BATCH, Answer, Terms
from certsvc.issuing.visibility import get_batch, require_owner
from certsvc.models import ApiKey, Batch, BatchAmendment, BatchStatus
from certsvc.records import Case, Cell, Checked, Illness, Leave, Patient, check
from certsvc.records.cells import as_text, normalised
from certsvc.records.rules.catalogue import duplicate_finding
from certsvc.records.sheets.tables import SheetRow
from certsvc.refusals import batch_cancelled, still_being_read
from certsvc.store import Database, batch_rows, batches, papers
from certsvc.store.batches import Line
from certsvc.vault import Vault

_STANDING = frozenset({"accepted", "existing"})
"""Outcomes of lines that lead to a certificate."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Row:
    """A row of a batch's file: what became of it, and its cells as they would be read now; None where they
    are not to be had.

    `version` is how often it was mended.
    """

    batch: Batch
    number: int
    lines: Sequence[Line]
    cells: Mapping[str, Cell] | None
    version: int
    mended_at: dt.datetime | None


async def read_row(
    db: Database,
    batch_id: uuid.UUID,
    number: int,
    *,
    caller: ApiKey,
    with_cells: bool,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
) -> Row:
    """One row, with its cells if they are wanted and the file is kept. Raises NotFound `no_such_batch`,
    `no_such_row`.
    """
    async with db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
        lines = await _lines_of(session, batch_id, number)
        amendment = await batch_rows.find_amendment(session, batch_id, number)
    cells = None
    if with_cells and batch.file_key is not None and amendment:
        cells = open_cells(batch, number, amendment.cells, vault=vault)
    elif with_cells:
        async with opened_upload(batch, blobs=blobs, vault=vault) as file:
            cells = (
                None if file is None else await asyncio.to_thread(_cells_of, file, batch, number, settings)
            )
    return Row(
        batch,
        number,
        lines,
        cells,
        amendment.version if amendment else 0,
        amendment.at if amendment else None,
    )


async def _lines_of(session: AsyncSession, batch_id: uuid.UUID, number: int) -> list[Line]:
    lines = await batch_rows.lines_of(session, batch_id, number)
    if not lines:
        raise NotFound(
            "no_such_row",
            "Lô không có dòng này, hoặc dòng chưa được đọc tới.",
            "The batch has no such row, or it was not read yet.",
        )
    return lines


def _cells_of(file: Path, batch: Batch, number: int, settings: Settings) -> dict[str, Cell] | None:
    with open_amended(file, batch, settings, {}) as rows:
        return next((row.cells for row in rows if row.number == number), None)


async def require_mendable(session: AsyncSession, batch: Batch, *, caller: ApiKey) -> None:
    """Raises Forbidden `not_yours`; Conflict `still_being_read`, `batch_cancelled`, `not_read_whole`;
    InputError `file_not_kept`.
    """
    await require_owner(session, batch, caller=caller)
    match batch.status:
        case BatchStatus.READING:
            raise still_being_read()
        case BatchStatus.CANCELLED:
            raise batch_cancelled()
        case BatchStatus.FAILED:
            raise Conflict(
                "not_read_whole",
                "Tệp của lô không đọc hết được; hãy sửa trong tệp rồi gửi lại.",
                "The file could not be read whole; mend it and send it again.",
            )
        case BatchStatus.RUNNING | BatchStatus.DONE:
            required(batch.file_key)


def require_rejected(lines: Sequence[Line]) -> None:
    """Raises Conflict `nothing_to_mend`."""
    if not any(line.row.outcome == "rejected" for line in lines):
        raise Conflict(
            "nothing_to_mend",
            "Dòng này không bị từ chối, hoặc vừa có người sửa xong: không còn gì để sửa.",
            "This row is not rejected, or somebody has just mended it: there is nothing to mend.",
        )


async def mend_row(
    db: Database,
    batch_id: uuid.UUID,
    number: int,
    record: Mapping[str, Cell],
    *,
    version: int | None,
    caller: ApiKey,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
    now: dt.datetime,
) -> None:
    """Judge a rejected row with `record` for all its cells, and take it if anything comes of it; the caller
    rings the queue afterwards.

    `version` is what its mender saw of it, None for whatever there is. Raises as `require_mendable`, NotFound
    `no_such_row`, Conflict `nothing_to_mend`, `row_changed`; InputError `unknown_fields`, and `rejected`
    where every paper is still refused: then all stays as it was.
    """
    require_known_fields(record)
    async with db.read() as session:
        batch = await get_batch(session, batch_id, caller=caller)
        await require_mendable(session, batch, caller=caller)
        stations = await Stations.load(session, only=batch.facility_code)
        amendments = await load_amendments(session, batch, vault=vault)
    today = day_in_hanoi(now)
    rewritten = _Rewritten(
        number, check(record, today=today, registry=stations, notices=(MENDED,)), caller, now
    )
    others: list[tuple[int, Checked]] = []
    if (
        batch.dry_run and rewritten.checked.case is not None
    ):  # of a batch that issues, the database knows everything
        async with opened_upload(batch, blobs=blobs, vault=vault) as file:
            rows = functools.partial(open_amended, required(file), batch, settings, amendments)
            others = await asyncio.to_thread(
                _rows_of_person, rows, rewritten.checked.case, but=number, today=today, stations=stations
            )
    async with db.begin() as session:
        await papers.take_turn(session)
        locked = await batches.find_for_change(session, batch_id)
        assert locked is not None
        await require_mendable(session, locked, caller=caller)
        before = await batch_rows.find_amendment(session, batch_id, number)
        lines = await _open_lines(session, locked, number, before, seen=version)
        answers = await _judge(session, locked, rewritten, lines, others=others, vault=vault)
        if not is_refused(answers):
            await _take(session, locked, rewritten, lines, answers)
            cells = seal_cells(locked, number, record, vault=vault)
            await batch_rows.save_amendment(
                session,
                BatchAmendment(
                    batch_id=batch_id,
                    row=number,
                    version=before.version + 1 if before else 1,
                    cells=cells,
                    by_id=caller.id,
                    at=now,
                ),
            )
    if is_refused(answers):
        raise rejected(
            list(dict.fromkeys(finding for each in answers for finding in each.findings)), row=number
        )


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Rewritten:
    """A row as a person wrote it."""

    number: int
    checked: Checked
    caller: ApiKey
    now: dt.datetime


def _rows_of_person(
    open_file: Callable[[], AbstractContextManager[Iterator[SheetRow]]],
    case: Case,
    *,
    but: int,
    today: dt.date,
    stations: Stations,
) -> list[tuple[int, Checked]]:
    """The other rows of a dry run's file about the same person."""
    found = []
    with open_file() as rows:
        for row in rows:
            if row.number != but and _may_be(row.cells, case):
                other = check(row.cells, today=today, registry=stations, notices=row.notices)
                if any(map(case.patient.is_same_person, _patients_of(other))):
                    found.append((row.number, other))
    return found


def _may_be(cells: Mapping[str, Cell], case: Case) -> bool:
    """A quick look that spares nearly all rows the check: the name, or a number without the zeros that
    `check` puts back.
    """
    looked_at = (
        ("full_name", case.full_name),
        ("citizen_id", case.citizen_id),
        ("social_insurance_no", case.social_insurance_no),
    )
    return any(
        wanted and wanted.lstrip("0").casefold() in normalised(as_text(cells.get(column))).casefold()
        for column, wanted in looked_at
    )


def _patients_of(checked: Checked) -> Iterator[Patient]:
    if checked.case is not None:
        yield checked.case.patient
    if checked.open_episode is not None:
        yield checked.open_episode.patient


async def _open_lines(
    session: AsyncSession, batch: Batch, number: int, amendment: BatchAmendment | None, *, seen: int | None
) -> list[Line]:
    lines = await _lines_of(session, batch.id, number)
    require_rejected(lines)
    if seen is not None and seen != (amendment.version if amendment else 0):
        raise Conflict(
            "row_changed",
            "Dòng này vừa được người khác sửa; hãy xem lại rồi sửa.",
            "Somebody else has just mended this row; look at it again.",
        )
    return lines


async def _judge(
    session: AsyncSession,
    batch: Batch,
    rewritten: _Rewritten,
    lines: Sequence[Line],
    *,
    others: Sequence[tuple[int, Checked]],
    vault: Vault,
) -> list[Answer]:
    """The answers for the kinds that led to no certificate yet."""
    standing = {line.row.kind for line in lines if line.row.outcome in _STANDING}
    row = dataclasses.replace(rewritten.checked, wants=rewritten.checked.wants - standing)
    named = {"facility_code": row.facility_code, "case_id": row.case_id}
    if row.case_id and await batch_rows.is_taken_by_another(session, batch.id, rewritten.number, **named):
        row = row.with_finding(duplicate_finding(is_same_content=False))
    terms = Terms(
        caller=rewritten.caller,
        now=rewritten.now,
        late_reason=batch.late_reason,
        priority=IN_BATCH,
        dry_run=batch.dry_run,
        batch_id=batch.id,
    )
    history = await _history(session, batch, others)
    answers = await answer_one(
        session, row, terms=terms, vault=vault, history=history, rules=await load_rulebook(session)
    )
    return [each for each in answers if each.kind not in standing]


async def _history(
    session: AsyncSession, batch: Batch, others: Sequence[tuple[int, Checked]]
) -> PeoplesHistory:
    """What a dry run's other rows tell of the person: illnesses that are over or not, and leaves that would
    be issued.
    """
    history = PeoplesHistory()
    with_leave = await batch_rows.with_leave(session, batch.id, [number for number, _ in others])
    for number, other in others:
        if other.open_episode is not None:
            history.add_illness(
                other.open_episode.patient,
                Illness((other.facility_code, other.case_id), other.open_episode.positive_on),
            )
        elif other.case is not None:
            history.end_illness((other.facility_code, other.case_id))
        if other.case is not None and number in with_leave:
            case_key = (other.case.facility_code, other.case.case_id)
            history.add_leave(
                other.case.patient,
                Leave(case_key, other.case.isolation_from, other.case.isolation_to, other.case.case_id),
            )
    return history


async def _take(
    session: AsyncSession,
    batch: Batch,
    rewritten: _Rewritten,
    lines: Sequence[Line],
    answers: Sequence[Answer],
) -> None:
    """Write down what became of the row; a batch that was done runs again."""
    columns = {
        each["kind"]: each for each in columns_of(batch.id, rewritten.number, rewritten.checked, answers)
    }
    for line in lines:
        for name, value in columns.get(line.row.kind, {}).items():
            setattr(line.row, name, value)
    await session.flush()
    batch.counts = await batches.count_rows(session, batch.id)
    if batch.status is BatchStatus.DONE and any(each.outcome == "accepted" for each in answers):
        batch.status, batch.finished_at = BatchStatus.RUNNING, None
