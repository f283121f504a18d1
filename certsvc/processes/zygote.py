"""The process from which every check is forked: it has imported everything, rehearsed it, and knows no
secret.

Started by `apart.Examiner` with an empty environment as `python -m certsvc.processes.zygote`, or forked from
a process that knows no secret either, it forks one child a request, so that a check costs a fork and not a
second of imports. While nobody waits, a spare child gets ready, for a fork's first use of its memory is as
long as half a check. A child limits itself, answers one request on its own socket and ends (`confined.py`);
whoever outlives the time limit is killed. When the examiner goes away, so does this.
"""

import gc
import importlib
import logging
import os
import select
import signal
import socket
import sys
import time
from typing import Self

from certsvc.processes.confined import Bounds, serve
from certsvc.processes.wire import CONTROL, READY, read_exactly
from certsvc.verify.pdf.evidence import make_ready
from certsvc.verify.pdf.rehearsing import rehearse
from certsvc.verify.trust import Trust

_PRELOAD = (
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.PpmImagePlugin",
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",
    "encodings.latin_1",
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "lxml.etree",
    "pyhanko.pdf_utils.filters",
)
"""Modules that libraries import only when needed, which a child without file descriptors could not."""

for _name in _PRELOAD:
    importlib.import_module(_name)

_TICK_S = 0.2
_QUIET_S = 0.1
"""So long nobody must have asked before a spare child gets ready."""

_FIRST_FD, _LAST_FD = 3, 4096


def serve_next(listener: socket.socket, bounds: Bounds) -> None:
    """Be ready, then serve whoever connects next."""
    _get_ready()
    control, _ = listener.accept()
    listener.close()
    _serve_all(control, bounds)


def main(control_fd: int, bounds: Bounds) -> None:
    """Serve requests from the control socket until it closes."""
    _get_ready()
    _serve_all(socket.socket(fileno=control_fd), bounds)


def _get_ready() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    rehearse()
    gc.disable()  # a child ends before cycles could fill its memory
    gc.collect()
    gc.freeze()


def _serve_all(control: socket.socket, bounds: Bounds) -> None:
    control.sendall(READY)
    children: dict[_Child, float] = {}
    trust: Trust | None = None
    spare: _Child | None = None
    while True:
        is_idle = spare is None and trust is not None and not children
        watched: list[socket.socket | _Child] = [control, *children, *([spare] if spare else [])]
        readable, _, _ = select.select(
            watched, [], [], _TICK_S if children else _QUIET_S if is_idle else None
        )
        _reap(children)
        if spare is not None and spare in readable:  # ended before its time
            spare.dismiss()
            spare = None
        if is_idle and trust is not None and not readable:  # in a rush nobody has the time
            spare = _Child.start(trust=trust, bounds=bounds, is_spare=True)
        if control not in readable:
            continue
        letter, length, fds = _receive(control)
        match letter:
            case b"T":
                trust = Trust.from_bytes(read_exactly(control, length))
                make_ready(trust)
                if spare is not None:
                    spare.dismiss()
                    spare = None
            case b"J" if trust is not None and len(fds) == 1:
                child, spare = (spare, None) if spare is not None and spare.is_ready else (None, spare)
                with socket.socket(fileno=fds[0]) as asker:
                    if child is None or not child.hand_over(asker):
                        child = _Child.start(trust=trust, bounds=bounds, is_spare=False)
                        child.hand_over(asker)
                children[child] = time.monotonic() + bounds.timeout_s
            case _:
                return


def _receive(control: socket.socket) -> tuple[bytes, int, list[int]]:
    message, fds, _, _ = socket.recv_fds(control, CONTROL.size, 1, socket.MSG_WAITALL)
    if len(message) != CONTROL.size:
        return b"", 0, fds
    letter, length = CONTROL.unpack(message)
    return letter, length, fds


class _Child:
    """A process for one check, seen from here: it waits for its asker. Readable for `select` once it has
    ended.
    """

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self._pid = pid
        self._channel = channel
        self._ended = os.pidfd_open(pid)

    @classmethod
    def start(cls, *, trust: Trust, bounds: Bounds, is_spare: bool) -> Self:
        """A fork of this process. A spare one rehearses while nobody waits, so that the memory it is going to
        need is its own.
        """
        ours, theirs = socket.socketpair()
        if pid := os.fork():
            theirs.close()
            return cls(pid, ours)
        try:
            os.closerange(_FIRST_FD, theirs.fileno())  # nothing of this process or of other checks
            os.closerange(theirs.fileno() + 1, _LAST_FD)
            if is_spare:
                rehearse(times=1)
                theirs.sendall(READY)
            serve(theirs, trust=trust, bounds=bounds)
        finally:
            os._exit(0)

    @property
    def is_ready(self) -> bool:
        return bool(select.select([self._channel], [], [], 0)[0])

    def hand_over(self, asker: socket.socket) -> bool:
        """Whether the child is there to take its asker."""
        try:
            socket.send_fds(self._channel, [READY], [asker.fileno()])
        except OSError:
            self.dismiss()
            return False
        self._channel.close()
        return True

    def fileno(self) -> int:
        return self._ended

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def is_buried(self) -> bool:
        """Bury the child if it is dead; its pid stays ours until then."""
        if not os.waitpid(self._pid, os.WNOHANG)[0]:
            return False
        os.close(self._ended)
        return True

    def dismiss(self) -> None:
        """End a child that nobody asked anything."""
        self._channel.close()
        self.kill()
        os.waitpid(self._pid, 0)
        os.close(self._ended)


def _reap(children: dict[_Child, float]) -> None:
    """Bury the dead and kill whoever is over time."""
    for child, deadline in list(children.items()):
        if time.monotonic() > deadline:
            child.kill()
        if child.is_buried():
            del children[child]


if __name__ == "__main__":
    main(int(sys.argv[1]), Bounds(float(sys.argv[2]), int(sys.argv[3])))
