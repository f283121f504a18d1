"""What strangers upload is bounded while it is under way, for each network and in all."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from certsvc.api.spool import Spool
from certsvc.errors import TooMany
from tests.support.rig import Rig

_MB = 1024**2


def test_room_is_bounded_for_each_and_in_all() -> None:
    spool = Spool(each=10, total=25)
    spool.take("a", 10)
    spool.take("b", 10)
    with pytest.raises(TooMany, match="uploads_busy"):
        spool.take("a", 1)
    with pytest.raises(TooMany, match="uploads_busy"):
        spool.take("c", 6)
    spool.take("c", 5)
    spool.give_back("a", 10)
    spool.take("c", 5)
    assert spool.held == 20


def _form(size: int, *, until: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """A form with one file; `until` keeps its end back."""

    async def parts() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(size // _MB):
            yield bytes(_MB)
        if until is not None:
            await until.wait()
        yield b"\r\n--x--\r\n"

    return parts()


async def test_unfinished_uploads_of_one_network_leave_others_room(rig: Rig) -> None:
    """One network fills its share and is told to wait; another one's file is checked; then there is room
    again.
    """
    ended, headers = asyncio.Event(), {"Content-Type": "multipart/form-data; boundary=x"}

    async def send(address: str, size: int, until: asyncio.Event | None = None) -> httpx2.Response:
        transport = httpx2.ASGITransport(rig.app, client=(address, 1), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
            return await client.post("/v1/verify/batch", content=_form(size, until=until), headers=headers)

    held = [asyncio.create_task(send("198.51.100.1", 60 * _MB, ended)) for _ in range(2)]
    await asyncio.sleep(1)
    refused = await send("198.51.100.1", 20 * _MB)
    assert (refused.status_code, refused.json()["code"]) == (429, "uploads_busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await send("203.0.113.1", 2 * _MB)).status_code == 200
    ended.set()
    assert [answer.status_code for answer in await asyncio.gather(*held)] == [200, 200]
    assert (await send("198.51.100.1", 20 * _MB)).status_code == 200
