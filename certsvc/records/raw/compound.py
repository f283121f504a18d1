"""Compound files (MS-CFB), which Office used for everything before 2007 and still uses for files with a
password: which streams one holds.

Only the directory is read, along its chain of sectors, and no more of it than an honest file needs.
"""

from collections.abc import Iterator
from typing import BinaryIO

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEADER_BYTES, _ENTRY_BYTES = 512, 128
_MOST_SECTORS, _LARGEST_SECTOR_POWER = 64, 12
_MOST_FAT_SECTORS = 109
"""As many as the header itself names (§2.2): enough for files of seven megabytes, more with large sectors."""


def stream_names(file: BinaryIO) -> set[str]:
    """Names of the streams and storages in the directory (§2.6.1), as far as it can be followed; none for a
    damaged header.
    """
    file.seek(0)
    header = file.read(_HEADER_BYTES)
    power = int.from_bytes(header[30:32], "little")
    if len(header) < _HEADER_BYTES or not 7 <= power <= _LARGEST_SECTOR_POWER:  # noqa: PLR2004 (an entry has 2**7 bytes)
        return set()
    return {name for sector in _directory(file, header, 1 << power) for name in _names(sector)}


def _directory(file: BinaryIO, header: bytes, sector_bytes: int) -> Iterator[bytes]:
    tables = [
        int.from_bytes(header[at : at + 4], "little") for at in range(76, 76 + 4 * _MOST_FAT_SECTORS, 4)
    ]
    sector, entries = int.from_bytes(header[48:52], "little"), sector_bytes // 4
    for _ in range(_MOST_SECTORS):
        content = _sector(file, sector, sector_bytes)
        if not content:
            return
        yield content
        if sector // entries >= len(tables):
            return
        table, at = _sector(file, tables[sector // entries], sector_bytes), sector % entries * 4
        sector = int.from_bytes(table[at : at + 4] or b"\xff" * 4, "little")


def _sector(file: BinaryIO, number: int, sector_bytes: int) -> bytes:
    file.seek((number + 1) * sector_bytes)
    return file.read(sector_bytes)


def _names(sector: bytes) -> Iterator[str]:
    for at in range(0, len(sector), _ENTRY_BYTES):
        length = int.from_bytes(sector[at + 64 : at + 66], "little")
        if 2 < length <= 64:  # noqa: PLR2004 (with the NUL at its end)
            yield sector[at : at + length - 2].decode("utf-16-le", errors="replace")
