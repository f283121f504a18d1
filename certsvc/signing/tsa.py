"""Time-stamps [RFC 3161, ETSI EN 319 422], and the authority that development embeds in the process."""

import datetime as dt
from collections.abc import Callable
from typing import NamedTuple, Protocol

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certsvc.errors import Broken
from certsvc.signing.signers import LocalSigner, Scheme, max_signature_bytes, scheme_for

_POLICY = "2.999.3161"
"""A policy of nobody's: the arc is set aside for examples [ITU-T X.660]."""

_SERIAL_BYTES = 16
_ACCURACY = {"seconds": 1}


class TimeStamper(Protocol):
    """A time-stamping authority, as far as sealing asks."""

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The authority's own certificate first, then its issuers: what a token's checker needs."""
        ...

    @property
    def max_token_bytes(self) -> int:
        """Upper bound of one token's DER."""
        ...

    async def stamp(self, digest: bytes) -> bytes:
        """The TimeStampToken (DER of a CMS ContentInfo) over a SHA-256 digest (32 bytes).

        Raises Unavailable: `tsa_unavailable`, the authority does not answer or will not grant one.
        """
        ...


class _Constant(NamedTuple):
    """DER of the parts that are the same in all of an authority's tokens.

    asn1crypto encodes a built value anew at every use, name by name, which made a token cost eight
    milliseconds. Only bytes are kept, for its values change as they are read and must not cross threads.
    """

    name: bytes
    signer_id: bytes
    signing_certificate: bytes


def _constant_parts(certificate: asn1_x509.Certificate) -> _Constant:
    issuer = asn1_x509.GeneralName(name="directory_name", value=certificate.issuer)
    issuer_serial = tsp.IssuerSerial({"issuer": [issuer], "serial_number": certificate.serial_number})
    cert_id = tsp.ESSCertIDv2({"cert_hash": _sha256(certificate.dump()), "issuer_serial": issuer_serial})
    sid = cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})
    return _Constant(
        name=asn1_x509.GeneralName(name="directory_name", value=certificate.subject).dump(),
        signer_id=cms.SignerIdentifier({"issuer_and_serial_number": sid}).dump(),
        signing_certificate=cms.CMSAttribute({"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [cert_id]})]}).dump(),
    )


class EmbeddedTsa:
    """A time-stamping authority in our own process: real time, random serial numbers, a development key."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        *,
        issuers: tuple[x509.Certificate, ...],
        clock: Callable[[], dt.datetime],
        rng: Callable[[int], bytes],
    ) -> None:
        """`clock` tells an aware now; `rng(n)` gives n random bytes."""
        self._certificate = certificate
        self._issuers = issuers
        self._signer = LocalSigner(key, scheme=scheme_for(key))
        self._signature_bytes = max_signature_bytes(key.public_key())
        self._der = certificate.public_bytes(serialization.Encoding.DER)
        self._constant = _constant_parts(asn1_x509.Certificate.load(self._der))
        self._clock = clock
        self._rng = rng

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return (self._certificate, *self._issuers)

    @property
    def max_token_bytes(self) -> int:
        """Certificate, constant parts, signature, and half a kilobyte for the rest, which is some 300 bytes."""
        return len(self._der) + sum(len(part) for part in self._constant) + self._signature_bytes + 512

    async def stamp(self, digest: bytes) -> bytes:
        info = self._info(digest).dump()
        attributes = self._signed_attributes(info)
        [signature] = await self._signer.sign([_sha256(attributes.dump())])
        return bytes(self._token(info, attributes, signature).dump())

    def _info(self, digest: bytes) -> tsp.TSTInfo:
        return tsp.TSTInfo(
            {
                "version": "v1",
                "policy": _POLICY,
                "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
                "serial_number": int.from_bytes(b"\x01" + self._rng(_SERIAL_BYTES)),
                "gen_time": self._clock().astimezone(dt.UTC).replace(microsecond=0),
                "accuracy": _ACCURACY,
                "tsa": asn1_x509.GeneralName.load(self._constant.name),
            }
        )

    def _signed_attributes(self, info: bytes) -> cms.CMSAttributes:
        """ESSCertIDv2 [RFC 5816], and the two that CMS asks for [RFC 5652 clause 5.3]."""
        content_type = cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]})
        message_digest = cms.CMSAttribute({"type": "message_digest", "values": [_sha256(info)]})
        return cms.CMSAttributes([content_type, message_digest, cms.CMSAttribute.load(self._constant.signing_certificate)])

    def _token(self, info: bytes, attributes: cms.CMSAttributes, signature: bytes) -> cms.ContentInfo:
        sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
        signer_info = cms.SignerInfo(
            {
                "version": "v1",
                "sid": cms.SignerIdentifier.load(self._constant.signer_id),
                "digest_algorithm": sha256,
                "signed_attrs": attributes,
                "signature_algorithm": {"algorithm": "sha256_ecdsa" if self._signer.scheme is Scheme.ECDSA_P256 else "sha256_rsa"},
                "signature": signature,
            }
        )
        signed_data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [sha256],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
                "certificates": [asn1_x509.Certificate.load(self._der)],
                "signer_infos": [signer_info],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed_data})


def load_embedded_tsa(
    certificate_pem: bytes,
    key_pem: bytes,
    *,
    issuers_pem: bytes,
    clock: Callable[[], dt.datetime],
    rng: Callable[[int], bytes],
) -> EmbeddedTsa:
    """The embedded authority out of the files of `keys_dev`; raises Broken `unreadable_key`."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        issuers = x509.load_pem_x509_certificates(issuers_pem)
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise _unreadable() from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _unreadable()
    return EmbeddedTsa(certificate, key, issuers=tuple(issuers), clock=clock, rng=rng)


def _unreadable() -> Broken:
    return Broken("unreadable_key", "Không đọc được khóa của máy chủ dấu thời gian.", "Cannot read the time-stamping authority's key.")


def _sha256(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()
