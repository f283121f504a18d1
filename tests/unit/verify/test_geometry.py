"""The raw-byte proof: where signatures lie, and what it refuses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.verify.pdf.geometry import GeometryError, TooMuch, prove_places, refuse_excess, refuse_tail
from tests.unit.verify import samples


@pytest.mark.parametrize("count", [1, 2, 3])
def test_genuine_places_are_proven(count: int) -> None:
    """One place per signature, in order, the last one covering the file; the CMS without its padding."""
    data = samples.genuine(count)
    places = prove_places(data)
    assert len(places) == count
    assert [place.end for place in places] == sorted({place.end for place in places})
    refuse_tail(data, places)
    refuse_excess(data)
    for place in places:
        assert data[place.hole_start : place.hole_end].startswith(b"<" + place.cms.hex().encode())


BYTE_RANGES = [
    b"[]",
    b"null",
    b"[0 0 0 0]",
    b"[0 -5 10 20]",
    b"[1 {b} {c} {d}]",
    b"[0 {c} {b} {d}]",
    b"[0 {b} {c} 99999999]",
    b"[0 {b} {c}]",
    b"[0 {b} {c} {d} 0 0]",
    b"[0.0 {b} {c} {d}]",
    b"[(0) {b} {c} {d}]",
    b"[0 {b} {b} {d}]",
    b"[0 99 {c} {d}]",
]


@pytest.mark.parametrize("forged", BYTE_RANGES)
def test_any_other_byte_range_is_refused(forged: bytes) -> None:
    """Missing, null, short, long, negative, overlapping, beyond the end, floats, strings, elsewhere."""
    data = samples.genuine(1)
    [place] = prove_places(data)
    _, b, c, d = place.byte_range
    text = forged.decode().format(b=b, c=c, d=d).encode()
    found = re.search(rb"/ByteRange\s*\[[^\]]*\]\s*", data)
    assert found is not None
    room = found.end() - found.start() - len(b"/ByteRange ")
    broken = data[: found.start()] + b"/ByteRange " + text.ljust(room)[:room] + data[found.end() :]
    with pytest.raises(GeometryError):
        refuse_tail(broken, prove_places(broken))


def test_something_in_the_padding_is_refused() -> None:
    """Only zeros may follow the DER."""
    data = samples.genuine(1)
    [place] = prove_places(data)
    broken = data[: place.hole_end - 3] + b"01" + data[place.hole_end - 1 :]
    with pytest.raises(GeometryError):
        prove_places(broken)


@given(st.binary(min_size=1, max_size=64))
def test_a_tail_is_refused(tail: bytes) -> None:
    """Whatever follows the last signature, even white space, is not what was published."""
    data = samples.genuine(1) + tail
    with pytest.raises(GeometryError):
        refuse_tail(data, prove_places(data))


def test_another_start_is_refused() -> None:
    """A header that is not at the first byte hides something before it."""
    with pytest.raises(GeometryError):
        prove_places(b"\n" + samples.genuine(1))


@pytest.mark.parametrize(
    "bomb",
    [
        b"startxref\n0\n%%EOF\n" * 25,
        b"/ByteRange [0 1 2 3]" * 9,
        b"1 0 obj <</Type /XRef /W [0 0 0] /Size 10>> stream",
        b"1 0 obj <</Type/XRef/W[1 2 1]/Size 999999999>> stream",
        b"1 0 obj <</Type/XRef/W[1 2 1]/Size 9/Index[0 4 9 999999999]>> stream",
        b"1 0 obj <</Type/XRef/W[1 2 1]/Size 9/Index[0 4 9]>> stream",
        b"1 0 obj <</Type/XRef/W[1 2 99]/Size 9>> stream",
        b"1 0 obj <</Type/XRef/W[1 -2 1]/Size 9>> stream",
        b"1 0 obj <</Type/XRef/Size 9>> stream",
    ],
)
def test_excess_is_refused_before_parsing(bomb: bytes) -> None:
    """Thousands of revisions, and cross-reference streams that unfold without end."""
    with pytest.raises(TooMuch):
        refuse_excess(b"%PDF-1.7\n" + bomb)
