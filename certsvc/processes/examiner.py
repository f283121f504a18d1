"""Checks in disposable processes: memory, processor time, files and wall clock limited, no secrets near.

An `Examiner` has one `zygote` (its own child, or one that the service forks; another one if it dies) and lets
a few checks run at once. More wait, in fair turns for each asker, and the rest is turned away. A child that
dies or runs out of time is an answer too: `too_complex`. Answers come back as JSON of bounded size, never as
objects.
"""

import asyncio
import datetime as dt
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from certsvc.processes.turns import FairTurns
from certsvc.processes.wire import LENGTH
from certsvc.processes.zygote_link import Zygote
from certsvc.verify.findings import Examination, FileKind, Limits
from certsvc.verify.reasons import Reason
from certsvc.verify.trust import Trust

_MAX_ANSWER_BYTES = 256 * 1024
_GRACE_S = 1.0
"""The child's own alarm rings first; this much later the parent stops waiting."""


@dataclass(frozen=True, slots=True)
class Scan:
    """The text of the QR code in a picture, or the reason why there is none."""

    text: str | None
    reason: Reason | None


class Examiner:
    """Runs checks apart from this process. Use as an asynchronous context manager, or call `close`.

    `timeout_s` is wall-clock and processor time of one check, `memory_bytes` its address space; `concurrency`
    checks run at once and `max_waiting` wait their turn, `max_waiting_each` of one asker. Where somebody else
    keeps a zygote, it listens at the address `zygote`. An answer longer than `max_answer_bytes` counts as
    none.
    """

    def __init__(
        self,
        *,
        timeout_s: float,
        memory_bytes: int,
        concurrency: int = 2,
        max_waiting: int = 240,
        max_waiting_each: int = 60,
        max_answer_bytes: int = _MAX_ANSWER_BYTES,
        zygote: Path | None = None,
    ) -> None:
        self._address = zygote
        self._max_answer_bytes = max_answer_bytes
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._turns = FairTurns(concurrency, max_waiting=max_waiting, max_waiting_each=max_waiting_each)
        self._starting = asyncio.Lock()
        self._zygote: Zygote | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the zygote, so that the first check need not wait for it. Raises Broken if it will not
        start.
        """
        await self._running()

    async def close(self) -> None:
        """End the zygote."""
        if self._zygote is not None:
            zygote, self._zygote = self._zygote, None
            await asyncio.to_thread(zygote.end)

    async def examine(
        self,
        data: bytes,
        *,
        trust: Trust,
        now: dt.datetime,
        limits: Limits | None = None,
        asker: str = "",
    ) -> Examination:
        """`examine_stranger` in a process of its own. Raises TooMany when too many wait, Broken if no process
        starts.
        """
        bounds = limits or Limits()
        if len(data) > bounds.max_bytes:
            return Examination.stopped(FileKind.TOO_COMPLEX, "Tệp quá lớn.")
        answer = await self._ask(
            {
                "task": "file",
                "now": now.isoformat(),
                "max_bytes": bounds.max_bytes,
                "max_fields": bounds.max_fields,
            },
            data,
            trust=trust,
            asker=asker,
        )
        try:
            return Examination.from_json(answer)
        except (ValueError, KeyError, TypeError):
            return Examination.stopped(FileKind.TOO_COMPLEX, "Việc kiểm tra vượt giới hạn.")

    async def read_qr(self, picture: bytes, *, asker: str = "") -> Scan:
        """The QR code in a JPEG, PNG or WebP picture. Raises as `examine` does."""
        answer = await self._ask({"task": "picture"}, picture, trust=None, asker=asker)
        match answer:
            case {"text": str(text), "reason": None}:
                return Scan(text, None)
            case {"text": None, "reason": str(reason)}:
                return Scan(None, Reason(reason))
            case _:
                return Scan(None, Reason.TOO_COMPLEX)

    async def _ask(
        self, header: dict[str, Any], body: bytes, *, trust: Trust | None, asker: str
    ) -> dict[str, Any]:
        """The child's answer; an empty one if it died, ran out of time or said too much."""
        request = _request(header, body)
        async with self._turns.turn(asker):
            zygote = await self._running()
            raw = await self._ask_child(zygote, request, trust)
            if not raw and not zygote.is_alive:  # which says nothing of the file
                raw = await self._ask_child(await self._running(), request, trust)
        try:
            answer = json.loads(raw)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    async def _ask_child(self, zygote: Zygote, request: bytes, trust: Trust | None) -> bytes:
        try:
            connection = await zygote.fork(trust)
        except OSError:
            await asyncio.to_thread(zygote.end)
            return b""
        return await _converse(
            connection, request, timeout_s=self._timeout_s + _GRACE_S, max_bytes=self._max_answer_bytes
        )

    async def _running(self) -> Zygote:
        async with self._starting:
            if self._zygote is not None and not self._zygote.is_alive:
                await self.close()
            if self._zygote is None:
                self._zygote = await self._find_zygote()
            return self._zygote

    async def _find_zygote(self) -> Zygote:
        if self._address is None:
            return await Zygote.start(timeout_s=self._timeout_s, memory_bytes=self._memory_bytes)
        return await Zygote.connect(self._address)


def _request(header: dict[str, Any], body: bytes) -> bytes:
    raw = json.dumps({**header, "bytes": len(body)}).encode()
    return LENGTH.pack(len(raw)) + raw + body


async def _converse(connection: socket.socket, request: bytes, *, timeout_s: float, max_bytes: int) -> bytes:
    """Send a request and read the answer to its end; empty if the other side fails, dawdles or says too
    much.
    """
    loop = asyncio.get_running_loop()
    answer = bytearray()
    with connection:
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_sendall(connection, request)
                while part := await loop.sock_recv(connection, 65536):
                    answer += part
                    if len(answer) > max_bytes:
                        return b""
        except (TimeoutError, OSError):
            return b""
    return bytes(answer)
