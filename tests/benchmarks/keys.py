"""The keys of a run: throw-away PKIs with RSA-2048 and P-256 keys, and one key file for other programs."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from keys_dev.make import KeyType
from tests.support import pki as pkis

PASSPHRASE = b"benchmark"


@dataclass(frozen=True, slots=True)
class Keys:
    """`pkcs12` is the station's key with its chain, encrypted in few rounds as any program can read it."""

    rsa_pki: pkis.Pki
    p256_pki: pkis.Pki
    raw_rsa: rsa.RSAPrivateKey
    raw_p256: ec.EllipticCurvePrivateKey
    pkcs12: Path


def make_keys(folder: Path) -> Keys:
    both = {
        key_type: pkis.make(folder / key_type, key_type=key_type)
        for key_type in (KeyType.RSA_2048, KeyType.P256)
    }
    raw_rsa, raw_p256 = (_load(pki).key for pki in both.values())
    if not isinstance(raw_rsa, rsa.RSAPrivateKey) or not isinstance(raw_p256, ec.EllipticCurvePrivateKey):
        raise TypeError("keys of another kind than asked for")
    path = folder / "station.p12"
    path.write_bytes(_for_anybody(both[KeyType.RSA_2048]))
    return Keys(both[KeyType.RSA_2048], both[KeyType.P256], raw_rsa, raw_p256, path)


def _load(pki: pkis.Pki) -> pkcs12.PKCS12KeyAndCertificates:
    entry = next(
        each for each in pki.keyring().entries() if (each.facility_code, each.licence) == (pkis.STATION, None)
    )
    return pkcs12.load_pkcs12(pki.read(entry.file), None)


def _for_anybody(pki: pkis.Pki) -> bytes:
    """node-forge and Java both know 3DES with SHA-1; few rounds favour node-forge, which rereads it."""
    own = _load(pki)
    if not isinstance(own.key, rsa.RSAPrivateKey) or own.cert is None:
        raise TypeError("no RSA key")
    builder = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
    )
    others = [each.certificate for each in own.additional_certs]
    return pkcs12.serialize_key_and_certificates(
        b"station", own.key, own.cert.certificate, others, builder.hmac_hash(hashes.SHA1()).build(PASSPHRASE)
    )
