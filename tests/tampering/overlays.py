"""Certification and annotation attacks: one more field, one more signature, over the page or out of sight."""

import io
from collections.abc import Callable

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfTimeStamper

from certsvc.signing.identities import Identity
from tests.support import pki as pkis
from tests.tampering import identities
from tests.tampering.attack import MISPLACED, Attack
from tests.tampering.bases import Base, OurStamper, aside
from tests.tampering.editing import by_editor
from tests.unit.verify import samples

_WHOLE_PAGE, _NOWHERE = (0, 0, 500, 400), (0, 0, 0, 0)


def _field(
    box: tuple[int, int, int, int], name: str = "overlay"
) -> Callable[[IncrementalPdfFileWriter], None]:
    return lambda writer: append_signature_field(writer, SigFieldSpec(name, box=box))


def _signed_by(
    find: Callable[[], Identity], *, box: tuple[int, int, int, int] = _WHOLE_PAGE, **terms: bool
) -> Callable[[Base], bytes]:
    def make(base: Base) -> bytes:
        pdf = io.BytesIO(samples.revised(base.data, _field(box)))
        samples.sign_over(pdf, find(), field="overlay", **terms)
        return pdf.getvalue()

    return lambda base: aside(lambda: make(base))


def _stamped(base: Base) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(samples.revised(base.data, _field(_WHOLE_PAGE))))
    stamper = PdfTimeStamper(OurStamper(), field_name="overlay")
    return bytes(aside(lambda: stamper.timestamp_pdf(writer, "sha256")).getvalue())


def _ours() -> Identity:
    return samples.pki().identity(pkis.HEAD)


def _neighbour() -> Identity:
    return samples.pki().identity("000011/HNO-CCHN", facility_code="01802")


ATTACKS = (
    Attack(
        "empty-field", "an empty signature field over the page", by_editor(_field(_WHOLE_PAGE)), MISPLACED
    ),
    Attack("hidden-field", "an empty signature field out of sight", by_editor(_field(_NOWHERE)), MISPLACED),
    Attack(
        "overlay-neighbour",
        "signed over the page by another holder of the same CA",
        _signed_by(_neighbour),
        MISPLACED,
    ),
    Attack("overlay-ours", "signed over the page by a signer of ours", _signed_by(_ours), MISPLACED),
    Attack(
        "overlay-self-signed",
        "signed over the page by a look-alike",
        _signed_by(lambda: identities.with_key(2048)),
        MISPLACED,
    ),
    Attack("double", "one more signature out of sight", _signed_by(_ours, box=_NOWHERE), MISPLACED),
    Attack(
        "double-unlocked",
        "one more signature that locks nothing",
        _signed_by(_ours, box=_NOWHERE, lock=False),
        MISPLACED,
    ),
    Attack(
        "certified-again",
        "one more signature that certifies",
        _signed_by(_neighbour, certify=True),
        MISPLACED,
    ),
    Attack(
        "visible-time-stamp", "a time-stamp of our authority in a field over the page", _stamped, MISPLACED
    ),
)
