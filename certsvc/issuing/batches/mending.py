"""A rejected row mended in place: judged again as a person wrote it, and taken if anything comes of it.

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
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.config import Settings
from certsvc.errors import Conflict
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import opened_upload, required, seal_cells
from certsvc.issuing.batches.amendments import MENDED, load_amendments, open_amended
from certsvc.issuing.batches.dry_run_people import Others, history_of, rows_of_person
from certsvc.issuing.batches.reading import columns_of
from certsvc.issuing.batches.rejected_rows import lines_of, require_mendable, require_rejected
from certsvc.issuing.known import Stations
from certsvc.issuing.requests.rows import answer_one, is_refused
from certsvc.issuing.requests.single import rejected, require_known_fields
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import IN_BATCH, Answer, Terms
from certsvc.issuing.visibility import get_batch
from certsvc.models import ApiKey, Batch, BatchAmendment, BatchStatus
from certsvc.records import Cell, Checked, check
from certsvc.records.rules.catalogue import duplicate_finding
from certsvc.store import Database, batch_rows, batches, papers
from certsvc.store.batches import Line
from certsvc.vault import Vault

_STANDING = frozenset({"accepted", "existing"})
"""Outcomes of lines that lead to a certificate."""


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
    checked = check(record, today=day_in_hanoi(now), registry=stations, notices=(MENDED,))
    rewritten = _Rewritten(number, record, checked, caller, now)
    others: Others = []
    if batch.dry_run and checked.case is not None:  # of a batch that issues, the database knows everything
        async with opened_upload(batch, blobs=blobs, vault=vault) as file:
            rows = functools.partial(open_amended, required(file), batch, settings, amendments)
            others = await asyncio.to_thread(
                rows_of_person, rows, checked.case, but=number, today=day_in_hanoi(now), stations=stations
            )
    async with db.begin() as session:
        await papers.take_turn(session)
        answers = await _judge_and_take(
            session, batch_id, rewritten, others=others, seen=version, vault=vault
        )
    if is_refused(answers):
        findings = dict.fromkeys(finding for answer in answers for finding in answer.findings)
        raise rejected(list(findings), row=number)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Rewritten:
    """A row as a person wrote it."""

    number: int
    record: Mapping[str, Cell]
    checked: Checked
    caller: ApiKey
    now: dt.datetime


async def _judge_and_take(
    session: AsyncSession,
    batch_id: uuid.UUID,
    rewritten: _Rewritten,
    *,
    others: Others,
    seen: int | None,
    vault: Vault,
) -> list[Answer]:
    """The answers; unless all are refusals, the row is taken and what was written is kept."""
    batch = await batches.find_for_change(session, batch_id)
    assert batch is not None
    await require_mendable(session, batch, caller=rewritten.caller)
    before = await batch_rows.find_amendment(session, batch_id, rewritten.number)
    lines = await _open_lines(session, batch, rewritten.number, before, seen=seen)
    answers = await _judge(session, batch, rewritten, lines, others=others, vault=vault)
    if not is_refused(answers):
        await _take(session, batch, rewritten, lines, answers)
        await batch_rows.save_amendment(
            session,
            BatchAmendment(
                batch_id=batch_id,
                row=rewritten.number,
                version=before.version + 1 if before else 1,
                cells=seal_cells(batch, rewritten.number, rewritten.record, vault=vault),
                by_id=rewritten.caller.id,
                at=rewritten.now,
            ),
        )
    return answers


async def _open_lines(
    session: AsyncSession, batch: Batch, number: int, amendment: BatchAmendment | None, *, seen: int | None
) -> list[Line]:
    lines = await lines_of(session, batch.id, number)
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
    others: Others,
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
    history = await history_of(session, batch, others)
    answers = await answer_one(
        session, row, terms=terms, vault=vault, history=history, rules=await load_rulebook(session)
    )
    return [answer for answer in answers if answer.kind not in standing]


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
