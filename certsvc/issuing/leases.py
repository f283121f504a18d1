"""A claim is kept for as long as work goes on: its lease is renewed between two steps and while waiting.

No task beats in the background: a worker that hangs in one step falls silent, and the next may take over.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import TypeVar

from certsvc.errors import Unavailable

T = TypeVar("T")
Extend = Callable[[dt.datetime], Awaitable[None]]


class Lease:
    """Renewed through `extend(lease_until)` whenever a third of it has gone by."""

    def __init__(self, extend: Extend, *, lease_s: float, clock: Callable[[], dt.datetime]) -> None:
        self._extend = extend
        self._length = dt.timedelta(seconds=lease_s)
        self._clock = clock
        self._renewed_at = clock()

    async def wait(self, work: Awaitable[T]) -> T:
        """The outcome of `work`, the lease being renewed until it is there and once more before going on."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait({task}, timeout=self._length.total_seconds() / 3)
            await self._renew()
        await self._renew()
        return task.result()

    async def _renew(self) -> None:
        now = self._clock()
        if now - self._renewed_at < self._length / 3:
            return
        with contextlib.suppress(
            Unavailable
        ):  # the next time may do better; at worst somebody else takes over
            await self._extend(now + self._length)
            self._renewed_at = now
