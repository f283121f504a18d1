"""Our CMS and time-stamp tokens against asn1crypto's own encoding and against what pyHanko builds."""

import asyncio
import datetime as dt
import hashlib
from typing import Any

import pytest
from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pyhanko.sign.attributes import CMSAttributeProvider, SignedAttributeProviderSpec
from pyhanko.sign.general import as_signing_certificate_v2
from pyhanko.sign.signers import pdf_cms
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore
from typing_extensions import override

from certsvc.signing.cms import der, max_cms_bytes, template_of
from certsvc.signing.der import around, tlv
from certsvc.signing.identities import Identity
from certsvc.signing.signers import Scheme
from keys_dev.make import KeyType
from tests.support import pki as pkis

DIGEST = hashlib.sha256(b"a document").digest()
SCHEMES = {
    Scheme.RSA_PKCS1V15: (KeyType.RSA_2048, False),
    Scheme.RSA_PSS: (KeyType.RSA_2048, True),
    Scheme.ECDSA_P256: (KeyType.P256, False),
}


def identity_of(scheme: Scheme) -> Identity:
    key_type, prefer_pss = SCHEMES[scheme]
    return pkis.shared(key_type).identity(prefer_pss=prefer_pss)


def sign(identity: Identity, *, token: bytes | None = None) -> bytes:
    template = template_of(identity)
    attributes = template.attributes(DIGEST)
    [raw] = asyncio.run(identity.signer.sign([hashlib.sha256(attributes).digest()]))
    return template.join(attributes, signature=raw, token=token)


class Reference(pdf_cms.Signer):
    """pyHanko's signer around our key, which signs the raw bytes once more."""

    def __init__(self, identity: Identity) -> None:
        chain = [
            asn1_x509.Certificate.load(der(cert)) for cert in identity.chain if cert.issuer != cert.subject
        ]
        mechanism: dict[Scheme, Any] = {
            Scheme.RSA_PKCS1V15: {"algorithm": "sha256_rsa"},
            Scheme.ECDSA_P256: {"algorithm": "sha256_ecdsa"},
            Scheme.RSA_PSS: {"algorithm": "rsassa_pss", "parameters": pss_parameters()},
        }
        self._identity = identity
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(der(identity.certificate)),
            cert_registry=SimpleCertificateStore.from_certs(chain),  # type: ignore[no-untyped-call]
            signature_mechanism=algos.SignedDigestAlgorithm(mechanism[identity.signer.scheme]),
        )
        self.signed_attr_prov_spec = Attributes(self.signing_cert)

    @override
    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        [raw] = await self._identity.signer.sign([hashlib.sha256(data).digest()])
        return raw


class Attributes(SignedAttributeProviderSpec):
    """What pyHanko signs besides content type and digest: the certificate, by its own function."""

    def __init__(self, certificate: asn1_x509.Certificate) -> None:
        self._certificate = certificate

    @override
    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> list[CMSAttributeProvider]:
        return [SigningCertificate(self._certificate)]


class SigningCertificate(CMSAttributeProvider):
    attribute_type = "signing_certificate_v2"

    def __init__(self, certificate: asn1_x509.Certificate) -> None:
        self._certificate = certificate

    @override
    async def build_attr_value(self, dry_run: bool = False) -> tsp.SigningCertificateV2:
        return as_signing_certificate_v2(self._certificate)


class Stamped(TimeStamper):
    """pyHanko's time-stamper, with a token made before."""

    def __init__(self, token: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._token = token

    @override
    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        return cms.ContentInfo.load(self._token)


def pss_parameters() -> algos.RSASSAPSSParams:
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    return algos.RSASSAPSSParams(
        {
            "hash_algorithm": sha256,
            "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": sha256}),
            "salt_length": 32,
        }
    )


def reencoded(value: bytes) -> bytes:
    return bytes(cms.ContentInfo.load(value, strict=True).dump(force=True))


@pytest.mark.parametrize("scheme", list(Scheme))
def test_our_encoding_is_der(scheme: Scheme) -> None:
    """Read by asn1crypto and encoded anew, sets sorted and lengths shortest, not a byte differs."""
    signed = sign(identity_of(scheme))
    assert reencoded(signed) == signed


