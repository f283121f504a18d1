"""Long work in the event loop: others get their turn again and again."""

import asyncio
import time

_HELD_S = 0.005


class Pause:
    """Awaited between steps of such work, it lets others run once some milliseconds have gone by."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def __call__(self) -> None:
        if time.perf_counter() - self._since > _HELD_S:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
