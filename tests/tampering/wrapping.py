"""Signature wrapping: the second signed range is moved, and forged objects stand in the gap."""

import re

from tests.tampering.attack import BROKEN, MISPLACED, Attack
from tests.tampering.bases import TABLE_1_B, Base, Xref
from tests.tampering.editing import in_signature, last, number_of

_FORGED = b"<< /Type /Catalog /Pages << /Type /Pages /Kids [] /Count 0 >> >>"


def _split(base: Base) -> tuple[bytes, bytes]:
    return base.data[: last(base).hole_end], base.data[last(base).hole_end :]


def _second_range(base: Base) -> bytes:
    """Another byte range behind the contents, which readers that take the last entry believe."""
    before, after = _split(base)
    _, b, c, _ = last(base).byte_range
    room = 64
    gap = (b" /ByteRange [0 %d %d %d]" % (b, c + room, last(base).end - c)).ljust(room)
    return before + gap + after


def _moved(base: Base, gap: bytes) -> bytes:
    """The byte range itself says that the second part has moved."""
    _, b, c, d = last(base).byte_range
    changed = in_signature(
        base, rb"/ByteRange ?\[[^\]]*\] *", b"/ByteRange [0 %d %d %d]" % (b, c + len(gap), d)
    )
    return changed[:c] + gap + changed[c:]


def _objects_in_gap(base: Base) -> bytes:
    number = number_of(base.data)
    return _moved(base, b" >>\nendobj\n%d 0 obj\n%b\nendobj\n99 0 obj\n<< /A <00> " % (number, _FORGED))


def _xref_in_gap(base: Base) -> bytes:
    """A forged cross-reference at the very offset where the signed one stood, with a forged catalog in front
    of it.
    """
    hole_end, table = (
        last(base).hole_end,
        int(re.findall(rb"startxref\s+(\d+)", base.data[: last(base).end])[-1]),
    )
    catalog = b" /A 0 >>\nendobj\n900 0 obj\n%b\nendobj\n" % _FORGED
    forged = _forged_xref(base, hole_end + catalog.index(b"900 0 obj"), table)
    return _moved(base, catalog.ljust(max(table - hole_end, len(catalog))) + forged)


def _forged_xref(base: Base, catalog: int, at: int) -> bytes:
    if base.xref is Xref.TABLE:
        return b"xref\n900 1\n%010d 00000 n \ntrailer\n<< /Root 900 0 R /Size 901 >>\n" % catalog
    rows = b"\x01" + catalog.to_bytes(4) + b"\x01" + at.to_bytes(4)
    head = (
        b"901 0 obj\n<< /Type /XRef /W [1 4 0] /Index [900 2] /Root 900 0 R /Size 902 /Length %d >>\nstream\n"
        % len(rows)
    )
    return head + rows + b"\nendstream\nendobj\n"


def _between(base: Base) -> bytes:
    """Objects in the hole itself, behind the contents' string."""
    place = last(base)
    shorter = base.data[place.hole_start : place.hole_end - 40] + b">"
    return (
        base.data[: place.hole_start]
        + shorter.ljust(place.hole_end - place.hole_start)
        + base.data[place.hole_end :]
    )


ATTACKS = (
    Attack("wrapped-twice", "a second byte range behind the contents", _second_range, MISPLACED),
    Attack(
        "wrapped-blank",
        "the second range moved back over white space",
        lambda base: _moved(base, b" " * 64),
        MISPLACED,
    ),
    Attack(
        "wrapped-objects", "the second range moved, another catalog in the gap", _objects_in_gap, MISPLACED
    ),
    Attack(
        "wrapped-xref",
        "the second range moved, a forged cross-reference where the signed one stood",
        _xref_in_gap,
        MISPLACED,
    ),
    Attack(
        "wrapped-hole",
        "the contents end before the hole does",
        _between,
        MISPLACED,
        answers={TABLE_1_B: BROKEN},
    ),
)
