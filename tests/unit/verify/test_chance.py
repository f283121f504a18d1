"""What chance may do to a file: flipped bits, splices, more revisions, two files in one are never valid."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from certsvc.models import Status
from certsvc.verify.judging import RegisterFacts, judge_file
from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.report import Verdict
from tests.tampering.bases import STREAM_3_LTA, TABLE_1_LTA, TABLE_3_LT, Base
from tests.tampering.editing import appended, number_of
from tests.unit.verify import samples

BASES = (TABLE_1_LTA, TABLE_3_LT, STREAM_3_LTA)


def _verdict(data: bytes) -> Verdict:
    """The whole verdict, with a register that knows the genuine files."""
    published = {
        hashlib.sha256(data).digest()
        for data in (*(samples.genuine(count) for count in (1, 2, 3)), *(base.data for base in BASES))
    }
    register = RegisterFacts(Status.ISSUED) if hashlib.sha256(data).digest() in published else None
    return judge_file(samples.look_at_stranger(data), register=register).verdict


def _nobody_but_us(data: bytes) -> bool:
    """Not valid, not even if somebody entered it in the register."""
    examination = samples.look_at_stranger(data)
    return judge_file(examination, register=RegisterFacts(Status.ISSUED)).verdict is not Verdict.VALID


def test_control_genuine_files_are_valid() -> None:
    """Without this the others would prove nothing."""
    assert {_verdict(samples.genuine(count)) for count in (1, 2, 3)} == {Verdict.VALID}
    assert {_verdict(base.data) for base in BASES} == {Verdict.VALID}


@pytest.mark.parametrize("count", [1, 3])
@settings(max_examples=60)
@given(data=st.data())
def test_no_flipped_bit_survives(count: int, data: st.DataObject) -> None:
    """A bit anywhere: never valid, and outside the holes not even intact."""
    genuine = samples.genuine(count)
    at = data.draw(st.integers(0, len(genuine) - 1))
    flipped = bytearray(genuine)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    assert _verdict(bytes(flipped)) is not Verdict.VALID
    if not any(place.hole_start <= at < place.hole_end for place in samples.places(genuine)):
        assert samples.look_at_stranger(bytes(flipped)).kind is not FileKind.OURS_INTACT


@settings(max_examples=40)
@given(st.data())
def test_no_splice_survives(data: st.DataObject) -> None:
    """Pieces cut out, doubled or overwritten anywhere: never valid."""
    genuine = samples.genuine(2)
    start = data.draw(st.integers(0, len(genuine) - 1))
    end = data.draw(st.integers(start, min(len(genuine), start + 4000)))
    piece = data.draw(st.sampled_from([b"", genuine[start:end] * 2, b"endobj", b"<<>>", b"null"]))
    spliced = genuine[:start] + piece + genuine[end:]
    if spliced != genuine:
        assert _verdict(spliced) is not Verdict.VALID


_LEAVES = st.one_of(
    st.builds(generic.NumberObject, st.integers(-(2**31), 2**31)),
    st.builds(generic.BooleanObject, st.booleans()),
    st.builds(generic.TextStringObject, st.text(max_size=20)),
    st.sampled_from(["/Pages", "/Sig", "/JavaScript", "/DSS", "/Widget"]).map(pdf_name),
)
_KEYS = st.sampled_from(
    [
        "/Type",
        "/Kids",
        "/Contents",
        "/AcroForm",
        "/Fields",
        "/V",
        "/AP",
        "/OpenAction",
        "/DSS",
        "/Perms",
        "/Metadata",
        "/Annots",
        "/X",
    ]
)
_DICTIONARIES = st.dictionaries(
    _KEYS.map(pdf_name),
    st.one_of(_LEAVES, st.lists(_LEAVES, max_size=3).map(generic.ArrayObject)),
    max_size=4,
)
_OBJECTS = st.one_of(_LEAVES, _DICTIONARIES.map(generic.DictionaryObject))


@settings(max_examples=60)
@given(base=st.sampled_from(BASES), objects=st.lists(_OBJECTS, max_size=3), entries=_DICTIONARIES)
def test_no_revision_of_an_editor_survives(
    base: Base, objects: list[generic.PdfObject], entries: dict[generic.NameObject, generic.PdfObject]
) -> None:
    """New objects and catalog entries, saved as editors save: not valid, even if they are in the register."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        for added in objects:
            writer.add_object(added)
        writer.root.update(entries)
        writer.update_root()  # type: ignore[no-untyped-call]

    assert _nobody_but_us(samples.revised(base.data, change))


_BODIES = st.sampled_from(
    [
        b"null",
        b"<< >>",
        b"[]",
        b"<< /Length 1 >>\nstream\nx\nendstream",
        b"<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> >>",
        b"5",
    ]
)


@settings(max_examples=60)
@given(
    base=st.sampled_from(BASES),
    objects=st.dictionaries(st.integers(1, 60), _BODIES, max_size=4),
    freed=st.sets(st.integers(1, 60), max_size=2),
)
def test_no_revision_by_hand_survives(base: Base, objects: dict[int, bytes], freed: set[int]) -> None:
    """Any object replaced or freed, with tables and streams: not valid, even if it were in the register."""
    assert _nobody_but_us(appended(base, objects, freed=freed - objects.keys()))


@settings(max_examples=30)
@given(base=st.sampled_from(BASES), tail=st.binary(min_size=1, max_size=200))
def test_no_tail_of_bytes_survives(base: Base, tail: bytes) -> None:
    """Whatever bytes follow the end: not valid, even if they were in the register."""
    assert _nobody_but_us(base.data + tail)


@settings(max_examples=40)
@given(st.data())
def test_no_two_files_in_one_survive(data: st.DataObject) -> None:
    """One after the other, in either order, whole or from any offset on."""
    first, second = (
        data.draw(
            st.sampled_from([samples.genuine(1), samples.genuine(2), samples.genuine(3), TABLE_1_LTA.data])
        )
        for _ in range(2)
    )
    end = data.draw(
        st.sampled_from([len(first), *(place.end for place in samples.places(samples.genuine(1)))])
        | st.integers(1, len(first))
    )
    start = data.draw(st.sampled_from([0, len(second) // 2]) | st.integers(0, len(second) - 1))
    joined = first[:end] + second[start:]
    if joined not in (first, second):
        assert _verdict(joined) is not Verdict.VALID


def test_control_a_revision_by_hand_is_readable() -> None:
    """Without this the revisions by hand would prove nothing."""
    assert number_of(appended(TABLE_3_LT, {40: b"<< >>"})) == number_of(TABLE_3_LT.data)
