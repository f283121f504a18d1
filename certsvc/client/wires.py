"""Two ways over the wire, one for each client.

Calls are written once, as coroutines over a `Wire`. The synchronous wire never waits for an event loop, so
its calls run to the end in a single step (`finished`), and calls with items take one step per item
(`each_of`).
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import IO, Protocol, TypeVar

import anyio
import anyio.to_thread
import httpx2

T = TypeVar("T")


class Wire(Protocol):
    """What a call needs of the world. `retries` is how often it may ask again."""

    @property
    def http(self) -> httpx2.Client | httpx2.AsyncClient: ...

    @property
    def retries(self) -> int: ...

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        """The answer's head: the caller reads its content and closes it."""

    async def read(self, response: httpx2.Response) -> None: ...

    async def close(self, response: httpx2.Response) -> None: ...

    def lines(self, response: httpx2.Response) -> AsyncGenerator[str, None]: ...

    async def save(self, response: httpx2.Response, file: IO[bytes]) -> None: ...

    async def sleep(self, seconds: float) -> None: ...


class SyncWire:
    def __init__(
        self, http: httpx2.Client, *, retries: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.http = http
        self.retries = retries
        self._sleep = sleep

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        return self.http.send(request, stream=True)

    async def read(self, response: httpx2.Response) -> None:
        response.read()

    async def close(self, response: httpx2.Response) -> None:
        response.close()

    async def lines(self, response: httpx2.Response) -> AsyncGenerator[str, None]:
        for line in response.iter_lines():
            yield line

    async def save(self, response: httpx2.Response, file: IO[bytes]) -> None:
        for chunk in response.iter_bytes():
            file.write(chunk)

    async def sleep(self, seconds: float) -> None:
        self._sleep(seconds)


class AsyncWire:
    def __init__(
        self,
        http: httpx2.AsyncClient,
        *,
        retries: int,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.http = http
        self.retries = retries
        self._sleep = sleep

    async def send(self, request: httpx2.Request) -> httpx2.Response:
        return await self.http.send(request, stream=True)

    async def read(self, response: httpx2.Response) -> None:
        await response.aread()

    async def close(self, response: httpx2.Response) -> None:
        await response.aclose()

    async def lines(self, response: httpx2.Response) -> AsyncGenerator[str, None]:
        async for line in response.aiter_lines():
            yield line

    async def save(self, response: httpx2.Response, file: IO[bytes]) -> None:
        async for chunk in response.aiter_bytes():
            await anyio.to_thread.run_sync(file.write, chunk)

    async def sleep(self, seconds: float) -> None:
        await self._sleep(seconds)


def finished(call: Awaitable[T]) -> T:
    """The result of a call over a `SyncWire`."""
    try:
        next(iter(call.__await__()))
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a call over a SyncWire waited")


def each_of(items: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """The items of a call over a `SyncWire`; whoever stops early closes it, or the garbage collector does."""
    try:
        while True:
            try:
                item = finished(anext(items))
            except StopAsyncIteration:
                return
            yield item
    finally:
        finished(items.aclose())
