"""ZIP files that are written while they are sent."""

import datetime as dt
import io
import os
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncGenerator, Iterator

import pytest

from certsvc.errors import Broken
from certsvc.issuing.batches.zips import Member, zip_stream

NOON = dt.datetime(2022, 3, 1, 5, 0, tzinfo=dt.UTC)


async def _pieces(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for each in pieces:
        yield each


async def _failing(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for each in pieces:
        yield each
    raise Broken("blob_missing", "Thiếu tệp đã lưu.", "A stored file is missing.")


async def _whole(members: AsyncGenerator[Member, None]) -> bytes:
    return b"".join([piece async for piece in zip_stream(members)])


def _read_as_it_comes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The members as whoever never sees the directory reads them: one local header after the other [APPNOTE
    4.3].
    """
    at = 0
    while data[at : at + 4] == b"PK\x03\x04":
        flags, method = struct.unpack_from("<HH", data, at + 6)
        assert (flags & 8, method) == (8, zipfile.ZIP_DEFLATED)
        name, extra = struct.unpack_from("<HH", data, at + 26)
        start = at + 30 + name + extra
        unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
        content = unpacking.decompress(data[start:])
        assert unpacking.eof
        at = len(data) - len(unpacking.unused_data)
        assert struct.unpack_from("<4sLLL", data, at) == (
            b"PK\x07\x08",
            zlib.crc32(content),
            at - start,
            len(content),
        )
        yield data[start - extra - name : start - extra].decode(), content
        at += 16
    assert data[at : at + 4] in (b"PK\x01\x02", b"PK\x05\x06")


async def test_members_come_back_as_they_were_put_in() -> None:
    """In their order, as they are or packed, in pieces of any length, an empty one too; with or without a
    look at the directory.
    """
    contents = {"a.pdf": (b"%PDF", b"", os.urandom(300_000)), "giấy.csv": (b"a,b\n" * 50_000,), "empty": ()}

    async def members() -> AsyncGenerator[Member, None]:
        for name, pieces in contents.items():
            yield Member(name, NOON, _pieces(*pieces), is_packed=name.endswith(".csv"))

    data = await _whole(members())
    expected = {name: b"".join(pieces) for name, pieces in contents.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        assert {each.filename: opened.read(each) for each in opened.infolist()} == expected
        pdf, table, _ = opened.infolist()
        assert {each.date_time for each in opened.infolist()} == {(2022, 3, 1, 12, 0, 0)}
        assert 0 < pdf.compress_size - pdf.file_size < 100
        assert table.compress_size < table.file_size / 100
    assert dict(_read_as_it_comes(data)) == expected


async def test_there_may_be_more_members_than_a_plain_zip_counts() -> None:
    """65,535 would be the most; the directory is ZIP64 then."""
    number = 65_540

    async def members() -> AsyncGenerator[Member, None]:
        for each in range(number):
            yield Member(f"{each}.xml", NOON, _pieces(b"x"))

    with zipfile.ZipFile(io.BytesIO(await _whole(members()))) as opened:
        assert len(opened.namelist()) == number
        assert opened.read(f"{number - 1}.xml") == b"x"


async def test_memory_holds_a_member_at_a_time() -> None:
    """Of what goes in and of what comes out; of those before, what the directory says of them."""
    number, size = 500, 1_000_000
    content = os.urandom(size)

    async def members() -> AsyncGenerator[Member, None]:
        for each in range(number):
            yield Member(f"{each}.pdf", NOON, _pieces(content))

    tracemalloc.start()
    try:
        longest = max([len(piece) async for piece in zip_stream(members())])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert longest <= 64 * 1024
    assert peak < 8 * size


async def test_a_zip_of_nothing_is_a_zip() -> None:
    """A batch of which nothing was issued."""

    async def members() -> AsyncGenerator[Member, None]:
        return
        yield

    with zipfile.ZipFile(io.BytesIO(await _whole(members()))) as opened:
        assert opened.namelist() == []


@pytest.mark.parametrize("is_within", [True, False], ids=["within a member", "between two members"])
async def test_what_fails_on_the_way_is_raised_and_never_looks_whole(*, is_within: bool) -> None:
    """The reason comes through, and what was sent so far is no ZIP."""

    async def members() -> AsyncGenerator[Member, None]:
        yield Member("a.pdf", NOON, _pieces(b"whole"))
        if is_within:
            yield Member("b.pdf", NOON, _failing(b"begun"))
        else:
            async for _ in _failing():
                pass

    sent = bytearray()

    async def download() -> None:
        async for piece in zip_stream(members()):
            sent.extend(piece)

    with pytest.raises(Broken, match="blob_missing"):
        await download()
    assert not zipfile.is_zipfile(io.BytesIO(sent))


@pytest.mark.parametrize("is_packed", [True, False], ids=["within a member", "between two members"])
async def test_who_stops_reading_holds_nothing_any_more(*, is_packed: bool) -> None:
    """A download that was broken off: what the members come from, and the one that was being read, are closed
    at once.
    """
    ended = []

    async def content() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield os.urandom(100_000)
                if not is_packed:
                    return
        finally:
            ended.append("content")

    async def endless() -> AsyncGenerator[Member, None]:
        try:
            while True:
                yield Member("a.pdf", NOON, content(), is_packed=is_packed)
        finally:
            ended.append("members")

    stream = zip_stream(endless())
    assert await anext(stream)
    await stream.aclose()
    assert ended == ["content", "members"]
