"""Whom this installation believes: the anchors in `keys_dir`, and every identity that ever signed here."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization

from certsvc.claims import LIST_SIGNING
from certsvc.config import Environment, Profile, Settings
from certsvc.errors import Broken
from certsvc.models import SigningIdentity
from certsvc.store import Database, registry
from certsvc.trust.issuers import read_issuers
from certsvc.verify.published import Issuer
from certsvc.verify.trust import OtherIssuer, Pin, PublicClaimKey, SignerKind, Trust

_FRESH_FOR = dt.timedelta(seconds=30)


class TrustSource:
    """Gives the current trust; identities added by another process are known within half a minute."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._kept: tuple[dt.datetime, Trust, tuple[Issuer, ...]] | None = None
        self._packed: tuple[Trust, bytes] | None = None

    async def get(self, now: dt.datetime) -> Trust:
        """Raises Broken `no_trust_anchor` where `keys_dir` holds none."""
        return (await self._get(now))[1]

    async def get_others(self, now: dt.datetime) -> tuple[Issuer, ...]:
        """The other issuers that this installation knows. Raises as `get` does."""
        return (await self._get(now))[2]

    async def _get(self, now: dt.datetime) -> tuple[dt.datetime, Trust, tuple[Issuer, ...]]:
        if self._kept is None or not self._kept[0] <= now < self._kept[0] + _FRESH_FOR:
            async with self._db.read() as session:
                identities = await registry.list_identities(session)
            others = tuple(
                issuer for issuer, _ in read_issuers(self._settings, now=now) if isinstance(issuer, Issuer)
            )
            self._kept = (
                now,
                replace(build_trust(self._settings, list(identities)), others=tuple(map(_known, others))),
                others,
            )
        return self._kept

    async def get_bytes(self, now: dt.datetime) -> bytes:
        """The same as it travels to another process. Raises as `get` does."""
        trust = await self.get(now)
        if self._packed is None or self._packed[0] is not trust:
            self._packed = trust, trust.to_bytes()
        return self._packed[1]


def build_trust(settings: Settings, identities: list[SigningIdentity]) -> Trust:
    """`keys_dir` holds root.pem, issuing.pem, tsa.pem, claims-*.pem and *.crl, as `keys_dev` lays them out,
    and `read_hierarchies`' folder.
    """
    folder = settings.keys_dir
    root, tsa = _certificate(folder / "root.pem"), _certificate(folder / "tsa.pem")
    return Trust(
        anchors=(_der(root),),
        intermediates=(_der(_certificate(folder / "issuing.pem")),),
        tsa_anchors=(_der(root),),
        pins={identity.certificate_sha256: _pin(identity) for identity in identities},
        tsa_pins=frozenset({tsa.fingerprint(hashes.SHA256()).hex()}),
        crls=tuple(path.read_bytes() for path in sorted(folder.glob("*.crl"))),
        allow_dev=settings.environment is Environment.DEVELOPMENT,
        require_timestamp=settings.profile is not Profile.B_B,
        claim_keys=read_claim_keys(folder),
        hierarchies=_hierarchies(folder),
    )


def _known(issuer: Issuer) -> OtherIssuer:
    return OtherIssuer(issuer.name, issuer.service, issuer.claim_keys, frozenset(issuer.facilities))


def read_hierarchies(folder: Path) -> Iterator[tuple[str, str, x509.Certificate | Broken]]:
    """Roots that others' certificates lead to: the name of their folder below `anchors/`, that of their file
    (PEM), and the root.

    Whoever puts one there has compared its SHA-256 with what its operator publishes. What is no certificate
    of a CA comes as Broken `no_trust_anchor`.
    """
    for path in sorted((folder / "anchors").glob("*/*.pem")):
        try:
            yield path.parent.name, path.name, _root(path)
        except Broken as error:
            yield path.parent.name, path.name, error


def _hierarchies(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """Only what can be read: they make nothing valid, so that a broken one need not stop what does."""
    found: dict[str, tuple[bytes, ...]] = {}
    for family, _, root in read_hierarchies(folder):
        if isinstance(root, x509.Certificate):
            found[family] = (*found.get(family, ()), _der(root))
    return found


def _root(path: Path) -> x509.Certificate:
    certificate = _certificate(path)
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        is_ca = False
    if not is_ca:
        raise _unfit(path, "không phải chứng thư CA", "is not that of a CA")
    return certificate


def read_claim_keys(folder: Path) -> tuple[PublicClaimKey, ...]:
    """Whose signatures under QR claims and lists are believed: all keys certified in `claims-*.pem`, those
    that ended too.

    Raises Broken `no_trust_anchor` for one that the issuing CA did not certify.
    """
    names = sorted(path for path in folder.glob("claims-*.pem") if not path.name.endswith(".key.pem"))
    return tuple(_claim_key(path, issuer=_certificate(folder / "issuing.pem")) for path in names)


def _claim_key(path: Path, *, issuer: x509.Certificate) -> PublicClaimKey:
    x509_cert = _certificate(path)
    if not _may_sign_lists(x509_cert, issuer):
        raise _unfit(path, "không do CA tin cậy cấp để ký mã QR", "is not certified to sign QR claims")
    public_key = x509_cert.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return PublicClaimKey(public_key, x509_cert.not_valid_before_utc, x509_cert.not_valid_after_utc)


def _may_sign_lists(x509_cert: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        x509_cert.verify_directly_issued_by(issuer)
        return (
            x509.ObjectIdentifier(LIST_SIGNING)
            in x509_cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        )
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def _pin(identity: SigningIdentity) -> Pin:
    certificate = x509.load_der_x509_certificate(identity.certificate_der)
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    kind = SignerKind.ORGANISATION if identity.licence is None else SignerKind.PERSON
    return Pin(kind, identity.facility_code, identity.licence, str(names[0].value) if names else "")


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _unfit(path, "không đọc được", "cannot be read") from error


def _unfit(path: Path, why_vi: str, why_en: str) -> Broken:
    return Broken(
        "no_trust_anchor",
        f"Chứng thư tin cậy {path.name} {why_vi}.",
        f"The trusted certificate {path.name} {why_en}.",
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
