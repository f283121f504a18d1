"""Proof that a file is one of ours: signatures in our slots by our signers, and nothing else.

    1. geometry     every signature covers its revision, the last one the file; pyHanko reads the same objects
                    (white space after the last one is cut off: such a copy is altered, but what was signed is
                    intact)
    2. signers      each certificate is pinned for its slot, all of one facility, before any path is built
    3. signature    CMS, chain, revocation, time-stamp of each (`proving`)
    4. permissions  the first certifies, the last locks; each revision adds its signature and no more
    5. archive      only archive updates follow the last one (`archiving`)

ISO 32000-2 clauses 12.8.1 to 12.8.2.4 for signatures and permissions, 7.5.6 for revisions.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature

from certsvc.states import Slot
from certsvc.verify.findings import Examination, FileKind, Limits, Refused
from certsvc.verify.pdf.archiving import end_of_archive, is_token, prove_archive
from certsvc.verify.pdf.evidence import Evidence, gather_evidence
from certsvc.verify.pdf.geometry import (
    GeometryError,
    SignaturePlace,
    cut_blank_tail,
    find_places,
    prove_places,
    refuse_long_tail,
)
from certsvc.verify.pdf.permissions import check_differences, check_permissions
from certsvc.verify.pdf.proving import ProvenSignature, prove_signature, refuse_changed
from certsvc.verify.pdf.reading import (
    FormField,
    entry,
    matches_place,
    name_part,
    open_pdf,
    read_signature,
    refuse_encrypted,
    signature_fields,
    sole_signer,
)
from certsvc.verify.report import Check, CheckName, CheckOutcome, SignatureFacts, TimeSource
from certsvc.verify.trust import Pin, SignerKind, Trust, digest_of

SLOT_ORDERS = (
    (Slot.PRACTITIONER, Slot.REPRESENTATIVE, Slot.ORGANISATION),
    (Slot.REPRESENTATIVE, Slot.ORGANISATION),
    (Slot.PRACTITIONER,),
    (Slot.REPRESENTATIVE,),
    (Slot.ORGANISATION,),
)
"""The slots that a design may have, in the order of signing [signers, Slots]."""

_WHOLE = "Mỗi chữ ký bao trọn phần đã ký, chữ ký cuối bao trọn tệp."
_ARCHIVED = "Mỗi chữ ký bao trọn phần đã ký; sau đó chỉ có dữ liệu lưu trữ."
_BLANK_TAIL = "Mỗi chữ ký bao trọn phần đã ký, nhưng cuối tệp có thêm khoảng trắng."


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layers of a file of ours: `signed` by persons, within `whole`, which adds archive updates.

    Nothing but white space follows; `is_whole` says that there is none.
    """

    places: tuple[SignaturePlace, ...]
    stamps: tuple[SignaturePlace, ...]
    signed: bytes
    whole: bytes
    is_whole: bool


def prove_ours(data: bytes, *, trust: Trust, now: dt.datetime, limits: Limits) -> Examination:
    """Prove a file that claims to be ours. Refusals are in the result, never raised.

    A file with white space after its end is ours and intact, but its geometry fails: it can never be valid.
    """
    passed: dict[CheckName, str] = {}
    try:
        # 1. Geometry.
        refuse_encrypted(data)
        layout = _prove_geometry(data)
        signatures = _prove_all(layout, trust=trust, now=now, limits=limits, passed=passed)
    except Refused as refusal:
        return Examination.refused(refusal, passed=passed)
    return Examination(FileKind.OURS_INTACT, tuple(_closing_checks(layout, signatures, passed)), signatures)


def _prove_all(
    layout: _Layout, *, trust: Trust, now: dt.datetime, limits: Limits, passed: dict[CheckName, str]
) -> tuple[SignatureFacts, ...]:
    reader = _open(layout.signed)
    fields = tuple(signature_fields(reader.root, max_fields=limits.max_fields))
    _match_fields(reader, fields, layout.places)
    if layout.is_whole:
        passed[CheckName.GEOMETRY] = _ARCHIVED if layout.stamps else _WHOLE
    # 2. Signers, before any path is built.
    signatures = [read_signature(reader, field) for field in fields]
    pins = _pinned(signatures, fields, trust)
    # 3. Mathematics and trust; digests first, for nothing else in a changed file is worth reading.
    for signature in signatures:
        refuse_changed(signature)
    evidence = gather_evidence(reader, trust)
    proven = [prove_signature(signature, evidence=evidence, now=now) for signature in signatures]
    moments = [signature.signed_at for signature in proven if signature.signed_at]
    if any(later < earlier for earlier, later in pairwise(moments)):
        raise Refused(FileKind.TAMPERED, CheckName.TIMESTAMP, "Thứ tự thời gian ký không đúng.")
    # 4. Permissions and differences.
    check_permissions(reader, signatures)
    check_differences(reader, signatures)
    # 5. What follows the signatures.
    if layout.stamps:
        prove_archive(
            layout.whole,
            signed=reader,
            stamps=layout.stamps,
            evidence=evidence,
            since=max(moments, default=None),
            now=now,
        )
    is_covered = layout.is_whole and not layout.stamps
    return tuple(
        _facts(field, pin, proof, evidence=evidence, covers_file=is_covered and field is fields[-1])
        for field, pin, proof in zip(fields, pins, proven, strict=True)
    )


def _open(signed: bytes) -> PdfFileReader:
    """A reader over the signed part; if it is unreadable despite a signature of ours, it was changed."""
    try:
        return open_pdf(signed, strict=True)
    except PdfError as error:
        raise _wrong_shape() from error


