"""What follows the last signature: nothing, white space or our archive updates; all else is not ours."""

import asyncio
import io

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfTimeStamper

from certsvc.models import Status
from certsvc.verify.judging import RegisterFacts, judge_file
from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, CheckOutcome, Verdict
from tests.tampering.bases import OurStamper, archived
from tests.tampering.editing import Change
from tests.unit.verify import samples

PUBLISHED = RegisterFacts(Status.ISSUED)


def _failed(data: bytes) -> list[CheckName]:
    return [
        check.name for check in samples.look_at_stranger(data).checks if check.outcome is CheckOutcome.FAILED
    ]


@pytest.mark.parametrize("tail", [b" ", b"\t", b"\n", b"\r\n", b"\x0c", b"\x00" * 100, b" \n" * 512])
@pytest.mark.parametrize("count", [1, 3])
def test_white_space_behind_the_end_makes_an_altered_copy(tail: bytes, count: int) -> None:
    """What mail gateways append: the signed part is ours and good, but no signature covers the rest."""
    data = samples.genuine(count) + tail
    examination = samples.look(data)
    judgement = judge_file(examination, register=None)
    assert (judgement.verdict, judgement.reasons, _failed(data)) == (
        Verdict.INVALID,
        (Reason.ALTERED_COPY,),
        [CheckName.GEOMETRY],
    )
    assert [(facts.intact, facts.covers_whole_file) for facts in examination.signatures] == [
        (True, False)
    ] * count
    assert judge_file(examination, register=PUBLISHED).verdict is not Verdict.VALID


@pytest.mark.parametrize(
    "tail", [b"%%EOF", b"startxref\n9\n%%EOF\n", b"\n.", b" \n%", b"\x0b", b"\xa0", b"\n" * 1025]
)
def test_other_bytes_behind_the_end_are_tampering(tail: bytes) -> None:
    """A second end, a letter among white space, characters that are not PDF white space, too much of it."""
    assert samples.look_at_stranger(samples.genuine(2) + tail).kind is FileKind.TAMPERED


def test_white_space_saves_no_other_change() -> None:
    """Cut back, with another revision, with another's signature value: as bad with white space as without."""
    data = samples.genuine(2)
    first, last = samples.places(data)
    changed = (
        data[: first.end],
        samples.revised(data, samples.replace_page),
        samples.with_cms(data, last, first.cms),
    )
    assert {samples.look_at_stranger(each + b"\n").kind for each in changed} == {FileKind.TAMPERED}


@pytest.mark.parametrize("renewals", [1, 2])
def test_a_renewed_archive_is_whole_and_valid_once_published(renewals: int) -> None:
    """Ours and intact, with a check of its own; only the register makes it valid."""
    data = samples.genuine(2)
    for _ in range(renewals):
        data = archived(data)
    examination = samples.look(data)
    assert examination.kind is FileKind.OURS_INTACT
    assert [(check.name, check.outcome) for check in examination.checks][-1] == (
        CheckName.ARCHIVE,
        CheckOutcome.PASSED,
    )
    assert [facts.covers_whole_file for facts in examination.signatures] == [False, False]
    assert judge_file(examination, register=None).reasons == (Reason.ALTERED_COPY,)
    assert judge_file(examination, register=PUBLISHED).verdict is Verdict.VALID


def test_white_space_behind_an_archive_is_told() -> None:
    """As after a signature: intact, but never valid."""
    data = archived(samples.genuine(1)) + b"\n \n"
    examination = samples.look(data)
    assert (examination.kind, _failed(data)) == (FileKind.OURS_INTACT, [CheckName.GEOMETRY])
    assert judge_file(examination, register=PUBLISHED).verdict is not Verdict.VALID


def _titled(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.TextStringObject("khác")}))  # type: ignore[no-untyped-call]


def _described(writer: IncrementalPdfFileWriter) -> None:
    xmp = (
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF"
        b" xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><r:Description a='b'/></r:RDF></x:xmpmeta>"
    )
    entries = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
    writer.root[pdf_name("/Metadata")] = writer.add_object(generic.StreamObject(entries, stream_data=xmp))
    writer.update_root()  # type: ignore[no-untyped-call]


def _more_fields(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Signature9", box=(0, 0, 0, 0)))


@pytest.mark.parametrize("change", [_more_fields, _titled, _described, samples.replace_page])
def test_a_time_stamp_covers_up_no_other_change(change: Change) -> None:
    """Our authority stamps anything: another field, another title, other metadata, another page."""
    assert samples.look_at_stranger(_stamped(change)).kind is FileKind.TAMPERED


def test_control_a_time_stamp_alone_passes() -> None:
    """With the date and the producer that pyHanko writes at each renewal by itself."""
    assert samples.look_at_stranger(_stamped(lambda writer: None)).kind is FileKind.OURS_INTACT


def _stamped(change: Change) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(samples.genuine(1)))
    change(writer)
    return bytes(asyncio.run(PdfTimeStamper(OurStamper()).async_timestamp_pdf(writer, "sha256")).getvalue())


def test_a_time_stamp_before_a_signature_is_tampering() -> None:
    """An archive begins only after the last signature."""
    data = samples.genuine(2)
    first = samples.places(data)[0]
    early = archived(data[: first.end])
    assert samples.look_at_stranger(early + data[first.end :]).kind is FileKind.TAMPERED
