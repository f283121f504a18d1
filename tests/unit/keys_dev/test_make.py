"""The throw-away PKI: complete, proper, private, and made once."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys_dev import make
from keys_dev.make import KeyType, make_pki
from tests.support import pki as pkis

NOW = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pki")
    pkis.make(out, now=NOW)
    return out


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_identity_belongs_to_its_holder(folder: Path) -> None:
    """A PKCS#12 file for each facility and licence, naming the holder and saying DEV ONLY, up to the root."""
    with (folder / make.INDEX).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(pkis.FACILITIES) + len(pkis.PRACTITIONERS)
    stations = {row["facility_code"]: row["name"] for row in pkis.FACILITIES}
    for row in rows:
        key, cert, chain = pkcs12.load_key_and_certificates((folder / row["file"]).read_bytes(), None)
        assert key is not None
        assert cert is not None
        assert key.public_key() == cert.public_key()
        subject = {attribute.oid: attribute.value for attribute in cert.subject}
        assert subject[NameOID.COMMON_NAME] == row["name"]
        assert subject[NameOID.ORGANIZATION_NAME] == stations[row["facility_code"]]
        assert subject[NameOID.ORGANIZATION_IDENTIFIER] == f"BH:VN-{row['facility_code']}"
        assert subject[NameOID.ORGANIZATIONAL_UNIT_NAME] == "DEV ONLY"
        assert subject.get(NameOID.SERIAL_NUMBER) == (f"CC:VN-{row['licence']}" if row["licence"] else None)
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert usage.content_commitment
        cert.verify_directly_issued_by(chain[0])
        chain[0].verify_directly_issued_by(certificate(folder, "root"))


def test_time_stamping_usage_is_alone_and_critical(folder: Path) -> None:
    """RFC 3161 clause 2.3."""
    usage = certificate(folder, "tsa").extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def test_ocsp_responder_needs_no_status_of_its_own(folder: Path) -> None:
    """RFC 6960 clause 4.2.2.2.1: id-pkix-ocsp-nocheck, and no address to ask."""
    extensions = certificate(folder, "ocsp").extensions
    assert extensions.get_extension_for_class(x509.OCSPNoCheck).value == x509.OCSPNoCheck()
    assert ExtendedKeyUsageOID.OCSP_SIGNING in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.AuthorityInformationAccess)


def test_authorities_hang_together(folder: Path) -> None:
    """Root over issuing CA, which may have no CA below it, over TSA and OCSP responder."""
    issuing = certificate(folder, "issuing")
    issuing.verify_directly_issued_by(certificate(folder, "root"))
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(
        ca=True, path_length=0
    )
    for name in ("tsa", "ocsp"):
        certificate(folder, name).verify_directly_issued_by(issuing)


@pytest.mark.parametrize("name", ["root", "issuing"])
def test_crls_are_empty_signed_and_lasting(folder: Path, name: str) -> None:
    """Nobody is there to renew them, so they last as long as their CA."""
    crl = x509.load_der_x509_crl((folder / f"{name}.crl").read_bytes())
    issuer = certificate(folder, name)
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # our own keys are EC or RSA
    assert len(crl) == 0
    assert crl.next_update_utc == issuer.not_valid_after_utc


def test_private_keys_are_for_their_owner_only(folder: Path) -> None:
    """Mode 0600 on everything that holds a private key."""
    private = [path for path in folder.rglob("*") if path.suffix == ".p12" or path.name.endswith(".key.pem")]
    assert len(private) == len(pkis.FACILITIES) + len(pkis.PRACTITIONERS) + 5
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    """What is complete stays, byte for byte."""
    pkis.make(tmp_path, now=NOW)
    before = snapshot(tmp_path)
    assert (
        make_pki(
            tmp_path,
            facilities=pkis.FACILITIES,
            practitioners=pkis.PRACTITIONERS,
            now=NOW,
            key_type=KeyType.P256,
        )
        == 0
    )
    assert snapshot(tmp_path) == before


def test_new_holders_join_the_same_pki(tmp_path: Path) -> None:
    """Only missing identities are made; what was signed under the old root stays trusted."""
    make_pki(tmp_path, facilities=pkis.FACILITIES, practitioners=[], now=NOW, key_type=KeyType.P256)
    root = (tmp_path / "root.pem").read_bytes()
    made = make_pki(
        tmp_path, facilities=pkis.FACILITIES, practitioners=pkis.PRACTITIONERS, now=NOW, key_type=KeyType.P256
    )
    assert made == len(pkis.PRACTITIONERS)
    assert (tmp_path / "root.pem").read_bytes() == root


def test_interrupted_and_forced_runs_start_anew(tmp_path: Path) -> None:
    """Identities of an authority that is lost would be trusted by nobody."""
    everything = len(pkis.FACILITIES) + len(pkis.PRACTITIONERS)
    pkis.make(tmp_path, now=NOW)
    (tmp_path / "ocsp.pem").unlink()
    assert (
        make_pki(
            tmp_path,
            facilities=pkis.FACILITIES,
            practitioners=pkis.PRACTITIONERS,
            now=NOW,
            key_type=KeyType.P256,
        )
        == everything
    )
    root = (tmp_path / "root.pem").read_bytes()
    assert (
        make_pki(
            tmp_path,
            facilities=pkis.FACILITIES,
            practitioners=pkis.PRACTITIONERS,
            now=NOW,
            key_type=KeyType.P256,
            force=True,
        )
        == everything
    )
    assert (tmp_path / "root.pem").read_bytes() != root


def test_command_line_makes_rsa_keys_behind_the_csv_files(tmp_path: Path) -> None:
    """`python -m keys_dev.make FACILITIES PRACTITIONERS --out DIR`, RSA-2048 unless told otherwise."""
    facilities, practitioners = tmp_path / "f.csv", tmp_path / "p.csv"
    facilities.write_text("facility_code,name\n01801,Trạm Y tế Phúc Xá\n", encoding="utf-8-sig")
    practitioners.write_text(
        "licence,full_name,facility_code,role\n000001/HNO-CCHN,Mai Hữu Nghĩa,01801,head\n", encoding="utf-8"
    )
    assert make.main([str(facilities), str(practitioners), "--out", str(tmp_path / "pki")]) == 0
    key, _, _ = pkcs12.load_key_and_certificates(
        (tmp_path / "pki/practitioners/01801_000001-HNO-CCHN.p12").read_bytes(), None
    )
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048


def test_passphrase_locks_the_identities(tmp_path: Path) -> None:
    """Without it a PKCS#12 file does not open."""
    make_pki(
        tmp_path,
        facilities=pkis.FACILITIES[:1],
        practitioners=[],
        now=NOW,
        key_type=KeyType.P256,
        passphrase=b"mat khau",
    )
    data = (tmp_path / "organisations/01801.p12").read_bytes()
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(data, None)
    assert pkcs12.load_key_and_certificates(data, b"mat khau")[0] is not None
