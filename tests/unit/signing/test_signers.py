"""Raw signatures over a list of digests."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from certsvc.errors import Broken
from certsvc.signing.signers import LocalSigner, Scheme, max_signature_bytes, scheme_for

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())

MESSAGES = [b"one", b"two", b"three"]
DIGESTS = [hashlib.sha256(message).digest() for message in MESSAGES]


async def test_pkcs1_signs_each_digest_in_order() -> None:
    """Each signature verifies against its own message."""
    signatures = await LocalSigner(RSA, scheme=Scheme.RSA_PKCS1V15).sign(DIGESTS)
    for message, signature in zip(MESSAGES, signatures, strict=True):
        RSA.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


async def test_pss_uses_mgf1_sha256_and_salt_32() -> None:
    """RFC 4055: the parameters that the CMS states, verified exactly."""
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    signatures = await LocalSigner(RSA, scheme=Scheme.RSA_PSS).sign(DIGESTS)
    for message, signature in zip(MESSAGES, signatures, strict=True):
        RSA.public_key().verify(signature, message, pss, hashes.SHA256())


async def test_ecdsa_signs_each_digest_in_order() -> None:
    """DER signatures over P-256."""
    signatures = await LocalSigner(P256, scheme=Scheme.ECDSA_P256).sign(DIGESTS)
    for message, signature in zip(MESSAGES, signatures, strict=True):
        P256.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))


async def test_nothing_to_sign_is_no_signature() -> None:
    """An empty list is an empty list."""
    assert await LocalSigner(P256, scheme=Scheme.ECDSA_P256).sign([]) == []


@pytest.mark.parametrize("scheme", [Scheme.RSA_PKCS1V15, Scheme.RSA_PSS])
async def test_what_is_no_sha256_digest_is_refused(scheme: Scheme) -> None:
    """A digest of another length must not be signed as if it were one."""
    with pytest.raises(Broken, match="unfit_key"):
        await LocalSigner(RSA, scheme=scheme).sign([b"short"])


@settings(max_examples=50)
@given(st.binary(min_size=32, max_size=32))
def test_signatures_never_exceed_the_bound(digest: bytes) -> None:
    """The bound is what the file reserves, so it has to hold for every digest."""
    signature = P256.sign(digest, ec.ECDSA(hashes.SHA256()))
    assert len(signature) <= max_signature_bytes(P256.public_key()) == 73
    assert max_signature_bytes(RSA.public_key()) == 256


def test_scheme_for_keys() -> None:
    """RSA keys sign either padding, EC keys ECDSA."""
    assert scheme_for(RSA) is Scheme.RSA_PKCS1V15
    assert scheme_for(RSA, prefer_pss=True) is Scheme.RSA_PSS
    assert scheme_for(P256.public_key(), prefer_pss=True) is Scheme.ECDSA_P256
