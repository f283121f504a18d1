"""Measuring on a machine that others use too: one core, processor time, medians, ratios within a round.

Processor time is what this process and its threads computed. On an idle machine it is the wall clock, for nothing that is
measured here waits; on a busy one it leaves out what others did. `wall_to_cpu` tells how busy it was: 1 is idle.
"""

import datetime as dt
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.backends.openssl import backend

Work = Callable[[], int]
"""Does some pieces of work and says how many."""


def pin() -> int:
    """Keep this process, and those it will start, on one core; says which."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def machine() -> dict[str, str | int | float]:
    """What the figures were measured on, and when."""
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
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


@dataclass(slots=True)
class Series:
    """One kind of work, round by round: processor milliseconds a piece, and what the yardstick took just before and after."""

    ms: list[float] = field(default_factory=list)
    yardstick_ms: list[float] = field(default_factory=list)
    wall_to_cpu: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.ms)

    @property
    def per_s(self) -> float:
        return 1000 / self.median_ms

    @property
    def share(self) -> float:
        """The yardstick's time over this work's: the median of the rounds' own."""
        return statistics.median(yardstick / ms for yardstick, ms in zip(self.yardstick_ms, self.ms, strict=True))


def measure(works: dict[str, Work], *, yardstick: Work, rounds: int) -> dict[str, Series]:
    """Each work once a round, between two runs of the yardstick; after a round that warms up and does not count."""
    found = {name: Series() for name in works}
    for count in range(rounds + 1):
        before, _ = _timed(yardstick)
        for name, work in works.items():
            ms, wall_to_cpu = _timed(work)
            after, _ = _timed(yardstick)
            if count:
                found[name].ms.append(ms)
                found[name].yardstick_ms.append((before + after) / 2)
                found[name].wall_to_cpu.append(wall_to_cpu)
            before = after
    return found


def _timed(work: Work) -> tuple[float, float]:
    """Processor milliseconds a piece, and the wall clock's time over the processor's."""
    wall, cpu = time.perf_counter(), time.process_time()
    pieces = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return cpu * 1000 / pieces, wall / cpu
