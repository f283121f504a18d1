"""Making raw signatures: one async method over a list of digests.

It is a list so that a chunk of certificates costs one call to an HSM or a remote (CSC) service. Digests are
SHA-256 of the DER of the CMS signed attributes, never of the document itself.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from certsvc.errors import Broken

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_SHA256 = Prehashed(hashes.SHA256())
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)


class Scheme(StrEnum):
    """The signature algorithms we sign with, each over SHA-256 [signatures, Algorithms]."""

    RSA_PKCS1V15 = "rsa-pkcs1v15"
    RSA_PSS = "rsa-pss"
    ECDSA_P256 = "ecdsa-p256"


class Signer(Protocol):
    """A key somewhere, and the scheme it signs with."""

    @property
    def scheme(self) -> Scheme: ...

    async def sign(self, digests: Sequence[bytes]) -> list[bytes]:
        """One raw signature for each SHA-256 digest (32 bytes), in order.

        ECDSA signatures are DER [RFC 3279 §2.2.3]. Raises Unavailable if the key cannot be reached now,
        Broken if it will not sign.
        """
        ...


def read_pem_key(pem: bytes) -> PrivateKey:
    """Raises ValueError or TypeError if it is not an RSA or EC key, or needs a passphrase."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, PrivateKey):
        raise TypeError("neither RSA nor EC")
    return key


def unfit_key(why_vi: str, why_en: str) -> Broken:
    return Broken(
        "unfit_key", f"Không dùng được khóa ký: {why_vi}.", f"Signing key not fit for use: {why_en}."
    )


def unreadable_key(which_vi: str, which_en: str) -> Broken:
    return Broken("unreadable_key", f"Không đọc được {which_vi}.", f"Cannot read {which_en}.")


class LocalSigner:
    """A private key in memory, loaded once."""

    def __init__(self, key: PrivateKey, *, scheme: Scheme) -> None:
        self._key = key
        self._scheme = scheme

    @property
    def scheme(self) -> Scheme:
        return self._scheme

    async def sign(self, digests: Sequence[bytes]) -> list[bytes]:
        try:
            return [self._sign(digest) for digest in digests]
        except (ValueError, UnsupportedAlgorithm) as error:
            raise unfit_key("khóa không ký được", "it does not sign") from error

    def _sign(self, digest: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(digest, ec.ECDSA(_SHA256))
        if self._scheme is Scheme.RSA_PSS:
            return self._key.sign(digest, _PSS, _SHA256)
        return self._key.sign(digest, padding.PKCS1v15(), _SHA256)


def scheme_for(key: PublicKey | PrivateKey, *, prefer_pss: bool = False) -> Scheme:
    """The scheme a key signs with; `prefer_pss` applies to RSA keys only."""
    if isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey):
        return Scheme.ECDSA_P256
    return Scheme.RSA_PSS if prefer_pss else Scheme.RSA_PKCS1V15


def max_signature_bytes(key: PublicKey) -> int:
    """Upper bound of a raw signature's length: the modulus, or DER of two integers of the group's size."""
    size = (key.key_size + 7) // 8
    return size if isinstance(key, rsa.RSAPublicKey) else 2 * (size + 3) + 3
