"""XML copied byte for byte but for a few changes: what we do not know in a stranger's file stays as it was.

expat says where each tag begins; what lies between two changes is copied, never rebuilt. Only UTF-8
documents, for positions are counted in the bytes that are read.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol
from xml.parsers import expat

_CHUNK_BYTES = 1 << 16
_MOST_HELD_BYTES = 8 << 20
_TAG = re.compile(rb"""<[^<>"']*(?:"[^"<]*"[^<>"']*|'[^'<]*'[^<>"']*)*>""")


class Unsuitable(Exception):
    """A file that cannot be changed in place."""


class Readable(Protocol):
    """What a document is read from."""

    def read(self, size: int, /) -> bytes: ...


class Splicer:
    """Copies a document into `write`; subclasses change it in `start` and `end`, with `insert`, `drop`,
    `keep_back` and `replace_tag`.

    `depth` is that of the element at hand, 1 for the root. Names are as written, with their prefix.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.depth, self.write = 0, write
        self._held, self._base, self._done = b"", 0, 0
        self._kept: tuple[int, bool] | None = None
        self._dropped: tuple[int, bool] | None = None
        parser = self._parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.XmlDeclHandler = _check_encoding
        parser.StartDoctypeDeclHandler = refuse_doctype

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends; what is inserted now comes last in it."""

    def copy(self, source: Readable) -> None:
        """Copy a whole document. Raises Unsuitable."""
        try:
            while chunk := source.read(_CHUNK_BYTES):
                if b"\0" in chunk:
                    raise Unsuitable
                self._held += chunk
                self._parser.Parse(chunk, False)
                self._copy_to(max(self._done, self._position()))
                self._forget()
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Unsuitable from error
        self._copy_to(self._base + len(self._held))

    def insert(self, content: bytes) -> None:
        """Write `content` in front of the tag."""
        self._copy_to(self._position())
        self.write(content)

    def drop(self) -> None:
        """Leave out the element that begins."""
        at = self._position()
        self._copy_to(at)
        self._dropped = self.depth, self._tag().endswith(b"/>")

    def keep_back(self) -> None:
        """Hold back the element that begins until its end, where `kept_back` decides on it."""
        self._copy_to(self._position())
        self._kept = self._position(), self._tag().endswith(b"/>")

    def kept_back(self, *, is_wanted: Callable[[bytes], bool]) -> None:
        """At the end of an element that was kept back, decide whether it is written."""
        if self._kept is not None:
            (at, is_empty), self._kept = self._kept, None
            if not is_wanted(self._held[at - self._base : self._position() - self._base]):
                self._done = self._after_end(is_empty=is_empty)

    def replace_tag(self, change: Callable[[bytes], bytes]) -> None:
        """Write what `change` makes of the tag that begins."""
        at, tag = self._position(), self._tag()
        self._copy_to(at)
        self.write(change(tag))
        self._done = at + len(tag)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self._dropped is None:
            self.start(name, attributes)

    def _end(self, name: str) -> None:
        if self._dropped is None:
            self.end(name)
        elif self._dropped[0] == self.depth:
            self._done, self._dropped = self._after_end(is_empty=self._dropped[1]), None
        self.depth -= 1

    def _position(self) -> int:
        return self._parser.CurrentByteIndex

    def _tag(self) -> bytes:
        found = _TAG.match(self._held, self._position() - self._base)
        if found is None:
            raise Unsuitable
        return found[0]

    def _after_end(self, *, is_empty: bool) -> int:
        """Behind the end tag; expat reports the end of an empty element where its one tag has ended."""
        return self._position() + (0 if is_empty else len(self._tag()))

    def _copy_to(self, index: int) -> None:
        if self._dropped is None and self._kept is None and index > self._done:
            self.write(self._held[self._done - self._base : index - self._base])
        if self._kept is None:
            self._done = max(self._done, index)

    def _forget(self) -> None:
        """Free what has been written."""
        keep = min(self._done, self._position() if self._dropped is None else self._done)
        self._held, self._base = self._held[keep - self._base :], keep
        if len(self._held) > _MOST_HELD_BYTES:
            raise Unsuitable


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii", "ascii"):
        raise Unsuitable


def refuse_doctype(*_: object) -> None:
    """For expat's `StartDoctypeDeclHandler`: no part of a package declares a type (ECMA-376 part 2,
    §8.1.4).
    """
    raise Unsuitable


@lru_cache(maxsize=1024)
def split(name: str) -> tuple[str, str]:
    """The prefix of a name as written, with its colon, and the local part."""
    local = name.rpartition(":")[2]
    return name[: len(name) - len(local)], local
