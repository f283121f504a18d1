"""Signing a QR's claims: a CWT in a COSE_Sign1 with ES256, as text that keeps the QR code small.

The text is unpadded base32 [RFC 4648 §6]: upper-case letters and digits, which the QR's alphanumeric mode can
hold [ISO/IEC 18004 §7.4.4]. A key identifier is the first 8 bytes of the SHA-256 of the public key [RFC 9052
§3.1].
"""

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface

from certsvc.claims import Claims, key_id
from certsvc.errors import Broken

_ES256 = -7
_NOTHING: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, repr=False)
class ClaimKey:
    """A P-256 key for claims, status lists and the trust list; its X.509 certificate limits its validity."""

    x509_cert: x509.Certificate
    private: ec.EllipticCurvePrivateKey
    kid: bytes
    cose: COSEKeyInterface

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes) -> "ClaimKey":
        """Raises Broken `unfit_claim_key` for anything but a P-256 key with its certificate."""
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            private = load_pem_private_key(key_pem, password=None)
        except (ValueError, TypeError) as error:
            raise _unfit() from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise _unfit()
        if certificate.public_key() != private.public_key():
            raise _unfit()
        kid = key_id(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(certificate, private, kid, COSEKey.from_pem(pem, kid=kid, alg="ES256"))

    def is_valid_at(self, moment: dt.datetime) -> bool:
        return self.x509_cert.not_valid_before_utc <= moment <= self.x509_cert.not_valid_after_utc

    def sign_message(self, payload: bytes, *, protected: Mapping[int, str] = _NOTHING) -> bytes:
        """A tagged COSE_Sign1 around an encoded payload [RFC 9052 §4.2].

        `protected` are header parameters besides the algorithm.
        """
        headers = {1: _ES256, **protected}
        signed = COSE.new().encode_and_sign(payload, self.cose, protected=headers, unprotected={4: self.kid})
        return bytes(signed)


def current(keys: Iterable[ClaimKey], now: dt.datetime) -> ClaimKey | None:
    """The key that signs now: the newest valid one. Older ones remain trusted until they expire."""
    return max(
        (key for key in keys if key.is_valid_at(now)),
        key=lambda key: key.x509_cert.not_valid_before_utc,
        default=None,
    )


def sign_claims(claims: Claims, key: ClaimKey) -> str:
    """The claims as they are written in the QR's URL."""
    return base64.b32encode(key.sign_message(cbor2.dumps(claims.to_payload()))).decode().rstrip("=")


def _unfit() -> Broken:
    return Broken(
        "unfit_claim_key",
        "Khóa ký mã QR không dùng được: cần khóa P-256 và chứng thư của nó.",
        "The key for QR claims is not a P-256 key with its certificate.",
    )
