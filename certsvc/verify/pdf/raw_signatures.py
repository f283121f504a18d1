"""Every signature's place and mathematics, proven from the raw bytes without pyHanko.

Fast enough for every certificate we publish; the whole of `examining` is run on one per chunk. This accepts
less: only strict DER, and only the CMS that our signatures have (`baseline_cms`).
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate

from certsvc.verify.pdf.baseline_cms import ECDSA, PSS, RSA, BaselineCms, read_cms
from certsvc.verify.pdf.der import NotDer
from certsvc.verify.pdf.geometry import GeometryError, SignaturePlace, prove_places, refuse_tail
from certsvc.verify.trust import Trust, digest_of

_PSS_PADDING = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)


def prove_raw(data: bytes, *, trust: Trust, count: int) -> str | None:
    """What is wrong with a file that should have `count` signatures by pinned signers; None if nothing is.

    This proves the geometry (`geometry`), the digest that each signature signs, the raw signature over the
    signed attributes [RFC 5652 §5.4, §5.6], and who signed; not chains, revocation or time.
    """
    try:
        places = prove_places(data)
        refuse_tail(data, places)
    except GeometryError as error:
        return str(error)
    if len(places) != count:
        return "wrong number of signatures"
    pairs = zip(places, _digests(data, places), strict=True)
    return next((fault for place, digest in pairs if (fault := _fault(place, digest, trust))), None)


def _digests(data: bytes, places: tuple[SignaturePlace, ...]) -> Iterator[bytes]:
    """SHA-256 of what each signature covers: everything before its end except its own hole.

    What several cover is hashed only once.
    """
    view, before, hashed = memoryview(data), hashlib.sha256(), 0
    for place in places:
        before.update(view[hashed : place.hole_start])
        hashed = place.hole_start
        own = before.copy()
        own.update(view[place.hole_end : place.end])
        yield own.digest()


def _fault(place: SignaturePlace, digest: bytes, trust: Trust) -> str | None:
    try:
        cms = read_cms(place.cms)
    except NotDer as error:
        return f"not the CMS of a baseline signature: {error}"
    if digest_of(cms.certificate) not in trust.pins:
        return "signer not pinned"
    if cms.message_digest != digest:
        return "digest does not match the bytes"
    return None if _is_verified(cms) else "signature does not verify"


def _is_verified(cms: BaselineCms) -> bool:
    """Whether the raw signature is by the signer's key, with the stated algorithm, which must fit the key."""
    try:
        match _public_key(cms.certificate), cms.algorithm:
            case ec.EllipticCurvePublicKey() as key, algorithm if algorithm == ECDSA:
                key.verify(cms.raw, cms.attributes, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey() as key, algorithm if algorithm == PSS:
                key.verify(cms.raw, cms.attributes, _PSS_PADDING, hashes.SHA256())
            case rsa.RSAPublicKey() as key, algorithm if algorithm == RSA:
                key.verify(cms.raw, cms.attributes, padding.PKCS1v15(), hashes.SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=4096)
def _public_key(certificate: bytes) -> object:
    """The key in a certificate's DER, cached by these very bytes; None if it cannot be read."""
    try:
        return load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
