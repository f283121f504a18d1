"""Calls become methods: `Client`'s return the result, `AsyncClient`'s something to await, typed as such."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from certsvc.client.wires import AsyncWire, SyncWire, Wire, each_of, finished

P = ParamSpec("P")
T = TypeVar("T")


class OverSync(Protocol):
    @property
    def wire(self) -> SyncWire: ...


class OverAsync(Protocol):
    @property
    def wire(self) -> AsyncWire: ...


class Call(Generic[P, T]):
    """A call with one result."""

    def __init__(self, function: Callable[Concatenate[Wire, P], Coroutine[Any, Any, T]]) -> None:
        self._function = function

    @overload
    def __get__(self, client: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self, client: OverSync, owner: type[object]) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: OverAsync, owner: type[object]) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: OverSync | OverAsync | None, owner: type[object]) -> Any:
        return self if client is None else _bound(self._function, client, finished)


class Items(Generic[P, T]):
    """A call with many results, one after the other."""

    def __init__(self, function: Callable[Concatenate[Wire, P], AsyncGenerator[T, None]]) -> None:
        self._function = function

    @overload
    def __get__(self, client: None, owner: type[object]) -> Self: ...
    @overload
    def __get__(self, client: OverSync, owner: type[object]) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(self, client: OverAsync, owner: type[object]) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, client: OverSync | OverAsync | None, owner: type[object]) -> Any:
        return self if client is None else _bound(self._function, client, each_of)


def _bound(
    function: Callable[..., Any], client: OverSync | OverAsync, run: Callable[[Any], Any]
) -> Callable[..., Any]:
    wire = client.wire

    @functools.wraps(function)
    def method(*args: Any, **named: Any) -> Any:
        call = function(wire, *args, **named)
        return run(call) if isinstance(wire, SyncWire) else call

    method.__dict__["__signature__"] = inspect.signature(
        functools.partial(function, wire)
    )  # what its caller gives
    return method
