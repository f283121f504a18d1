"""Files that none of our signers signed: who did, as far as the file proves it.

Nothing here can make a file valid; it answers honestly with "signed by …, not ours", and tells a
stranger's document from one that borrows our names.
"""

import unicodedata

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.verify.findings import STEPS, Examination, Kind, Limits, Refused
from certsvc.verify.pdf.geometry import MAX_SIGNATURES
from certsvc.verify.pdf.hierarchies import hierarchy_of
from certsvc.verify.pdf.reading import name_part, open_pdf, read_signature, signature_fields, sole_signer
from certsvc.verify.report import Check, CheckName, Outcome, SignatureFacts, TimeSource
from certsvc.verify.trust import Trust

_WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
_MAX_NAME = 200


def describe_foreign(data: bytes, *, trust: Trust, limits: Limits) -> Examination:
    """What a file is that claims none of our signers. Never raises Refused: the refusal is in the
    examination.
    """
    try:
        return _describe(data, trust=trust, limits=limits)
    except Refused as refusal:
        return Examination.refused(refusal, passed={})


def _describe(data: bytes, *, trust: Trust, limits: Limits) -> Examination:
    reader = open_pdf(data, strict=False)
    fields = [
        field
        for field in signature_fields(reader.root, max_fields=limits.max_fields)
        if "/V" in field.dictionary
    ]
    if not fields and b"/ByteRange" not in data:
        raise Refused(Kind.NOT_SIGNED, None, "Tệp không có chữ ký số.")
    if not fields or any(field.value is None for field in fields):
        raise Refused(Kind.TAMPERED, CheckName.GEOMETRY, "Chữ ký trong tệp không đầy đủ.")
    if len(fields) > MAX_SIGNATURES:
        raise Refused(Kind.TOO_COMPLEX, None, "Tệp có quá nhiều chữ ký.")
    signatures = [read_signature(reader, field) for field in fields]
    signers = [_signer(signature) for signature in signatures]
    facts = tuple(
        _facts(signature, signer, trust=trust) for signature, signer in zip(signatures, signers, strict=True)
    )
    if any(borrows_our_name(signer, trust) for signer in signers):
        raise Refused(
            Kind.UNTRUSTED,
            CheckName.CHAIN,
            "Chữ ký mượn tên cơ sở y tế nhưng không phải của người ký đã đăng ký.",
            signatures=facts,
        )
    detail = "Chữ ký nguyên vẹn nhưng không phải của người ký đã đăng ký."
    if any(each.hierarchy for each in facts):
        detail += " Đã dò đường dẫn chứng thư tới gốc, chưa kiểm tra thu hồi."
    return Examination(
        Kind.SIGNED_BY_OTHER, tuple(Check(name, *_outcome(name, detail)) for name in STEPS), facts
    )


def borrows_our_name(signer: x509.Certificate, trust: Trust) -> bool:
    """Whether somebody unknown to us signs under a name of ours, or under a CA that only looks like ours."""
    ours = {_folded(pin.display) for pin in trust.pins.values()}
    if {_folded(name_part(signer.subject, part)) for part in ("common_name", "organization_name")} & ours:
        return True
    issuers = [x509.Certificate.load(der) for der in (*trust.intermediates, *trust.anchors)]
    same_name = [
        cert
        for cert in issuers
        if _folded(name_part(cert.subject, "common_name")) == _folded(name_part(signer.issuer, "common_name"))
    ]
    return bool(same_name) and not any(_issued(signer, cert) for cert in same_name)


def _issued(signer: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        load_der_x509_certificate(signer.dump()).verify_directly_issued_by(
            load_der_x509_certificate(issuer.dump())
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _signer(signature: EmbeddedPdfSignature) -> x509.Certificate:
    """The signer of an intact signature that nothing but harmless changes follow. Raises Refused."""
    try:
        signer = sole_signer(signature.signed_data) or signature.signer_cert
        signature.compute_integrity_info()  # type: ignore[no-untyped-call]
        intact, valid = validate_sig_integrity(
            signature.signer_info,
            signer,
            expected_content_type=signature.signed_data["encap_content_info"]["content_type"].native,
            actual_digest=signature.compute_digest(),
        )
        summary = signature.summarise_integrity_info()
    except (
        PdfError,
        SignatureValidationError,
        ValueError,
        TypeError,
        AssertionError,
    ) as error:  # key and algorithm that do not fit
        raise _changed() from error
    if not (intact and valid and summary["coverage"] in _WHOLE and summary["docmdp_ok"]):
        raise _changed()
    return signer


def _changed() -> Refused:
    return Refused(Kind.TAMPERED, CheckName.SIGNATURE, "Tệp đã bị thay đổi sau khi ký.")


def _facts(signature: EmbeddedPdfSignature, signer: x509.Certificate, *, trust: Trust) -> SignatureFacts:
    signed_at = signature.self_reported_timestamp
    return SignatureFacts(
        slot=None,
        signer=_shown(
            name_part(signer.subject, "common_name") or name_part(signer.subject, "organization_name")
        ),
        organisation=_shown(name_part(signer.subject, "organization_name")),
        issuer_ca=_shown(
            name_part(signer.issuer, "common_name") or name_part(signer.issuer, "organization_name")
        ),
        signed_at=signed_at,
        time_source=None if signed_at is None else TimeSource.CLAIMED,
        level=None,
        intact=True,
        trusted=False,
        covers_whole_file=signature.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        hierarchy=hierarchy_of(signer, signature.other_embedded_certs, trust=trust, at=signed_at),
    )


def _outcome(name: CheckName, detail: str) -> tuple[Outcome, str]:
    match name:
        case CheckName.GEOMETRY | CheckName.SIGNATURE:
            return Outcome.PASSED, ""
        case CheckName.CHAIN:
            return Outcome.FAILED, detail
        case _:
            return Outcome.NOT_DONE, ""


def _shown(name: str) -> str:
    """A stranger's name is shown to people: one line, no control or direction marks, not endless."""
    return "".join(letter for letter in name if unicodedata.category(letter)[0] not in "CZ" or letter == " ")[
        :_MAX_NAME
    ]


def _folded(name: str) -> str:
    """Names compared as people read them: case, width, spaces and composition do not matter."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
