"""A file of cases read row by row, and the fate of every row kept.

A file is read twice: first its sick leaves are judged, then its recoveries, for whoever is ill again further
down must be known by then [rules, R-REINFECTION]; so the first leaves are signed while the rest is read.
Reading goes in chunks, each one transaction, so a worker that dies is followed by another that goes on behind
the last row judged. What the first bytes and the header show was refused at acceptance (`accepting`); what
shows later makes the batch `failed`, and what was judged stays. The file is kept, to be returned with its
results (`returning`).
"""

import asyncio
import datetime as dt
import functools
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.config import Settings
from certsvc.errors import Conflict, InputError
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import opened_upload, required
from certsvc.issuing.batches.amendments import MENDED, load_amendments, open_amended
from certsvc.issuing.finishing import end_reading
from certsvc.issuing.known import PeoplesHistory, Stations
from certsvc.issuing.leases import Lease
from certsvc.issuing.requests.rows import answer_rows
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.issuing.terms import IN_BATCH, Answer, Terms
from certsvc.models import ApiKey, Batch, BatchRow, BatchStatus, Kind
from certsvc.records import Cell, Checked, Illness, Level, Rulebook, SeenRows, check
from certsvc.records.raw.refusals import refusal
from certsvc.records.sheets.tables import SheetRow
from certsvc.refusals import batch_cancelled
from certsvc.store import Database, batches, papers
from certsvc.vault import Vault

_ORDER = (Kind.SICK_LEAVE, Kind.RECOVERY)


@dataclass(frozen=True, slots=True)
class Steps:
    """Rows of one transaction: few at first, so that signing can begin; then more, since each transaction has
    its price.
    """

    first: int = 100
    most: int = 500


_STEPS = Steps()


async def read_batch(
    db: Database,
    batch_id: uuid.UUID,
    *,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
    clock: Callable[[], dt.datetime],
    on_progress: Callable[[], Awaitable[None]],
    steps: Steps = _STEPS,
) -> None:
    """Judge every row of a batch that nobody reads; does nothing where somebody does or it is read.

    `on_progress` is called after each chunk of rows is committed. Raises Conflict `taken_over` where
    another reader has gone on meanwhile, `batch_cancelled` where it is to be read no further.
    """
    async with db.begin() as session:
        batch = await batches.find_for_change(session, batch_id)
        now = clock()
        if batch is None or not _is_unread(batch, now):
            return
        batch.lease_until = now + dt.timedelta(seconds=settings.lease_s)
        caller = await session.get_one(ApiKey, batch.owner_id)
        stations = await Stations.load(session, only=batch.facility_code)
        rules = await load_rulebook(session)
        done = {kind: await batches.last_row(session, batch_id, kind) for kind in _ORDER}
        amendments = await load_amendments(session, batch, vault=vault)
    terms = Terms(
        caller=caller,
        now=clock(),
        late_reason=batch.late_reason,
        priority=IN_BATCH,
        dry_run=batch.dry_run,
        batch_id=batch_id,
    )
    lease = Lease(lambda until: _extend(db, batch_id, until), lease_s=settings.lease_s, clock=clock)
    async with opened_upload(batch, blobs=blobs, vault=vault) as file:
        try:
            rows = functools.partial(open_amended, required(file), batch, settings, amendments)
            reader = _Reader(db, batch_id, rows, terms, stations, rules, vault, lease, on_progress, steps)
            await reader.read_all(done)
        except InputError as error:
            await end_reading(db, batch_id, BatchStatus.FAILED, problem=_problem_of(error), now=clock())
        else:
            await end_reading(db, batch_id, BatchStatus.RUNNING, problem=None, now=clock())


def _is_unread(batch: Batch, now: dt.datetime) -> bool:
    return batch.status is BatchStatus.READING and not (batch.lease_until and batch.lease_until > now)


def _problem_of(error: InputError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message_vi": error.message_vi,
        "message_en": error.message_en,
        "errors": list(error.errors),
    }


MOST_REPEATS = 1000
"""Equal rows in succession: nobody lists one case so often, and a spreadsheet says "a million times" in a few
bytes.
"""
MOST_ERRORS = 250_000
"""Wrong fields of a file that are written down, some hundred bytes each."""


