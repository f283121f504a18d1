"""Revocation data and roots for proving a file's signatures: our own, and the file's."""

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from asn1crypto import crl, ocsp, x509
from cryptography.x509 import CertificateRevocationList, load_der_x509_crl
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy

from certsvc.verify.findings import FileKind, Refused
from certsvc.verify.trust import Trust

_MAX_REVOCATION_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class Evidence:
    """Revocation data and roots for proving, parsed once per file: the file's own data and ours.

    Signatures made in the same second share a context, which remembers the certificates it has validated.
    """

    trust: Trust
    intermediates: tuple[x509.Certificate, ...]
    crls: tuple[crl.CertificateList, ...]
    ocsps: tuple[ocsp.OCSPResponse, ...]
    our_crls: tuple[CertificateRevocationList, ...]
    has_dss: bool
    contexts: dict[tuple[object, ...], ValidationContext] = field(default_factory=dict)

    def context(
        self, anchors: tuple[bytes, ...], *, at: dt.datetime, revocation: RevocationCheckingPolicy
    ) -> ValidationContext:
        """The context for validating a path to one of `anchors` as of `at`.

        Answers given later are accepted; revocations before `at` count.
        """
        key = (anchors, at, revocation)
        if key not in self.contexts:
            self.contexts[key] = ValidationContext(
                trust_roots=[_certificate(der) for der in anchors],
                other_certs=self.intermediates,
                moment=at,
                allow_fetching=False,
                crls=self.crls,
                ocsps=self.ocsps,
                revinfo_policy=CertRevTrustPolicy(revocation, retroactive_revinfo=True),
            )
        return self.contexts[key]


def make_ready(trust: Trust) -> None:
    """Parse what we trust in advance. What is not DER is left for the check that needs it."""
    with contextlib.suppress(ValueError, TypeError):
        for cert in map(_certificate, (*trust.anchors, *trust.tsa_anchors, *trust.intermediates)):
            _ = cert.subject.hashable, cert.issuer.hashable, cert.native  # parsed lazily
        for revocation_list in map(_crl, trust.crls):
            _ = revocation_list.issuer.hashable


@lru_cache(maxsize=64)
def _certificate(der: bytes) -> x509.Certificate:
    """One that we trust, shared because it caches what it has parsed."""
    return x509.Certificate.load(der)


@lru_cache(maxsize=16)
def _crl(der: bytes) -> crl.CertificateList:
    return crl.CertificateList.load(der)


def gather_evidence(reader: Any, trust: Trust) -> Evidence:
    """The revocation data in the file's security store [EN 319 142-1 §5.4.2], and our own.

    Certificates in the store are ignored: paths lead only through our intermediates.
    """
    crls, ocsps, has_dss = _stored_answers(reader)
    return Evidence(
        trust=trust,
        intermediates=tuple(_certificate(der) for der in trust.intermediates),
        crls=(
            *map(_crl, trust.crls),
            *(crl.CertificateList.load(der) for der in dict.fromkeys(crls) if der not in trust.crls),
        ),
        ocsps=tuple(ocsp.OCSPResponse.load(der) for der in dict.fromkeys((*trust.ocsps, *ocsps))),
        our_crls=tuple(map(load_der_x509_crl, trust.crls)),
        has_dss=has_dss,
    )


def _stored_answers(reader: Any) -> tuple[list[bytes], list[bytes], bool]:
    try:
        store = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return [], [], False
    if len(store.crls) + len(store.ocsps) > _MAX_REVOCATION_ANSWERS:
        raise Refused(FileKind.TOO_COMPLEX, None, "Tệp chứa quá nhiều dữ liệu thu hồi.")
    crls = [reference.get_object().data for reference in store.crls]
    ocsps = [reference.get_object().data for reference in store.ocsps]
    return crls, ocsps, bool(crls or ocsps)
