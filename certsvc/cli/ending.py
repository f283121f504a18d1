"""How commands end: exit codes, and our errors in plain words on standard error."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from certsvc.config import Settings, load_settings
from certsvc.errors import Broken, CertsvcError, Unavailable
from certsvc.logs import set_up_logging

SAYS_NO, WRONG_USAGE, CANNOT_NOW = 1, 2, 3
INTERRUPTED = 130
"""What shells return for an interrupted program."""
T = TypeVar("T")
_ENDLESS = 10_000
"""Columns: wider than any table of ours."""


def say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")


def complain_each(errors: Iterable[Mapping[str, Any]]) -> None:
    """The items of an error, each with its row and field if it has them."""
    for item in errors:
        row = f"dòng/row {item['row']}" if item.get("row") else ""
        place = ", ".join(filter(None, (row, item.get("field"))))
        complain(f"  - {place}{': ' if place else ''}{item.get('message_vi')} / {item.get('message_en')}")


def show(table: Table) -> None:
    """Print a table as wide as its content needs: a truncated identifier is useless."""
    console = Console(markup=False, emoji=False, highlight=False)
    needed = console.measure(table, options=console.options.update(width=_ENDLESS)).maximum
    console.width = max(console.width, needed)
    console.print(table)


@contextmanager
def reported() -> Iterator[None]:
    """Turn our errors, and the system's about files, into a message and an exit code."""
    try:
        yield
    except CertsvcError as error:
        complain(error.message_vi, error.message_en)
        complain_each(error.errors)
        raise typer.Exit(CANNOT_NOW if isinstance(error, Unavailable | Broken) else SAYS_NO) from error
    except BrokenPipeError:
        raise  # typer ends quietly when the reader of a pipe has gone
    except OSError as error:
        complain(f"Lỗi hệ thống / System error: {error}")
        raise typer.Exit(CANNOT_NOW) from error


def settings_from_environment() -> Settings:
    """The settings, with logging set up by them; a wrong one ends the command with exit code 2."""
    try:
        settings = load_settings()
    except ValidationError as error:
        # Only names and reasons: a wrong secret must not be printed.
        for wrong in error.errors():
            complain(f"CERTSVC_{'_'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}")
        raise typer.Exit(WRONG_USAGE) from error
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(WRONG_USAGE) from error
    set_up_logging(json=settings.log_json)
    return settings


def run(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end and report our errors; SIGTERM and Ctrl-C let it clean up first."""
    with reported():
        try:
            return asyncio.run(_until_terminated(work))
        except (KeyboardInterrupt, asyncio.CancelledError) as error:
            raise typer.Exit(INTERRUPTED) from error


async def _until_terminated(work: Coroutine[object, object, T]) -> T:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
