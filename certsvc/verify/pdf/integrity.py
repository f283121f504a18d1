"""Whether a stranger's signature still holds: intact, changed, or not checkable here.

This does not depend on whom we trust. What was changed is told apart from what cannot be checked, for an
honest file whose algorithm or certificate we do not know was not tampered with.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from asn1crypto import cms, core, tsp, x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.verify.pdf.reading import sole_signer

_WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
_FAULTS = (
    PdfError,
    SignatureValidationError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
)
"""What pyHanko and asn1crypto raise on signatures that they do not understand."""


class Integrity(StrEnum):
    INTACT = "intact"
    CHANGED = "changed"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class SignatureState:
    """What can be said about one signature; `lacks` says in Vietnamese what is missing for a check.

    `signer` is None if the CMS does not contain the signer's certificate.
    """

    integrity: Integrity
    signer: x509.Certificate | None
    lacks: str = ""


def state_of(signature: EmbeddedPdfSignature) -> SignatureState:
    """The state of a person's signature or of a document time-stamp [RFC 5652 §5.6; RFC 3161 §2.4.2].

    1. What was signed is compared first, for that needs no certificate.
    2. The signature itself is verified with the certificate that comes with it.
    3. The file must not contain anything else besides the signed revision.
    """
    signer = _signer(signature.signed_data)
    # 1. The digests.
    try:
        digest = _signed_digest(signature)
        is_same = digest is not None and _message_digest(signature.signer_info) in (None, digest)
    except (*_FAULTS, UnsupportedAlgorithm):
        return SignatureState(Integrity.UNCHECKED, signer, "không biết thuật toán hoặc dạng chữ ký")
    if not is_same or digest is None:
        return SignatureState(Integrity.CHANGED, signer)
    # 2. The mathematics.
    if signer is None:
        return SignatureState(Integrity.UNCHECKED, None, "tệp không kèm chứng thư của người ký")
    try:
        _, is_valid = validate_sig_integrity(
            signature.signer_info,
            signer,
            expected_content_type=signature.signed_data["encap_content_info"]["content_type"].native,
            actual_digest=digest,
        )
        # 3. The rest of the file.
        is_whole = is_valid and _is_followed_by_nothing_else(signature)
    except (*_FAULTS, UnsupportedAlgorithm):
        lacks = "không kiểm được khóa, thuật toán hoặc cấu trúc"
        return SignatureState(Integrity.UNCHECKED, signer, lacks)
    return SignatureState(Integrity.INTACT if is_whole else Integrity.CHANGED, signer)


def _signer(signed_data: cms.SignedData) -> x509.Certificate | None:
    try:
        return sole_signer(signed_data) or _by_key_identifier(signed_data)
    except _FAULTS:
        return None


def _by_key_identifier(signed_data: cms.SignedData) -> x509.Certificate | None:
    """The signer by subject key identifier [RFC 5652 §5.3], or by a name encoded differently."""
    identifier = signed_data["signer_infos"][0]["sid"]
    held = _held(signed_data)
    if identifier.name == "subject_key_identifier":
        found = [cert for cert in held if cert.key_identifier == identifier.chosen.native]
    else:
        serial, issuer = (identifier.chosen[part] for part in ("serial_number", "issuer"))
        found = [cert for cert in held if cert.serial_number == serial.native and cert.issuer == issuer]
    return found[0] if len({cert.dump() for cert in found}) == 1 else None


def embedded_certificates(signature: EmbeddedPdfSignature) -> list[x509.Certificate]:
    """The certificates in its CMS; none if they cannot be read."""
    try:
        return _held(signature.signed_data)
    except _FAULTS:
        return []


def _held(signed_data: cms.SignedData) -> list[x509.Certificate]:
    return [choice.chosen for choice in signed_data["certificates"] if choice.name == "certificate"]


def _signed_digest(signature: EmbeddedPdfSignature) -> bytes | None:
    """The digest that the signature should cover; None if the content it encloses is not that of the file."""
    content = signature.signed_data["encap_content_info"]["content"]
    if content is core.VOID:
        return signature.compute_digest()
    enclosed: Any = content.parsed if isinstance(content, core.ParsableOctetString) else content
    raw = bytes(content)
    if isinstance(enclosed, tsp.TSTInfo):
        imprint = enclosed["message_imprint"]
        algorithm, expected = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    else:  # adbe.pkcs7.sha1 [ISO 32000-1 §12.8.3.3.1]
        algorithm, expected = "sha1", raw
    if signature.compute_digest(algorithm) != expected:
        return None
    return hashlib.new(signature.md_algorithm, raw).digest()


def _message_digest(info: cms.SignerInfo) -> bytes | None:
    """The digest among the signed attributes; None if there are none and the digest itself is signed."""
    attributes = info["signed_attrs"]
    if attributes is core.VOID:
        return None
    [digest] = [item["values"][0].native for item in attributes if item["type"].native == "message_digest"]
    return bytes(digest)


def _is_followed_by_nothing_else(signature: EmbeddedPdfSignature) -> bool:
    """Whether the signature covers its revision and later ones add only what pyHanko permits."""
    signature.compute_integrity_info()  # type: ignore[no-untyped-call]
    summary = signature.summarise_integrity_info()
    return summary["coverage"] in _WHOLE and summary["docmdp_ok"] is not False
