"""Where bytes lie: packs and layers of signed PDFs, and batch files, in a folder or an S3 bucket, through
obstore.

Bytes are written before a row refers to them, under names that hold their digest or a random id,
so a repeated write is harmless. Names never come from input.
"""

import contextlib
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, GenericError
from obstore.store import from_url

from certsvc.errors import Broken, Unavailable


def pack_name(pack: str) -> str:
    """Of what many certificates have for themselves."""
    return f"packs/{pack[:2]}/{pack}"


def layer_name(sha256: str) -> str:
    """Of what many certificates share."""
    return f"layers/{sha256}"


def batch_name(batch_id: uuid.UUID) -> str:
    return f"batches/{batch_id.hex}"


class Blobs:
    """A thin port on an object store; `url` is `file:///…` or `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        is_folder = urlsplit(url).scheme == "file"
        self._store = from_url(url, mkdir=True) if is_folder else from_url(url)

    async def put(self, name: str, data: bytes | Path) -> None:
        with _translated():
            await obstore.put_async(self._store, name, data)

    async def find_size(self, name: str) -> int | None:
        """How many bytes lie under a name; None where there is nothing."""
        with _translated(), contextlib.suppress(FileNotFoundError):
            size: int = (await obstore.head_async(self._store, name))["size"]
            return size
        return None

    async def get_range(self, name: str, *, start: int, length: int) -> bytes:
        """`length` bytes from `start` on. Raises Broken `blob_missing` where the object is not there or ends
        before.
        """
        with _translated():
            try:
                found = bytes(await obstore.get_range_async(self._store, name, start=start, length=length))
            except (
                GenericError
            ):  # as stores say that `start` lies behind the end, but also that they do not answer
                if (await self.find_size(name) or 0) > start:
                    raise
                found = b""
        if len(found) != length:
            raise missing()
        return found

    async def get(self, name: str) -> bytes:
        """All bytes under a name. Raises Broken where a row refers to what is not there."""
        return b"".join([chunk async for chunk in self.stream(name)])

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        with _translated():
            found = await obstore.get_async(self._store, name)
            async for chunk in found.stream():
                yield bytes(chunk)

    async def fetch(self, name: str, to: Path) -> None:
        """Copy what lies under a name into a local file."""
        with to.open("wb") as file:
            async for chunk in self.stream(name):
                file.write(chunk)

    async def delete(self, name: str) -> None:
        """Let go of what lies under a name, if anything does."""
        with _translated(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, name)

    async def check(self) -> None:
        """Raises Unavailable where nothing can be written."""
        await self.put("health", dt.datetime.now(dt.UTC).isoformat().encode())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Raises Broken `blob_missing` for what is not there, Unavailable for a store that cannot be reached,
    read or written.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise missing() from error
    except (OSError, BaseError) as error:
        raise Unavailable(
            "blobs_unavailable",
            "Kho tệp tạm thời không đọc, ghi được.",
            "The file store cannot be read or written now.",
        ) from error


def missing() -> Broken:
    return Broken("blob_missing", "Thiếu tệp đã lưu.", "A stored file is missing.")
