"""The ZIP package of an XLSX or ODS file (ECMA-376 part 2), opened with suspicion.

Before a library sees a package, its directory is checked against limits: its own size, the number of parts,
how they are packed, the sizes they declare. `zipfile` never hands out more of a part than it declares, so
these sizes bound everything; what a parser is fed is counted too, for a tree is many times the size of its
text. Parts are read by name only, never extracted; what is not asked for is never unpacked. The ASCII letters
of a part's name do not differ by case (part 2, equivalence of part names): programs write it as they like.
"""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import IO, BinaryIO
from xml.parsers.expat import ParserCreate, XMLParserType

from typing_extensions import override

from certsvc.errors import InputError
from certsvc.records.raw.foreign import ForeignFormat, wrong_format
from certsvc.records.raw.refusals import refusal

_END_BYTES, _MOST_COMMENT_BYTES = 22, 65_535
_LOCATOR_BYTES, _END64_BYTES = 20, 56
_END, _LOCATOR, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
"""The end of the central directory, the locator of ZIP64's, and ZIP64's end (APPNOTE 4.3.14 to 4.3.16)."""
_MOST_DIRECTORY_BYTES, _MOST_PARTS = 1 << 20, 4_096
_MOST_RATIO, _RATIO_FREE_BYTES = 100, 1 << 20
_MOST_SMALL_BYTES, _MOST_SMALL_ELEMENTS = 16 << 20, 300_000
_MOST_SEARCHED_ELEMENTS = 2_000_000
_CHUNK_BYTES = 1 << 16
_SEPARATOR = " "
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""All that part 2 allows (annex B); zipfile unpacks others without limits."""
_DOCTYPE = b"<!DOCTYPE"


@contextmanager
def damage_refused() -> Iterator[None]:
    """Turn whatever the libraries raise over a damaged file into `broken_file`.

    They raise all sorts of exceptions, and their messages quote cells: so none is named, and none is chained.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 (see above; nothing goes on after it)
        raise refusal("broken_file") from None


class Search:
    """The search for a table's header and its first row: how many elements of its sheets may pass until both
    are found.
    """

    def __init__(self) -> None:
        self._left, self._is_over = _MOST_SEARCHED_ELEMENTS, False

    def end(self) -> None:
        self._is_over = True

    def pass_by(self, elements: int) -> None:
        """Raises InputError `too_large_unpacked`."""
        self._left -= elements
        if self._left < 0 and not self._is_over:
            raise refusal("too_large_unpacked")


class PartStream:
    """A part on its way into a parser; `release` says that what was built from it so far has been freed."""

    def __init__(
        self, raw: IO[bytes], *, most_elements: int, most_held_bytes: int, search: Search | None = None
    ) -> None:
        self._raw = raw
        self._elements_left = most_elements
        self._most_held_bytes = most_held_bytes
        self._search = search
        self._held_bytes = 0

    def read(self, size: int = _CHUNK_BYTES, /) -> bytes:
        """Raises InputError: `too_large_unpacked`, `broken_file` for a document type declaration [ECMA-376
        part 2 §8.1.4].
        """
        chunk = self._raw.read(size)
        self._held_bytes += len(chunk)
        elements = count_elements(chunk)
        self._elements_left -= elements
        if self._search is not None:
            self._search.pass_by(elements)
        if self._elements_left < 0 or self._held_bytes > self._most_held_bytes:
            raise refusal("too_large_unpacked")
        if _DOCTYPE in chunk:
            raise refusal("broken_file")
        return chunk

    def release(self) -> None:
        self._held_bytes = 0


