"""Writes a ZIP in a process of its own: its directory, some 320 bytes a member, is held until its end, and
goes with the process.

`python -m certsvc.issuing.batches.zip_process` reads members from its input and writes the ZIP to its output.
A member is a line of JSON (`name`, `changed_at`, `is_packed`) and pieces, each with its length before it
(four bytes, the first the highest), an empty one at the end; after the last member comes a line `null`.
"""

import datetime as dt
import json
import sys
from collections.abc import Iterator
from typing import BinaryIO

from stream_zip import NO_COMPRESSION_64, ZIP_64, MemberFile, stream_zip

_LENGTH_BYTES = 4
_FILE_MODE = 0o100644


def write_zip(members: BinaryIO, out: BinaryIO) -> None:
    """In the order in which they come; ZIP64, for there may be many."""
    out.writelines(stream_zip(_members(members)))
    out.flush()


def _members(file: BinaryIO) -> Iterator[MemberFile]:
    while (
        facts := json.loads(file.readline())
    ) is not None:  # fails where who sends has given up: what is written must not look whole
        method = ZIP_64 if facts["is_packed"] else NO_COMPRESSION_64
        yield facts["name"], dt.datetime.fromisoformat(facts["changed_at"]), _FILE_MODE, method, _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while length := int.from_bytes(_read(file, _LENGTH_BYTES)):
        yield _read(file, length)


def _read(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise EOFError
    return data


if __name__ == "__main__":
    write_zip(sys.stdin.buffer, sys.stdout.buffer)
