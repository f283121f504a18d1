"""Classic attacks on signed PDFs, each with the answer it must get, and what chance may do to a file."""

import hashlib
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from certsvc.models import Status
from certsvc.verify.examining import Kind
from certsvc.verify.judging import RegisterFacts, judge_file
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, Outcome, Verdict
from tests.support import pki as pkis
from tests.unit.verify import samples


def _verdict(data: bytes) -> tuple[Verdict, Reason, CheckName | None]:
    """The whole judgement with a register that knows the genuine samples only, and the first check that failed in the file."""
    published = {hashlib.sha256(samples.genuine(count)).digest() for count in (1, 2, 3)}
    register = RegisterFacts(Status.ISSUED) if hashlib.sha256(data).digest() in published else None
    examination = samples.look_at_stranger(data)
    failed = [check.name for check in examination.checks if check.outcome is Outcome.FAILED]
    judgement = judge_file(examination, register=register)
    return judgement.verdict, judgement.reasons[0], next(iter(failed), None)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_control_genuine_files_are_valid(count: int) -> None:
    """Without this the attacks would prove nothing."""
    assert _verdict(samples.genuine(count)) == (Verdict.VALID, Reason.GENUINE, None)


def _dictionary(**entries: generic.PdfObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})  # type: ignore[no-untyped-call]


def _nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()  # type: ignore[no-untyped-call]


