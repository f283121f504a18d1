"""Certificates that somebody else, or nobody any more, may sign with."""

import datetime as dt
import functools
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, load_pem_private_key, pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.sign.signers import SimpleSigner

from certsvc.signing.identities import Identity
from certsvc.signing.signers import LocalSigner, Signer, scheme_for
from tests.support import pki as pkis
from tests.unit.verify import samples

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

INWARD = "http://127.0.0.1:9/internal"
"""An address inside our own network, which no check may ask."""


def self_signed(name: str) -> SimpleSigner:
    """A signer for pyHanko that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(_subject(name), key, issuer=_subject(name), issuer_key=key)
    bundle = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, NoEncryption())
    signer: SimpleSigner = SimpleSigner.load_pkcs12_data(bundle, other_certs=[])
    return signer


@functools.cache
def of_our_ca(*, since: int = -1, until: int = 1, is_server: bool = False) -> Identity:
    """The organisation of the shared PKI once more, certified by the real issuing CA; good from `since` to
    `until` in days from now.
    """
    pki = samples.pki()
    issuer = x509.load_pem_x509_certificate(pki.read("issuing.pem"))
    issuer_key = load_pem_private_key(pki.read("issuing.key.pem"), password=None)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = pki.identity().certificate.subject
    certificate = _certificate(
        subject,
        key,
        issuer=issuer.subject,
        issuer_key=issuer_key,  # type: ignore[arg-type]
        since=since,
        until=until,
        is_server=is_server,
    )
    return Identity(pkis.STATION, None, certificate, (issuer,), LocalSigner(key, scheme=scheme_for(key)))


@functools.cache
def with_key(bits: int) -> Identity:
    """A self-made identity under our organisation's name with an RSA key of so many bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = samples.pki().identity().certificate.subject
    return Identity(
        pkis.STATION,
        None,
        _certificate(subject, key, issuer=subject, issuer_key=key),
        (),
        LocalSigner(key, scheme=scheme_for(key)),
    )


def with_huge_key() -> Identity:
    """Under our organisation's name with an RSA modulus of 16384 bits, which is slow to compute with; nobody
    has its other half.
    """
    return _with_huge_key(with_key(2048).signer)


def with_unfit_key() -> Identity:
    """The same key beside a signature of another algorithm."""
    return _with_huge_key(of_our_ca().signer)


def _with_huge_key(signer: Signer) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = samples.pki().identity().certificate.subject
    modulus = (1 << 16384) - (1 << 8192) + 1
    huge = rsa.RSAPublicNumbers(65537, modulus).public_key()
    return Identity(
        pkis.STATION, None, _certificate(subject, huge, issuer=subject, issuer_key=key), (), signer
    )


def accompanied(signer: Identity, others: tuple[x509.Certificate, ...]) -> Identity:
    """This signer, bringing these certificates along."""
    return Identity(signer.facility_code, signer.licence, signer.certificate, others, signer.signer)


@functools.cache
def lattice(width: int = 7) -> tuple[x509.Certificate, ...]:
    """Authorities of which each has certified every other: more paths than anybody can walk."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(width)]
    pairs = [(one, other) for one in range(width) for other in range(width) if one != other]
    return tuple(
        _certificate(_subject(f"CA {one}"), keys[one], issuer=_subject(f"CA {other}"), issuer_key=keys[other])
        for one, other in pairs
    )


@functools.cache
def look_alike() -> pkis.Pki:
    """A second PKI with the very same names: right words, wrong keys."""
    return pkis.make(Path(tempfile.mkdtemp(prefix="certsvc-look-alike-")))


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Công ty Thử Nghiệm"),
        ]
    )


def _certificate(
    subject: x509.Name,
    key: Key | rsa.RSAPublicKey,
    *,
    issuer: x509.Name,
    issuer_key: Key,
    since: int = -1,
    until: int = 1,
    is_server: bool = False,
) -> x509.Certificate:
    now = samples.now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key if isinstance(key, rsa.RSAPublicKey) else key.public_key())
    )
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now + dt.timedelta(days=since)).not_valid_after(
        now + dt.timedelta(days=until)
    )
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    builder = builder.add_extension(
        x509.AuthorityInformationAccess([_access(oid) for oid in _ACCESS]), critical=False
    )
    if is_server:
        builder = builder.add_extension(x509.KeyUsage(**_USAGE | {"key_encipherment": True}), critical=True)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=True
        )
    else:
        builder = builder.add_extension(
            x509.KeyUsage(**_USAGE | {"digital_signature": True, "content_commitment": True}), critical=True
        )
    return builder.sign(issuer_key, hashes.SHA256())


_ACCESS = (AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS)
_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def _access(oid: x509.ObjectIdentifier) -> x509.AccessDescription:
    return x509.AccessDescription(oid, x509.UniformResourceIdentifier(INWARD))
