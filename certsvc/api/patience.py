"""Connections whose client is too slow are dropped: the deadlines of the HTTP server.

uvicorn has only one, for idle kept-alive connections. A reverse proxy in front has its own; these hold
without one, too.
"""

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
"""For the request line and all headers."""
BODY_WINDOW_S, BODY_BYTES_PER_S = 30.0, 4096
"""A body has to arrive at that rate, averaged over each window."""
STALLED_S = 60.0
"""For a client that does not read its answer."""
_LOOK_EVERY_S = 2.0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that runs out of patience; each connection is looked at every few seconds."""

    head_s, body_window_s, stalled_s, look_every_s = HEAD_S, BODY_WINDOW_S, STALLED_S, _LOOK_EVERY_S

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._look: asyncio.TimerHandle | None = None
        self._since = self.loop.time()
        self._taken = 0
        self._stalled_since: float | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_window()
        self._look = self.loop.call_later(self.look_every_s, self._look_around)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:  # the next request on a kept connection
            self._begin_window()
        self._taken += len(data)
        super().data_received(data)

    @override
    def pause_writing(self) -> None:
        self._stalled_since = self.loop.time()
        super().pause_writing()

    @override
    def resume_writing(self) -> None:
        self._stalled_since = None
        super().resume_writing()

    def _begin_window(self) -> None:
        self._since, self._taken = self.loop.time(), 0

    def _look_around(self) -> None:
        if self.transport.is_closing():
            return
        if self._is_out_of_patience(self.loop.time()):
            self.transport.abort()
            return
        self._look = self.loop.call_later(self.look_every_s, self._look_around)

    def _is_out_of_patience(self, now: float) -> bool:
        if self._stalled_since is not None:
            return now - self._stalled_since > self.stalled_s
        if self.cycle is None or self.cycle.response_complete:
            is_idle = self.timeout_keep_alive_task is not None  # uvicorn's own deadline
            return not is_idle and now - self._since > self.head_s
        if not self.cycle.more_body:
            return False
        if self.flow.read_paused:  # it is we who are not reading
            self._begin_window()
        if now - self._since < self.body_window_s:
            return False
        is_slow = self._taken < (now - self._since) * BODY_BYTES_PER_S
        self._begin_window()
        return is_slow
