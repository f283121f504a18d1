"""Writing PDF revisions [ISO 32000-2]: objects, cross-reference, trailer; no signing, no layout.

A certificate is written in layers, each an incremental update of the one below (clause 7.5.6):

    base        one per design: the page, its fonts, empty slots, empty signature fields
    stock       one per day and set of signers: the signers' marks and validation material
    revisions   the certificate's own: texts, QR and record with the first signature; then one per signature

Bytes are only ever appended, so what is there never changes and hashing resumes from a stored midstate.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class End:
    """What one must know of a file to append to it.

    `length` is in bytes; `startxref` is the offset of the newest cross-reference section; `size` is one
    more than the highest object number; `trailer` holds the entries that every trailer repeats
    (`/Root 1 0 R`, `/Info …`), `file_id` the permanent half of the file identifier (clause 14.4).
    """

    length: int
    startxref: int
    size: int
    trailer: bytes
    file_id: bytes


@dataclass(frozen=True, slots=True)
class SignatureField:
    """An empty signature field merged with its widget (clauses 12.7.5.5 and 12.5.6.19).

    `entries` are those of its dictionary, without `<<`, `>>`, `/V` and `/AP`; width and height are the
    widget's, in points. `picture` is the object number reserved for the picture of its mark, if other pages
    draw it too.
    """

    name: str
    number: int
    entries: bytes
    width: float
    height: float
    picture: int | None = None


@dataclass(frozen=True, slots=True)
class Blank:
    """A complete file that is ready to be filled and signed, written with classic cross-reference tables.

    `catalog` holds the entries of object `catalog_number`, without `<<`, `>>`, `/Perms` and `/DSS`; `fields`
    are in the order of signing; `fonts` maps each face (a file name in `templates.faces.FACES`) to its object
    number: a Type 0 font with Identity-H, whose codes are the face's own glyph numbers.
    """

    pdf: bytes
    end: End
    catalog_number: int
    catalog: bytes
    fields: tuple[SignatureField, ...]
    fonts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Revision:
    """One incremental update: its bytes, the offset of each of its objects in the whole file, the new end."""

    data: bytearray
    offsets: Mapping[int, int]
    end: End


def append(end: End, objects: Mapping[int, bytes]) -> Revision:
    """An update with these objects (number → body between `obj` and `endobj`), all of generation 0.

    Existing objects are replaced, others are added (clause 7.5.6).
    """
    data, offsets = bytearray(), {}
    for number in sorted(objects):
        offsets[number] = end.length + len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    startxref = end.length + len(data)
    size = max(end.size, max(offsets, default=0) + 1)
    data += _cross_reference(offsets)
    changed_id = hashlib.sha256(data).digest()[:16]
    data += b"trailer\n<< %b /Size %d /Prev %d /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n" % (
        end.trailer,
        size,
        end.startxref,
        end.file_id.hex().encode(),
        changed_id.hex().encode(),
        startxref,
    )
    return Revision(data, offsets, End(end.length + len(data), startxref, size, end.trailer, end.file_id))


def _cross_reference(offsets: Mapping[int, int]) -> bytes:
    """A cross-reference section with one subsection for each run of object numbers (clause 7.5.4)."""
    lines = [b"xref\n"]
    for run in _runs(sorted(offsets)):
        lines.append(b"%d %d\n" % (run[0], len(run)))
        lines.extend(b"%010d 00000 n \n" % offsets[number] for number in run)
    return b"".join(lines)


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Ascending numbers, split at every gap."""
    return [
        [number for _, number in group]
        for _, group in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])
    ]


def stream(entries: bytes, data: bytes) -> bytes:
    """A stream object's body (clause 7.3.8); `entries` are those of its dictionary except `/Length`."""
    return b"<< %b /Length %d >>\nstream\n%b\nendstream" % (entries, len(data), data)


def text_string(text: str) -> bytes:
    """A text string (clause 7.9.2.2): UTF-16 with byte-order mark, in hexadecimal."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


def number(value: float) -> bytes:
    """A real number to at most three decimals, a thousandth of a point (clause 7.3.3)."""
    return b"%.3f" % value if value % 1 else b"%d" % value
