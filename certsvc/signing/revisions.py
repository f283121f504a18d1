"""The revision of one signature [ISO 32000-2 §12.8.1], complete except for a hole where the CMS will go.

    signature dictionary      new; the hole is its /Contents
    signature field           replaced, now with /V and its appearance
    appearance                new: the picture from the stock, and the time of signing
    catalog                   replaced, with /Perms, by the first signature only
    texts, QR, record         replaced, filled, by the first signature only

/Info and XMP stay as they are: no checker could tell a new ModDate from a forger's change.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from certsvc.pdf import End, SignatureField, append, number, stream, text_string

TIME_FACE = "Tinos-Regular.ttf"
"""The face of the time line, the font /F in an appearance's resources."""

_RANGE_ROOM = len(b"/ByteRange [0   ]") + 3 * 10
_DOC_MDP = (
    b"<< /Type /SigRef /TransformMethod /DocMDP"
    b" /TransformParams << /Type /TransformParams /V /1.2 /P %d >> >>"
)
_FIELD_MDP = (
    b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %d 0 R"
    b" /TransformParams << /Type /TransformParams /V /1.2 /Action /All /P 1 >> >>"
)
_CONTENTS = b" /Contents "


@dataclass(frozen=True, slots=True)
class Position:
    """A signature's position in the file: its field, and the numbers of picture, catalog and time font."""

    field: SignatureField
    picture: int
    catalog_number: int
    font: int
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision with zeros in its hole and the byte range in place. Offsets are from the start of `data`."""

    data: bytearray
    hole_start: int
    hole_end: int
    end: End

    @property
    def signed(self) -> tuple[memoryview, memoryview]:
        """The part of this revision that the signature covers: all but the hole."""
        view = memoryview(self.data)
        return view[: self.hole_start], view[self.hole_end :]

    def close(self, cms: bytes) -> None:
        """Put the CMS (DER) into the hole, as hexadecimal digits padded with zeros.

        Raises ValueError if it does not fit.
        """
        digits = cms.hex().encode()
        if len(digits) > self.hole_end - self.hole_start - 2:
            raise ValueError("longer than the hole")
        self.data[self.hole_start + 1 : self.hole_start + 1 + len(digits)] = digits


def draft(
    end: End,
    *,
    position: Position,
    catalog: bytes,
    objects: Mapping[int, bytes],
    name: str,
    now: dt.datetime,
    time_line: bytes,
    max_cms_bytes: int,
) -> Draft:
    """The revision after `end` that signs at `position`.

    `objects` are further ones to replace, `catalog` the catalog's entries so far.
    """
    appearance, signature = end.size, end.size + 1
    front = _signature(position, name=name, now=now)
    filled = b"<< %b /V %d 0 R /AP << /N %d 0 R >> >>" % (position.field.entries, signature, appearance)
    changed = {
        **objects,
        position.field.number: filled,
        appearance: _appearance(position, time_line),
        signature: b"%b<%b> >>" % (front, b"0" * (2 * max_cms_bytes)),
    }
    if position.is_first:  # the catalog names the signature that certifies [ISO 32000-2 §12.8.6]
        changed[position.catalog_number] = b"<< %b /Perms << /DocMDP %d 0 R >> >>" % (catalog, signature)
    revision = append(end, changed)
    hole_start = revision.offsets[signature] - end.length + len(b"%d 0 obj\n" % signature) + len(front)
    hole_end = hole_start + 2 + 2 * max_cms_bytes
    range_end = hole_start - len(_CONTENTS)
    byte_range = b"/ByteRange [0 %d %d %d]" % (
        end.length + hole_start,
        end.length + hole_end,
        len(revision.data) - hole_end,
    )
    revision.data[range_end - _RANGE_ROOM : range_end] = byte_range.ljust(_RANGE_ROOM)
    return Draft(revision.data, hole_start, hole_end, revision.end)


def _signature(position: Position, *, name: str, now: dt.datetime) -> bytes:
    """The signature dictionary up to /Contents, with room for the byte range.

    Sources: [ISO 32000-2 §12.8.1; EN 319 142-1 §5.3].
    """
    date = now.astimezone(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode()
    said = b"/M (D:%b) /Name %b %b" % (date, text_string(name), _reference(position))
    room = b" " * _RANGE_ROOM
    return b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached " + said + room + _CONTENTS


def _reference(position: Position) -> bytes:
    """What the signature forbids: the first certifies, the last locks all fields and the document.

    The first has P=2, or P=1 if it is the only one. Clauses 12.8.2.2 (DocMDP) and 12.8.2.4 (FieldMDP); /P in
    a FieldMDP is that of the lock dictionary, clause 12.7.5.5.
    """
    references = []
    if position.is_first:
        references.append(_DOC_MDP % (1 if position.is_last else 2))
    if position.is_last:
        references.append(_FIELD_MDP % position.catalog_number)
    return b"/Reference [%b] " % b" ".join(references) if references else b""


def _appearance(position: Position, time_line: bytes) -> bytes:
    """The widget's appearance [ISO 32000-2 §12.5.5]."""
    entries = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b]"
        b" /Resources << /XObject << /Mark %d 0 R >> /Font << /F %d 0 R >> >>"
    )
    size = number(position.field.width), number(position.field.height)
    return stream(entries % (*size, position.picture, position.font), b"/Mark Do\n%b" % time_line)
