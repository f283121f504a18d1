"""One check in a process of its own, which limits itself before it looks at a stranger's bytes."""

import datetime as dt
import json
import math
import os
import resource
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

from certsvc.processes.wire import LENGTH, READY, read_exactly
from certsvc.verify.findings import ExaminationJson
from certsvc.verify.images import PictureError, find_qr
from certsvc.verify.pdf.examining import Limits, examine_stranger
from certsvc.verify.reasons import Reason
from certsvc.verify.trust import Trust


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one check: wall-clock and processor time, address space."""

    timeout_s: float
    memory_bytes: int


def serve(channel: socket.socket, *, trust: Trust, bounds: Bounds) -> None:
    """Wait for an asker, answer it, within bounds from its first byte on."""
    _, fds, _, _ = socket.recv_fds(channel, len(READY), 1)
    channel.close()
    for fd in fds:
        asker = socket.socket(fileno=fd)
        _confine(bounds)
        asker.sendall(json.dumps(_answer(asker, trust)).encode())
        asker.shutdown(socket.SHUT_RDWR)  # the answer need not wait until this process is taken apart


def _confine(bounds: Bounds) -> None:
    """Take from this process what a check does not need; the kernel enforces it, whatever the code does."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, bounds.timeout_s)
    void = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a library prints about a stranger's file is nobody's business
        os.dup2(void, stream)
    cpu_s = math.ceil(bounds.timeout_s + time.process_time())
    limits = {
        resource.RLIMIT_AS: bounds.memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 0,  # no further descriptor: neither files nor network
        resource.RLIMIT_NPROC: 0,
    }
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


def _answer(asker: socket.socket, trust: Trust) -> ExaminationJson | dict[str, Any]:
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
