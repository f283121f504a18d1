"""The revision of one signature [ISO 32000-2 §12.8.1], complete but for the CMS, for which it leaves a hole.

    signature dictionary      new; the hole is its /Contents
    signature field           again, now with /V and its appearance
    appearance                new: the picture from the stock, and the time of signing
    catalog                   again, with /Perms, by the first signature only
    texts, QR, record         again, filled, by the first signature only

Neither /Info nor the XMP is touched: a new ModDate would be a change that no checker can tell from a
forger's.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from certsvc.pdf import End, SignatureField, append, number, stream, text_string

TIME_FACE = "Tinos-Regular.ttf"
"""The face of the time line; it is the font /F of an appearance's resources."""

_RANGE_ROOM = len(b"/ByteRange [0   ]") + 3 * 10
_DOC_MDP = (
    b"<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /V /1.2 /P %d"
    b" >> >>"
)
_FIELD_MDP = (
    b"<< /Type /SigRef /TransformMethod /FieldMDP /Data %d 0 R /TransformParams << /Type /TransformParams /V"
    b" /1.2 /Action /All /P 1 >> >>"
)
_CONTENTS = b" /Contents "


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature stands: its field, the number of its picture, of the catalog and of the time line's
    font.
    """

    field: SignatureField
    picture: int
    catalog_number: int
    font: int
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A revision whose hole holds zeros. Offsets count from the start of `data`; the byte range is written
    already.
    """

    data: bytearray
    hole_start: int
    hole_end: int
    end: End

    @property
    def signed(self) -> tuple[memoryview, memoryview]:
        """What the signature covers of this revision: all but the hole."""
        view = memoryview(self.data)
        return view[: self.hole_start], view[self.hole_end :]

    def close(self, cms: bytes) -> None:
        """Put the CMS (DER) into the hole, as hexadecimal digits behind which zeros remain. Raises ValueError
        where it does not fit.
        """
        digits = cms.hex().encode()
        if len(digits) > self.hole_end - self.hole_start - 2:
            raise ValueError("longer than the hole")
        self.data[self.hole_start + 1 : self.hole_start + 1 + len(digits)] = digits


def draft(
    end: End,
    *,
    place: Place,
    catalog: bytes,
    objects: Mapping[int, bytes],
    name: str,
    now: dt.datetime,
    time_line: bytes,
    max_cms_bytes: int,
) -> Draft:
    """The revision behind `end` that fills `place`; `objects` are further ones to replace, `catalog` its
    entries so far.
    """
    appearance, signature = end.size, end.size + 1
    front = _signature(place, name=name, now=now)
    changed = {
        **objects,
        place.field.number: (
            b"<< %b /V %d 0 R /AP << /N %d 0 R >> >>" % (place.field.entries, signature, appearance)
        ),
        appearance: _appearance(place, time_line),
        signature: b"%b<%b> >>" % (front, b"0" * (2 * max_cms_bytes)),
    }
    if place.is_first:  # the catalog names the signature that certifies [ISO 32000-2 §12.8.6]
        changed[place.catalog_number] = b"<< %b /Perms << /DocMDP %d 0 R >> >>" % (catalog, signature)
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


def _signature(place: Place, *, name: str, now: dt.datetime) -> bytes:
    """The signature dictionary up to its contents [ISO 32000-2 §12.8.1; EN 319 142-1 §5.3]; room is left for
    the byte range.
    """
    return (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:%b) /Name %b %b%b%b"
        % (
            now.astimezone(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode(),
            text_string(name),
            _reference(place),
            b" " * _RANGE_ROOM,
            _CONTENTS,
        )
    )


def _reference(place: Place) -> bytes:
    """What the signature forbids: the first certifies (P=2, or P=1 where it is the only one), the last locks
    all fields and the document.

    Clauses 12.8.2.2 (DocMDP) and 12.8.2.4 (FieldMDP); /P in a FieldMDP is that of the lock dictionary, clause
    12.7.5.5.
    """
    references = []
    if place.is_first:
        references.append(_DOC_MDP % (1 if place.is_last else 2))
    if place.is_last:
        references.append(_FIELD_MDP % place.catalog_number)
    return b"/Reference [%b] " % b" ".join(references) if references else b""


def _appearance(place: Place, time_line: bytes) -> bytes:
    """What the widget shows [ISO 32000-2 §12.5.5]."""
    entries = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b] /Resources << /XObject << /Mark %d 0 R >> /Font <<"
        b" /F %d 0 R >> >>"
    )
    size = number(place.field.width), number(place.field.height)
    return stream(entries % (*size, place.picture, place.font), b"/Mark Do\n%b" % time_line)
