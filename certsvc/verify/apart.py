"""Checks in disposable processes: memory, processor time, files and wall clock limited, no secrets near.

An `Examiner` owns one `zygote` (its own child, or one that the service forks; another one if it dies) and lets a few checks run
at once, a few more wait, and turns the rest away. A child that dies or runs out of time is an answer too:
`too_complex`. Answers come back as JSON of bounded size, never as objects.
"""

import asyncio
import contextlib
import datetime as dt
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from certsvc.errors import Broken, TooMany
from certsvc.verify.findings import Examination, Kind, Limits
from certsvc.verify.reasons import Reason
from certsvc.verify.trust import Trust
from certsvc.verify.wire import CONTROL, JOB, LENGTH, READY, TRUST

MAX_ANSWER_BYTES = 256 * 1024
_ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0
_GRACE_S = 1.0
"""The child's own alarm rings first; this much later the parent stops waiting."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The text of the QR code in a picture, or the reason why there is none."""

    text: str | None
    reason: Reason | None


class Examiner:
    """Runs checks apart from this process. Use as an asynchronous context manager, or call `close`.

    `timeout_s` is wall-clock and processor time of one check, `memory_bytes` its address space;
    `concurrency` checks run at once and `max_waiting` wait their turn. Where somebody else keeps a zygote,
    it listens at the address `zygote`.
    """

    def __init__(self, *, timeout_s: float, memory_bytes: int, concurrency: int = 2, max_waiting: int = 16, zygote: Path | None = None) -> None:
        self._address = zygote
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._places = concurrency + max_waiting
        self._turns = asyncio.Semaphore(concurrency)
        self._starting = asyncio.Lock()
        self._zygote: _Zygote | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the zygote, so that the first check need not wait for it. Raises Broken if it will not start."""
        await self._running()

    async def close(self) -> None:
        """End the zygote."""
        if self._zygote is not None:
            zygote, self._zygote = self._zygote, None
            await asyncio.to_thread(zygote.end)

    async def examine(self, data: bytes, *, trust: Trust, now: dt.datetime, limits: Limits | None = None) -> Examination:
        """`examine_stranger` in a process of its own. Raises TooMany when too many wait, Broken if no process starts."""
        bounds = limits or Limits()
        if len(data) > bounds.max_bytes:
            return Examination.stopped(Kind.TOO_COMPLEX, "Tệp quá lớn.")
        answer = await self._ask({"task": "file", "now": now.isoformat(), "max_bytes": bounds.max_bytes, "max_fields": bounds.max_fields}, data, trust=trust)
        try:
            return Examination.from_json(answer)
        except (ValueError, KeyError, TypeError):
            return Examination.stopped(Kind.TOO_COMPLEX, "Việc kiểm tra vượt giới hạn.")

    async def read_qr(self, picture: bytes) -> Scan:
        """The QR code in a JPEG, PNG or WebP picture. Raises as `examine` does."""
        answer = await self._ask({"task": "picture"}, picture, trust=None)
        match answer:
            case {"text": str(text), "reason": None}:
                return Scan(text, None)
            case {"text": None, "reason": str(reason)}:
                return Scan(None, Reason(reason))
            case _:
                return Scan(None, Reason.TOO_COMPLEX)

    async def _ask(self, header: dict[str, Any], body: bytes, *, trust: Trust | None) -> dict[str, Any]:
        """The child's answer; an empty one if it died, ran out of time or said too much."""
        async with self._turn():
            zygote = await self._running()
            try:
                connection = await zygote.fork(trust)
            except OSError:
                await self.close()
                connection = await (await self._running()).fork(trust)
            raw = await _converse(connection, _request(header, body), timeout_s=self._timeout_s + _GRACE_S)
        try:
            answer = json.loads(raw)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._places <= 0:
            raise TooMany(
                "checker_busy",
                "Hệ thống đang kiểm tra nhiều tệp. Hãy thử lại sau ít phút.",
                "Many files are being checked. Try again in a few minutes.",
                retry_after_s=5,
            )
        self._places -= 1
        try:
            async with self._turns:
                yield
        finally:
            self._places += 1

    async def _running(self) -> "_Zygote":
        async with self._starting:
            if self._zygote is not None and not self._zygote.is_alive:
                await self.close()
            if self._zygote is None:
                self._zygote = await self._find_zygote()
            return self._zygote

    async def _find_zygote(self) -> "_Zygote":
        if self._address is None:
            return await _Zygote.start(timeout_s=self._timeout_s, memory_bytes=self._memory_bytes)
        return await _Zygote.connect(self._address)


