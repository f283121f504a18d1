"""Running it all on one machine: the embedded queue server, a worker beside, the HTTP server."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from typing_extensions import override

from certsvc.api.app import create_app
from certsvc.config import Settings
from certsvc.logs import get_logger
from certsvc.memory import keep_what_is_there, set_up_allocator
from certsvc.queue import EmbeddedServer, die_with_parent

_RESTART_AFTER_S = 0.5
_STOP_WITHIN_S = 30
_log = get_logger()


@asynccontextmanager
async def running_stack(settings: Settings, *, with_worker: bool = True, worker_log: Path | None = None) -> AsyncIterator[Settings]:
    """Queue server (where none is configured) and worker, stopped at the end.

    `worker_log` takes what the worker logs instead of our own standard output. Yields the settings with
    the queue's address in them.
    """
    set_up_allocator()
    embedded = EmbeddedServer() if settings.redis_url is None else None
    if embedded is not None:
        embedded.start()
        settings = settings.model_copy(update={"redis_url": embedded.url})
    supervising = asyncio.create_task(_keep_worker(settings, worker_log)) if with_worker else None
    try:
        yield settings
    finally:
        if supervising is not None:
            supervising.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await supervising
        if embedded is not None:
            embedded.stop()


async def _keep_worker(settings: Settings, log: Path | None) -> None:
    """A worker as a child process; another one where it ends before we do."""
    while True:
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("ab")) if log else None
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "certsvc",
                "worker",
                env=os.environ | settings.as_environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is for us; we stop it in order
                preexec_fn=die_with_parent,
            )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        _log.error("worker.ended", code=code)
        await asyncio.sleep(_RESTART_AFTER_S)


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def serve_http(settings: Settings, *, host: str, port: int) -> None:
    """The API and pages until told to stop; neither uvicorn's access log (it holds codes) nor its banner."""
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    await _Server(config).serve()


class _Server(uvicorn.Server):
    """Ends politely on SIGINT and SIGTERM, and then returns: uvicorn's own raises the signal again, and nobody could clear up."""

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        keep_what_is_there()  # else the garbage collector holds answers up, looking through all that was imported

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(each)