@pytest.mark.parametrize("scheme", list(Scheme))
def test_attributes_hold_the_digest_and_are_what_is_signed(scheme: Scheme) -> None:
    """The public key verifies the raw signature over the attributes as a SET OF [RFC 5652 §5.4]."""
    identity = identity_of(scheme)
    info = cms.ContentInfo.load(sign(identity))["content"]["signer_infos"][0]
    attributes, raw, key = (
        info["signed_attrs"].untag().dump(force=True),
        info["signature"].native,
        identity.public_key,
    )
    digests = [
        attribute["values"][0].native
        for attribute in info["signed_attrs"]
        if attribute["type"].native == "message_digest"
    ]
    assert digests == [DIGEST]
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(raw, attributes, ec.ECDSA(hashes.SHA256()))
    elif scheme is Scheme.RSA_PSS:
        key.verify(raw, attributes, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    else:
        key.verify(raw, attributes, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("is_stamped", [False, True])
def test_pyhanko_builds_the_same_bytes(is_stamped: bool) -> None:
    """With deterministic RSA PKCS#1 v1.5: certificate, attributes, algorithms, order, everything."""
    identity = identity_of(Scheme.RSA_PKCS1V15)
    token = asyncio.run(pkis.shared().tsa().stamp(DIGEST)) if is_stamped else None
    stamper = None if token is None else Stamped(token)
    built = asyncio.run(Reference(identity).async_sign(DIGEST, "sha256", use_pades=True, timestamper=stamper))
    assert sign(identity, token=token) == built.dump()


@pytest.mark.parametrize("scheme", [Scheme.RSA_PSS, Scheme.ECDSA_P256])
def test_pyhanko_builds_the_same_around_a_random_signature(scheme: Scheme) -> None:
    """The same in every field but the raw signature, which no two have in common."""
    identity = identity_of(scheme)
    built = asyncio.run(Reference(identity).async_sign(DIGEST, "sha256", use_pades=True))
    ours = cms.ContentInfo.load(sign(identity))
    ours["content"]["signer_infos"][0]["signature"] = built["content"]["signer_infos"][0]["signature"].native
    assert ours.dump(force=True) == built.dump()


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("room", [None, 3000])
def test_the_bound_is_reached_by_the_longest_parts(scheme: Scheme, room: int | None) -> None:
    """Nothing that signs and stamps within its bounds comes out longer, and RSA exactly so long."""
    identity = identity_of(scheme)
    most = max_cms_bytes(identity, max_token_bytes=room)
    length = len(sign(identity, token=None if room is None else bytes(room)))
    assert length <= most <= length + (8 if scheme is Scheme.ECDSA_P256 else 0)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_tokens_are_der_and_within_their_bound(key_type: KeyType) -> None:
    """TSTInfo too, which stands in an OCTET STRING."""
    tsa = pkis.shared(key_type).tsa(clock=lambda: dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    token = asyncio.run(tsa.stamp(DIGEST))
    assert reencoded(token) == token
    info = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
    assert (
        tsp.TSTInfo.load(info.native if isinstance(info.native, bytes) else info.contents, strict=True).dump(
            force=True
        )
        == info.contents
    )
    assert 0 <= tsa.max_token_bytes - len(token) <= 8


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_are_shortest(length: int) -> None:
    """At each edge of the length's own length (X.690 clause 10.1)."""
    value = tlv(0x04, bytes(length))
    header = value[: len(value) - length]
    assert header == b"\x04" + (
        bytes([length])
        if length < 128
        else bytes([0x80 | (length.bit_length() + 7) // 8]) + length.to_bytes((length.bit_length() + 7) // 8)
    )


def test_a_missing_hole_is_not_overlooked() -> None:
    """A template without its hole would sign something else."""
    assert around(b"abXcdYe", b"X", b"Y") == [b"ab", b"cd", b"e"]
    with pytest.raises(ValueError, match="hole"):
        around(b"abYcdXe", b"X", b"Y")
