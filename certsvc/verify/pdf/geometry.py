"""Where a PDF's signatures are in its raw bytes, proven without any PDF library.

A library's notion of what a signature covers is wider than ours, so this proof does not depend on one:
ISO 32000-2 clause 12.8.1 for byte ranges, clause 7.5.6 for revisions. The caller must still show that the
library reads the very same objects at the very same offsets.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

MAX_REVISIONS = 24
MAX_SIGNATURES = 8
MAX_XREF_ENTRIES = 500_000
MAX_XREF_FIELD_BYTES = 8
MAX_BLANK_TAIL_BYTES = 1024

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_OBJECT = re.compile(rb"(\d{1,10})\s+(\d{1,5})\s+obj\b(?=.?\Z)", re.DOTALL)
_CONTENTS_BEFORE = re.compile(rb"/Contents\s*\Z")
_END = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF[\r\n]{0,2}\Z")
_XREF_STREAM = re.compile(rb"/Type\s*/XRef\b")
_ARRAYS = {name: re.compile(rb"/" + name + rb"\s*\[([^\]]{0,20000})\]") for name in (b"W", b"Index")}
_SIZE = re.compile(rb"/Size\s+(\d+)")
_XREF_FIELDS = 3
_WHITE_SPACE = b"\x00\t\n\x0c\r "
_MAX_DIGITS = 10
_SEQUENCE, _LONG_FORM = 0x30, 0x80
_MAX_LENGTH_OCTETS = 4
_HEADER_BYTES = 40
_WINDOW = 4096
"""More bytes than an object header, or what is between `startxref` and the end, ever needs."""


class GeometryError(Exception):
    """The bytes do not have the form that signatures require; the text says why."""


class TooMuch(Exception):
    """The file would take more work than any certificate."""


@dataclass(frozen=True, slots=True)
class SignaturePlace:
    """One signature dictionary, its hole and its range: offsets in bytes from the start of the file.

    The signature covers everything before `end` except the hole; `cms` is the DER in it, without padding.
    """

    object_number: int
    generation: int
    object_start: int
    hole_start: int
    hole_end: int
    end: int
    cms: bytes

    @property
    def byte_range(self) -> tuple[int, int, int, int]:
        return 0, self.hole_start, self.hole_end, self.end - self.hole_end


def refuse_excess(data: bytes) -> None:
    """Refuse what would keep a PDF reader busy for long. Raises TooMuch."""
    if data.count(b"startxref") > MAX_REVISIONS:
        raise TooMuch("too many revisions")
    if data.count(b"/ByteRange") > MAX_SIGNATURES:
        raise TooMuch("too many signatures")
    for match in _XREF_STREAM.finditer(data):
        start = max(data.rfind(b"obj", 0, match.start()), match.start() - _WINDOW)
        stop = data.find(b"stream", match.end())
        _refuse_wild_xref(data[start : stop if stop >= 0 else len(data)][: 8 * _WINDOW])


def _refuse_wild_xref(dictionary: bytes) -> None:
    widths = _integers(dictionary, b"W")
    if widths is None or len(widths) != _XREF_FIELDS or max(widths) > MAX_XREF_FIELD_BYTES or not widths[1]:
        raise TooMuch("cross-reference widths")
    index = _integers(dictionary, b"Index") or [0, 0]
    sizes = [int(size) for size in _SIZE.findall(dictionary)]
    if len(index) % 2 or max([*sizes, sum(index[1::2])], default=0) > MAX_XREF_ENTRIES:
        raise TooMuch("cross-reference size")


def _integers(dictionary: bytes, name: bytes) -> list[int] | None:
    found = _ARRAYS[name].search(dictionary)
    if found is None:
        return None
    words = found[1].split()
    if not all(word.isdigit() and len(word) <= _MAX_DIGITS for word in words):
        raise TooMuch("cross-reference array")
    return [int(word) for word in words]


def prove_places(data: bytes) -> tuple[SignaturePlace, ...]:
    """The places of all signatures, in the order of their revisions.

    Every `/ByteRange` in the bytes must belong to a signature with a proven place, each in a revision of its
    own, with no other revision between them. Raises GeometryError.
    """
    places = find_places(data)
    for earlier, later in pairwise(places):
        if data.count(b"startxref", earlier.end, later.end) != 1:
            raise GeometryError("another revision between two signatures")
    return places


def find_places(data: bytes) -> tuple[SignaturePlace, ...]:
    """Like `prove_places`, but other revisions between signatures are left for the caller to judge."""
    if not data.startswith(b"%PDF-"):
        raise GeometryError("no header at the first byte")
    proven = (_prove_place(data, at) for at in _occurrences(data, b"/ByteRange"))
    places = sorted(proven, key=lambda place: place.end)
    if any(later.object_start < earlier.end for earlier, later in pairwise(places)):
        raise GeometryError("a signature outside its revision")
    return tuple(places)


def _occurrences(data: bytes, word: bytes) -> Iterator[int]:
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def refuse_tail(data: bytes, places: tuple[SignaturePlace, ...]) -> None:
    """Refuse anything after the last signed byte. Raises GeometryError."""
    if not places or places[-1].end != len(data):
        raise GeometryError("bytes after the last signature")


def cut_blank_tail(data: bytes, places: tuple[SignaturePlace, ...]) -> bytes:
    """The file up to its last signed byte: mail gateways and editors may append white space.

    White space is that of ISO 32000-2 clause 7.2.3, table 1. Raises GeometryError for a longer or any other
    tail.
    """
    end = places[-1].end if places else 0
    refuse_long_tail(data[end:])
    whole = data[:end]
    refuse_tail(whole, places)
    return whole


def refuse_long_tail(tail: bytes) -> None:
    """Refuse anything but a little white space. Raises GeometryError."""
    if len(tail) > MAX_BLANK_TAIL_BYTES or tail.strip(_WHITE_SPACE):
        raise GeometryError("bytes after the end")


def _prove_place(data: bytes, at: int) -> SignaturePlace:
    ranges = _BYTE_RANGE.match(data, at)
    if ranges is None:
        raise GeometryError("byte range is not four integers")
    start, b, c, d = (int(word) for word in ranges.groups())
    end = c + d
    if start != 0 or not 0 < b < c < end <= len(data):
        raise GeometryError("byte range out of order")
    header = _object_header(data, min(at, b))
    object_end = data.find(b"endobj", max(c, ranges.end()))
    if not (header.start() < b and 0 <= object_end < end and data.find(b"endobj", header.end(), b) < 0):
        raise GeometryError("hole outside the signature object")
    if _CONTENTS_BEFORE.search(data, max(header.end(), b - 32), b) is None:
        raise GeometryError("hole is not the contents")
    padded = _hole(data[b:c])
    _prove_end(data[max(c, end - _WINDOW) : end], start=header.start(), end=end)
    return SignaturePlace(int(header[1]), int(header[2]), header.start(), b, c, end, _without_padding(padded))


def _hole(string: bytes) -> bytes:
    """The bytes of a hexadecimal string; white space and an odd digit, which PDF would allow, are refused."""
    if string[:1] != b"<" or string[-1:] != b">":
        raise GeometryError("hole is not one string")
    try:
        return binascii.unhexlify(string[1:-1])
    except binascii.Error as error:
        raise GeometryError("hole is not hexadecimal digits") from error


def _object_header(data: bytes, before: int) -> re.Match[bytes]:
    """The header `N G obj` of the object that is open at `before`."""
    window = max(0, before - _WINDOW)
    at = data.rfind(b"obj", window, before)
    while at >= 0:
        header = _OBJECT.search(data, max(window, at - _HEADER_BYTES), min(at + 4, before))
        if header is not None:
            break
        at = data.rfind(b"obj", window, at)
    else:
        raise GeometryError("no signature object around the byte range")
    if data.find(b"endobj", header.end(), before) >= 0 or data.find(b"stream", header.end(), before) >= 0:
        raise GeometryError("no signature object around the byte range")
    return header


def _prove_end(tail: bytes, *, start: int, end: int) -> None:
    closing = _END.search(tail)
    if closing is None:
        raise GeometryError("signed range does not end a revision")
    if not start < int(closing[1]) < end:
        raise GeometryError("cross-reference outside the signed revision")


def _without_padding(padded: bytes) -> bytes:
    """The DER value at the start of `padded`, which only zeros may follow [ITU-T X.690 §8.1.3]."""
    length, header = _der_length(padded)
    total = header + length
    if total > len(padded) or padded.count(0, total) != len(padded) - total:
        raise GeometryError("something other than zeros after the signature")
    return padded[:total]


def _der_length(value: bytes) -> tuple[int, int]:
    if value[:1] != bytes([_SEQUENCE]) or len(value) == 1:
        raise GeometryError("contents are not a DER sequence")
    first = value[1]
    if first < _LONG_FORM:
        return first, 2
    octets = first - _LONG_FORM
    if not 1 <= octets <= _MAX_LENGTH_OCTETS or len(value) < 2 + octets:
        raise GeometryError("length of the signature is not definite")
    return int.from_bytes(value[2 : 2 + octets]), 2 + octets
