"""Streaming XML of spreadsheet parts: no tree, no DTD, no unbounded token, depth or number of elements.

Parts of an Office package hold no document type declaration (ECMA-376 part 2, §8.1.4), so one is
refused, and with it every entity trick.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.parsers import expat

from certsvc.records.refusals import refusal

_MOST_DEPTH = 64
_MOST_TOKEN_BYTES = 1 << 20

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def pump(chunks: Iterable[bytes], *, max_elements: int, start: Start, end: End | None = None, text: Text | None = None) -> Iterator[None]:
    """Parse chunk by chunk, stopping after each to let the caller take what its handlers gathered.

    Names come without prefix. Raises InputError: `broken_file` for XML that is not well-formed or is
    built to exhaust us, `too_large_unpacked` for more than `max_elements`.
    """
    guard = _Guard(start, end, max_elements)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    fed = 0
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _MOST_TOKEN_BYTES:
                raise refusal("broken_file")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise refusal("broken_file") from error
    yield


def starts(chunks: Iterable[bytes], *, max_elements: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and attributes (both without prefix) of every element of a small part, in document order."""
    found: list[tuple[str, dict[str, str]]] = []
    for _ in pump(chunks, max_elements=max_elements, start=lambda name, attributes: found.append((name, attributes))):
        for name, attributes in found:
            yield name, {key.rpartition(":")[2]: value for key, value in attributes.items()}
        found.clear()


class _Guard:
    """Counts elements and depth on their way to the handlers."""

    __slots__ = ("_depth", "_end", "_left", "_start")

    def __init__(self, start: Start, end: End | None, max_elements: int) -> None:
        self._start, self._end = start, end
        self._depth, self._left = 0, max_elements

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._left -= 1
        if self._left < 0:
            raise refusal("too_large_unpacked")
        if self._depth > _MOST_DEPTH:
            raise refusal("broken_file")
        self._start(name.rpartition(":")[2] if ":" in name else name, attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._end is not None:
            self._end(name.rpartition(":")[2] if ":" in name else name)


def _refuse_doctype(*_: Any) -> None:
    raise refusal("broken_file")
