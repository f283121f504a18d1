"""Writing PDF revisions: what other readers find in them."""

import hashlib
import io
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import get_and_apply
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.models import Slot
from certsvc.pdf import append, number, stream, text_string
from tests.support import blanks

BLANK = blanks.blank((Slot.ORGANISATION,))


def read(*revisions: bytes | bytearray) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(BLANK.pdf + b"".join(revisions)), strict=True)


def test_an_update_replaces_and_adds_and_leaves_the_rest() -> None:
    """Each object is at its offset; what was there is untouched, so the old revision can still be read."""
    new = BLANK.end.size + 3
    revision = append(BLANK.end, {blanks.TEXT_STREAM: stream(b"", b"0 g"), new: b"<< /Answer 42 >>"})
    pdf = read(revision.data)
    assert pdf.root["/Pages"]["/Kids"][0]["/Contents"][1].data == b"0 g"
    assert pdf.get_object(generic.Reference(new, 0, pdf))["/Answer"] == 42  # type: ignore[no-untyped-call]
    assert pdf.get_historical_root(0)["/Pages"]["/Kids"][0]["/Contents"][1].data == b""
    whole = BLANK.pdf + bytes(revision.data)
    assert all(whole[offset:].startswith(b"%d 0 obj\n" % at) for at, offset in revision.offsets.items())


def test_the_end_is_what_the_next_update_needs() -> None:
    """Three updates, each appended to the one before: pyHanko finds all revisions, qpdf no fault."""
    end, data = BLANK.end, bytearray()
    for count in range(3):
        revision = append(end, {end.size: b"(%d)" % count})
        data += revision.data
        end = revision.end
        assert end.length == len(BLANK.pdf) + len(data)
    pdf = read(data)
    assert pdf.xrefs.total_revisions == 4
    assert pdf.trailer["/Size"] == end.size == BLANK.end.size + 3
    assert pdf.last_startxref == end.startxref


def test_an_update_keeps_the_trailer_and_half_the_identifier() -> None:
    """Root and Info stay; the second half of the identifier changes with the content (clause 14.4)."""
    first, second = (append(BLANK.end, {BLANK.end.size: body}).data for body in (b"(one)", b"(two)"))
    before, one, two = read(), read(first), read(second)
    assert one.trailer.raw_get("/Root") == before.trailer.raw_get("/Root")
    assert one.trailer.raw_get("/Info") == before.trailer.raw_get("/Info")
    identifiers = [
        tuple(bytes(half.original_bytes) for half in reader.trailer["/ID"]) for reader in (before, one, two)
    ]
    assert len({permanent for permanent, _ in identifiers}) == 1
    assert len({changing for _, changing in identifiers}) == 3


@given(st.sets(st.integers(1, 40), min_size=1))
def test_any_set_of_numbers_makes_a_sound_table(numbers: set[int]) -> None:
    """Runs and gaps: every object is found, and no other."""
    wanted = {BLANK.end.size + each: b"(%d)" % each for each in numbers}
    pdf = read(append(BLANK.end, wanted).data)
    assert {reference.idnum for reference in pdf.xrefs.explicit_refs_in_revision(1)} == set(wanted)
    for at, body in wanted.items():
        assert b"(%b)" % pdf.get_object(generic.Reference(at, 0, pdf)).original_bytes == body  # type: ignore[no-untyped-call]


def test_qpdf_finds_no_fault(tmp_path: Path) -> None:
    """An independent reader of tables and streams."""
    data = append(BLANK.end, {blanks.TEXT_STREAM: stream(b"", b"0 g"), BLANK.end.size + 5: b"null"}).data
    path = tmp_path / "file.pdf"
    path.write_bytes(BLANK.pdf + bytes(data))
    result = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_same_update_is_the_same_bytes() -> None:
    """It contains nothing random and no time."""
    digests = {hashlib.sha256(append(BLANK.end, {BLANK.end.size: b"(x)"}).data).digest() for _ in range(3)}
    assert len(digests) == 1


@given(st.binary(max_size=200))
def test_a_streams_length_is_its_datas(data: bytes) -> None:
    """Whatever it contains, even `endstream`."""
    pdf = read(append(BLANK.end, {blanks.TEXT_STREAM: stream(b"", data + b"endstream endobj")}).data)
    assert pdf.root["/Pages"]["/Kids"][0]["/Contents"][1].data == data + b"endstream endobj"


@pytest.mark.parametrize("text", ["", "Trạm Y tế Phúc Xá", "(\\)", "𝔊 nhỏ"])
def test_text_strings_say_what_they_said(text: str) -> None:
    """Any text, even beyond the basic plane."""
    pdf = read(append(BLANK.end, {11: b"<< /Title %b >>" % text_string(text)}).data)
    assert get_and_apply(pdf.trailer["/Info"], "/Title", str) == text


@given(st.floats(-5000, 5000))
def test_numbers_are_exact_to_a_thousandth(value: float) -> None:
    """A real number without an exponent, which PDF does not allow (clause 7.3.3)."""
    assert re.fullmatch(rb"-?\d+(\.\d{1,3})?", number(value))
    assert float(number(value)) == pytest.approx(value, abs=0.00051)
