"""Whole certificates, from values to the last signature, read by others: compiled bases and full layouts."""

import asyncio
import functools
import io
import subprocess
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.models import Slot
from certsvc.signing.cms import der
from certsvc.signing.sealing import Unsealed
from certsvc.signing.stock import Signing
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.designs import load_designs
from certsvc.templates.filling import fill
from certsvc.templates.marks import Mark, picture, signing_time, time_line
from certsvc.templates.samples import sample_values
from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.pdf.raw_signatures import prove_raw
from tests.support import sealed_sample as samples
from tests.support.sealed_sample import Sample
from tests.unit.verify import samples as verified

CASES = [(3, True), (2, True), (1, True), (3, False)]
"""Number of signatures, and whether a compiled base is filled or the whole form laid out."""


@functools.cache
def certificate(count: int, is_fast: bool) -> Sample:
    """A sick-leave certificate with invented values; two signatures mean that the head examined."""
    pki, slots = verified.pki(), tuple(samples.SLOTS[count])
    [design] = [known for known in load_designs() if known.id == "sick_leave/mau07-2025"]
    head = count == 2
    values = sample_values(design, head_examined=head)
    if is_fast:
        filled = fill(design, values, record=b"<HoSo/>", head_examined=head, is_reissue=False, slots=slots)
        assert filled.is_fast
        blank, objects = filled.blank, filled.objects
    else:
        blank, objects = (
            assemble_fully(
                design, values, record=b"<HoSo/>", head_examined=head, is_reissue=False, slots=slots
            ).blank,
            {},
        )
    wanted = [
        Signing(
            signer.slot,
            signer.identity,
            picture(
                Mark(
                    signer.slot,
                    field.width,
                    field.height,
                    signer.identity.name,
                    "Trạm Y tế Thử",
                    development=True,
                )
            ),
        )
        for signer, field in zip(samples.signings(pki, count), blank.fields, strict=True)
    ]
    sheet = Unsealed(samples.stock_of(pki, wanted, blank=blank), objects)
    [result] = samples.attempt([sheet], time_line=time_line, time_stamper=pki.tsa())
    return samples.whole(sheet, result)


@pytest.mark.parametrize(("count", "is_fast"), CASES)
def test_our_own_checks_pass(count: int, is_fast: bool) -> None:
    """The quick proof and the whole examination."""
    data = certificate(count, is_fast).pdf
    assert prove_raw(data, trust=verified.trust(), count=count) is None
    assert verified.look(data).kind is FileKind.OURS_INTACT


@pytest.mark.parametrize(("count", "is_fast"), CASES)
def test_pyhanko_trusts_every_signature(count: int, is_fast: bool) -> None:
    """By its own difference rules, which follow widgets in the structure tree, and the file's answers."""
    reader = PdfFileReader(io.BytesIO(certificate(count, is_fast).pdf))
    root = asn1_x509.Certificate.load(der(verified.pki().root))
    signatures = reader.embedded_regular_signatures
    assert len(signatures) == count
    for signature in signatures:
        settings = {"trust_roots": [root], "allow_fetching": False, "revocation_mode": "require"}
        status = asyncio.run(
            async_validate_pdf_signature(
                signature, DocumentSecurityStore.read_dss(reader).as_validation_context(settings)
            )
        )
        is_last = signature is signatures[-1]
        assert status.bottom_line
        assert status.coverage is (
            SignatureCoverageLevel.ENTIRE_FILE if is_last else SignatureCoverageLevel.ENTIRE_REVISION
        )
        assert status.modification_level is (
            ModificationLevel.NONE if is_last else ModificationLevel.FORM_FILLING
        )


@pytest.mark.parametrize(("count", "is_fast"), CASES)
def test_pdfsig_and_qpdf_find_no_fault(tmp_path: Path, count: int, is_fast: bool) -> None:
    """All signatures valid, the last over the total document; file structure sound."""
    path = tmp_path / "file.pdf"
    path.write_bytes(certificate(count, is_fast).pdf)
    report = subprocess.run(
        ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
    ).stdout
    assert report.count("Signature Validation: Signature is Valid.") == count
    assert report.count("Total document signed") == 1
    checked = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(("count", "is_fast"), CASES)
def test_each_mark_shows_the_time_in_the_files_own_font(tmp_path: Path, count: int, is_fast: bool) -> None:
    """Poppler reads it once for each signature, so the glyphs are there and say what they show."""
    sample = certificate(count, is_fast)
    (tmp_path / "file.pdf").write_bytes(sample.pdf)
    text = subprocess.run(
        ["pdftotext", str(tmp_path / "file.pdf"), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert text.count(signing_time(sample.sealed.signed_at)) == count


@pytest.mark.parametrize(("count", "is_fast"), CASES)
def test_the_seal_is_seen_on_the_page(count: int, is_fast: bool) -> None:
    """Red ink where the organisation's widget is, as large as a seal, and none in the empty base."""
    sample = certificate(count, is_fast)
    reader = PdfFileReader(io.BytesIO(sample.pdf))
    left, bottom, right, top = (float(side) for side in reader.root["/AcroForm"]["/Fields"][-1]["/Rect"])
    assert _red(sample.pdf, (left, bottom, right, top)) > 1500
    assert _red(sample.pdf[: sample.ends[0]], (left, bottom, right, top)) == 0


def _red(pdf: bytes, box: tuple[float, float, float, float]) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        page = document[0]
        height = page.get_height()
        shown = page.render(may_draw_forms=True).to_pil().convert("RGB")
    left, bottom, right, top = box
    area = shown.crop((int(left), int(height - top), int(right), int(height - bottom)))
    return sum(
        count
        for count, (red, green, blue) in area.getcolors(area.width * area.height)
        if red > 150 and max(green, blue) < 140
    )


def test_slots_are_those_of_the_design() -> None:
    """Control: the variants above are what they say."""
    fields = {count: [str(field.get_object()["/T"]) for field in _fields(count)] for count in (1, 2, 3)}
    assert fields == {1: [Slot.ORGANISATION], 2: [Slot.REPRESENTATIVE, Slot.ORGANISATION], 3: list(Slot)}


def _fields(count: int) -> list[Any]:
    return list(PdfFileReader(io.BytesIO(certificate(count, is_fast=True).pdf)).root["/AcroForm"]["/Fields"])
