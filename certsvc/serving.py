"""The HTTP server."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from typing_extensions import override

from certsvc.api.app import create_app
from certsvc.api.patience import PatientProtocol
from certsvc.config import Settings
from certsvc.processes.memory import keep_what_is_there
from certsvc.resources import open_resources


async def serve_http(settings: Settings, *, host: str, port: int, zygote: Path | None = None) -> None:
    """The API and pages until told to stop; neither uvicorn's access log (it holds codes) nor its banner.
    Takes and raises what `open_resources` does.
    """
    async with open_resources(
        settings, zygote=zygote
    ) as resources:  # here: a failure in the application's own start is told at great length
        config = uvicorn.Config(
            create_app(settings, opening=lambda _: contextlib.nullcontext(resources)),
            host=host,
            port=port,
            loop="none",
            http=PatientProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
        await _Server(config).serve()


class _Server(uvicorn.Server):
    """Ends politely on SIGINT and SIGTERM, and then returns: uvicorn's own raises the signal again, and
    nobody could clear up.
    """

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # else the garbage collector holds answers up, looking through all that was imported
        keep_what_is_there()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for stop in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(stop, self.handle_exit, stop, None)
        try:
            yield
        finally:
            for stop in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(stop)
