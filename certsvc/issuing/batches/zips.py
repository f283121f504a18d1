"""ZIP files written while they are sent, one member in memory at a time."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import lru_cache
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from certsvc.clock import HANOI

_PIECE_BYTES = 64 * 1024
_FILE_MODE = 0o100644


class Member(NamedTuple):
    """A file to put in, with its bytes piece by piece. PDFs and XML of ours are hardly smaller packed: they
    are not compressed.
    """

    name: str
    changed_at: dt.datetime
    content: AsyncGenerator[bytes, None]
    is_packed: bool = False


async def zip_stream(members: AsyncGenerator[Member, None]) -> AsyncGenerator[bytes, None]:
    """The bytes of a ZIP with these members, in their order, in pieces of some 64 KiB. Raises what they
    raise; what was sent then is no ZIP.

    All are deflated, at level 0 where nothing is to be gained: whoever reads a ZIP as it comes finds the end
    of a deflated member, never that of a stored one whose size is told behind it [APPNOTE 4.3.9].
    """
    outbox = _Outbox()
    archive = ZipFile(outbox, "w")
    try:
        async with aclosing(members):
            async for member in members:
                info = ZipInfo(member.name, _date_in_hanoi(member.changed_at))
                info.compress_type, info.external_attr = ZIP_DEFLATED, _FILE_MODE << 16
                async with aclosing(member.content) as content:
                    if member.is_packed:
                        with archive.open(info, "w") as file:
                            async for piece in content:
                                file.write(piece)
                                while outbox.is_full:
                                    yield outbox.take()
                    else:
                        archive.writestr(info, b"".join([piece async for piece in content]), compresslevel=0)
                while outbox.is_full:
                    yield outbox.take()
    finally:
        # Writing the directory of 50,000 members takes half a second.
        await asyncio.to_thread(archive.close)
    while piece := outbox.take():
        yield piece


@lru_cache(maxsize=16)
def _date_in_hanoi(at: dt.datetime) -> tuple[int, int, int, int, int, int]:
    """As a ZIP has it, which knows no zones; one tuple for all that were signed together, for the directory
    keeps them.
    """
    local = at.astimezone(HANOI)
    return local.year, local.month, local.day, local.hour, local.minute, local.second


class _Outbox:
    """What an archive has written and nobody has taken yet; there is no way back in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    @property
    def is_full(self) -> bool:
        return len(self._written) >= _PIECE_BYTES

    def take(self) -> bytes:
        """The oldest bytes; none where there are none left."""
        taken = bytes(self._written[:_PIECE_BYTES])
        del self._written[:_PIECE_BYTES]
        return taken
