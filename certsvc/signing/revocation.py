"""What a B-LT signature carries so that it can be checked later without asking anybody.

For a day, the answers are the same for every certificate that an identity signs, so they are made once and
kept [decision 0004].
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from certsvc.errors import Broken
from certsvc.signing.signers import PrivateKey, read_pem_key, unreadable_key

_GOOD_FOR = dt.timedelta(days=7)
_FRESH_FOR = dt.timedelta(days=1)
"""Answers are renewed long before their `nextUpdate`."""


@dataclass(frozen=True, slots=True)
class RevocationInfo:
    """OCSP responses and CRLs as DER, and the certificates needed to check them, up to the root.

    The root is included so that a later archive time-stamp covers it: pyHanko requires that proof of
    existence when it validates as of a past time.
    """

    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    certificates: tuple[x509.Certificate, ...]


class RevocationSource(Protocol):
    """Where answers about certificates come from."""

    async def gather(self, certificates: Sequence[x509.Certificate]) -> RevocationInfo:
        """All that is needed to check `certificates` (end entities: signers and TSA) up to the root.

        Raises Unavailable if an answer cannot be had now, Broken `revoked_key` for a revoked certificate.
        """
        ...


class LocalRevocation:
    """A development PKI's own OCSP responder and CRLs, in process."""

    def __init__(
        self,
        *,
        root: x509.Certificate,
        issuing: x509.Certificate,
        responder: x509.Certificate,
        responder_key: PrivateKey,
        crls: tuple[bytes, ...],
        clock: Callable[[], dt.datetime],
    ) -> None:
        """`crls` (DER) give the status of `issuing`; `clock` returns the current time (aware)."""
        self._root = root
        self._issuing = issuing
        self._responder = responder
        self._responder_key = responder_key
        self._crls = crls
        self._clock = clock
        self._answers: dict[int, tuple[dt.datetime, bytes]] = {}

    async def gather(self, certificates: Sequence[x509.Certificate]) -> RevocationInfo:
        """Raises Broken `foreign_certificate` for a certificate of another CA."""
        unique = dict.fromkeys(certificates)
        ocsps = tuple(self._answer(certificate) for certificate in unique)
        return RevocationInfo(
            ocsps=ocsps, crls=self._crls, certificates=(*unique, self._issuing, self._root, self._responder)
        )

    def _answer(self, certificate: x509.Certificate) -> bytes:
        if certificate.issuer != self._issuing.subject:
            raise Broken(
                "foreign_certificate",
                "Chứng thư không thuộc hệ thống phát triển.",
                "The certificate does not belong to the development PKI.",
            )
        now = self._clock()
        kept = self._answers.get(certificate.serial_number)
        if kept is not None and kept[0] <= now < kept[0] + _FRESH_FOR:
            return kept[1]
        answer = self._respond(certificate, now)
        self._answers[certificate.serial_number] = (now, answer)
        return answer

    def _respond(self, certificate: x509.Certificate, now: dt.datetime) -> bytes:
        """A basic OCSP response, "good" [RFC 6960 §4.2]: the development PKI revokes nothing."""
        moment = now.replace(microsecond=0)
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=self._issuing,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=moment,
            next_update=moment + _GOOD_FOR,
            revocation_time=None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self._responder).certificates(
            [self._responder]
        )
        return builder.sign(self._responder_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def load_local_revocation(
    *,
    root_pem: bytes,
    issuing_pem: bytes,
    responder_pem: bytes,
    responder_key_pem: bytes,
    crls: tuple[bytes, ...],
    clock: Callable[[], dt.datetime],
) -> LocalRevocation:
    """The revocation source of a development PKI, from the files of `keys_dev`; raises `unreadable_key`."""
    try:
        root = x509.load_pem_x509_certificate(root_pem)
        issuing = x509.load_pem_x509_certificate(issuing_pem)
        responder = x509.load_pem_x509_certificate(responder_pem)
        key = read_pem_key(responder_key_pem)
    except (ValueError, TypeError) as error:
        raise unreadable_key("khóa của máy chủ OCSP", "the OCSP responder's key") from error
    return LocalRevocation(
        root=root, issuing=issuing, responder=responder, responder_key=key, crls=crls, clock=clock
    )
