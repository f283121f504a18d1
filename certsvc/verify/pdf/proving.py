"""Proof of one signature's mathematics and trust: CMS, chain, revocation, time-stamp, with pyHanko.

Instead of relying on pyHanko's `bottom_line`, we check each fact behind it, and some that it ignores. Nothing
is fetched, and paths lead only through our own intermediates to our fixed roots.
"""

import datetime as dt
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from asn1crypto import cms, keys, x509
from cryptography.x509 import CertificateRevocationList, load_der_x509_certificate
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, TimestampSignatureStatus
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, REQUIRE_REVINFO, RevocationCheckingPolicy

from certsvc.verify.findings import FileKind, Refused
from certsvc.verify.pdf.evidence import Evidence
from certsvc.verify.pdf.reading import sole_signer
from certsvc.verify.report import CheckName
from certsvc.verify.trust import digest_of

CLOCK_TOLERANCE = dt.timedelta(minutes=5)
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_SIGNING_USE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)
_DEV_ONLY = "DEV ONLY"
_REVOKED = "Chứng thư số đã bị thu hồi trước khi ký."

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProvenSignature:
    """A signature that holds: by whom, when, and according to whose clock."""

    signer: x509.Certificate
    signed_at: dt.datetime | None
    is_timestamped: bool


def prove_signature(
    signature: EmbeddedPdfSignature, *, evidence: Evidence, now: dt.datetime
) -> ProvenSignature:
    """Prove one signature of ours, whose signer is already pinned. Raises Refused with the failed check."""
    # 1. Form, and the time as of which to prove.
    token = _timestamp_token(signature.signer_info)
    _check_form(signature.signed_data, signature.signer_info)
    at = _claimed_time(token) if token is not None else now
    # 2. The library's facts at that time.
    status = _validate(signature, evidence=evidence, at=at, revocation=REQUIRE_REVINFO)
    # 3. Each of them, and what it does not check.
    if not (status.intact and status.valid):
        raise _changed()
    if token is not None:
        _check_timestamp(status.timestamp_validity, token, evidence=evidence, now=now)
    elif evidence.trust.require_timestamp:
        raise Refused(FileKind.TAMPERED, CheckName.TIMESTAMP, "Chữ ký thiếu dấu thời gian.")
    if not _is_trusted(status):
        raise _distrust(status, _validate(signature, evidence=evidence, at=at, revocation=NO_REVOCATION))
    _check_path(status, evidence=evidence, at=at)
    signed_at = at if token is not None else signature.self_reported_timestamp
    return ProvenSignature(signature.signer_cert, signed_at, token is not None)


def refuse_changed(signature: EmbeddedPdfSignature) -> None:
    """Refuse a file whose bytes are not those signed, before anything else in it is read. Raises Refused."""
    attributes = signature.signer_info["signed_attrs"]
    signed = [item["values"][0].native for item in attributes if item["type"].native == "message_digest"]
    if signed != [signature.compute_digest()]:
        raise _changed()


def prove_document_timestamp(
    signature: EmbeddedPdfSignature, *, evidence: Evidence, now: dt.datetime
) -> dt.datetime:
    """When our authority stamped the whole revision [EN 319 142-1 §5.4.3].

    Raises Refused with the check `archive`.
    """
    token = signature.signed_data
    at = _claimed_time(token)
    context = evidence.context(evidence.trust.tsa_anchors, at=at, revocation=REQUIRE_REVINFO)
    try:
        status = run(async_validate_pdf_timestamp(signature, context, skip_diff=True))
        _check_timestamp(status, token, evidence=evidence, now=now)
    except SignatureValidationError as error:
        why = "Dấu thời gian lưu trữ không đúng cấu trúc."
        raise Refused(FileKind.TAMPERED, CheckName.ARCHIVE, why) from error
    except Refused as refusal:
        raise Refused(refusal.kind, CheckName.ARCHIVE, refusal.detail) from refusal
    if not status.trusted:
        raise Refused(FileKind.UNTRUSTED, CheckName.ARCHIVE, "Dấu thời gian lưu trữ không còn được tin cậy.")
    return at


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as pyHanko's validation never does without fetching."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("validation tried to wait")


def _changed() -> Refused:
    return Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Nội dung không khớp chữ ký số.")


def _check_form(signed_data: cms.SignedData, signer_info: cms.SignerInfo) -> None:
    """Refuse a CMS unlike ours: signed attributes, known algorithms [EN 319 122-1; EN 319 142-1 §6.3]."""
    signer = sole_signer(signed_data)
    attributes = {attribute["type"].native for attribute in signer_info["signed_attrs"]}
    if signer is None or not {"content_type", "message_digest", "signing_certificate_v2"} <= attributes:
        raise Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Chữ ký thiếu thuộc tính bắt buộc.")
    digest = signer_info["digest_algorithm"]["algorithm"].native
    if digest not in _DIGESTS or not _is_strong(signer.public_key):
        raise Refused(FileKind.UNTRUSTED, CheckName.SIGNATURE, "Thuật toán ký không đủ mạnh.")


def _is_strong(key: keys.PublicKeyInfo) -> bool:
    match key.algorithm:
        case "rsa" | "rsassa_pss":
            return MIN_RSA_BITS <= int(key.bit_size) <= MAX_RSA_BITS
        case "ec":
            return key.curve[0] == "named" and key.curve[1] in _CURVES
        case _:
            return False


