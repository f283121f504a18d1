"""The CMS of one PAdES baseline signature [EN 319 142-1 §6.3; EN 319 122-1; RFC 5652].

Two signatures by one identity differ in three values only: the document's digest, the raw signature and the
time-stamp token. All else is encoded once per identity.

    ContentInfo          SignedData                 SignerInfo
      signedData           version 1                  version 1, issuer and serial number, SHA-256
      [0] SignedData       digest algorithms          [0] signed attributes: content type, message digest ①,
                           content: none (detached)       signing certificate v2; no signing time
                           [0] certificates           algorithm, signature ②
                           signer infos               [1] unsigned attribute: signature time-stamp ③
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certsvc.signing.der import EXPLICIT_0, IMPLICIT_0, IMPLICIT_1, OCTET_STRING, SEQUENCE, SET, around, tlv
from certsvc.signing.identities import Identity
from certsvc.signing.signers import Scheme, max_signature_bytes

_HOLE = hashlib.sha256(b"where the digest stands").digest()
_VERSION_1 = bytes((2, 1, 1))
_SIGNED_DATA_OID = cms.ContentType("signed_data").dump()
_DETACHED_DATA = tlv(SEQUENCE, cms.ContentType("data").dump())
_TIME_STAMP_OID = cms.CMSAttributeType("signature_time_stamp_token").dump()
SHA256_ALGORITHM: bytes = algos.DigestAlgorithm({"algorithm": "sha256"}).dump()


@dataclass(frozen=True, slots=True)
class Template:
    """The encoded CMS of an identity's signatures, without what differs from one to the next."""

    before_digest: bytes
    after_digest: bytes
    signed_data: bytes
    signer: bytes
    algorithm: bytes

    def attributes(self, digest: bytes) -> bytes:
        """The signed attributes for a document's SHA-256: a SET OF whose DER is signed [RFC 5652 §5.4]."""
        return b"%b%b%b" % (self.before_digest, digest, self.after_digest)

    def join(self, attributes: bytes, *, signature: bytes, token: bytes | None) -> bytes:
        """The whole CMS as DER; `token` is the TimeStampToken over the raw signature."""
        value = tlv(OCTET_STRING, signature)
        info = b"%b%c%b%b%b" % (self.signer, IMPLICIT_0, attributes[1:], self.algorithm, value)
        if token is not None:
            info += tlv(IMPLICIT_1, tlv(SEQUENCE, _TIME_STAMP_OID + tlv(SET, token)))
        return signed_data(self.signed_data, info)


@lru_cache(maxsize=4096)
def template_of(identity: Identity) -> Template:
    """Made once per identity object. The root is left out: whoever checks must have it already."""
    embedded = [identity.certificate, *(cert for cert in identity.chain if cert.issuer != cert.subject)]
    certificate = asn1_x509.Certificate.load(der(identity.certificate))
    before_digest, after_digest = signed_attributes(certificate, content_type="data")
    return Template(
        before_digest=before_digest,
        after_digest=after_digest,
        signed_data=_VERSION_1
        + tlv(SET, SHA256_ALGORITHM)
        + _DETACHED_DATA
        + tlv(IMPLICIT_0, b"".join(sorted(map(der, embedded)))),
        signer=_VERSION_1 + signer_id(certificate) + SHA256_ALGORITHM,
        algorithm=algorithm_of(identity.signer.scheme),
    )


@lru_cache(maxsize=4096)
def max_cms_bytes(identity: Identity, *, max_token_bytes: int | None) -> int:
    """The greatest length of this identity's CMS: only the lengths of raw signature and token vary."""
    template = template_of(identity)
    signature = bytes(max_signature_bytes(identity.public_key))
    token = None if max_token_bytes is None else bytes(max_token_bytes)
    return len(template.join(template.attributes(_HOLE), signature=signature, token=token))


def signed_attributes(certificate: asn1_x509.Certificate, *, content_type: str) -> tuple[bytes, bytes]:
    """The encoded attributes before and after the message digest [RFC 5652 §5.3; RFC 5035 §3].

    asn1crypto sorts the set as DER requires. The digest cannot change the order: attributes differ before
    their values begin.
    """
    attributes = [
        {"type": "content_type", "values": [content_type]},
        {"type": "message_digest", "values": [_HOLE]},
        {"type": "signing_certificate_v2", "values": [_signing_certificate(certificate)]},
    ]
    encoded = cms.CMSAttributes([cms.CMSAttribute(attribute) for attribute in attributes]).dump()
    before, after = around(encoded, _HOLE)
    return before, after


def signer_id(certificate: asn1_x509.Certificate) -> bytes:
    """Issuer and serial number [RFC 5652 §10.2.4]."""
    number: Any = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    return bytes(number.dump())


def signed_data(constant: bytes, signer_info: bytes) -> bytes:
    """ContentInfo with SignedData: `constant` holds its fields up to the certificates; one signer's info."""
    content = tlv(SEQUENCE, constant + tlv(SET, tlv(SEQUENCE, signer_info)))
    return tlv(SEQUENCE, _SIGNED_DATA_OID + tlv(EXPLICIT_0, content))


def algorithm_of(scheme: Scheme) -> bytes:
    """The signature's AlgorithmIdentifier [RFC 4055 §3.1, §5; RFC 5758 §3.2]."""
    match scheme:
        case Scheme.RSA_PKCS1V15:
            algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        case Scheme.ECDSA_P256:
            algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
        case Scheme.RSA_PSS:
            pss = {"algorithm": "rsassa_pss", "parameters": _pss_parameters()}
            algorithm = algos.SignedDigestAlgorithm(pss)
    return bytes(algorithm.dump())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _signing_certificate(certificate: asn1_x509.Certificate) -> tsp.SigningCertificateV2:
    """The certificate by SHA-256 (the default, so not stated), issuer and serial number."""
    issuer = asn1_x509.GeneralName(name="directory_name", value=certificate.issuer)
    issuer_serial = tsp.IssuerSerial({"issuer": [issuer], "serial_number": certificate.serial_number})
    digest = hashlib.sha256(certificate.dump()).digest()
    identifier = tsp.ESSCertIDv2({"cert_hash": digest, "issuer_serial": issuer_serial})
    return tsp.SigningCertificateV2({"certs": [identifier]})


def _pss_parameters() -> algos.RSASSAPSSParams:
    """SHA-256, MGF1 with SHA-256, salt as long as the digest [RFC 4055 §3.1]."""
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    return algos.RSASSAPSSParams(
        {
            "hash_algorithm": sha256,
            "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": sha256}),
            "salt_length": 32,
        }
    )
