"""Turns at something scarce, shared fairly: whoever asks much waits behind his own, not others behind him."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from certsvc.errors import TooMany


class FairTurns:
    """`concurrency` turns at once; beyond that every asker has a queue, and these are served in rotation.

    `max_waiting` may wait in all, `max_waiting_each` of one asker.
    """

    def __init__(self, concurrency: int, *, max_waiting: int, max_waiting_each: int) -> None:
        self._free = concurrency
        self._max_waiting, self._max_waiting_each = max_waiting, max_waiting_each
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        return sum(map(len, self._queues.values()))

    @asynccontextmanager
    async def turn(self, asker: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the block ends. Raises TooMany `checker_busy`."""
        await self._take(asker)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, asker: str) -> None:
        if self._free and not self._queues:
            self._free -= 1
            return
        queue = self._queues.get(asker, deque())
        if self.waiting >= self._max_waiting or len(queue) >= self._max_waiting_each:
            raise TooMany(
                "checker_busy",
                "Hệ thống đang kiểm tra nhiều tệp. Hãy thử lại sau ít phút.",
                "Many files are being checked. Try again in a few minutes.",
                retry_after_s=5,
            )
        mine = asyncio.get_running_loop().create_future()
        queue.append(mine)
        self._queues[asker] = queue
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()  # the turn had come, and nobody takes it
            else:
                self._leave(asker, mine)
            raise

    def _leave(self, asker: str, mine: asyncio.Future[None]) -> None:
        queue = self._queues.get(asker, deque())
        if mine in queue:  # else its turn was passed over already
            queue.remove(mine)
        if not queue:
            self._queues.pop(asker, None)

    def _pass_on(self) -> None:
        """Give the turn to the first of the asker whose turn it is, who then goes to the end of the line; who
        was cancelled and has not noticed yet is passed over.
        """
        while self._queues:
            asker, queue = self._queues.popitem(last=False)
            first = queue.popleft()
            if queue:
                self._queues[asker] = queue
            if not first.done():
                first.set_result(None)
                return
        self._free += 1
