"""Measuring on a machine that others use too: one core, processor time, medians of ratios within a round.

Processor time is what this process and its threads computed. On an idle machine it is the wall clock, for
nothing that is measured here waits; on a busy one it leaves out what others did. `wall_to_cpu` tells how busy
it was: 1 is idle.
"""

import contextlib
import datetime as dt
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.backends.openssl import backend

Work = Callable[[], int]
"""Does some work and returns the number of pieces."""


@contextlib.contextmanager
def pinned() -> Iterator[int]:
    """Pin this process, and those it starts meanwhile, to one core; returns which."""
    cores = os.sched_getaffinity(0)
    core = max(cores)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, cores)


def machine() -> dict[str, str | int | float]:
    """The machine and the date of the figures."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "openssl": backend.openssl_version_text(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a file of the system
        return next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
            platform.machine(),
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor milliseconds per piece, and the ratio of wall-clock to processor time."""

    ms: float
    wall_to_cpu: float


@dataclass(slots=True)
class Series:
    """One kind of work, by round: processor milliseconds per piece, and the yardstick's before and after."""

    ms: list[float] = field(default_factory=list)
    yardstick_ms: list[float] = field(default_factory=list)
    wall_to_cpu: list[float] = field(default_factory=list)

    def add(self, spent: Spent, *, yardstick_ms: float) -> None:
        self.ms.append(spent.ms)
        self.wall_to_cpu.append(spent.wall_to_cpu)
        self.yardstick_ms.append(yardstick_ms)

    @property
    def share(self) -> float:
        """The ratio of the yardstick's time to this work's: the median over the rounds."""
        return statistics.median(
            yardstick / ms for yardstick, ms in zip(self.yardstick_ms, self.ms, strict=True)
        )

    def typical_ms(self, yardstick_ms: float) -> float:
        """Milliseconds per piece at the yardstick's usual time, so that works can be compared."""
        return yardstick_ms / self.share


def measure(works: dict[str, Work], *, yardstick: Work, rounds: int) -> dict[str, Series]:
    """Each work once per round, between two runs of the yardstick; a first round, to warm up, is dropped."""
    found = {name: Series() for name in works}
    for count in range(rounds + 1):
        before = timed(yardstick)
        for name, work in works.items():
            spent = timed(work)
            after = timed(yardstick)
            if count:
                found[name].add(spent, yardstick_ms=(before.ms + after.ms) / 2)
            before = after
    return found


def timed(work: Work) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    pieces = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Spent(cpu * 1000 / pieces, wall / cpu)
