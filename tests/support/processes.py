"""Processes that a test inspects: they may end meanwhile, close files, release memory."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support import calls


def children(parent: int) -> Iterator[tuple[str, psutil.Process]]:
    """Each with its name; without those that have ended."""
    for each in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            yield each.name(), each


def children_named(name: str, parent: int) -> list[psutil.Process]:
    """Members of a service and of other families are recognised by their names."""
    return [each for found, each in children(parent) if found == name]


def children_running(module: str, parent: int) -> list[psutil.Process]:
    """Those that were started as `python -m MODULE`."""
    return [each for _, each in children(parent) if module in _words(each)]


def _words(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


@contextmanager
def held_still(process: psutil.Process) -> Iterator[None]:
    """All its threads are stopped meanwhile, and continue afterwards."""
    process.suspend()
    try:
        calls.until(lambda: _is_still(process))
        yield
    finally:
        process.resume()


def _is_still(process: psutil.Process) -> bool:
    """Whether each thread is stopped, by proc_pid_stat(5)."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/stat")
    try:
        return {each.read_text().rpartition(")")[2].split()[0] for each in threads} == {"T"}
    except (FileNotFoundError, ProcessLookupError):  # a thread has just ended
        return False
