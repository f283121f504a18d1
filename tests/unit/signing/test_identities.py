"""Which identities may sign, and which are refused with `unfit_key`."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from certsvc.errors import Broken
from certsvc.models import Slot
from certsvc.signing.identities import Identity, load_pkcs12
from certsvc.signing.signers import Scheme
from tests.support import pki as pkis

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
SIGNING = {"digital_signature": True, "content_commitment": True}

KEY = ec.generate_private_key(ec.SECP256R1())

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def key_usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign"
        " crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names.split()})


def identity(
    key: Key | None = None,
    *,
    usage: x509.KeyUsage | None = key_usage(**SIGNING),  # noqa: B008
    days: int = 10,
) -> Identity:
    """A self-signed organisation, valid for `days` from a day before NOW."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Trạm Y tế Thử")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
    )
    builder = builder.not_valid_before(NOW - dt.timedelta(days=1)).not_valid_after(
        NOW + dt.timedelta(days=days)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    data = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, serialization.NoEncryption())
    return load_pkcs12(data, facility_code="01801")


def refusal(found: Identity, *, now: dt.datetime = NOW, production: bool = False) -> str:
    with pytest.raises(Broken) as caught:
        found.check_fit(now, production=production)
    assert caught.value.code == "unfit_key"
    return caught.value.message_en


def test_a_fit_identity_passes_even_in_production() -> None:
    """No complaint about a valid, strong key whose subject is not DEV ONLY."""
    identity().check_fit(NOW, production=True)


def test_expired_and_not_yet_valid_are_refused() -> None:
    """Validity is judged at the moment of signing."""
    assert "expired" in refusal(identity(), now=NOW + dt.timedelta(days=11))
    assert "not yet valid" in refusal(identity(), now=NOW - dt.timedelta(days=2))


def test_an_expired_issuer_is_refused_too() -> None:
    """No path through it would validate."""
    young, old = identity(days=30), identity(days=1)
    mixed = Identity(
        facility_code="01801",
        licence=None,
        certificate=young.certificate,
        chain=(old.certificate,),
        signer=young.signer,
    )
    assert "expired" in refusal(mixed, now=NOW + dt.timedelta(days=5))


def test_development_identities_are_refused_in_production_only() -> None:
    """Every subject of keys_dev says DEV ONLY."""
    found = pkis.shared().identity()
    found.check_fit(pkis.utc_now(), production=False)
    assert "DEV ONLY" in refusal(found, now=pkis.utc_now(), production=True)


def test_a_dev_only_issuer_is_enough_to_be_refused() -> None:
    """A clean subject under a development CA is no production key."""
    dev = pkis.shared().identity()
    clean = identity()
    mixed = Identity(
        facility_code="01801",
        licence=None,
        certificate=clean.certificate,
        chain=dev.chain,
        signer=clean.signer,
    )
    assert "DEV ONLY" in refusal(mixed, production=True)


def test_weak_and_foreign_algorithms_are_refused() -> None:
    """TT 15/2025: RSA from 2048 bits; of the curves we sign with P-256."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # weak on purpose
    assert "2048" in refusal(identity(weak))
    assert "P-256" in refusal(identity(ec.generate_private_key(ec.SECP384R1())))


def test_key_usage_has_to_allow_signing() -> None:
    """RFC 5280 clause 4.2.1.3: digitalSignature or contentCommitment; silence is refused too."""
    assert "not meant" in refusal(identity(usage=key_usage(key_encipherment=True)))
    assert "no key usage" in refusal(identity(usage=None))
    identity(usage=key_usage(content_commitment=True)).check_fit(NOW, production=False)


def test_sha1_certificates_are_refused() -> None:
    """SHA-1 is absent from TT 15/2025's list of digests; old CAs signed with it."""
    assert "outdated digest" in refusal(identity_signed_with_sha1())


def identity_signed_with_sha1() -> Identity:
    strong = identity()

    class Sha1Certificate:
        """A certificate but for the digest it reports."""

        signature_hash_algorithm = hashes.SHA1()

        def __getattr__(self, name: str) -> object:
            return getattr(strong.certificate, name)

    return Identity(
        facility_code="01801",
        licence=None,
        certificate=Sha1Certificate(),  # type: ignore[arg-type]
        chain=(),
        signer=strong.signer,
    )


def test_other_key_kinds_are_refused_on_loading() -> None:
    """Ed25519 is not among the schemes that we sign with."""
    with pytest.raises(Broken, match="unfit_key"):
        identity(ed25519.Ed25519PrivateKey.generate())


def test_what_is_no_pkcs12_is_unreadable() -> None:
    """Garbage, and a file without the right passphrase."""
    with pytest.raises(Broken, match="unreadable_key"):
        load_pkcs12(b"not a key", facility_code="01801")
    locked = pkcs12.serialize_key_and_certificates(
        b"x", KEY, None, None, serialization.BestAvailableEncryption(b"a")
    )
    with pytest.raises(Broken, match=r"unreadable_key.*passphrase"):
        load_pkcs12(locked, facility_code="01801", passphrase=b"b")


def test_key_without_its_certificate_is_unreadable() -> None:
    """A file with another key's certificate only."""
    data = pkcs12.serialize_key_and_certificates(
        b"x", KEY, None, [identity().certificate], serialization.NoEncryption()
    )
    with pytest.raises(Broken, match=r"unreadable_key.*certificate missing"):
        load_pkcs12(data, facility_code="01801")


def test_identity_tells_who_it_is() -> None:
    """Name from the certificate, kind from the licence, chain nearest issuer first."""
    pki = pkis.shared()
    person, station = pki.identity(pkis.HEAD), pki.identity()
    assert (person.name, station.name) == ("Mai Hữu Nghĩa", "Trạm Y tế Phúc Xá")
    assert [person.fits(slot) for slot in Slot] == [True, True, False]
    assert [station.fits(slot) for slot in Slot] == [False, False, True]
    assert person.certificate.issuer == person.chain[0].subject
    assert person.chain[-1] == pki.root


def test_scheme_follows_key_and_preference() -> None:
    """PSS is a wish for RSA keys; EC keys know only ECDSA."""
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert identity(rsa_key).signer.scheme is Scheme.RSA_PKCS1V15
    assert pkis.shared().identity(prefer_pss=True).signer.scheme is Scheme.ECDSA_P256
