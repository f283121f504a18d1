"""The ZIP package of an XLSX file (ECMA-376 part 2), opened with suspicion.

Before anything is unpacked the directory is held against limits: its own size, the number of parts, no
encryption, the sizes it declares. While a part is read its bytes are counted, so a lying header does not
help. Parts are read by name only, never extracted; what is not asked for is never unpacked.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from certsvc.records.refusals import refusal

CHUNK_BYTES = 1 << 16
_END_BYTES, _MOST_COMMENT_BYTES = 22, 65_535
_MOST_DIRECTORY_BYTES, _MOST_PARTS = 1 << 20, 4_096
_MOST_RATIO, _RATIO_FREE_BYTES = 100, 1 << 20
_ENCRYPTED = 0x1
_DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)
"""What zipfile raises for damaged, encrypted or exotic members, whatever we ask of it."""


class Package:
    """The parts of one package; `unpacked_bytes` is what has been read of them so far."""

    def __init__(self, archive: zipfile.ZipFile, *, max_unpacked_bytes: int) -> None:
        self._archive = archive
        self._sizes = {info.filename: info for info in archive.infolist()}
        self._max_unpacked_bytes = max_unpacked_bytes
        self.unpacked_bytes = 0

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._sizes)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part's bytes. Raises InputError: `broken_file`, `too_large_unpacked`."""
        if name not in self._sizes:
            raise refusal("broken_file")
        allowed = max(_RATIO_FREE_BYTES, self._sizes[name].compress_size * _MOST_RATIO)
        try:
            with self._archive.open(name) as part:
                while chunk := part.read(CHUNK_BYTES):
                    allowed -= len(chunk)
                    self.unpacked_bytes += len(chunk)
                    if allowed < 0 or self.unpacked_bytes > self._max_unpacked_bytes:
                        raise refusal("too_large_unpacked")
                    yield chunk
        except _DAMAGES as error:
            raise refusal("broken_file") from error


@contextmanager
def open_package(file: BinaryIO, *, max_unpacked_bytes: int) -> Iterator[Package]:
    """Open a package. Raises InputError: `broken_file`, `encrypted_file`, `too_large_unpacked`."""
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _DAMAGES as error:
        raise refusal("broken_file") from error
    with archive:
        _check_declared(archive.infolist(), max_unpacked_bytes=max_unpacked_bytes)
        yield Package(archive, max_unpacked_bytes=max_unpacked_bytes)


def _check_directory(file: BinaryIO) -> None:
    """Refuse a central directory too large to load (APPNOTE 4.3.16), and ZIP64, which no table needs."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _MOST_COMMENT_BYTES - 20))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < _END_BYTES or b"PK\x06\x07" in tail[max(0, end - 20) : end]:
        raise refusal("broken_file")
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _MOST_DIRECTORY_BYTES:
        raise refusal("too_large_unpacked")
    file.seek(0)


def _check_declared(parts: list[zipfile.ZipInfo], *, max_unpacked_bytes: int) -> None:
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refusal("encrypted_file")
    is_bomb = any(part.file_size > max(_RATIO_FREE_BYTES, part.compress_size * _MOST_RATIO) for part in parts)
    if is_bomb or len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > max_unpacked_bytes:
        raise refusal("too_large_unpacked")