class Package(zipfile.ZipFile):
    """The parts of one package; a missing one is a KeyError, as with any ZipFile. Parts are found by
    `same_name`.
    """

    @cached_property
    def _by_name(self) -> dict[str, zipfile.ZipInfo]:
        return {same_name(info.filename): info for info in self.infolist()}

    @override
    def getinfo(self, name: str) -> zipfile.ZipInfo:
        info = self.NameToInfo.get(name) or self._by_name.get(same_name(name))
        if info is None:
            raise KeyError("no such part")
        return info

    def has(self, name: str) -> bool:
        return same_name(name) in self._by_name

    @override
    def read(self, name: str | zipfile.ZipInfo, pwd: bytes | None = None) -> bytes:
        """A small XML part as a whole. Raises InputError: `too_large_unpacked`, `broken_file`."""
        with self.open(name, pwd=pwd) as part:
            content = part.read(_MOST_SMALL_BYTES + 1)
        if len(content) > _MOST_SMALL_BYTES or count_elements(content) > _MOST_SMALL_ELEMENTS:
            raise refusal("too_large_unpacked")
        if _DOCTYPE in content:
            raise refusal("broken_file")
        return content

    @contextmanager
    def stream(
        self, name: str, *, most_elements: int, most_held_bytes: int, search: Search | None = None
    ) -> Iterator[PartStream]:
        """A large XML part, to be parsed piece by piece. Raises InputError `broken_file` if it cannot be
        opened.
        """
        with damage_refused():
            raw = self.open(name)
        with raw:
            yield PartStream(raw, most_elements=most_elements, most_held_bytes=most_held_bytes, search=search)


@contextmanager
def open_package(
    file: BinaryIO,
    *,
    max_unpacked_bytes: int,
    most_parts: int = _MOST_PARTS,
    most_directory_bytes: int = _MOST_DIRECTORY_BYTES,
) -> Iterator[Package]:
    """Open a package. Raises InputError: `broken_file`, `encrypted_file`, `too_large_unpacked`."""
    _check_directory(file, most_bytes=most_directory_bytes)
    with damage_refused():
        package = Package(file)
    with package:
        _check_declared(package.infolist(), max_unpacked_bytes=max_unpacked_bytes, most_parts=most_parts)
        yield package


def _check_directory(file: BinaryIO, *, most_bytes: int) -> None:
    """Refuse a central directory that is too large to load; where ZIP64 has one, that one is loaded."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _MOST_COMMENT_BYTES - _LOCATOR_BYTES - _END64_BYTES))
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        raise refusal("broken_file")
    directory_bytes = int.from_bytes(tail[end + 12 : end + 16], "little")
    locator = end - _LOCATOR_BYTES
    if locator >= 0 and tail.startswith(_LOCATOR, locator):
        end64 = locator - _END64_BYTES
        if end64 < 0 or not tail.startswith(_END64, end64):
            raise wrong_format(ForeignFormat.ZIP64)  # its end may be elsewhere: intact, but nothing we read
        directory_bytes = int.from_bytes(tail[end64 + 40 : end64 + 48], "little")
    if directory_bytes > most_bytes:
        raise refusal("too_large_unpacked")
    file.seek(0)


def _check_declared(parts: list[zipfile.ZipInfo], *, max_unpacked_bytes: int, most_parts: int) -> None:
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refusal("encrypted_file")
    if any(part.compress_type not in _METHODS for part in parts):
        raise refusal("broken_file")
    is_bomb = any(part.file_size > max(_RATIO_FREE_BYTES, part.compress_size * _MOST_RATIO) for part in parts)
    if is_bomb or len(parts) > most_parts or sum(part.file_size for part in parts) > max_unpacked_bytes:
        raise refusal("too_large_unpacked")


_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)} | {ord("\\"): "/"}


def same_name(name: str) -> str:
    """A part's name as names are compared: ASCII letters in lower case, a Windows backslash as a slash."""
    return name.translate(_SMALL).removeprefix("/")


def part_name(namespace: str, name: str) -> str:
    """An element's name as the handlers of `part_parser` receive it."""
    return f"{namespace}{_SEPARATOR}{name}"


def part_parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
) -> XMLParserType:
    """An expat parser for a part, with its handlers. It raises InputError `broken_file` for a document type
    declaration, in any encoding.
    """

    def refuse(*_: object) -> None:
        raise refusal("broken_file")

    parser = ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = refuse
    return parser


def count_elements(xml: bytes) -> int:
    """How many elements begin; never fewer than there are, in any encoding that expat takes."""
    return xml.count(b"<") - xml.count(b"</")