def _timestamp_token(signer_info: cms.SignerInfo) -> cms.SignedData | None:
    """The signature time-stamp [RFC 3161 appendix A], the only unsigned attribute that ours have."""
    attributes = list(signer_info["unsigned_attrs"])
    if not attributes:
        return None
    kinds = [attribute["type"].native for attribute in attributes]
    if kinds != ["signature_time_stamp_token"] or len(attributes[0]["values"]) != 1:
        raise Refused(FileKind.TAMPERED, CheckName.TIMESTAMP, "Dấu thời gian không đúng dạng.")
    token: cms.SignedData = attributes[0]["values"][0]["content"]
    return token


def _claimed_time(token: cms.SignedData) -> dt.datetime:
    moment: dt.datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    return moment


def _validate(
    signature: EmbeddedPdfSignature,
    *,
    evidence: Evidence,
    at: dt.datetime,
    revocation: RevocationCheckingPolicy,
) -> PdfSignatureStatus:
    """The library's facts."""
    signers = evidence.context(evidence.trust.anchors, at=at, revocation=revocation)
    stampers = evidence.context(evidence.trust.tsa_anchors, at=at, revocation=revocation)
    validating = async_validate_pdf_signature(
        signature, signers, stampers, key_usage_settings=_SIGNING_USE, skip_diff=True
    )
    try:
        return run(validating)
    except SignatureValidationError as error:
        raise Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Chữ ký số không đúng cấu trúc.") from error


def _check_timestamp(
    status: TimestampSignatureStatus | None, token: cms.SignedData, *, evidence: Evidence, now: dt.datetime
) -> None:
    if status is None or not (status.intact and status.valid):
        raise Refused(FileKind.TAMPERED, CheckName.TIMESTAMP, "Dấu thời gian không khớp chữ ký.")
    stamper = sole_signer(token)
    if stamper is None or digest_of(stamper.dump()) not in evidence.trust.tsa_pins:
        raise Refused(
            FileKind.TAMPERED, CheckName.TIMESTAMP, "Dấu thời gian không do tổ chức đã đăng ký cấp."
        )
    if _revoked_at(stamper, evidence.our_crls) is not None or _claimed_time(token) > now + CLOCK_TOLERANCE:
        raise Refused(FileKind.UNTRUSTED, CheckName.TIMESTAMP, "Dấu thời gian không còn được tin cậy.")
    if not evidence.trust.allow_dev and _DEV_ONLY in stamper.subject.human_friendly:
        raise Refused(FileKind.UNTRUSTED, CheckName.TIMESTAMP, "Dấu thời gian chỉ dùng để thử nghiệm.")


def _is_trusted(status: PdfSignatureStatus) -> bool:
    stamp = status.timestamp_validity
    return status.trusted and status.validation_path is not None and (stamp is None or stamp.trusted)


def _distrust(status: PdfSignatureStatus, without_revocation: PdfSignatureStatus) -> Refused:
    """Why a signature is not trusted; `without_revocation` are the facts if revocation is not checked."""
    stamp = status.timestamp_validity
    if status.revocation_details is not None or (stamp is not None and stamp.revocation_details is not None):
        return Refused(FileKind.UNTRUSTED, CheckName.REVOCATION, _REVOKED)
    if _is_trusted(without_revocation):
        return Refused(FileKind.UNPROVEN, CheckName.REVOCATION, "Không có dữ liệu thu hồi đủ mới.")
    if not status.trusted:
        return Refused(FileKind.UNTRUSTED, CheckName.CHAIN, "Chứng thư số không dẫn tới gốc tin cậy.")
    return Refused(FileKind.UNTRUSTED, CheckName.TIMESTAMP, "Dấu thời gian không dẫn tới gốc tin cậy.")


def _check_path(status: PdfSignatureStatus, *, evidence: Evidence, at: dt.datetime) -> None:
    """Refuse development certificates in production, and any that our own lists say was revoked by `at`.

    A "good" answer in the file may be older than our lists, and the library is content with the first.
    """
    path = status.validation_path
    for cert in [] if path is None else path.iter_certs(include_root=True):
        if not evidence.trust.allow_dev and _DEV_ONLY in cert.subject.human_friendly:
            raise Refused(FileKind.UNTRUSTED, CheckName.CHAIN, "Chứng thư số chỉ dùng để thử nghiệm.")
        revoked_at = _revoked_at(cert, evidence.our_crls)
        if revoked_at is not None and revoked_at <= at:
            raise Refused(FileKind.UNTRUSTED, CheckName.REVOCATION, _REVOKED)


def _revoked_at(cert: x509.Certificate, lists: tuple[CertificateRevocationList, ...]) -> dt.datetime | None:
    """When a certificate was revoked according to our lists; looked up natively, for public CAs' are long."""
    issued = load_der_x509_certificate(cert.dump())
    of_issuer = [crl for crl in lists if crl.issuer == issued.issuer]
    found = [crl.get_revoked_certificate_by_serial_number(issued.serial_number) for crl in of_issuer]
    return min((entry.revocation_date_utc for entry in found if entry), default=None)
