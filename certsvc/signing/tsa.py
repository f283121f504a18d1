"""Time-stamps [RFC 3161; EN 319 422], and the authority that development runs in process."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from certsvc.signing.cms import SHA256_ALGORITHM, algorithm_of, der, signed_attributes, signed_data, signer_id
from certsvc.signing.der import EXPLICIT_0, IMPLICIT_0, OCTET_STRING, SEQUENCE, SET, around, tlv
from certsvc.signing.signers import (
    LocalSigner,
    PrivateKey,
    Scheme,
    max_signature_bytes,
    read_pem_key,
    scheme_for,
    unreadable_key,
)

_POLICY = "2.999.3161"
"""Nobody's policy: the arc is reserved for examples [ITU-T X.660]."""

_SERIAL_BYTES = 16
_SERIAL_START = b"\x01"
"""Before the random bytes: serial numbers are positive, equally long, below 160 bits [RFC 3161 §2.4.2]."""

_ACCURACY = {"seconds": 1}
_VERSION_1, _VERSION_3 = bytes((2, 1, 1)), bytes((2, 1, 3))
_TST_INFO_OID = cms.ContentType("tst_info").dump()

_IMPRINT_HOLE = hashlib.sha256(b"where the digest stands").digest()
_SERIAL_HOLE = _SERIAL_START + hashlib.sha256(b"where the serial number stands").digest()[:_SERIAL_BYTES]
_TIME_HOLE = b"20010203040506Z"


class TimeStamper(Protocol):
    """A time-stamping authority, as sealing needs it."""

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """The authority's own certificate, then its issuers: what is needed to check a token."""
        ...

    @property
    def max_token_bytes(self) -> int:
        """Upper bound of the length of a token's DER."""
        ...

    async def stamp(self, digest: bytes) -> bytes:
        """The TimeStampToken (DER of a CMS ContentInfo) over a SHA-256 digest (32 bytes).

        Raises Unavailable `tsa_unavailable` if the authority does not answer or refuses.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Template:
    """An authority's encoded tokens, without digest, serial number, time, and what derives from them."""

    before_imprint: bytes
    before_serial: bytes
    before_time: bytes
    after_time: bytes
    before_digest: bytes
    after_digest: bytes
    certificates: bytes
    signer: bytes
    algorithm: bytes

    def info(self, digest: bytes, *, serial: bytes, time: bytes) -> bytes:
        """A TSTInfo [RFC 3161 §2.4.2] in the OCTET STRING that carries it."""
        return b"%b%b%b%b%b%b%b" % (
            self.before_imprint,
            digest,
            self.before_serial,
            serial,
            self.before_time,
            time,
            self.after_time,
        )

    def attributes(self, info: bytes) -> bytes:
        """The signed attributes; ESSCertIDv2 is among them [RFC 5816]."""
        return b"%b%b%b" % (self.before_digest, hashlib.sha256(info).digest(), self.after_digest)

    def join(self, info: bytes, attributes: bytes, *, signature: bytes) -> bytes:
        content = tlv(SEQUENCE, _TST_INFO_OID + tlv(EXPLICIT_0, tlv(OCTET_STRING, info)))
        value = tlv(OCTET_STRING, signature)
        signer_info = b"%b%c%b%b%b" % (self.signer, IMPLICIT_0, attributes[1:], self.algorithm, value)
        return signed_data(_VERSION_3 + tlv(SET, SHA256_ALGORITHM) + content + self.certificates, signer_info)


def _template(certificate: x509.Certificate, scheme: Scheme) -> _Template:
    own = der(certificate)
    parsed = asn1_x509.Certificate.load(own)
    before_digest, after_digest = signed_attributes(parsed, content_type="tst_info")
    before_imprint, before_serial, before_time, after_time = around(
        _info_with_holes(parsed), _IMPRINT_HOLE, _SERIAL_HOLE, _TIME_HOLE
    )
    return _Template(
        before_imprint=before_imprint,
        before_serial=before_serial,
        before_time=before_time,
        after_time=after_time,
        before_digest=before_digest,
        after_digest=after_digest,
        certificates=tlv(IMPLICIT_0, own),
        signer=_VERSION_1 + signer_id(parsed) + SHA256_ALGORITHM,
        algorithm=algorithm_of(scheme),
    )


def _info_with_holes(certificate: asn1_x509.Certificate) -> bytes:
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": _POLICY,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": _IMPRINT_HOLE},
            "serial_number": int.from_bytes(_SERIAL_HOLE),
            "gen_time": dt.datetime.strptime(_TIME_HOLE.decode(), "%Y%m%d%H%M%S%z"),
            "accuracy": _ACCURACY,
            "tsa": asn1_x509.GeneralName(name="directory_name", value=certificate.subject),
        }
    )
    return bytes(info.dump())


class EmbeddedTsa:
    """A time-stamping authority in process: real time, random serial numbers, a development key."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: PrivateKey,
        *,
        issuers: tuple[x509.Certificate, ...],
        clock: Callable[[], dt.datetime],
        rng: Callable[[int], bytes],
    ) -> None:
        """`clock` returns the current time (aware), `rng(n)` exactly `n` random bytes."""
        self._certificate = certificate
        self._issuers = issuers
        self._signer = LocalSigner(key, scheme=scheme_for(key))
        self._signature_bytes = max_signature_bytes(key.public_key())
        self._template = _template(certificate, self._signer.scheme)
        self._clock = clock
        self._rng = rng

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        return (self._certificate, *self._issuers)

    @property
    def max_token_bytes(self) -> int:
        """Exact except for the raw signature, whose length may vary."""
        info = self._template.info(_IMPRINT_HOLE, serial=_SERIAL_HOLE, time=_TIME_HOLE)
        signature = bytes(self._signature_bytes)
        return len(self._template.join(info, self._template.attributes(info), signature=signature))

    async def stamp(self, digest: bytes) -> bytes:
        time = self._clock().astimezone(dt.UTC).strftime("%Y%m%d%H%M%SZ").encode()
        info = self._template.info(digest, serial=_SERIAL_START + self._rng(_SERIAL_BYTES), time=time)
        attributes = self._template.attributes(info)
        [signature] = await self._signer.sign([hashlib.sha256(attributes).digest()])
        return self._template.join(info, attributes, signature=signature)


def load_embedded_tsa(
    certificate_pem: bytes,
    key_pem: bytes,
    *,
    issuers_pem: bytes,
    clock: Callable[[], dt.datetime],
    rng: Callable[[int], bytes],
) -> EmbeddedTsa:
    """The embedded authority, from the files of `keys_dev`; raises Broken `unreadable_key`."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        issuers = x509.load_pem_x509_certificates(issuers_pem)
        key = read_pem_key(key_pem)
    except (ValueError, TypeError) as error:
        raise unreadable_key("khóa của máy chủ dấu thời gian", "the time-stamping authority's key") from error
    return EmbeddedTsa(certificate, key, issuers=tuple(issuers), clock=clock, rng=rng)