def _prove_geometry(data: bytes) -> _Layout:
    """Find signed part, archive and white space; the last signature by a person ends the signed part."""
    try:
        found = find_places(data)
        end = max((place.end for place in found if not is_token(place)), default=0)
        signed, stamps = data[:end], tuple(place for place in found if place.end > end)
        places = prove_places(signed)
        if not stamps:
            whole = cut_blank_tail(data, places)
            return _Layout(places, stamps, signed, whole, is_whole=whole == data)
        whole = data[: end_of_archive(data, stamps)]
        refuse_long_tail(data[len(whole) :])
    except GeometryError as error:
        raise Refused(FileKind.TAMPERED, CheckName.GEOMETRY, "Chữ ký không bao trọn tệp.") from error
    return _Layout(places, stamps, signed, whole, is_whole=whole == data)


def _match_fields(
    reader: PdfFileReader, fields: tuple[FormField, ...], places: tuple[SignaturePlace, ...]
) -> None:
    """Refuse unless the reader reads exactly the proven signatures at their offsets, each in its revision."""
    form = entry(reader.root, "/AcroForm")
    if not fields or not isinstance(form, generic.DictionaryObject):
        raise _wrong_shape()
    if not len(form["/Fields"]) == len(fields) == len(places):
        raise _wrong_shape()
    if "/XFA" in form or "/NeedAppearances" in form:
        raise _wrong_shape()
    if tuple(field.name for field in fields) not in SLOT_ORDERS:
        raise _wrong_shape()
    first_revision = reader.xrefs.total_revisions - len(fields)
    for revision, (field, place) in enumerate(zip(fields, places, strict=True), first_revision):
        _match_field(reader, field, place, revision=revision)
    prepared = reader.get_historical_resolver(first_revision - 1).root
    if len(prepared["/AcroForm"]["/Fields"]) != len(fields):
        raise _wrong_shape()


def _match_field(reader: PdfFileReader, field: FormField, place: SignaturePlace, *, revision: int) -> None:
    if not matches_place(reader, field, place, kind=("/Sig", "/ETSI.CAdES.detached")):
        raise _wrong_shape()
    if field.value is None or reader.xrefs.get_last_change(field.value.reference) != revision:
        raise _wrong_shape()


def _wrong_shape() -> Refused:
    return Refused(
        FileKind.TAMPERED, CheckName.GEOMETRY, "Các chữ ký không đúng số lượng, thứ tự hoặc vị trí."
    )


def _pinned(signatures: list[EmbeddedPdfSignature], fields: tuple[FormField, ...], trust: Trust) -> list[Pin]:
    pairs = zip(signatures, fields, strict=True)
    pins = [_pin(signature, Slot(field.name), trust) for signature, field in pairs]
    if len({pin.facility_code for pin in pins}) != 1:
        raise Refused(FileKind.UNTRUSTED, CheckName.CHAIN, "Các chữ ký không cùng một cơ sở y tế.")
    return pins


def _pin(signature: EmbeddedPdfSignature, slot: Slot, trust: Trust) -> Pin:
    signer = sole_signer(signature.signed_data)
    pin = None if signer is None else trust.pins.get(digest_of(signer.dump()))
    if pin is None:
        raise Refused(FileKind.UNTRUSTED, CheckName.CHAIN, "Có chữ ký không phải của người ký đã đăng ký.")
    if (pin.kind is SignerKind.ORGANISATION) is not (slot is Slot.ORGANISATION):
        raise Refused(FileKind.TAMPERED, CheckName.CHAIN, "Người ký không đúng vị trí ký.")
    return pin


def _facts(
    field: FormField, pin: Pin, proven: ProvenSignature, *, evidence: Evidence, covers_file: bool
) -> SignatureFacts:
    level = "B-LT" if evidence.has_dss else "B-T"
    return SignatureFacts(
        slot=Slot(field.name),
        signer=pin.display or name_part(proven.signer.subject, "common_name"),
        organisation=name_part(proven.signer.subject, "organization_name"),
        issuer_ca=name_part(proven.signer.issuer, "common_name"),
        signed_at=proven.signed_at,
        time_source=TimeSource.TIMESTAMP if proven.is_timestamped else TimeSource.CLAIMED,
        level=level if proven.is_timestamped else "B-B",
        intact=True,
        trusted=True,
        covers_whole_file=covers_file,
    )


def _closing_checks(
    layout: _Layout, signatures: tuple[SignatureFacts, ...], passed: dict[CheckName, str]
) -> list[Check]:
    is_stamped = all(facts.time_source is TimeSource.TIMESTAMP for facts in signatures)
    checks = [
        (
            CheckName.GEOMETRY,
            CheckOutcome.PASSED if layout.is_whole else CheckOutcome.FAILED,
            passed.get(CheckName.GEOMETRY, _BLANK_TAIL),
        ),
        (
            CheckName.SIGNATURE,
            CheckOutcome.PASSED,
            f"{len(signatures)} chữ ký số đúng, nội dung không bị thay đổi.",
        ),
        (CheckName.TIMESTAMP, CheckOutcome.PASSED, "Mỗi chữ ký có dấu thời gian tin cậy.")
        if is_stamped
        else (CheckName.TIMESTAMP, CheckOutcome.NOT_DONE, "Chữ ký không kèm dấu thời gian."),
        (CheckName.CHAIN, CheckOutcome.PASSED, "Người ký đã đăng ký, chứng thư số dẫn tới gốc tin cậy."),
        (CheckName.REVOCATION, CheckOutcome.PASSED, "Không chứng thư số nào bị thu hồi khi ký."),
    ]
    if layout.stamps:
        checks.append((CheckName.ARCHIVE, CheckOutcome.PASSED, "Bản lưu trữ có dấu thời gian tin cậy."))
    return [Check(*check) for check in checks]
