"""ZIP files written while they are sent, one member in memory at a time."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import NamedTuple

_FILE_MODE = 0o100644


class Member(NamedTuple):
    """A file to put in, with its bytes piece by piece. PDFs and XML of ours are hardly smaller packed: they are stored as they are."""

    name: str
    changed_at: dt.datetime
    content: AsyncIterator[bytes]
    is_packed: bool = False


async def zip_stream(members: AsyncIterator[Member]) -> AsyncIterator[bytes]:
    """The bytes of a ZIP with these members, in their order; ZIP64, for there may be many."""
    from stream_zip import NO_COMPRESSION_64, ZIP_64, AsyncMemberFile, async_stream_zip  # noqa: PLC0415 - brings ciphers of its own: for who asks only

    async def files() -> AsyncIterator[AsyncMemberFile]:
        async for each in members:
            yield each.name, each.changed_at, _FILE_MODE, ZIP_64 if each.is_packed else NO_COMPRESSION_64, each.content

    async for piece in async_stream_zip(files()):
        yield piece
