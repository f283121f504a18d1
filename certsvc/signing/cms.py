"""The CMS of one PAdES baseline signature [ETSI EN 319 142-1 clause 6.3], built by pyHanko around our own signer.

pyHanko gets an already loaded signer: its `SimpleSigner` would read RSA keys anew at every signature.
"""

from collections.abc import Iterable
from functools import lru_cache

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from pyhanko.sign.attributes import CMSAttributeProvider, SignedAttributeProviderSpec
from pyhanko.sign.general import SigningError, as_signing_certificate_v2
from pyhanko.sign.signers import pdf_cms
from pyhanko.sign.timestamps import api as pyhanko_timestamps
from pyhanko_certvalidator.registry import SimpleCertificateStore
from typing_extensions import override

from certsvc.errors import Broken
from certsvc.signing.identities import Identity
from certsvc.signing.signers import Scheme, max_signature_bytes
from certsvc.signing.tsa import TimeStamper

DIGEST = "sha256"


async def sign_digest(digest: bytes, *, identity: Identity, time_stamper: TimeStamper | None) -> bytes:
    """DER of a detached CMS over a document's SHA-256 digest, with a signature time-stamp where there is a stamper.

    Signed attributes are content type, message digest and signing-certificate-v2; no signing time,
    as PAdES wants it. Raises Unavailable or Broken as signer and time-stamper do.
    """
    stamper = None if time_stamper is None else _TimeStamping(time_stamper)
    try:
        signed = await _CmsSigner(identity).async_sign(digest, DIGEST, use_pades=True, timestamper=stamper)
    except SigningError as error:
        raise Broken("signing_failed", "Không tạo được chữ ký số.", "Cannot build the signature.") from error
    return bytes(signed.dump())


def max_cms_bytes(identity: Identity, *, time_stamper: TimeStamper | None) -> int:
    """Upper bound of what `sign_digest` returns.

    Certificates once, the issuer's name and the serial twice (signer id, signing-certificate-v2),
    the raw signature, the token, and half a kilobyte for the rest, which is some 300 bytes.
    """
    certificates = sum(len(der(cert)) for cert in (identity.certificate, *_embedded_chain(identity)))
    names = 2 * len(identity.certificate.issuer.public_bytes())
    token = 0 if time_stamper is None else time_stamper.max_token_bytes
    return certificates + names + max_signature_bytes(identity.public_key) + token + 512


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """The same certificate as pyHanko takes it."""
    return asn1_x509.Certificate.load(der(certificate))


def _embedded_chain(identity: Identity) -> list[x509.Certificate]:
    """The issuers short of the root: whoever checks has to bring that one."""
    return [cert for cert in identity.chain if cert.issuer != cert.subject]


class _CmsSigner(pdf_cms.Signer):
    """pyHanko's signer, hashing once and leaving the raw signature to ours."""

    def __init__(self, identity: Identity) -> None:
        registry = SimpleCertificateStore.from_certs([asn1(cert) for cert in _embedded_chain(identity)])  # type: ignore[no-untyped-call]
        super().__init__(signing_cert=asn1(identity.certificate), cert_registry=registry, signature_mechanism=_mechanism(identity.signer.scheme))
        self.signed_attr_prov_spec = _SignedAttributes(identity)
        self._identity = identity

    @override
    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(data)
        [signature] = await self._identity.signer.sign([digest.finalize()])
        return signature


class _SigningCertificate(CMSAttributeProvider):
    """The attribute signing-certificate-v2, by its encoding."""

    attribute_type = "signing_certificate_v2"

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @override
    async def build_attr_value(self, dry_run: bool = False) -> tsp.SigningCertificateV2:
        return tsp.SigningCertificateV2.load(_signing_certificate_der(self._identity))


class _SignedAttributes(SignedAttributeProviderSpec):
    """What a PAdES baseline signature signs besides content type and message digest, which pyHanko adds."""

    def __init__(self, identity: Identity) -> None:
        self._provider = _SigningCertificate(identity)

    @override
    def signed_attr_providers(self, data_digest: bytes, digest_algorithm: str) -> Iterable[CMSAttributeProvider]:
        return [self._provider]


@lru_cache(maxsize=4096)
def _signing_certificate_der(identity: Identity) -> bytes:
    """Encoded once per identity (equal only to itself): asn1crypto takes three milliseconds for it.

    Only bytes are kept, for asn1crypto's values change as they are read and must not cross threads.
    """
    return bytes(as_signing_certificate_v2(asn1(identity.certificate)).dump())


class _TimeStamping(pyhanko_timestamps.TimeStamper):
    """pyHanko's time-stamper, asking ours."""

    def __init__(self, time_stamper: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._time_stamper = time_stamper

    @override
    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        return cms.ContentInfo.load(await self._time_stamper.stamp(message_digest))


def _mechanism(scheme: Scheme) -> algos.SignedDigestAlgorithm:
    match scheme:
        case Scheme.RSA_PKCS1V15:
            return algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        case Scheme.ECDSA_P256:
            return algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
        case Scheme.RSA_PSS:
            return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": _pss_parameters()})


def _pss_parameters() -> algos.RSASSAPSSParams:
    """SHA-256, MGF1 with SHA-256, salt as long as the digest [RFC 4055 clause 3.1]."""
    sha256 = algos.DigestAlgorithm({"algorithm": DIGEST})
    return algos.RSASSAPSSParams(
        {
            "hash_algorithm": sha256,
            "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": sha256}),
            "salt_length": 32,
        }
    )
