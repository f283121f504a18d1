"""Processes of one service, forked from one that has loaded what they all need.

They share its memory until they write to it, and none has to import anything when it is started again. The
parent only watches: it has no threads and no event loop, without which forking is safe at any time, and it
holds no secret. Linux only.
"""

import ctypes
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from certsvc.logs import get_logger
from certsvc.processes.memory import give_back, keep_what_is_there

_ENDING = {signal.SIGTERM, signal.SIGINT}
_HEARD = {*_ENDING, signal.SIGCHLD}
_RESTART_AFTER_S = 0.5
_STOP_WITHIN_S = 30
_CRASHED = 70
"""EX_SOFTWARE of `sysexits.h`."""

RENEWED = 80
"""What a member gives that ends only so that a fresh one goes on, head or not: one that has worked for long
has holes in its memory.
"""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
"""Of prctl(2)."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class Member:
    """A process: `name` (15 bytes at most) as `ps -o comm` shows it, `run` what it does; it gives the exit
    code.

    Where one ends another is started, but where the `head` ends by itself, the whole family does.
    """

    name: str
    run: Callable[[], int]
    is_head: bool = False


def keep_running(members: Sequence[Member]) -> int:
    """Start the members in this order and keep each running, until told to stop (SIGTERM, SIGINT) or until
    the head ends.

    They are stopped in reverse order, each with time to bring to its end what it has begun. Returns the
    head's exit code.
    """
    give_back()
    # a collection writes to every object it looks at, and what is written to is no longer shared
    keep_what_is_there()
    with _signals_held() as before:
        living = {_start(member, signals=before): member for member in members}
        while True:
            if signal.sigwait(_HEARD) in _ENDING:
                return _stop(living)
            for pid, code in _ended(living):
                member = living.pop(pid)
                if code != RENEWED:
                    if member.is_head and code >= 0:
                        _stop(living)
                        return code
                    _log.error("member.ended", member=member.name, code=code)
                    time.sleep(_RESTART_AFTER_S)
                living[_start(member, signals=before)] = member


@contextmanager
def _signals_held() -> Iterator[set[signal.Signals]]:
    """What we wait for waits for us; yields the mask from before."""
    before = {signal.Signals(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)}
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(member: Member, *, signals: set[signal.Signals]) -> int:
    """The process id of a new process for it."""
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = _CRASHED
    try:
        os.setsid()  # a Ctrl-C is for the parent, which stops us in order
        die_with_parent()
        _call_it(member.name)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        if os.getppid() == parent:
            code = member.run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - nothing must go on from here as if it were the parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _ended(living: dict[int, Member]) -> list[tuple[int, int]]:
    """Who has ended, and how: the exit code, or the signal's number below zero."""
    waited = [os.waitpid(pid, os.WNOHANG) for pid in living]
    return [(pid, os.waitstatus_to_exitcode(status)) for pid, status in waited if pid]


def _stop(living: dict[int, Member]) -> int:
    """Stop all, the last one first; the head's exit code."""
    codes = {member.is_head: _stop_one(pid) for pid, member in reversed(living.items())}
    return max(codes.get(True, 0), 0)


def _stop_one(pid: int) -> int:
    """Its exit code. Who tells us again to stop is impatient, and so are we."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_WITHIN_S
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        heard = signal.sigtimedwait(_HEARD, max(0.0, deadline - time.monotonic()))
        if heard is None:
            os.kill(pid, signal.SIGKILL)
            ended = os.waitpid(pid, 0)
            break
        if heard.si_signo in _ENDING:
            os.kill(pid, heard.si_signo)
    return os.waitstatus_to_exitcode(ended[1])


@contextmanager
def listening() -> Iterator[tuple[socket.socket, Path]]:
    """A socket for members that are called, and its address, which only this user can reach.

    Whoever of them is idle takes the next call. The parent keeps it, so that calls wait where they have just
    died.
    """
    # A socket's path may have 108 bytes only, so it does not lie in the data folder.
    with tempfile.TemporaryDirectory(prefix="certsvc-") as folder, socket.socket(socket.AF_UNIX) as listener:
        address = Path(folder) / "member.sock"
        listener.bind(str(address))
        listener.listen()
        yield listener, address


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _call_it(name: str) -> None:
    _prctl(_PR_SET_NAME, name.encode())


def _prctl(option: int, argument: int | bytes) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, argument)
