"""ZIP files that a process of its own writes while they are sent."""

import datetime as dt
import io
import os
import zipfile
from collections.abc import AsyncIterator

import psutil
import pytest

from certsvc.errors import Broken
from certsvc.issuing.batches.zips import Member, zip_stream
from tests.support.processes import children_running

NOON = dt.datetime(2022, 3, 1, 5, 0, tzinfo=dt.UTC)


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for each in pieces:
        yield each


async def _failing(*pieces: bytes) -> AsyncIterator[bytes]:
    for each in pieces:
        yield each
    raise Broken("blob_missing", "Thiếu tệp đã lưu.", "A stored file is missing.")


async def _whole(members: AsyncIterator[Member]) -> bytes:
    return b"".join([piece async for piece in zip_stream(members)])


def _writers() -> list[psutil.Process]:
    return children_running("certsvc.issuing.batches.zip_process", os.getpid())


async def test_members_come_back_as_they_were_put_in() -> None:
    """In their order, stored or packed, in pieces of any length, an empty one too; and the process has
    gone.
    """
    contents = {"a.pdf": (b"%PDF", b"", os.urandom(300_000)), "giấy.csv": (b"a,b\n" * 50_000,), "empty": ()}

    async def members() -> AsyncIterator[Member]:
        for name, pieces in contents.items():
            yield Member(name, NOON, _pieces(*pieces), is_packed=name.endswith(".csv"))

    with zipfile.ZipFile(io.BytesIO(await _whole(members()))) as opened:
        assert opened.testzip() is None
        assert {each.filename: opened.read(each) for each in opened.infolist()} == {
            name: b"".join(pieces) for name, pieces in contents.items()
        }
        assert [each.compress_type for each in opened.infolist()] == [
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
            zipfile.ZIP_STORED,
        ]
    assert _writers() == []


async def test_a_zip_of_nothing_is_a_zip() -> None:
    """A batch of which nothing was issued."""

    async def members() -> AsyncIterator[Member]:
        return
        yield

    with zipfile.ZipFile(io.BytesIO(await _whole(members()))) as opened:
        assert opened.namelist() == []


@pytest.mark.parametrize("is_within", [True, False], ids=["within a member", "between two members"])
async def test_what_fails_on_the_way_is_raised_and_never_looks_whole(*, is_within: bool) -> None:
    """The reason comes through, and what was sent so far is no ZIP."""

    async def members() -> AsyncIterator[Member]:
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
    assert _writers() == []


async def test_who_stops_reading_leaves_no_process() -> None:
    """A download that was broken off."""

    async def endless() -> AsyncIterator[Member]:
        while True:
            yield Member("a.pdf", NOON, _pieces(os.urandom(100_000)))

    stream = zip_stream(endless())
    assert await anext(stream)
    assert len(_writers()) == 1
    await stream.aclose()
    assert _writers() == []


async def test_a_process_that_dies_is_told_of() -> None:
    """A machine without memory, say."""

    async def members() -> AsyncIterator[Member]:
        yield Member("a.pdf", NOON, _pieces(os.urandom(500_000)))
        for writer in _writers():
            writer.kill()
        while True:
            yield Member("b.pdf", NOON, _pieces(os.urandom(500_000)))

    with pytest.raises(Broken, match="not_zipped"):
        await _whole(members())
