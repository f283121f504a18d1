"""`/v1/batches/{id}/events`: how a batch goes on, as server-sent events [WHATWG HTML §9.2].

Every event carries the whole state, so missing some loses nothing. Its id is made of that state alone, not of
anything known to this process only: a client that reconnects with `Last-Event-ID`, to this process or
another, gets what is new.
"""

import asyncio
import datetime as dt
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from certsvc.api.access import Reader, Res
from certsvc.api.schemas import BatchOut
from certsvc.api.v1.batches import batch_state
from certsvc.errors import TooMany
from certsvc.models import ApiKey, BatchStatus
from certsvc.resources import Resources

router = APIRouter(prefix="/v1/batches", tags=["batches"])
_POLL_S, _HEARTBEAT_S, _LONGEST_S = 1.0, 15.0, 600.0
"""After the longest time the client reconnects by itself, and its key is checked again."""
_PAUSE = 10
"""The pause between two queries is at least so many times as long as a query took: while a large file is
read, its rows are counted anew each time.
"""
_RETRY_MS = 2000
_RECENT_S = 30.0

LastEventId = Annotated[
    str | None, Header(max_length=64, description="the id of the last event received: only news is sent")
]


@dataclass(frozen=True, slots=True)
class Streams:
    """The open streams of this process, counted by key, and how many there may be."""

    most_of_a_key: int = 20
    most: int = 500
    open: Counter[uuid.UUID] = field(default_factory=Counter)

    def has_room(self, key_id: uuid.UUID) -> bool:
        return self.open[key_id] < self.most_of_a_key and self.open.total() < self.most


class BatchEvent(BatchOut):
    """The data of an event: the batch, and when it will probably be done."""

    estimated_end_at: dt.datetime | None


_DATA = BatchEvent.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
del _DATA["$defs"]  # they are in the OpenAPI document already
_EVENT = {
    "type": "object",
    "description": "one event",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"enum": ["progress", "done", "failed", "cancelled"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": _DATA},
    },
}


class Pace:
    """When a batch will end, estimated from its recent progress."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def estimate(self, done: int, pending: int, *, at_s: float) -> float | None:
        """Seconds until `pending` more are done; None where nothing was done in the last half minute. `at_s`
        never goes back.
        """
        self._seen.append((at_s, done))
        while at_s - self._seen[0][0] > _RECENT_S:
            self._seen.popleft()
        since_s, before = self._seen[0]
        return pending * (at_s - since_s) / (done - before) if done > before else None


@router.get(
    "/{batch_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": _EVENT}}},
        204: {"description": "the end was received already"},
        429: {},
    },
)
async def events(
    request: Request, batch_id: uuid.UUID, res: Res, caller: Reader, last_event_id: LastEventId = None
) -> Response:
    """Follow a batch: `progress`, at last `done`, `failed` or `cancelled`, each with the batch as `data`."""
    state = await batch_state(batch_id, res, caller=caller)
    streams: Streams = request.app.state.streams
    if not streams.has_room(caller.id):
        raise TooMany(
            "too_many_streams",
            "Đang có quá nhiều kết nối theo dõi; hãy đóng bớt hoặc hỏi lại trạng thái của lô.",
            "Too many event streams are open; close some, or ask for the batch itself.",
            retry_after_s=5,
        )
    if state.finished_at and _id(state) == last_event_id:
        return Response(status_code=204)  # tells an EventSource not to come back
    is_head = bool(request.scope["state"].get("is_head"))
    stream = stream_batch(
        res, batch_id, caller=caller, known=last_event_id, streams=streams, clock=request.app.state.clock
    )
    return (
        Response(media_type="text/event-stream")
        if is_head
        else StreamingResponse(stream, media_type="text/event-stream")
    )


def _id(state: BatchOut) -> str:
    counts = state.counts
    ended = "-ended" if state.finished_at else ""
    figures = (
        counts.rows,
        counts.certificates,
        counts.issued,
        counts.failed,
        counts.cancelled,
        counts.awaiting_approval,
    )
    return f"{'-'.join(map(str, figures))}-{state.status}{ended}"


async def stream_batch(
    res: Resources,
    batch_id: uuid.UUID,
    *,
    caller: ApiKey,
    known: str | None,
    streams: Streams,
    clock: Callable[[], dt.datetime],
) -> AsyncGenerator[bytes, None]:
    """The stream, until the batch has ended or the client has gone."""
    streams.open[caller.id] += 1
    try:
        pace, began, spoke = Pace(), time.monotonic(), time.monotonic()
        yield format_sse_event(retry=_RETRY_MS)
        while (now_s := time.monotonic()) - began < _LONGEST_S:
            state = await batch_state(batch_id, res, caller=caller)
            took_s = time.monotonic() - now_s
            in_work = state.counts.pending - state.counts.awaiting_approval
            left_s = pace.estimate(state.counts.issued + state.counts.failed, in_work, at_s=now_s)
            if _id(state) != known:
                known, spoke = _id(state), now_s
                yield _event(state, end_at=_end_at(state, left_s, now=clock()))
            elif now_s - spoke >= _HEARTBEAT_S:
                spoke = now_s
                yield KEEPALIVE_COMMENT
            if state.finished_at:
                return
            await asyncio.sleep(max(_POLL_S, _PAUSE * took_s))
    finally:
        streams.open[caller.id] -= 1
        if not streams.open[caller.id]:
            del streams.open[caller.id]


def _end_at(state: BatchOut, left_s: float | None, *, now: dt.datetime) -> dt.datetime | None:
    """When everything is signed that needs nobody's approval. None while the file is read, and where all that
    is left waits for a facility's head.
    """
    is_foreseen = state.status is not BatchStatus.READING and (
        not state.counts.awaiting_approval or state.counts.awaiting_approval < state.counts.pending
    )
    return now + dt.timedelta(seconds=left_s) if left_s is not None and is_foreseen else None


def _event(state: BatchOut, *, end_at: dt.datetime | None) -> bytes:
    data: dict[str, Any] = state.model_dump() | {"estimated_end_at": end_at}
    name = str(state.status) if state.finished_at else "progress"
    return format_sse_event(
        data_str=BatchEvent.model_validate(data).model_dump_json(), event=name, id=_id(state)
    )