@dataclass(slots=True)
class _Toil:
    """How much work a file has made so far; bounded, for a few kilobytes may ask for hours of it."""

    repeats: int = 0
    errors: int = 0
    last: dict[str, Cell] | None = None

    def add(self, row: SheetRow, result: Checked) -> None:
        """Raises InputError `repeated_rows`, `too_many_errors`."""
        self.repeats = self.repeats + 1 if row.cells == self.last else 0
        self.last = row.cells
        self.errors += sum(finding.level is Level.REJECT for finding in result.findings)
        if self.repeats > MOST_REPEATS:
            raise refusal("repeated_rows", row=row.number, most=MOST_REPEATS)
        if self.errors > MOST_ERRORS:
            raise refusal("too_many_errors", row=row.number, most=MOST_ERRORS)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the file of one batch; `history` holds the illnesses in it that are not over, complete once it
    was read.

    In a dry run the database learns nothing, so whoever goes on behind another judges the rows before for
    himself; they are not written again.
    """

    db: Database
    batch_id: uuid.UUID
    open_file: Callable[[], AbstractContextManager[Iterator[SheetRow]]]
    terms: Terms
    stations: Stations
    rules: Rulebook
    vault: Vault
    lease: Lease
    on_progress: Callable[[], Awaitable[None]]
    steps: Steps
    history: PeoplesHistory = field(default_factory=PeoplesHistory, repr=False)

    async def read_all(self, done: Mapping[Kind, int]) -> None:
        """Judge what is behind the row `done` of each kind. Raises InputError where the file breaks off; what
        is before that is judged whole.
        """
        broken: InputError | None = None
        for kind in _ORDER:
            try:
                await self._read(kind, done[kind])
            except InputError as error:
                broken = error
        if broken is not None:
            raise broken

    async def _read(self, kind: Kind, done: int) -> None:
        most, toil = self.steps.first, _Toil()
        self.history.forget_people()
        with closing(SeenRows()) as seen, self.open_file() as rows:
            while True:
                chunk, broken = await self.lease.wait(
                    asyncio.to_thread(self._check_some, rows, most, seen, toil)
                )
                fresh = [(number, checked) for number, checked in chunk if number > done]
                if judged := chunk if self.terms.dry_run else fresh:
                    await self._judge(kind, judged, done)
                if fresh:
                    most = min(2 * most, self.steps.most)
                    await self.on_progress()
                if broken is not None:
                    raise broken
                if not chunk:
                    return

    def _check_some(
        self, rows: Iterator[SheetRow], most: int, seen: SeenRows, toil: _Toil
    ) -> tuple[list[tuple[int, Checked]], InputError | None]:
        """The next rows, none at the end; and where the file breaks off behind them, why."""
        checked: list[tuple[int, Checked]] = []
        today = day_in_hanoi(self.terms.now)
        try:
            for row in islice(rows, most):
                result = check(row.cells, today=today, registry=self.stations, notices=row.notices)
                if result.open_episode is not None:
                    illness = Illness((result.facility_code, result.case_id), result.open_episode.positive_on)
                    self.history.add_illness(result.open_episode.patient, illness)
                checked.append((row.number, seen.look(result)))
                toil.add(row, result)
        except InputError as error:
            return checked, error
        return checked, None

    async def _judge(self, kind: Kind, rows: list[tuple[int, Checked]], done: int) -> None:
        """Judge rows, and write down what became of those behind the row `done`."""
        first_new = next((number for number, _ in rows if number > done), None)
        async with self.db.begin() as session:
            await papers.take_turn(session)
            await self._require_still_ours(session, kind, first_new)
            checked = [each for _, each in rows]
            answers = await answer_rows(
                session,
                checked,
                kinds=(kind,),
                terms=self.terms,
                vault=self.vault,
                history=self.history,
                rules=self.rules,
                is_compared=True,
            )
            new = [
                (number, each, answer)
                for (number, each), answer in zip(rows, answers, strict=True)
                if number > done
            ]
            await papers.add_all(
                session,
                BatchRow,
                [
                    line
                    for number, each, answer in new
                    for line in columns_of(self.batch_id, number, each, answer)
                ],
            )
        if not self.terms.dry_run:
            self.history.forget_people()  # the database knows them now

    async def _require_still_ours(self, session: AsyncSession, kind: Kind, row: int | None) -> None:
        """Raises Conflict `taken_over` where another reader, while we were silent, has judged `row`, or
        `batch_cancelled`.

        The batch is locked until the chunk is in, so nobody cancels it halfway.
        """
        batch = await batches.find_for_change(session, self.batch_id)
        if batch is None or batch.status is BatchStatus.CANCELLED:
            raise batch_cancelled()
        is_judged = row is not None and await batches.is_judged(session, self.batch_id, row, kind)
        if batch.status is not BatchStatus.READING or is_judged:
            raise Conflict(
                "taken_over",
                "Tệp đang được một tiến trình khác đọc tiếp.",
                "Another worker goes on reading this file.",
            )


async def _extend(db: Database, batch_id: uuid.UUID, lease_until: dt.datetime) -> None:
    async with db.begin() as session:
        await batches.extend_lease(session, batch_id, lease_until=lease_until)


def columns_of(
    batch_id: uuid.UUID, number: int, checked: Checked, answers: Iterable[Answer]
) -> list[dict[str, Any]]:
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
