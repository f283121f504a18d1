"""Every signature's place and mathematics, proven from the raw bytes without pyHanko.

Quick enough for every certificate we publish; the whole of `examining` is run on one of each chunk.
"""

import hashlib

from asn1crypto import algos, cms, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from certsvc.verify.geometry import GeometryError, SignaturePlace, prove_places, refuse_tail
from certsvc.verify.reading import sole_signer
from certsvc.verify.trust import Trust, digest_of


def prove_raw(data: bytes, *, trust: Trust, count: int) -> str | None:
    """What is wrong with a file that should carry `count` signatures by pinned signers; None if nothing is.

    Proven are the geometry (`geometry`), the digest each signature signs, the raw signature over the
    signed attributes (RFC 5652 clauses 5.4 and 5.6), and who signed; not chains, revocation or time.
    """
    try:
        places = prove_places(data)
        refuse_tail(data, places)
    except GeometryError as error:
        return str(error)
    if len(places) != count:
        return "wrong number of signatures"
    return next((fault for place in places if (fault := _fault(data, place, trust))), None)


def _fault(data: bytes, place: SignaturePlace, trust: Trust) -> str | None:
    signed_data = cms.ContentInfo.load(place.cms, strict=True)["content"]
    signer = sole_signer(signed_data)
    if signer is None or digest_of(signer.dump()) not in trust.pins:
        return "signer not pinned"
    info = signed_data["signer_infos"][0]
    digest = hashlib.sha256(memoryview(data)[: place.hole_start])
    digest.update(memoryview(data)[place.hole_end : place.end])
    if _message_digest(info) != digest.digest():
        return "digest does not match the bytes"
    return None if _is_signed_by(signer, info) else "signature does not verify"


def _message_digest(info: cms.SignerInfo) -> bytes | None:
    found = [attribute["values"][0].native for attribute in info["signed_attrs"] if attribute["type"].native == "message_digest"]
    return found[0] if len(found) == 1 else None


def _is_signed_by(signer: x509.Certificate, info: cms.SignerInfo) -> bool:
    key = load_der_public_key(signer.public_key.dump())
    signed, signature = info["signed_attrs"].untag().dump(), info["signature"].native
    algorithm: algos.SignedDigestAlgorithm = info["signature_algorithm"]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.signature_algo == "rsassa_pss":
            key.verify(signature, signed, padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size), hashes.SHA256())
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True
