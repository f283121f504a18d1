"""The throw-away PKI's X.509 certificates and CRLs, by role [RFC 5280]; they all say DEV ONLY."""

import datetime as dt
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DEV_ONLY = "DEV ONLY"

_YEAR = dt.timedelta(days=365)
_MAX_NAME = 64  # ub-common-name and ub-organization-name, RFC 5280 appendix A
_GRACE = dt.timedelta(days=1)
_CRL_ADDRESS = "http://crl.certsvc.invalid/{}.crl"
_LIST_SIGNING = x509.ObjectIdentifier("2.25.126422320133889027303606424253449234599")
_OCSP_ADDRESS = "http://ocsp.certsvc.invalid/"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Pair(NamedTuple):
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey


def root(key: PrivateKey, *, now: dt.datetime) -> Pair:
    subject = _authority("certsvc Root CA")
    builder = _builder(key, subject=subject, issuer=subject, now=now, validity=20 * _YEAR)
    builder = _as_ca(builder, path_length=1)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def issuing_ca(key: PrivateKey, *, issuer: Pair, now: dt.datetime) -> Pair:
    builder = _builder(
        key,
        subject=_authority("certsvc Issuing CA"),
        issuer=issuer.certificate.subject,
        now=now,
        validity=15 * _YEAR,
    )
    builder = _as_ca(builder, path_length=0)
    return _issue(builder, key, issuer=issuer, crl="root")


def tsa(key: PrivateKey, *, issuer: Pair, now: dt.datetime) -> Pair:
    """A time-stamping unit: a single, critical extended key usage [RFC 3161 §2.3]."""
    builder = _builder(
        key,
        subject=_authority("certsvc TSA"),
        issuer=issuer.certificate.subject,
        now=now,
        validity=10 * _YEAR,
    )
    builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return _issue(builder, key, issuer=issuer, crl="issuing")


def ocsp_responder(key: PrivateKey, *, issuer: Pair, now: dt.datetime) -> Pair:
    """A delegated responder whose own status need not be checked [RFC 6960 §4.2.2.2]."""
    builder = _builder(
        key,
        subject=_authority("certsvc OCSP"),
        issuer=issuer.certificate.subject,
        now=now,
        validity=10 * _YEAR,
    )
    builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return _issue(builder, key, issuer=issuer, crl=None)


def claim_signer(key: PrivateKey, *, issuer: Pair, now: dt.datetime) -> Pair:
    """Signs QR claims, status lists and the trust list, within its certificate's validity."""
    subject = _authority("certsvc QR")
    builder = _builder(key, subject=subject, issuer=issuer.certificate.subject, now=now, validity=3 * _YEAR)
    builder = builder.add_extension(_key_usage(digital_signature=True), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([_LIST_SIGNING]), critical=True)
    return _issue(builder, key, issuer=issuer, crl="issuing")


def identity(
    key: PrivateKey,
    *,
    issuer: Pair,
    now: dt.datetime,
    name: str,
    station: str,
    facility_code: str,
    licence: str,
    title: str,
) -> Pair:
    """A signer's certificate: a person's if `licence` is given, otherwise the organisation's.

    Identifiers are written `<scheme>:VN-<number>` [EN 319 412-1 §5.1.3, §5.1.4].
    """
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, station[:_MAX_NAME]),
        x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"BH:VN-{facility_code}"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEV_ONLY),
    ]
    if licence:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, f"CC:VN-{licence}"))
    if title:
        attributes.append(x509.NameAttribute(NameOID.TITLE, title))
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_NAME]))
    subject = x509.Name(attributes)
    builder = _builder(key, subject=subject, issuer=issuer.certificate.subject, now=now, validity=3 * _YEAR)
    usage = _key_usage(digital_signature=True, content_commitment=True)
    builder = builder.add_extension(usage, critical=True)
    return _issue(builder, key, issuer=issuer, crl="issuing")


def empty_crl(issuer: Pair, *, now: dt.datetime) -> x509.CertificateRevocationList:
    """An empty CRL that is valid for as long as its issuer, for nobody will renew it."""
    key_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - _GRACE)
        .next_update(issuer.certificate.not_valid_after_utc)
        .add_extension(key_identifier, critical=False)
        .add_extension(x509.CRLNumber(1), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _authority(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "certsvc"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEV_ONLY),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {DEV_ONLY}"),
        ]
    )


def _builder(
    key: PrivateKey, *, subject: x509.Name, issuer: x509.Name, now: dt.datetime, validity: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _GRACE)
        .not_valid_after(now - _GRACE + validity)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _as_ca(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    return builder.add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)


def _issue(builder: x509.CertificateBuilder, key: PrivateKey, *, issuer: Pair, crl: str | None) -> Pair:
    key_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = builder.add_extension(key_identifier, critical=False)
    if crl is not None:
        builder = builder.add_extension(_crl_points(crl), critical=False)
        builder = builder.add_extension(_ocsp_point(), critical=False)
    return Pair(builder.sign(issuer.key, hashes.SHA256()), key)


def _crl_points(name: str) -> x509.CRLDistributionPoints:
    address = x509.UniformResourceIdentifier(_CRL_ADDRESS.format(name))
    return x509.CRLDistributionPoints(
        [x509.DistributionPoint(full_name=[address], relative_name=None, reasons=None, crl_issuer=None)]
    )


def _ocsp_point() -> x509.AuthorityInformationAccess:
    address = x509.UniformResourceIdentifier(_OCSP_ADDRESS)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address)]
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
