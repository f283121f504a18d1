"""The process from which every check is forked: it has imported everything, rehearsed it, and knows no secret.

Started by `apart.Examiner` with an empty environment as `python -m certsvc.verify.zygote`, it forks one
child a request, so that a check costs a fork and not a second of imports. The child limits itself,
answers on its own socket and ends; whoever outlives the time limit is killed. When the parent goes
away, so does this.
"""

import datetime as dt
import gc
import importlib
import json
import logging
import math
import os
import resource
import select
import signal
import socket
import sys
import time
from typing import Any

from certsvc.verify.evidence import make_ready
from certsvc.verify.examining import Limits, examine_stranger
from certsvc.verify.images import PictureError, find_qr
from certsvc.verify.reasons import Reason
from certsvc.verify.rehearsing import rehearse
from certsvc.verify.trust import Trust
from certsvc.verify.wire import CONTROL, LENGTH, READY, read_exactly

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

_TICK_S = 0.2


def main(control_fd: int, *, timeout_s: float, memory_bytes: int) -> None:
    """Serve requests from the control socket until it closes."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)
    for name in _PRELOAD:
        importlib.import_module(name)
    rehearse()
    gc.disable()  # a child ends before cycles could fill its memory
    gc.collect()
    gc.freeze()
    control.sendall(READY)
    trust: Trust | None = None
    children: dict[int, float] = {}
    while True:
        readable, _, _ = select.select([control], [], [], _TICK_S if children else None)
        _reap(children)
        if not readable:
            continue
        letter, length, fds = _receive(control)
        match letter:
            case b"T":
                trust = Trust.from_bytes(read_exactly(control, length))
                make_ready(trust)
            case b"J" if trust is not None and len(fds) == 1:
                pid = _spawn(control, socket.socket(fileno=fds[0]), trust=trust, timeout_s=timeout_s, memory_bytes=memory_bytes)
                children[pid] = time.monotonic() + timeout_s
            case _:
                return


def _receive(control: socket.socket) -> tuple[bytes, int, list[int]]:
    message, fds, _, _ = socket.recv_fds(control, CONTROL.size, 1, socket.MSG_WAITALL)
    if len(message) != CONTROL.size:
        return b"", 0, fds
    letter, length = CONTROL.unpack(message)
    return letter, length, fds


def _reap(children: dict[int, float]) -> None:
    """Bury the dead and kill whoever is over time; a pid stays ours until it is waited for."""
    for pid, deadline in list(children.items()):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        if os.waitpid(pid, os.WNOHANG)[0]:
            del children[pid]


def _spawn(control: socket.socket, asker: socket.socket, *, trust: Trust, timeout_s: float, memory_bytes: int) -> int:
    pid = os.fork()
    if pid:
        asker.close()
        return pid
    try:
        control.close()
        _confine(timeout_s=timeout_s, memory_bytes=memory_bytes)
        asker.sendall(json.dumps(_answer(asker, trust)).encode())
        asker.shutdown(socket.SHUT_RDWR)  # the answer need not wait until this process is taken apart
    finally:
        os._exit(0)


def _confine(*, timeout_s: float, memory_bytes: int) -> None:
    """Take from this process what a check does not need; the kernel enforces it, whatever the code does."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    void = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a library prints about a stranger's file is nobody's business
        os.dup2(void, stream)
    cpu_s = math.ceil(timeout_s)
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,  # no further descriptor: neither files nor network
        resource.RLIMIT_NPROC: 0,
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


def _answer(asker: socket.socket, trust: Trust) -> dict[str, Any]:
    (length,) = LENGTH.unpack(read_exactly(asker, LENGTH.size))
    header = json.loads(read_exactly(asker, length))
    data = read_exactly(asker, header["bytes"])
    match header["task"]:
        case "file":
            now = dt.datetime.fromisoformat(header["now"])
            limits = Limits(max_bytes=header["max_bytes"], max_fields=header["max_fields"])
            return examine_stranger(data, trust=trust, now=now, limits=limits).to_json()
        case "picture":
            return _look_at(data)
        case other:
            raise ValueError(other)


def _look_at(picture: bytes) -> dict[str, Any]:
    try:
        text = find_qr(picture)
    except PictureError as error:
        return {"text": None, "reason": error.reason}
    return {"text": text, "reason": Reason.NO_QR_FOUND if text is None else None}


if __name__ == "__main__":
    main(int(sys.argv[1]), timeout_s=float(sys.argv[2]), memory_bytes=int(sys.argv[3]))
