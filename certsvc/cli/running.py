"""serve, worker, demo. Each loads only what it runs: a worker needs no HTTP server, help needs neither."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from certsvc.cli.ending import CANNOT_NOW, complain, run, settings_from_environment
from certsvc.cli.members import become_service

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="run no worker alongside")] = False,
) -> None:
    """API and pages, by default with an embedded queue server and a worker."""
    settings = settings_from_environment()
    refuse_taken(host, port)
    become_service(settings, http=(host, port), with_worker=not no_worker)


def refuse_taken(host: str, port: int) -> None:
    """End with exit code 3 if another program listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            complain(
                f"Cổng {port} đang bận; hãy chọn cổng khác bằng --port (với make: `make run PORT=8001`).",
                f"Port {port} is taken; choose another with --port (with make: `make run PORT=8001`).",
            )
            raise typer.Exit(CANNOT_NOW) from error


def worker() -> None:
    """A worker process for the shared queue (CERTSVC_REDIS_URL)."""
    become_service(settings_from_environment(), http=None)


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    once: Annotated[bool, typer.Option("--once", help="stop after issuing")] = False,
    folder: Annotated[Path, typer.Option(help="where everything of the demo lies")] = Path("var/demo"),
) -> None:
    """Set up the demo folder, issue the sample cases and those of people who are ill today, print addresses
    and keys, then serve.
    """
    from certsvc.cli.demo.demonstration import run_demo, settings_of_demo, worker_log  # noqa: PLC0415 - see above

    if not once:
        refuse_taken(host, port)
    folder = folder.resolve()
    settings = settings_of_demo(settings_from_environment(), folder, host=host, port=port)
    run(run_demo(settings, folder, once=once))
    if not once:
        become_service(settings, http=(host, port), worker_log=worker_log(folder))
