"""The facility's signature in an exchange file of 2025 (`CHUKYDONVI`) [XMLDSig 1.1; insurance, CT07 of 2025].

Two references without transforms: to the signature's own object, which holds the signing time, and to the
dossier, in this order. Canonical XML 1.0, RSASSA-PKCS1-v1_5 and SHA-256, as BHXH's appendix of 2025 requires.
What is signed is written in canonical form to begin with (the dossier by `records.exchange.xml`), so no
canonicaliser is needed.
"""

import base64
import datetime as dt
import hashlib
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization

from certsvc.errors import Conflict
from certsvc.signing.identities import Identity
from certsvc.signing.signers import Scheme

_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
_CANONICAL = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


async def sign_element(element: bytes, element_id: str, *, identity: Identity, at: dt.datetime) -> str:
    """The `Signature` for `CHUKYDONVI` over an element in canonical form with `Id="element_id"`.

    `at` (aware) is the signing time that the signature states. Raises Conflict `signature_needs_rsa` unless
    the key is RSA.
    """
    if identity.signer.scheme is not Scheme.RSA_PKCS1V15:
        raise Conflict(
            "signature_needs_rsa",
            "BHXH chỉ nhận chữ ký RSA (rsa-sha256) trên tệp CT07 năm 2025: cơ sở cần một khoá ký RSA.",
            "BHXH accepts only RSA signatures (rsa-sha256) on CT07 files of 2025: the facility needs an RSA"
            " key.",
        )
    own_id = f"CHUKYDONVI-{element_id}"
    inside = (
        f'Id="Object-{own_id}"><SignatureProperties xmlns=""><SignatureProperty Target="#{own_id}">'
        f"<SigningTime>{at.isoformat(timespec='seconds')}</SigningTime></SignatureProperty></SignatureProperties></Object>"
    )
    own_object = f'<Object xmlns="{_NAMESPACE}" {inside}'.encode()
    references = _reference(f"Object-{own_id}", own_object) + _reference(element_id, element)
    info = (
        f'><CanonicalizationMethod Algorithm="{_CANONICAL}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{_RSA_SHA256}"></SignatureMethod>{references}</SignedInfo>'
    )
    digest = hashlib.sha256(f'<SignedInfo xmlns="{_NAMESPACE}"{info}'.encode()).digest()
    [value] = await identity.signer.sign([digest])
    subject = escape(identity.certificate.subject.rfc4514_string())
    certificate = _base64(identity.certificate.public_bytes(serialization.Encoding.DER))
    return (
        f'<Signature xmlns="{_NAMESPACE}" Id="{own_id}"><SignedInfo{info}'
        f"<SignatureValue>{_base64(value)}</SignatureValue><KeyInfo><X509Data>"
        f"<X509SubjectName>{subject}</X509SubjectName><X509Certificate>{certificate}</X509Certificate>"
        f"</X509Data></KeyInfo><Object {inside}</Signature>"
    )


def _reference(element_id: str, element: bytes) -> str:
    digest = _base64(hashlib.sha256(element).digest())
    return (
        f'<Reference URI="#{element_id}"><DigestMethod Algorithm="{_SHA256}"></DigestMethod>'
        f"<DigestValue>{digest}</DigestValue></Reference>"
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
