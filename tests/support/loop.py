"""Watching the event loop: how long one iteration keeps its thread busy."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from certsvc.processes.memory import keep_what_is_there


@dataclass(slots=True)
class Watched:
    """`longest_s` is the longest processor time of the loop's thread between two iterations."""

    longest_s: float = 0.0


@asynccontextmanager
async def watched_loop() -> AsyncIterator[Watched]:
    """Watch the running loop until the block ends; as in a service, the garbage collector leaves alone what
    was there before.
    """
    seen, loop, is_over = Watched(), asyncio.get_running_loop(), False
    keep_what_is_there()
    last = time.thread_time()

    def tick() -> None:
        nonlocal last
        now = time.thread_time()
        seen.longest_s, last = max(seen.longest_s, now - last), now
        if not is_over:
            loop.call_later(0.001, tick)

    tick()
    try:
        yield seen
    finally:
        is_over = True
        gc.unfreeze()
