"""Text as programs write it: UTF-8 with or without a byte order mark, UTF-16, and bytes behind the last line
that are no text.

DOS programs end a file with Ctrl-Z (0x1A), others fill its last block with it or with NUL; such a tail is
left out. This is settled before anybody asks for a file's format.
"""

import codecs
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from typing_extensions import override

from certsvc.records.raw.refusals import refusal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLANKS, _NO_TEXT = " \t\r\n", "\x1a\0"
_TAIL = _BLANKS + _NO_TEXT
_CHUNK_BYTES = 1 << 16
_UTF8 = "utf-8"
_MARKS = ((codecs.BOM_UTF8, _UTF8), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of text that lies in `file` from `first` to `end`, in UTF-8 or UTF-16."""

    file: BinaryIO
    encoding: str
    first: int
    end: int
    size: int

    def start(self, most_bytes: int) -> str:
        """The first characters; bytes that are invalid in the encoding are replaced."""
        self.file.seek(self.first)
        return self.file.read(min(most_bytes, self.end - self.first)).decode(self.encoding, errors="replace")

    def as_utf8(self) -> BinaryIO:
        """The text in UTF-8, to be read from its beginning as often as needed. Reading raises InputError
        `not_utf8` for broken UTF-16; UTF-8 is passed on unchecked.
        """
        if self.encoding == _UTF8 and not self.first and self.end == self.size:
            self.file.seek(0)
            return self.file
        return io.BufferedReader(_Span(self, self.first, is_recoded=self.encoding != _UTF8), _CHUNK_BYTES)

    def as_it_is(self) -> BinaryIO:
        """The same bytes, with their byte order mark, for a reader that knows encodings."""
        return io.BufferedReader(_Span(self, 0, is_recoded=False), _CHUNK_BYTES)


def text_file(file: BinaryIO) -> TextFile:
    """Where text lies in a file, and in which encoding. Raises InputError `not_utf8` for UTF-32."""
    file.seek(0)
    start = file.read(4)
    if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise refusal("not_utf8")
    first, encoding = next(
        ((len(mark), name) for mark, name in _MARKS if start.startswith(mark)), (0, _evident(start))
    )
    size = file.seek(0, 2)
    return TextFile(file, encoding, first, max(first, _end(file, encoding, size)), size)


def _evident(start: bytes) -> str:
    """The encoding of a file without a byte order mark: of two ASCII characters in UTF-16 every other byte is
    zero.
    """
    match [bool(byte) for byte in start]:
        case [True, False, True, False]:
            return "utf-16-le"
        case [False, True, False, True]:
            return "utf-16-be"
        case _:
            return _UTF8


def _end(file: BinaryIO, encoding: str, size: int) -> int:
    """Where text ends: at the first Ctrl-Z or NUL that only blanks and more of them follow."""
    width, codec, errors = (1, "latin-1", "strict") if encoding == _UTF8 else (2, encoding, "surrogatepass")
    at = size - size % width
    end = size
    if at < size:  # half a character, by a program that counted in bytes
        file.seek(at)
        if file.read(1).decode("latin-1") not in _TAIL:
            return size
        end = at
    while at > 0:
        begin = max(0, at - _CHUNK_BYTES)
        file.seek(begin)
        text = file.read(at - begin).decode(codec, errors=errors)
        kept = text.rstrip(_TAIL)
        tail = text[len(kept) :]
        if found := [place for mark in _NO_TEXT if (place := tail.find(mark)) >= 0]:
            end = at - width * (len(tail) - min(found))
        if kept:
            break
        at = begin
    return end


class _Span(io.RawIOBase):
    """The text of a file, in UTF-8 or as it is, read forward or again from its beginning."""

    def __init__(self, text: TextFile, first: int, *, is_recoded: bool) -> None:
        self._text, self._first, self._is_recoded = text, first, is_recoded
        self._rewind()

    def _rewind(self) -> None:
        self._at, self._given, self._left = self._first, 0, b""
        self._decoder = codecs.getincrementaldecoder(self._text.encoding)() if self._is_recoded else None

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if (offset, whence) == (0, io.SEEK_SET):
            self._rewind()
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("only from the beginning")
        return self._given

    @override
    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._left and (chunk := self._next()):
            self._left = chunk if self._decoder is None else self._recoded(chunk)
        taken = self._left[: len(view)]
        self._left = self._left[len(view) :]
        view[: len(taken)] = taken
        self._given += len(taken)
        return len(taken)

    def _next(self) -> bytes:
        self._text.file.seek(self._at)
        chunk = self._text.file.read(min(_CHUNK_BYTES, self._text.end - self._at))
        self._at += len(chunk)
        return chunk

    def _recoded(self, chunk: bytes) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder.decode(chunk, final=self._at >= self._text.end).encode()
        except UnicodeError:
            raise refusal("not_utf8") from None
