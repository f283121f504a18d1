"""Resolving names that callers chose: one holder's slow names never delay another's.

The system's look-up cannot be cancelled: each occupies a thread until it returns, whether or not anybody
still waits for it. So each holder may have a few under way, and must wait for one to end before the next.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakValueDictionary

from certsvc.errors import Unavailable

OF_A_HOLDER = 4
_AT_ONCE = 32

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""All addresses of a name, as text. Raises OSError where there is none."""


class Resolver:
    """Looks names up by `resolve`, or else by the system, `OF_A_HOLDER` at once for each holder."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or _resolve_by(ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resolve"))
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._places_of: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def find(self, host: str, port: int, *, holder: str, timeout_s: float) -> Sequence[str]:
        """All addresses of a name. Raises OSError where there is none, TimeoutError, Unavailable
        `resolver_busy` where no place came free in time.
        """
        places = self._places_of.setdefault(holder, asyncio.Semaphore(OF_A_HOLDER))
        began = asyncio.Event()
        looking = asyncio.create_task(self._look_up(host, port, places, began))
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.shield(looking)
        except TimeoutError as error:
            if began.is_set():
                looking.add_done_callback(_let_go)  # it goes on, and keeps its places
                raise
            looking.cancel()
            raise Unavailable(
                "resolver_busy",
                "Chưa tra được tên máy: các tên khác của đơn vị này còn đang được tra; sẽ thử lại sau một"
                " phút.",
                "The name was not looked up: other names of this holder are still being looked up; it is"
                " tried again in a minute.",
            ) from error

    async def _look_up(
        self, host: str, port: int, places: asyncio.Semaphore, began: asyncio.Event
    ) -> Sequence[str]:
        async with places, self._places:
            began.set()
            return await self._resolve(host, port)


def _let_go(looking: "asyncio.Task[Sequence[str]]") -> None:
    """Nobody waits for the result any more."""
    if not looking.cancelled():
        looking.exception()


def _resolve_by(threads: ThreadPoolExecutor) -> Resolve:
    """By the system, in threads of their own: a slow name must not delay other work."""

    async def resolve(host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().run_in_executor(
            threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for *_, address in found]

    return resolve
