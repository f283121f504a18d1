"""The zygote, seen from the process that wants checks: started or found, asked to fork, ended."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

from certsvc.errors import Broken
from certsvc.processes.wire import CONTROL, JOB, READY, TRUST
from certsvc.verify.trust import Trust

_START_S = 60.0
_END_WITHIN_S = 1.0


class Zygote:
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
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "certsvc.processes.zygote",
                    str(theirs.fileno()),
                    str(timeout_s),
                    str(memory_bytes),
                ],
                env={"PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"},
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
            raise Broken(
                "checker_broken",
                "Không khởi động được bộ kiểm tra tệp.",
                "The process that checks files does not start.",
            )

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
        """A socket to a new child that believes `trust` (None: does not matter). Raises OSError if the zygote
        is gone.
        """
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
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
