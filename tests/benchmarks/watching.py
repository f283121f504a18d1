"""A running service's memory and processor time, by API, worker, presses and the rest, from /proc."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_EVERY_S = 0.1
_MB = 1_000_000
_PARTS = {"certsvc-worker": "worker", "certsvc-press": "presses", "certsvc-api": "api"}
"""By the name of a process."""


@dataclass
class Usage:
    """Peaks in MB (10⁶ bytes) of proportional memory: pages that several processes share are counted once.

    `worker_mb` is of worker and presses, `service_mb` of all processes together: these, API, parent, checkers
    and queue.
    """

    worker_mb: float = 0.0
    api_mb: float = 0.0
    service_mb: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)

    def note(self, worker: int, api: int, others: int) -> None:
        self.worker_mb = max(self.worker_mb, worker / _MB)
        self.api_mb = max(self.api_mb, api / _MB)
        self.service_mb = max(self.service_mb, (worker + api + others) / _MB)

    def restart(self) -> None:
        """Forget the peaks so far."""
        self.worker_mb = self.api_mb = self.service_mb = 0.0


@contextlib.contextmanager
def watching(service: int, *others: int) -> Iterator[Usage]:
    """Look at the service with that process id ten times a second; at its end, what the processor did for it
    meanwhile.

    `others` are roots of further process trees, whose processor time counts as `database`.
    """
    usage, is_over = Usage(), threading.Event()
    before = _cpu_s(service, others)
    watch = threading.Thread(target=_watch, args=(psutil.Process(service), usage, is_over))
    watch.start()
    try:
        yield usage
    finally:
        is_over.set()
        watch.join()
    after = _cpu_s(service, others)
    usage.cpu_s = {name: round(after[name] - before[name], 2) for name in after}


def _watch(service: psutil.Process, usage: Usage, is_over: threading.Event) -> None:
    while not is_over.wait(_EVERY_S):
        parts = _parts(service)
        sizes = {name: sum(map(_memory, some)) for name, some in parts.items()}
        usage.note(sizes["worker"] + sizes["presses"], sizes["api"], sizes["rest"])


def _parts(service: psutil.Process) -> dict[str, list[psutil.Process]]:
    """Its processes: `worker`, `presses`, `api` with the workbooks it has written beside, and the `rest`:
    parent, queue server, checkers.
    """
    parts: dict[str, list[psutil.Process]] = {"worker": [], "presses": [], "api": [], "rest": [service]}
    with contextlib.suppress(psutil.Error):
        for child in service.children():
            parts[_PARTS.get(child.name(), "rest")] += [child, *child.children(recursive=True)]
    return parts


def _memory(process: psutil.Process) -> int:
    """PSS in bytes (proc(5), smaps_rollup); 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def _cpu_s(service: int, others: tuple[int, ...]) -> dict[str, float]:
    parts = _parts(psutil.Process(service))
    trees = [
        each for other in map(psutil.Process, others) for each in (other, *other.children(recursive=True))
    ]
    return {name: sum(map(_seconds, some)) for name, some in (parts | {"database": trees}).items()}


def _seconds(process: psutil.Process) -> float:
    """User and system time, without that of ended children."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
