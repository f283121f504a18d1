"""The hierarchy of a stranger's certificate: Vietnam's public one, the government's, or added roots.

Paths are built by signatures, never by the issuer's name, for many CAs share names [signatures, Roots]. They
tell who vouched for an identity, not that it is still valid: nothing is fetched, so revocation is unknown.
"""

import datetime as dt
from collections.abc import Iterable

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy

from certsvc.verify.pdf.proving import run
from certsvc.verify.trust import Trust

_MAX_EMBEDDED = 16


def hierarchy_of(
    signer: x509.Certificate, embedded: Iterable[x509.Certificate], *, trust: Trust, at: dt.datetime | None
) -> str | None:
    """The name of the hierarchy in `trust` to which the certificate leads through the embedded ones.

    Validity is judged as of `at`, the claimed time; None if there is none, or no path.
    """
    if at is None:
        return None
    between = list(embedded)[:_MAX_EMBEDDED]
    return next(
        (name for name, roots in trust.hierarchies.items() if _leads_to(signer, between, roots=roots, at=at)),
        None,
    )


def _leads_to(
    signer: x509.Certificate, between: list[x509.Certificate], *, roots: tuple[bytes, ...], at: dt.datetime
) -> bool:
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in roots],
        other_certs=between,
        moment=at,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
    )
    try:
        run(CertificateValidator(signer, validation_context=context).async_validate_path())
    except (PathError, ValidationError, ValueError, TypeError):  # such as for a self-signed one, not a root
        return False
    return True
