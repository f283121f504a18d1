"""Connections that keep the server waiting are dropped; those that only take their time are not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import Receive, Scope, Send

from certsvc.api.patience import BODY_BYTES_PER_S, PatientProtocol
from tests.support.service import free_port

_LARGE = b"x" * 16 * 1024**2


class _Hasty(PatientProtocol):
    head_s, body_window_s, stalled_s, look_every_s = 0.4, 0.4, 0.4, 0.05


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, slowly if asked, and answers with a large one if asked."""
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    while (await receive()).get("more_body"):
        pass
    body = _LARGE if scope["path"] == "/large" else b"done"
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _served() -> AsyncIterator[int]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(_app, port=port, http=_Hasty, lifespan="off", log_config=None, access_log=False)
    )
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        yield port
    finally:
        server.should_exit = server.force_exit = True
        await server.shutdown()


async def _send(port: int, *parts: bytes, pause_s: float = 0.0) -> tuple[bytes, float]:
    """What came back until the server closed or had answered, and after how long."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started, answer = loop.time(), b""
    try:
        async with asyncio.timeout(10):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
            while not answer.endswith(b"done") and (piece := await reader.read(65536)):
                answer += piece
    except ConnectionError:
        pass
    writer.transport.abort()
    return answer, loop.time() - started


_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


async def test_half_a_request_ends() -> None:
    """Also where its headers trickle in, a line at a time."""
    async with _served() as port:
        assert (await _send(port, b"GET / HTTP/1.1\r\nX: "))[0] == b""
        trickle = [b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 40]
        answer, took = await _send(port, *trickle, pause_s=0.05)
        assert (answer, took < 5) == (b"", True)


async def test_half_a_body_ends() -> None:
    """Also where it trickles in below the least rate, from the start or after a burst."""
    async with _served() as port:
        assert b"200" not in (await _send(port, _HEAD % 1000, b"x" * 10))[0]
        burst = b"x" * 50_000
        assert b"200" not in (await _send(port, _HEAD % 60_000, burst))[0]
        answer, took = await _send(port, _HEAD % 1000, *[b"x"] * 60, pause_s=0.05)
        assert (b"200" in answer, took < 5) == (False, True)


async def test_a_slow_body_is_taken() -> None:
    """At twice the least rate, for several windows."""
    part = b"x" * (BODY_BYTES_PER_S // 5)
    async with _served() as port:
        answer, took = await _send(port, _HEAD % (len(part) * 20), *[part] * 20, pause_s=0.1)
    assert (answer.endswith(b"done"), took > 1.5) == (True, True)


async def test_an_application_that_does_not_read_is_no_slow_client() -> None:
    body = b"x" * 4 * 1024**2
    async with _served() as port:
        head = (_HEAD % len(body)).replace(b"POST /", b"POST /slow")
        assert (await _send(port, head, body))[0].endswith(b"done")


async def test_who_does_not_read_is_dropped() -> None:
    async with _served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1.5)
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert await _rest(reader) < len(_LARGE)
        writer.transport.abort()


async def _rest(reader: asyncio.StreamReader) -> int:
    """Bytes until the connection ends, however it does."""
    taken = 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            while piece := await reader.read(65536):
                taken += len(piece)
    return taken


async def test_a_kept_connection_is_as_patient_with_the_next_request() -> None:
    async with _served() as port:
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(request)
            assert (await asyncio.wait_for(reader.readuntil(b"done"), 5)).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.6)
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        assert await asyncio.wait_for(reader.read(65536), 5) == b""
        writer.transport.abort()
