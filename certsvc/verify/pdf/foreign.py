"""Files that none of our signers signed: who did, as far as the file proves it.

Nothing here can make a file valid; the honest answer is "signed by …, not ours", and a stranger's document is
told apart from one that borrows our names.
"""

import datetime as dt
import unicodedata

from asn1crypto import core, tsp, x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509 import load_der_x509_certificate
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.states import Slot
from certsvc.verify.findings import STEPS, Examination, FileKind, Limits, Refused
from certsvc.verify.pdf.geometry import MAX_SIGNATURES
from certsvc.verify.pdf.hierarchies import hierarchy_of
from certsvc.verify.pdf.integrity import Integrity, embedded_certificates, state_of
from certsvc.verify.pdf.reading import name_part, open_pdf, read_signature, signature_fields
from certsvc.verify.report import Check, CheckName, CheckOutcome, SignatureFacts, TimeSource
from certsvc.verify.trust import Trust

_OUR_FIELDS = frozenset(Slot)
_MAX_NAME = 200


def describe_foreign(data: bytes, *, trust: Trust, limits: Limits) -> Examination:
    """Examine a file that does not claim to be by our signers. Refusals are in the result, never raised."""
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
    if not fields:
        raise Refused(FileKind.NOT_SIGNED, None, "Tệp không có chữ ký số.")
    if len(fields) > MAX_SIGNATURES:
        raise Refused(FileKind.TOO_COMPLEX, None, "Tệp có quá nhiều chữ ký.")
    poses_as_ours = any(field.name in _OUR_FIELDS for field in fields)
    try:
        signatures = [read_signature(reader, field) for field in fields]
    except Refused:
        if poses_as_ours:
            raise
        return _unchecked("không đọc được cấu trúc chữ ký", ())
    states = [state_of(signature) for signature in signatures]
    facts = tuple(
        _facts(signature, state.signer, is_intact=state.integrity is Integrity.INTACT, trust=trust)
        for signature, state in zip(signatures, states, strict=True)
        if state.signer is not None
    )
    lacking = [state.lacks for state in states if state.integrity is Integrity.UNCHECKED]
    if lacking and poses_as_ours:  # ours can all be checked
        raise Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Chữ ký số không đúng cấu trúc.")
    if any(state.integrity is Integrity.CHANGED for state in states):
        raise Refused(
            FileKind.TAMPERED, CheckName.SIGNATURE, "Tệp đã bị thay đổi sau khi ký.", signatures=facts
        )
    if any(state.signer is not None and borrows_our_name(state.signer, trust) for state in states):
        raise Refused(
            FileKind.UNTRUSTED,
            CheckName.CHAIN,
            "Chữ ký mượn tên cơ sở y tế nhưng không phải của người ký đã đăng ký.",
            signatures=facts,
        )
    if lacking:
        return _unchecked(lacking[0], facts)
    detail = "Chữ ký nguyên vẹn nhưng không phải của người ký đã đăng ký."
    if any(signature.hierarchy for signature in facts):
        detail += " Đã dò đường dẫn chứng thư tới gốc, chưa kiểm tra thu hồi."
    checks = tuple(Check(name, *_outcome(name, detail)) for name in STEPS)
    return Examination(FileKind.SIGNED_BY_OTHER, checks, facts)


def _unchecked(lacking: str, facts: tuple[SignatureFacts, ...]) -> Examination:
    """The examination of a signed file that we cannot check: neither intact nor changed."""
    detail = f"Không kiểm được chữ ký: {lacking}."
    checks = (
        Check(name, CheckOutcome.NOT_DONE, detail if name is CheckName.SIGNATURE else "") for name in STEPS
    )
    return Examination(FileKind.NOT_CHECKABLE, tuple(checks), facts)


def borrows_our_name(signer: x509.Certificate, trust: Trust) -> bool:
    """Whether an unknown signer uses a name of ours, or a CA that only looks like ours."""
    ours = {_folded(pin.display) for pin in trust.pins.values()}
    if {_folded(name_part(signer.subject, part)) for part in ("common_name", "organization_name")} & ours:
        return True
    issuers = [x509.Certificate.load(der) for der in (*trust.intermediates, *trust.anchors)]
    named = _folded(name_part(signer.issuer, "common_name"))
    same_name = [cert for cert in issuers if _folded(name_part(cert.subject, "common_name")) == named]
    return bool(same_name) and not any(_issued(signer, cert) for cert in same_name)


def _issued(signer: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        load_der_x509_certificate(signer.dump()).verify_directly_issued_by(
            load_der_x509_certificate(issuer.dump())
        )
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _facts(
    signature: EmbeddedPdfSignature, signer: x509.Certificate, *, is_intact: bool, trust: Trust
) -> SignatureFacts:
    signed_at = _claimed_time(signature)
    organisation = name_part(signer.subject, "organization_name")
    return SignatureFacts(
        slot=None,
        signer=_shown(name_part(signer.subject, "common_name") or organisation),
        organisation=_shown(organisation),
        issuer_ca=_shown(
            name_part(signer.issuer, "common_name") or name_part(signer.issuer, "organization_name")
        ),
        signed_at=signed_at,
        time_source=None if signed_at is None else TimeSource.CLAIMED,
        level=None,
        intact=is_intact,
        trusted=False,
        covers_whole_file=signature.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        hierarchy=hierarchy_of(signer, embedded_certificates(signature), trust=trust, at=signed_at),
    )


def _claimed_time(signature: EmbeddedPdfSignature) -> dt.datetime | None:
    """The time claimed by the signer or the time-stamp; None if it cannot be read."""
    try:
        content = signature.signed_data["encap_content_info"]["content"]
        if isinstance(content, core.ParsableOctetString) and isinstance(content.parsed, tsp.TSTInfo):
            stamped: dt.datetime = content.parsed["gen_time"].native
            return stamped
        said = signature.self_reported_timestamp
    except (PdfError, ValueError, TypeError, LookupError):
        return None
    return said if said is None or said.tzinfo else None


def _outcome(name: CheckName, detail: str) -> tuple[CheckOutcome, str]:
    match name:
        case CheckName.GEOMETRY | CheckName.SIGNATURE:
            return CheckOutcome.PASSED, ""
        case CheckName.CHAIN:
            return CheckOutcome.FAILED, detail
        case _:
            return CheckOutcome.NOT_DONE, ""


def _shown(name: str) -> str:
    """A stranger's name made fit to be shown: one line, no control or direction characters, not too long."""
    printable = (letter for letter in name if unicodedata.category(letter)[0] not in "CZ" or letter == " ")
    return "".join(printable)[:_MAX_NAME]


def _folded(name: str) -> str:
    """For comparing names as people read them: case, width, spaces and composition do not matter."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
