"""The processes of `certsvc serve` and `certsvc worker`, all forked from this program
(`certsvc/processes/family.py`).

    certsvc-checks  the zygote from which checks of strangers' files are forked (`processes/zygote.py`)
    certsvc-press   fills and signs (`presses.py`); as many as CERTSVC_PRESSES says
    certsvc-worker  reads batches, hands chunks to presses, publishes (`worker.py`)
    certsvc-api     API and pages (`serving.py`)

and the embedded queue server, which is a program of its own. The command replaces itself with this program,
in an environment without secrets, so that checks and presses, which need none, have none in memory. The real
environment waits in a memory file, which API and worker read once they are forked.

    python -m certsvc.cli.members PLAN
"""

import functools
import importlib
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

import typer

from certsvc.cli.ending import reported, run, settings_from_environment
from certsvc.config import Settings
from certsvc.logs import set_up_logging
from certsvc.processes.family import RENEWED, Member, keep_running, listening
from certsvc.processes.memory import set_up_allocator

_HARMLESS = re.compile("PATH|HOME|LANG|TMPDIR|TZ|VIRTUAL_ENV|(LC_|LD_|PYTHON).*")
"""What of the environment loader, interpreter and libraries may need before a member has the rest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which members are wanted: the API at `http` (address, port), a worker if there are `presses` for it.
    Nothing in it is secret.

    `environment` is the descriptor of the file with the real one. `worker_log` takes the output of worker and
    presses. `check_bounds` are the seconds and bytes that one check of a file may take.
    """

    environment: int
    log_json: bool
    is_queue_embedded: bool
    http: tuple[str, int] | None = None
    presses: int = 0
    worker_log: str | None = None
    check_bounds: tuple[float, int] = (0.0, 0)


def become_service(
    settings: Settings,
    *,
    http: tuple[str, int] | None,
    with_worker: bool = True,
    worker_log: Path | None = None,
) -> NoReturn:
    """Become the parent of the API (if `http` gives its address and port) and the worker, and nothing else;
    does not return.

    A worker alone serves a queue that runs elsewhere.
    """
    plan = Plan(
        environment=_file_of(os.environ | settings.as_environment()),
        log_json=settings.log_json,
        is_queue_embedded=http is not None and settings.redis_url is None,
        http=http,
        presses=settings.presses if with_worker else 0,
        worker_log=str(worker_log) if worker_log else None,
        check_bounds=(settings.verify_timeout_s, settings.verify_memory_bytes),
    )
    sys.stdout.flush()
    sys.stderr.flush()
    words = [sys.executable, "-P", "-m", "certsvc.cli.members", json.dumps(asdict(plan))]
    shown = {name: value for name, value in os.environ.items() if _HARMLESS.fullmatch(name)} | {
        "PYTHONPATH": os.pathsep.join(sys.path)
    }
    os.execve(sys.executable, words, shown)  # noqa: S606 - our own interpreter


def _file_of(environment: Mapping[str, str]) -> int:
    """The descriptor of a file in memory, which outlives `execve`."""
    file = os.memfd_create("environment")
    os.write(file, json.dumps(dict(environment)).encode())
    os.set_inheritable(file, True)
    return file


def _main(plan: Plan) -> int:
    set_up_allocator()
    set_up_logging(json=plan.log_json)
    for module in _needed(plan):
        importlib.import_module(module)
    with ExitStack() as stack:
        queue = stack.enter_context(_queue()) if plan.is_queue_embedded else None
        return keep_running(list(_members(plan, queue=queue, stack=stack)))


def _needed(plan: Plan) -> Iterable[str]:
    """The modules that members use, loaded once for all of them."""
    if plan.http:
        yield from ("certsvc.serving", "certsvc.processes.zygote")
    if plan.presses:
        yield from ("certsvc.worker", "certsvc.issuing.press.pressing")


@contextmanager
def _queue() -> Iterator[str]:
    """The embedded queue server's address."""
    from certsvc.queue import EmbeddedServer  # noqa: PLC0415 - not needed where there is another

    server = EmbeddedServer()
    with reported():
        server.start()
    try:
        yield server.url
    finally:
        server.stop()


def _members(plan: Plan, *, queue: str | None, stack: ExitStack) -> Iterator[Member]:
    """In the order of starting: those that are called before those that call them."""
    take_settings = functools.partial(_take_settings, plan.environment, queue=queue)
    log = Path(plan.worker_log) if plan.worker_log else None
    if plan.presses:
        listener, presses = stack.enter_context(listening())
        press = functools.partial(_press, listener, plan.environment, log=log)
        yield from (Member("certsvc-press", press) for _ in range(plan.presses))
        yield Member(
            "certsvc-worker",
            functools.partial(_work, take_settings, presses=presses, log=log),
            is_head=plan.http is None,
        )
    if plan.http:
        listener, zygote = stack.enter_context(listening())
        yield Member(
            "certsvc-checks", functools.partial(_check, listener, plan.environment, plan.check_bounds)
        )
        yield Member(
            "certsvc-api", functools.partial(_serve, take_settings, *plan.http, zygote=zygote), is_head=True
        )


def _press(listener: socket.socket, environment: int, *, log: Path | None) -> NoReturn:
    from certsvc.processes.presses import answer_calls  # noqa: PLC0415 - loaded by now

    os.close(environment)
    _say_to(log)
    answer_calls(listener)


def _work(take_settings: Callable[[], Settings], *, presses: Path, log: Path | None) -> int:
    from certsvc.worker import run_worker  # noqa: PLC0415 - loaded by now

    _say_to(log)
    return _code_of(lambda: run_worker(take_settings(), presses=presses))


def _check(listener: socket.socket, environment: int, bounds: tuple[float, int]) -> int:
    from certsvc.processes.confined import Bounds  # noqa: PLC0415 - loaded by now
    from certsvc.processes.zygote import serve_next  # noqa: PLC0415

    os.close(environment)
    serve_next(listener, Bounds(*bounds))
    return 0


def _serve(take_settings: Callable[[], Settings], host: str, port: int, *, zygote: Path) -> int:
    from certsvc.serving import serve_http  # noqa: PLC0415 - loaded by now

    return _code_of(lambda: serve_http(take_settings(), host=host, port=port, zygote=zygote))


def _code_of(work: Callable[[], Coroutine[object, object, bool | None]]) -> int:
    """The exit code of a process whose work returns whether it wants to be renewed."""
    try:
        return RENEWED if run(work()) else 0
    except typer.Exit as end:
        return end.exit_code


def _take_settings(environment: int, *, queue: str | None) -> Settings:
    """Take the real environment over, and the settings from it."""
    raw = os.pread(environment, os.fstat(environment).st_size, 0)
    os.close(environment)
    os.environ.clear()
    os.environ.update(json.loads(raw) | ({"CERTSVC_REDIS_URL": queue} if queue else {}))
    return settings_from_environment()


def _say_to(log: Path | None) -> None:
    if log is not None:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file, stream.fileno())
        os.close(file)


if __name__ == "__main__":
    sys.exit(_main(Plan(**json.loads(sys.argv[1]))))
