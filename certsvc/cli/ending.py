"""How commands end: exit codes, and our errors in words on standard error."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TypeVar

import typer
from pydantic import ValidationError

from certsvc.config import Settings, load_settings
from certsvc.errors import Broken, CertsvcError, Unavailable
from certsvc.logs import set_up_logging

SAYS_NO, WRONG_USAGE, CANNOT_NOW = 1, 2, 3
INTERRUPTED = 130
"""What shells give for an interrupted program."""
T = TypeVar("T")


def say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")


@contextmanager
def told() -> Iterator[None]:
    """Turn our errors into their message and an exit code."""
    try:
        yield
    except CertsvcError as error:
        complain(error.message_vi, error.message_en)
        for each in error.errors:
            complain(f"  - {each.get('field') or ''}: {each['message_vi']} / {each['message_en']}")
        raise typer.Exit(CANNOT_NOW if isinstance(error, Unavailable | Broken) else SAYS_NO) from error


def settings_from_environment() -> Settings:
    """The settings, with logging set up by them; a wrong one ends the command with exit code 2."""
    try:
        settings = load_settings()
    except ValidationError as error:
        # Only names and reasons: a wrong secret must not be printed.
        complain(*(f"CERTSVC_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()))
        raise typer.Exit(WRONG_USAGE) from error
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(WRONG_USAGE) from error
    set_up_logging(json=settings.log_json)
    return settings


def run(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end, our errors told; SIGTERM and Ctrl-C let it clear up first."""
    with told():
        try:
            return asyncio.run(_until_told(work))
        except (KeyboardInterrupt, asyncio.CancelledError) as error:
            raise typer.Exit(INTERRUPTED) from error


async def _until_told(work: Coroutine[object, object, T]) -> T:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