def _new_info(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(_dictionary(Title=generic.TextStringObject("khác")))


def _empty_field(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Signature9", box=(0, 0, 400, 400)))


def _annotation(writer: IncrementalPdfFileWriter) -> None:
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Annots"].append(writer.add_object(_dictionary(Type=pdf_name("/Annot"), Subtype=pdf_name("/FreeText"))))
    writer.update_container(page["/Annots"])


def _new_catalog(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/OpenAction")] = _dictionary(S=pdf_name("/JavaScript"))
    writer.update_root()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("change", [_nothing, samples.replace_page, _new_info, _empty_field, _annotation, _new_catalog])
@pytest.mark.parametrize("count", [1, 3])
def test_a_revision_behind_the_last_signature_is_tampering(change: Callable[[IncrementalPdfFileWriter], None], count: int) -> None:
    """However harmless it looks: an empty one, other content, another title, a field, a stamp, an action."""
    assert _verdict(samples.revised(samples.genuine(count), change)) == (Verdict.INVALID, Reason.TAMPERED, CheckName.GEOMETRY)


@pytest.mark.parametrize("tail", [b"%%EOF", b"startxref\n9\n%%EOF\n", b"\n.", b" \n%", b"\x0b", b"\xa0", b"\n" * 1025])
def test_bytes_behind_the_end_are_tampering(tail: bytes) -> None:
    """A second end, a letter among white space, what is no white space to a PDF, and too much of it."""
    assert _verdict(samples.genuine(2) + tail)[:2] == (Verdict.INVALID, Reason.TAMPERED)


@pytest.mark.parametrize("tail", [b" ", b"\t", b"\n", b"\r\n", b"\x0c", b"\x00" * 100, b" \n" * 512])
@pytest.mark.parametrize("count", [1, 3])
def test_white_space_behind_the_end_makes_an_altered_copy(tail: bytes, count: int) -> None:
    """What mail gateways append: the signed part is ours and good, and the last signature does not cover the file."""
    data = samples.genuine(count) + tail
    assert _verdict(data) == (Verdict.INVALID, Reason.ALTERED_COPY, CheckName.GEOMETRY)
    examination = samples.look(data)
    assert [(facts.intact, facts.covers_whole_file) for facts in examination.signatures] == [(True, False)] * count
    assert judge_file(examination, register=RegisterFacts(Status.ISSUED)).verdict is not Verdict.VALID


def test_white_space_saves_no_other_change() -> None:
    """Cut back, with another revision, with another's signature value: as bad with white space as without."""
    data = samples.genuine(2)
    first, last = samples.places(data)
    changed = (data[: first.end], samples.revised(data, samples.replace_page), samples.with_cms(data, last, first.cms))
    assert all(_verdict(each + b"\n")[:2] == (Verdict.INVALID, Reason.TAMPERED) for each in changed)


def test_bytes_before_the_start_are_unreadable() -> None:
    """The header stands at the first byte."""
    assert _verdict(b"GIF89a" + samples.genuine(1))[:2] == (Verdict.INVALID, Reason.UNREADABLE)


@pytest.mark.parametrize(("licence", "station"), [("000011/HNO-CCHN", "01802"), (pkis.HEAD, pkis.STATION)])
def test_a_signed_overlay_is_tampering(licence: str, station: str) -> None:
    """One more signature whose field covers the page, by another holder of our CA or even by a signer of ours."""
    forger = samples.pki().identity(licence, facility_code=station)
    field = SigFieldSpec("representative", box=(0, 0, 500, 400))
    pdf = io.BytesIO(samples.revised(samples.genuine(1), lambda writer: append_signature_field(writer, field)))
    samples.sign_over(pdf, forger, field="representative")
    assert _verdict(pdf.getvalue()) == (Verdict.INVALID, Reason.TAMPERED, CheckName.GEOMETRY)


def test_a_file_cut_back_to_an_earlier_signature_is_tampered() -> None:
    """The practitioner's signature alone does not make a certificate."""
    data = samples.genuine(3)
    for place in samples.places(data)[:-1]:
        assert _verdict(data[: place.end])[:2] == (Verdict.INVALID, Reason.TAMPERED)


def test_swapped_signature_values_are_tampering() -> None:
    """The first signature's value in the second's place, and the other way round."""
    data = samples.genuine(2)
    first, second = samples.places(data)
    assert _verdict(samples.with_cms(samples.with_cms(data, first, second.cms), second, first.cms))[:2] == (Verdict.INVALID, Reason.TAMPERED)


def test_a_transplanted_signature_is_tampering() -> None:
    """A real signature of one certificate in another one."""
    donor, patient = samples.genuine(3), samples.genuine(2)
    [*_, seal] = samples.places(donor)
    [*_, hole] = samples.places(patient)
    assert _verdict(samples.with_cms(patient, hole, seal.cms)) == (Verdict.INVALID, Reason.TAMPERED, CheckName.SIGNATURE)


@pytest.mark.parametrize("which", [0, -1])
def test_a_stripped_timestamp_is_tampering(which: int) -> None:
    """The time-stamp is not under its own signature, so its absence must be refused."""
    data = samples.genuine(3)
    place = samples.places(data)[which]
    verdict, reason, failed = _verdict(samples.with_cms(data, place, samples.without_timestamp(place)))
    assert (verdict, reason) == (Verdict.INVALID, Reason.TAMPERED)
    assert failed is CheckName.TIMESTAMP


@pytest.mark.parametrize(
    "old", [b"/ETSI.CAdES.detached", b"/Contents", b"/ByteRange", b"/DocMDP", b"/FieldMDP", b"/AcroForm", b"/organisation", b"/Lock", b"/Perms"]
)
def test_renamed_keys_are_never_valid(old: bytes) -> None:
    """A signature that is no longer found is not a file that was never signed by us."""
    data = samples.genuine(1)
    if old not in data:
        old = b"(organisation)"
    changed = data.replace(old, old[:-1] + b"X")
    assert changed != data
    assert _verdict(changed)[0] in {Verdict.INVALID, Verdict.UNKNOWN}


def test_the_hexadecimal_case_makes_an_altered_copy() -> None:
    """The signed part is ours and good, but these are not the bytes that we published."""
    data = samples.genuine(2)
    [*_, last] = samples.places(data)
    altered = data[: last.hole_start] + data[last.hole_start : last.hole_end].upper() + data[last.hole_end :]
    assert altered != data
    assert _verdict(altered) == (Verdict.INVALID, Reason.ALTERED_COPY, None)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_flipped_bit_survives(data: st.DataObject) -> None:
    """A bit anywhere: never valid, and outside the last hole not even intact."""
    genuine = samples.genuine(1)
    [place] = samples.places(genuine)
    at = data.draw(st.integers(0, len(genuine) - 1))
    flipped = bytearray(genuine)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    assert _verdict(bytes(flipped))[0] is not Verdict.VALID
    if not place.hole_start <= at < place.hole_end:
        assert samples.look_at_stranger(bytes(flipped)).kind is not Kind.OURS_INTACT


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_splice_survives(data: st.DataObject) -> None:
    """Pieces cut out, doubled or overwritten anywhere: never valid."""
    genuine = samples.genuine(2)
    start = data.draw(st.integers(0, len(genuine) - 1))
    end = data.draw(st.integers(start, min(len(genuine), start + 4000)))
    piece = data.draw(st.sampled_from([b"", genuine[start:end] * 2, b"endobj", b"<<>>", b"null"]))
    spliced = genuine[:start] + piece + genuine[end:]
    if spliced != genuine:
        assert _verdict(spliced)[0] is not Verdict.VALID
