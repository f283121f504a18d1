"""Presses: processes that fill and sign; where one of them dies, the pool is built anew.

A `ProcessPoolExecutor` stays broken for good once a process of it was killed (by a machine short of
memory, say). What was under way there fails, and its certificates are tried again; what comes later
must not suffer.
"""

import gc
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, ParamSpec, TypeVar

from typing_extensions import override

from certsvc.queue import die_with_parent

P = ParamSpec("P")
T = TypeVar("T")
_LOOK_AFTER = 20_000
_SECRET = "CERTSVC_SECRET"  # noqa: S105 - the variable's name


class Presses(Executor):
    """`processes` of our own interpreter; each does `warm_up` first, whose failure shows at the first chunk. Use as a context manager."""

    def __init__(self, processes: int, *, warm_up: Callable[[], None]) -> None:
        self._processes = processes
        self._warm_up = warm_up
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(self._processes, mp_context=get_context("spawn"), initializer=_begin)
        for _ in range(self._processes):  # a first certificate need not wait for imports and fonts
            pool.submit(_settle, self._warm_up)
        return pool

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._start()
            return self._pool.submit(fn, *args, **kwargs)

    @override
    def shutdown(self, wait: bool = True, **more: Any) -> None:
        self._pool.shutdown(wait=wait, **more)


def _settle(warm_up: Callable[[], None]) -> None:
    warm_up()
    keep_what_is_there()


def keep_what_is_there() -> None:
    """Spare the garbage collector what has come to stay, and let it look less often: our chunks leave next to no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_AFTER)


def _begin() -> None:
    die_with_parent()
    os.environ.pop(_SECRET, None)  # a press signs; it has no business with records and codes
