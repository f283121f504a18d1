"""Presses: processes that fill and sign; where one of them dies, the pool is built anew.

They are forked from a server that has loaded what they all need, whose memory they share as long as nobody writes to it
(multiprocessing's forkserver: it has no threads, so forking it is safe). A `ProcessPoolExecutor` stays broken for good
once a process of it was killed (by a machine short of memory, say). What was under way there fails, and its certificates
are tried again; what comes later must not suffer.
"""

import gc
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import Any, ParamSpec, TypeVar

from typing_extensions import override

from certsvc.memory import keep_what_is_there, set_up_allocator
from certsvc.queue import die_with_parent

P = ParamSpec("P")
T = TypeVar("T")
_SECRET = "CERTSVC_SECRET"  # noqa: S105 - the variable's name


class Presses(Executor):
    """`processes` of our own interpreter, which share the module `shared` and all that it imports. Use as a context manager.

    Each does `warm_up` first, whose failure shows at the first chunk.
    """

    def __init__(self, processes: int, *, shared: str, warm_up: Callable[[], None]) -> None:
        self._processes = processes
        self._warm_up = warm_up
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([shared])
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(self._processes, mp_context=self._context, initializer=_begin)
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


def _begin() -> None:
    set_up_allocator()
    gc.freeze()  # a collection writes to every object it looks at, and what is written to is no longer shared
    die_with_parent()  # that is the server
    threading.Thread(target=_end_with_worker, daemon=True).start()
    os.environ.pop(_SECRET, None)  # a press signs; it has no business with records and codes


def _end_with_worker() -> None:
    """The worker is no parent in the kernel's sense; where it is killed, the server waits for us, so we have to see it."""
    worker = parent_process()
    if worker is not None:
        worker.join()
        os._exit(1)
