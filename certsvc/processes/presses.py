"""Presses: processes that fill and sign, each one call at a time.

They accept calls on one socket in the file system; whoever is idle takes the next. A call is a function and
its arguments, the answer what it returned or raised, both pickled: the socket's folder is closed to everybody
else. Where a press dies, its caller learns of it at once, and another one takes the calls that follow.
"""

import asyncio
import pickle
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

from certsvc.processes.memory import give_back

P = ParamSpec("P")
T = TypeVar("T")
_READ_BYTES = 1024 * 1024


class PressLostError(Exception):
    """The press ended before it answered."""


async def call(address: Path, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns or raises in a press that listens at `address`. Raises PressLostError."""
    reader, writer = await asyncio.open_unix_connection(address, limit=_READ_BYTES)
    try:
        writer.write(pickle.dumps((function, args, kwargs)))
        writer.write_eof()
        raw = await reader.read()
    except OSError as error:
        raise PressLostError from error
    finally:
        writer.close()
    try:
        result, raised = pickle.loads(raw)  # noqa: S301 - from our own process, see above
    except (EOFError, pickle.UnpicklingError) as cut_short:
        raise PressLostError from cut_short
    if raised is not None:
        raise raised
    return result  # type: ignore[no-any-return]


def answer_calls(listener: socket.socket) -> NoReturn:
    """Be a press, for good."""
    while True:
        caller, _ = listener.accept()
        with caller, suppress(OSError):  # a caller that has gone needs no answer
            caller.sendall(_answer(_read_all(caller)))
        give_back()


def _read_all(caller: socket.socket) -> bytes:
    with caller.makefile("rb") as file:
        return file.read()


def _answer(raw: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(raw)  # noqa: S301 - from our own process, see above
        return pickle.dumps((function(*args, **kwargs), None))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return pickle.dumps((None, _portable(error)))


def _portable(error: Exception) -> Exception:
    """As it was, where it can be sent; with the place where it was raised, for the log."""
    where = traceback.format_exc()
    try:
        error.add_note(where)
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - an exception's own code decides what this may be
        return RuntimeError(where)
    return error