class _Zygote:
    """The process we fork from, seen from here."""

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes] | None) -> None:
        control.setblocking(False)
        self._control = control
        self._process = process
        self._sending = asyncio.Lock()
        self._trust: Trust | None = None

    @classmethod
    async def start(cls, *, timeout_s: float, memory_bytes: int) -> Self:
        """A zygote that is ready. Its environment is made here, so nothing of ours is in it."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - a fork and an exec of our own interpreter; arguments are numbers
                [sys.executable, "-P", "-m", "certsvc.verify.zygote", str(theirs.fileno()), str(timeout_s), str(memory_bytes)],
                env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        zygote = cls(ours, process)
        await zygote._get_ready()
        return zygote

    @classmethod
    async def connect(cls, address: Path) -> Self:
        """The one that listens there, or the next one, for it serves one examiner and ends with it."""
        ours = socket.socket(socket.AF_UNIX)
        zygote = cls(ours, None)
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().sock_connect(ours, str(address))
        await zygote._get_ready()
        return zygote

    async def _get_ready(self) -> None:
        if not await self._is_ready():
            await asyncio.to_thread(self.end)
            raise Broken("checker_broken", "Không khởi động được bộ kiểm tra tệp.", "The process that checks files does not start.")

    async def _is_ready(self) -> bool:
        try:
            async with asyncio.timeout(_START_S):
                return await asyncio.get_running_loop().sock_recv(self._control, len(READY)) == READY
        except (TimeoutError, OSError):
            return False

    @property
    def is_alive(self) -> bool:
        """It says no more once it is ready, so that all there could be to read is its end."""
        try:
            return bool(self._control.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except OSError:
            return False

    async def fork(self, trust: Trust | None) -> socket.socket:
        """A socket to a new child that believes `trust` (None: does not matter). Raises OSError if the zygote is gone."""
        async with self._sending:
            if self._trust is None or (trust is not None and trust != self._trust):
                await self._send_trust(trust or Trust(anchors=()))
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._control, [CONTROL.pack(JOB, 0)], [theirs.fileno()])
                except OSError:
                    ours.close()
                    raise
        ours.setblocking(False)
        return ours

    async def _send_trust(self, trust: Trust) -> None:
        raw = trust.to_bytes()
        try:
            await asyncio.get_running_loop().sock_sendall(self._control, CONTROL.pack(TRUST, len(raw)) + raw)
        except BaseException:  # given up halfway, nobody could make sense of what follows
            self._control.close()
            raise
        self._trust = trust

    def end(self) -> None:
        """Close the control socket, upon which the zygote ends; kill it if it does not."""
        self._control.close()
        if self._process is None:
            return
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _request(header: dict[str, Any], body: bytes) -> bytes:
    raw = json.dumps({**header, "bytes": len(body)}).encode()
    return LENGTH.pack(len(raw)) + raw + body


async def _converse(connection: socket.socket, request: bytes, *, timeout_s: float) -> bytes:
    """Send a request and read the answer to its end; empty if the other side fails, dawdles or says too much."""
    loop = asyncio.get_running_loop()
    answer = bytearray()
    with connection:
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_sendall(connection, request)
                while part := await loop.sock_recv(connection, 65536):
                    answer += part
                    if len(answer) > MAX_ANSWER_BYTES:
                        return b""
        except (TimeoutError, OSError):
            return b""
    return bytes(answer)
