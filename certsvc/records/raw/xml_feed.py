"""Strangers' XML, parsed as it streams by: a push parser that keeps nothing and refuses early.

Document type declarations are refused, so there are no entities, and nothing is ever fetched from outside.
Depth, the number of different names and the length of a single token are limited; a listener limits what it
keeps.
"""

from collections.abc import Iterator
from typing import Protocol, TypeAlias
from xml.parsers.expat import ExpatError, ParserCreate
from xml.parsers.expat import errors as expat_errors

from certsvc.records.raw.refusals import refusal

_MOST_DEPTH, _MOST_NAMES, _MOST_TOKEN_BYTES = 32, 2_000, 1 << 20
_MOST_FIELDS = 2_000
CHUNK_BYTES = 1 << 16
Bytes: TypeAlias = bytes | memoryview
_AFTER_DOCUMENT = frozenset(
    {
        expat_errors.codes[expat_errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT],
        expat_errors.codes[expat_errors.XML_ERROR_MISPLACED_XML_PI],
    }
)
"""What expat says about a second document in the same file."""


class Listener(Protocol):
    """Hears local names of elements and text, in document order."""

    def start(self, depth: int, name: str, /) -> None:
        """An element begins; the document's root has depth 1."""
        ...

    def text(self, text: str, /) -> None: ...

    def end(self, depth: int, name: str, /) -> None: ...


def feed(chunks: Iterator[bytes], listener: Listener, *, is_single: bool = False) -> Iterator[None]:
    """Parse documents that follow one another, chunk by chunk; yields after each chunk, so that the caller
    can take what the listener has heard.

    Raises InputError `broken_xml`; with `is_single` also for a second document.
    """
    document = _Document(listener)
    for chunk in chunks:
        rest: Bytes = chunk
        while (left := document.feed(rest)) is not None:
            if is_single:
                raise refusal("broken_xml")
            rest, document = left, _Document(listener)
        yield
    document.close()


class _Document:
    """One document on its way through the parser."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._depth, self._fed, self._at, self._is_ended = 0, 0, 0, False
        self._before: Bytes = b""
        self._names: set[str] = set()
        parser = ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._pass
        parser.StartDoctypeDeclHandler = self._refuse
        self._parser = parser

    def feed(self, chunk: Bytes) -> Bytes | None:
        """What belongs to the next document of the file, or None while this one goes on. It is a view, for
        one chunk may hold many documents.
        """
        try:
            self._parser.Parse(chunk, False)
        except ExpatError as error:
            begins = self._parser.ErrorByteIndex - self._fed + len(self._before)
            if error.code in _AFTER_DOCUMENT and self._is_ended and begins >= 0:
                del self._parser
                return self._rest(chunk, begins)
            raise refusal("broken_xml") from None
        except (ValueError, LookupError):
            # An unknown encoding, or one with several bytes a character; the message may quote the file.
            raise refusal("broken_xml") from None
        self._fed, self._before = self._fed + len(chunk), chunk
        if self._fed - self._at > _MOST_TOKEN_BYTES:
            raise refusal("broken_xml")
        return None

    def _rest(self, chunk: Bytes, begins: int) -> Bytes:
        """What was fed last, from the byte `begins` on, counted from the chunk before."""
        at = begins - len(self._before)
        return memoryview(chunk)[at:] if at >= 0 else memoryview(b"".join((self._before, chunk)))[begins:]

    def close(self) -> None:
        """The end of the file. The parser is dropped: a cycle with its handlers would wait for a collection,
        and dossiers are many.
        """
        try:
            self._parser.Parse(b"", True)
        except ExpatError:
            raise refusal("broken_xml") from None
        del self._parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._pass()
        self._depth += 1
        self._names.add(name)
        self._names.update(attributes)
        if self._depth > _MOST_DEPTH or len(self._names) > _MOST_NAMES:
            raise refusal("broken_xml")
        self._listener.start(self._depth, _local(name))

    def _end(self, name: str) -> None:
        self._pass()
        self._listener.end(self._depth, _local(name))
        self._depth -= 1
        self._is_ended = self._depth == 0

    def _text(self, text: str) -> None:
        self._pass()
        self._listener.text(text)

    def _pass(self, *_: object) -> None:
        self._at = self._parser.CurrentByteIndex

    def _refuse(self, *_: object) -> None:
        raise refusal("broken_xml")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def fields_of(document: bytes, *, most_chars: int) -> dict[str, str]:
    """The fields of one small flat document: the text of each child of its root, the first of that name.

    Raises InputError `broken_xml`, also where there is more text than `most_chars`, or more elements than any
    document has fields.
    """
    fields = _Fields(most_chars)
    for _ in feed(iter((document,)), fields, is_single=True):
        pass
    return fields.found


class _Fields:
    def __init__(self, most_chars: int) -> None:
        self.found: dict[str, str] = {}
        self._left, self._elements_left, self._parts = most_chars, _MOST_FIELDS, list[str]()

    def start(self, depth: int, _: str, /) -> None:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise refusal("broken_xml")
        if depth == 2:  # noqa: PLR2004 (a child of the root)
            self._parts.clear()

    def text(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise refusal("broken_xml")
        self._parts.append(text)

    def end(self, depth: int, name: str) -> None:
        if depth == 2:  # noqa: PLR2004
            self.found.setdefault(name, "".join(self._parts))
