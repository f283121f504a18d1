"""Calls about files of cases."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

import httpx2

from certsvc.client.asking import Question, Upload, ask, ask_lines, fetch, opened, parsed, post, save
from certsvc.client.certificates import ExportFormat, Id, LateReason, Record
from certsvc.client.failures import ServiceError, ServiceFailure, TooMany, Unreachable
from certsvc.client.results import Batch, BatchProgress, Row, RowFate, RowResult
from certsvc.client.sse import Event, events_of
from certsvc.client.wires import Wire

ResultsFormat: TypeAlias = Literal["csv", "xlsx", "ndjson"]
_AGAIN_S = 1.0
_SILENCE = httpx2.Timeout(30, read=45)
"""Three heartbeats."""


async def submit_batch(
    wire: Wire,
    file: Upload,
    *,
    dry_run: bool = False,
    facility: str | None = None,
    late_reason: LateReason = "late",
    mapping: str | None = None,
    idempotency_key: str | None = None,
) -> Batch:
    """Submit a file of cases (CSV, XLSX, ODS, JSON, NDJSON, CT07, XML11 or a ZIP of them): a path or bytes.

    `dry_run` says what would happen and issues nothing. `mapping` names a saved one; an empty text
    means none.
    """
    form = {"dry_run": dry_run, "facility": facility, "late_reason": late_reason, "mapping": mapping}
    return await ask(
        wire, post("/v1/batches", uploads=[("file", file)], form=form, idempotency_key=idempotency_key), Batch
    )


async def get_batch(wire: Wire, batch_id: Id) -> Batch:
    """Where a batch stands."""
    return await ask(wire, Question("GET", f"/v1/batches/{batch_id}"), Batch)


async def follow_batch(
    wire: Wire, batch_id: Id, *, patience_s: float = 60
) -> AsyncGenerator[BatchProgress, None]:
    """The batch whenever it has changed, and at last at its end.

    It listens to events, polls where it cannot, and survives interruptions. Raises ServiceError if the
    service is away for `patience_s`, or refuses.
    """
    last_event_id, last, answered = "", None, time.monotonic()
    while True:
        try:
            async with aclosing(_news(wire, batch_id, last_event_id)) as news:
                async for event_id, state in news:
                    last_event_id, answered = event_id, time.monotonic()
                    if (facts := state.model_dump(exclude={"estimated_end_at"})) != last:
                        last = facts
                        yield state
                    if state.has_ended:
                        return
        except (Unreachable, ServiceFailure, TooMany):
            if time.monotonic() - answered >= patience_s:
                raise
        await wire.sleep(_AGAIN_S)


async def _news(
    wire: Wire, batch_id: Id, last_event_id: str
) -> AsyncGenerator[tuple[str, BatchProgress], None]:
    """The batch of each event, with the event's id; after the last event the batch once more, asked for."""
    async with aclosing(_listen(wire, batch_id, last_event_id)) as events:
        async for event in events:
            last_event_id = event.id or last_event_id
            yield last_event_id, parsed(event.data, BatchProgress)
    yield last_event_id, await ask(wire, Question("GET", f"/v1/batches/{batch_id}"), BatchProgress)


async def _listen(wire: Wire, batch_id: Id, last_event_id: str) -> AsyncGenerator[Event, None]:
    """The events until the stream ends; none if the service, or a proxy before it, does not stream."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    question = Question("GET", f"/v1/batches/{batch_id}/events", headers=headers, timeout=_SILENCE, once=True)
    try:
        async with opened(wire, question) as response:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                return
            async with aclosing(wire.lines(response)) as lines, aclosing(events_of(lines)) as events:
                async for event in events:
                    yield event
    except ServiceError as failure:
        if isinstance(failure, Unreachable):
            raise


async def wait_for_batch(wire: Wire, batch_id: Id, *, patience_s: float = 60) -> Batch:
    """The batch at its end: `done`, `failed` or `cancelled`."""
    async with aclosing(follow_batch(wire, batch_id, patience_s=patience_s)) as states:
        async for state in states:
            if state.has_ended:
                return Batch.model_validate(state.model_dump(exclude={"estimated_end_at"}))
    raise AssertionError("following ends with the batch")


async def cancel_batch(wire: Wire, batch_id: Id) -> Batch:
    """Stop a batch: what nobody has begun to sign is given up; `finished_at` is set when the rest is done."""
    return await _change(wire, batch_id, "cancel")


async def resume_batch(wire: Wire, batch_id: Id) -> Batch:
    """Go on with a cancelled batch."""
    return await _change(wire, batch_id, "resume")


async def replay_batch(wire: Wire, batch_id: Id) -> Batch:
    """Retry what failed in a batch, once the cause is mended."""
    return await _change(wire, batch_id, "replay")


async def _change(wire: Wire, batch_id: Id, change: str) -> Batch:
    return await ask(wire, post(f"/v1/batches/{batch_id}/{change}"), Batch)


async def get_row(wire: Wire, batch_id: Id, row: int) -> Row:
    """One row of a batch's file: its cells as they would be read now, and what became of it."""
    return await ask(wire, Question("GET", f"/v1/batches/{batch_id}/rows/{row}"), Row)


async def mend_row(
    wire: Wire,
    batch_id: Id,
    row: int,
    record: Record,
    *,
    version: int | None = None,
    idempotency_key: str | None = None,
) -> RowFate:
    """Judge a rejected row again with `record` for all its cells; the certificates it gets belong to the
    batch.

    `version` is that of the row you looked at (`get_row`). Raises InvalidRequest with `errors` if it is still
    wrong: then all stays as it was.
    """
    body = {"record": dict(record), "version": version}
    return await ask(
        wire, post(f"/v1/batches/{batch_id}/rows/{row}", json=body, idempotency_key=idempotency_key), RowFate
    )


async def batch_results(wire: Wire, batch_id: Id) -> AsyncGenerator[RowResult, None]:
    """The fate of every row and kind, in the order of the file, as they come."""
    async with aclosing(
        ask_lines(wire, Question("GET", f"/v1/batches/{batch_id}/results", {"format": "ndjson"}), RowResult)
    ) as lines:
        async for line in lines:
            yield line


async def save_batch_results(
    wire: Wire, batch_id: Id, to: str | PathLike[str], layout: ResultsFormat = "xlsx"
) -> Path:
    """The results as a file; as XLSX in your own file, to be mended and sent again."""
    return await save(wire, Question("GET", f"/v1/batches/{batch_id}/results", {"format": layout}), to)


async def save_batch_archive(wire: Wire, batch_id: Id, to: str | PathLike[str]) -> Path:
    """A ZIP of every signed PDF, and the results; written as it arrives."""
    return await save(wire, Question("GET", f"/v1/batches/{batch_id}/archive.zip"), to)


async def save_batch_export(wire: Wire, batch_id: Id, layout: ExportFormat, to: str | PathLike[str]) -> Path:
    """A ZIP of exchange files for the social insurance, one per sick leave."""
    return await save(wire, Question("GET", f"/v1/batches/{batch_id}/export", {"format": layout}), to)


async def case_template(wire: Wire, layout: Literal["xlsx", "csv"] = "xlsx") -> bytes:
    """A case file to fill in."""
    return await fetch(wire, Question("GET", f"/v1/templates/cases.{layout}"))
