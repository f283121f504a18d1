"""A process for one task: it reads the task as JSON, answers with bytes and its exit code, and ends.

For what takes seconds or reads what a stranger sent: memory and faults end with the process, its bounds are
its own, and it has nothing of our environment, so no secret. What it prints of a failure is thrown away, for
it may quote a case.
"""

import asyncio
import dataclasses
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from certsvc.errors import CertsvcError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


class TaskResult(NamedTuple):
    """What was written, and the exit code: 0 where all went well, below 0 where the process was killed."""

    answer: bytes
    code: int


async def ask_child(module: str, task: "DataclassInstance", *, timeout_s: float | None = None) -> TaskResult:
    """Have `python -m MODULE`, which ends in `serve_task`, do a task. It is killed when the caller is
    cancelled or the time is up.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module),
        env={"PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"}
        | {name: os.environ[name] for name in ("TMPDIR",) if name in os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    answer = b""
    try:
        async with asyncio.timeout(timeout_s):
            answer, _ = await process.communicate(json.dumps(dataclasses.asdict(task)).encode())
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return TaskResult(answer, process.returncode)


def serve_task(
    task: Callable[..., T],
    do: Callable[[T], bytes | None],
    *,
    memory_bytes: int,
    cpu_s: int,
    exits: Mapping[str, int] | None = None,
) -> None:
    """The other side: do what is asked for, within bounds. `exits` are the exit codes of errors of ours, by
    their codes; of others it is 1.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    try:
        answer = do(task(**json.load(sys.stdin.buffer)))
    except CertsvcError as error:
        sys.exit((exits or {}).get(error.code, 1))
    sys.stdout.buffer.write(answer or b"")
