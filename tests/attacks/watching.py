"""Honest strangers during an attack: look-ups from many addresses, and `/livez`; how long each took."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from typing_extensions import override

_EVERY_S = 0.1
_PATIENCE_S = 30.0
_FAILED = 599
"""Counted for what got no answer within a stranger's patience."""


@dataclass(slots=True)
class Served:
    """Latencies in seconds and statuses of one kind of call."""

    latencies_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def quantile_s(self, share: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0

    @property
    def broken(self) -> int:
        """Answers of 500 and more, and calls that got none."""
        return sum(
            count for status, count in self.statuses.items() if status >= httpx2.codes.INTERNAL_SERVER_ERROR
        )

    @override
    def __str__(self) -> str:
        return (
            f"{sum(self.statuses.values()):5} calls, median {self.quantile_s(0.5) * 1000:7.0f} ms,"
            f" 99 % {self.quantile_s(0.99) * 1000:7.0f} ms, longest {self.quantile_s(1) * 1000:7.0f} ms,"
            f" {self.broken} broken"
        )


@dataclass(frozen=True, slots=True)
class Strangers:
    """What strangers saw."""

    lookups: Served = field(default_factory=Served)
    livez: Served = field(default_factory=Served)

    @property
    def are_served(self) -> bool:
        """Look-ups within a second (99 %), `/livez` within half a second, nothing broken."""
        return (
            self.lookups.quantile_s(0.99) < 1.0
            and self.livez.quantile_s(1) < 0.5
            and not self.lookups.broken
            and not self.livez.broken
        )


@asynccontextmanager
async def strangers(base_url: str, codes: Sequence[str]) -> AsyncIterator[Strangers]:
    """Strangers who come and go, ten a second of each kind, until the block ends."""
    seen, ended = Strangers(), asyncio.Event()
    async with (
        httpx2.AsyncClient(
            base_url=base_url,
            timeout=_PATIENCE_S,
            trust_env=False,
            headers={"Accept": "application/json"},
            limits=httpx2.Limits(max_connections=None),
        ) as client,
        asyncio.TaskGroup() as group,
    ):

        async def ask(path: str, served: Served, headers: dict[str, str]) -> None:
            started = time.perf_counter()
            try:
                status = (await client.get(path, headers=headers)).status_code
            except httpx2.HTTPError:
                status = _FAILED
            served.latencies_s.append(time.perf_counter() - started)
            served.statuses[status] += 1

        async def come() -> None:
            rng = random.Random(1)
            for number in itertools.count():
                if ended.is_set():
                    return
                address = {"X-Forwarded-For": f"10.{number % 250}.{number // 250 % 250}.{rng.randrange(250)}"}
                group.create_task(ask(f"/v/{rng.choice(codes)}", seen.lookups, address))
                group.create_task(ask("/livez", seen.livez, {}))
                await asyncio.sleep(_EVERY_S)

        group.create_task(come())
        try:
            yield seen
        finally:
            ended.set()
