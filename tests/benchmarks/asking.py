"""A minimal HTTP/1.1 client for a local server, so that the server is what is measured."""

import asyncio
import gc
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """Answers per second, and the sorted durations in seconds."""

    per_s: float
    latencies_s: Sequence[float]

    def quantile_ms(self, share: float) -> float:
        return self.latencies_s[min(int(len(self.latencies_s) * share), len(self.latencies_s) - 1)] * 1000


def requests_for(paths: Sequence[str], *, seed: int = 1) -> Iterator[bytes]:
    """Endless requests for random paths, each apparently from another address: one may make 300 a minute."""
    rng = random.Random(seed)
    for number in itertools.count():
        address = ".".join(str(part) for part in (10 + number % 200, *rng.randbytes(3)))
        yield (
            f"GET {rng.choice(paths)} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\nX-Forwarded-For:"
            f" {address}\r\n\r\n".encode()
        )


async def as_fast_as_it_goes(port: int, paths: Sequence[str], *, seconds: float) -> Asked:
    """Several connections, each asking again as soon as it is answered."""
    requests, latencies = requests_for(paths), []
    until = time.perf_counter() + seconds

    async def ask() -> None:
        async with _Connection(port) as connection:
            while time.perf_counter() < until:
                latencies.append(await connection.ask(next(requests)))

    started = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(_CONNECTIONS)))
    return Asked(len(latencies) / (time.perf_counter() - started), sorted(latencies))


async def at_a_rate(port: int, paths: Sequence[str], *, per_s: float, seconds: float) -> Asked:
    """A constant rate, whatever happens: late answers delay no question, and lateness counts from when due.

    What would delay ourselves is avoided: garbage collection, and waiting for thousands of tasks at the end.
    """
    requests, latencies, free = requests_for(paths), [], asyncio.Queue[_Connection]()
    connections = [_Connection(port) for _ in range(_CONNECTIONS * 4)]
    for connection in connections:
        free.put_nowait(await connection.__aenter__())

    async def ask(due: float) -> None:
        connection = await free.get()
        await connection.ask(next(requests))
        latencies.append(time.perf_counter() - due)
        free.put_nowait(connection)

    gc.collect()
    gc.disable()
    started = time.perf_counter()
    async with asyncio.TaskGroup() as asking:
        for number in range(int(per_s * seconds)):
            due = started + number / per_s
            await asyncio.sleep(max(0, due - time.perf_counter()))
            asking.create_task(ask(due))
    gc.enable()
    elapsed = time.perf_counter() - started
    for connection in connections:
        await connection.__aexit__()
    return Asked(len(latencies) / elapsed, sorted(latencies))


class _Connection:
    """A persistent connection; answers must state their length and be successful."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, request: bytes) -> float:
        started = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        return time.perf_counter() - started
