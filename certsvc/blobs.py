"""Where bytes lie: signed PDFs and batch files, in a folder or an S3 bucket, through obstore.

Bytes are written before a row refers to them, under names that hold their digest or a random id,
so a repeated write is harmless. Names never come from input.
"""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.store import from_url

from certsvc.errors import Broken, Unavailable


def pdf_name(certificate_id: uuid.UUID, sha256: str) -> str:
    return f"certificates/{certificate_id.hex[:2]}/{certificate_id.hex}/{sha256}.pdf"


def batch_name(batch_id: uuid.UUID) -> str:
    return f"batches/{batch_id.hex}"


class Blobs:
    """A thin port on an object store; `url` is `file:///…` or `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        is_folder = urlsplit(url).scheme == "file"
        self._store = from_url(url, mkdir=True) if is_folder else from_url(url)

    async def put(self, name: str, data: bytes | Path) -> None:
        try:
            await obstore.put_async(self._store, name, data)
        except OSError as error:
            raise Unavailable("blobs_unavailable", "Kho tệp tạm thời không ghi được.", "The file store cannot be written now.") from error

    async def get(self, name: str) -> bytes:
        """All bytes under a name. Raises Broken where a row refers to what is not there."""
        return b"".join([chunk async for chunk in self.stream(name)])

    async def stream(self, name: str) -> AsyncIterator[bytes]:
        try:
            found = await obstore.get_async(self._store, name)
            async for chunk in found.stream():
                yield bytes(chunk)
        except FileNotFoundError as error:
            raise Broken("blob_missing", "Thiếu tệp đã lưu.", "A stored file is missing.") from error

    async def fetch(self, name: str, to: Path) -> None:
        """Copy what lies under a name into a local file."""
        with to.open("wb") as file:
            async for chunk in self.stream(name):
                file.write(chunk)

    async def delete(self, name: str) -> None:
        await obstore.delete_async(self._store, name)

    async def check(self) -> None:
        """Raises Unavailable where nothing can be written."""
        await self.put("health", dt.datetime.now(dt.UTC).isoformat().encode())
