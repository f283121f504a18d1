"""ZIP files written while they are sent, one member in memory at a time, by a process that ends with them
(`zipping_process.py`).
"""

import asyncio
import contextlib
import datetime as dt
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple

from certsvc.errors import Broken

_LENGTH_BYTES = 4
_PIECE_BYTES = 64 * 1024


class Member(NamedTuple):
    """A file to put in, with its bytes piece by piece. PDFs and XML of ours are hardly smaller packed: they
    are stored as they are.
    """

    name: str
    changed_at: dt.datetime
    content: AsyncIterator[bytes]
    is_packed: bool = False


async def zip_stream(members: AsyncIterator[Member]) -> AsyncGenerator[bytes, None]:
    """The bytes of a ZIP with these members, in their order. Raises what they raise, Broken `not_zipped`
    where it cannot be written.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "certsvc.issuing.batches.zip_process"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sending = asyncio.create_task(_send(members, process.stdin))
    try:
        while piece := await process.stdout.read(_PIECE_BYTES):
            yield piece
        with contextlib.suppress(ConnectionError):  # it has ended before it got all
            await sending
        if await process.wait():
            raise Broken(
                "not_zipped",
                "Không tạo được tệp ZIP; hãy thử lại sau hoặc tải từng tệp.",
                "The ZIP file cannot be written; try again later, or take the files one by one.",
            )
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _send(members: AsyncIterator[Member], to: asyncio.StreamWriter) -> None:
    """Members as the process reads them; where one fails the end is lacking, and the process knows."""
    try:
        async for each in members:
            facts = {
                "name": each.name,
                "changed_at": each.changed_at.isoformat(),
                "is_packed": each.is_packed,
            }
            to.write(json.dumps(facts).encode() + b"\n")
            async for piece in each.content:
                if piece:
                    to.writelines((len(piece).to_bytes(_LENGTH_BYTES), piece))
                    await to.drain()
            to.write(bytes(_LENGTH_BYTES))
        to.write(b"null\n")
    finally:
        to.close()
