"""Makes a complete throw-away PKI: CAs, TSA, OCSP responder, and an identity for each station and licence.

Every subject says DEV ONLY, which production refuses. No address in it leads to a server: revocation answers
are made in process with these keys. The folder's contents:

    root.pem  issuing.pem  tsa.pem  ocsp.pem        certificates; root.pem is the trust anchor
    root.key.pem  …  ocsp.key.pem                   their keys: unencrypted PKCS#8, mode 0600
    claims-1.pem  claims-1.key.pem                  P-256: QR claims, status lists, the trust list
    root.crl  issuing.crl                           DER
    organisations/<facility>.p12                    a facility's seal
    practitioners/<facility>_<licence>.p12          a person; `/` in the licence becomes `-`
    identities.csv                                  facility_code,licence,name,file of each identity
"""

import argparse
import csv
import datetime as dt
import io
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from keys_dev import certificates
from keys_dev.certificates import Pair, PrivateKey

DEFAULT_DIR = Path("keys_dev/generated")
"""Where the service looks by default (CERTSVC_KEYS_DIR), relative to the working directory."""
AUTHORITIES = ("root", "issuing", "tsa", "ocsp")
CLAIMS = "claims-1"
INDEX = "identities.csv"

_TITLES = {"head": "Trạm trưởng", "practitioner": "Người hành nghề"}


class KeyType(StrEnum):
    RSA_2048 = "rsa-2048"
    P256 = "p256"


class Holder(NamedTuple):
    """The holder of a signing identity: a person if there is a licence, otherwise the facility itself."""

    facility_code: str
    licence: str
    name: str
    station: str
    title: str

    @property
    def file(self) -> str:
        if not self.licence:
            return f"organisations/{self.facility_code}.p12"
        return f"practitioners/{self.facility_code}_{self.licence.replace('/', '-')}.p12"


def make_pki(
    out_dir: Path,
    *,
    facilities: Iterable[Mapping[str, str]],
    practitioners: Iterable[Mapping[str, str]],
    now: dt.datetime,
    key_type: KeyType = KeyType.RSA_2048,
    passphrase: bytes | None = None,
    force: bool = False,
) -> int:
    """Complete the PKI in `out_dir` and return how many signing identities were missing and have been made.

    `facilities` and `practitioners` are rows with the columns of the CSV files that `certsvc facilities
    import` and `certsvc practitioners import` take; a practitioner's facility must be among the facilities
    (KeyError). Validity starts a day before `now` (aware) and lasts three years for identities, longer for
    all else. `passphrase` encrypts the PKCS#12 files. Complete authorities are kept unless `force` replaces
    everything.
    """
    holders = _holders(facilities, practitioners)
    if force or not all((out_dir / _certificate_file(name)).exists() for name in AUTHORITIES):
        _clear(out_dir)
        _make_authorities(out_dir, now=now, key_type=key_type)
    if not (out_dir / _certificate_file(CLAIMS)).exists():
        add_claim_key(out_dir, CLAIMS, now=now)
    missing = [holder for holder in holders if not (out_dir / holder.file).exists()]
    if missing:
        _make_identities(out_dir, missing, now=now, key_type=key_type, passphrase=passphrase)
        _write_index(out_dir, holders)
    return len(missing)


def _holders(
    facilities: Iterable[Mapping[str, str]], practitioners: Iterable[Mapping[str, str]]
) -> list[Holder]:
    stations = {row["facility_code"]: row["name"] for row in facilities}
    seals = [Holder(code, "", name, name, "") for code, name in stations.items()]
    persons = [
        Holder(
            row["facility_code"],
            row["licence"],
            row["full_name"],
            stations[row["facility_code"]],
            _TITLES.get(row["role"], ""),
        )
        for row in practitioners
    ]
    return seals + persons


def _clear(out_dir: Path) -> None:
    """Remove what an earlier or interrupted run has left; anything else in the folder stays."""
    for folder in ("organisations", "practitioners"):
        shutil.rmtree(out_dir / folder, ignore_errors=True)
    names = [INDEX, "root.crl", "issuing.crl"]
    names += [file for name in AUTHORITIES for file in (_certificate_file(name), _key_file(name))]
    for path in (*(out_dir / name for name in names), *out_dir.glob("claims-*.pem")):
        path.unlink(missing_ok=True)


def _make_authorities(out_dir: Path, *, now: dt.datetime, key_type: KeyType) -> None:
    keys = _new_keys(len(AUTHORITIES), key_type)
    root = certificates.root(keys[0], now=now)
    issuing = certificates.issuing_ca(keys[1], issuer=root, now=now)
    pairs = {
        "root": root,
        "issuing": issuing,
        "tsa": certificates.tsa(keys[2], issuer=issuing, now=now),
        "ocsp": certificates.ocsp_responder(keys[3], issuer=issuing, now=now),
    }
    for name in ("root", "issuing"):
        crl = certificates.empty_crl(pairs[name], now=now)
        _write(out_dir / f"{name}.crl", crl.public_bytes(serialization.Encoding.DER))
    for name, pair in pairs.items():
        _write(out_dir / _key_file(name), _pem_key(pair.key), mode=0o600)
    for name, pair in pairs.items():  # last, so that they prove a PKI complete
        _write(out_dir / _certificate_file(name), pair.certificate.public_bytes(serialization.Encoding.PEM))


def add_claim_key(out_dir: Path, name: str, *, now: dt.datetime) -> None:
    """Add a key for QR claims, valid from a day before `now`; existing ones are trusted until they expire."""
    pair = certificates.claim_signer(_new_key(KeyType.P256), issuer=_load(out_dir, "issuing"), now=now)
    _write(out_dir / _key_file(name), _pem_key(pair.key), mode=0o600)
    _write(out_dir / _certificate_file(name), pair.certificate.public_bytes(serialization.Encoding.PEM))


def _make_identities(
    out_dir: Path, holders: Sequence[Holder], *, now: dt.datetime, key_type: KeyType, passphrase: bytes | None
) -> None:
    issuing = _load(out_dir, "issuing")
    chain = [issuing.certificate, _load(out_dir, "root").certificate]
    for holder, key in zip(holders, _new_keys(len(holders), key_type), strict=True):
        pair = certificates.identity(
            key,
            issuer=issuing,
            now=now,
            name=holder.name,
            station=holder.station,
            facility_code=holder.facility_code,
            licence=holder.licence,
            title=holder.title,
        )
        data = _pkcs12(pair, chain=chain, name=holder.name, passphrase=passphrase)
        _write(out_dir / holder.file, data, mode=0o600)


def _pkcs12(pair: Pair, *, chain: Sequence[x509.Certificate], name: str, passphrase: bytes | None) -> bytes:
    encryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    return pkcs12.serialize_key_and_certificates(name.encode(), pair.key, pair.certificate, chain, encryption)


def _pem_key(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _load(out_dir: Path, name: str) -> Pair:
    key = serialization.load_pem_private_key((out_dir / _key_file(name)).read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError(f"{_key_file(name)} holds neither an RSA nor an EC key")
    return Pair(x509.load_pem_x509_certificate((out_dir / _certificate_file(name)).read_bytes()), key)


def _new_keys(count: int, key_type: KeyType) -> list[PrivateKey]:
    """OpenSSL releases the GIL while it looks for primes, so threads use every core."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda _: _new_key(key_type), range(count)))


def _new_key(key_type: KeyType) -> PrivateKey:
    match key_type:
        case KeyType.RSA_2048:
            return rsa.generate_private_key(public_exponent=65537, key_size=2048)
        case KeyType.P256:
            return ec.generate_private_key(ec.SECP256R1())


def _write_index(out_dir: Path, holders: Iterable[Holder]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["facility_code", "licence", "name", "file"])
    writer.writerows([holder.facility_code, holder.licence, holder.name, holder.file] for holder in holders)
    _write(out_dir / INDEX, text.getvalue().encode())


def _write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Atomically, and never readable by others even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    part.replace(path)


def _certificate_file(name: str) -> str:
    return f"{name}.pem"


def _key_file(name: str) -> str:
    return f"{name}.key.pem"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m keys_dev.make",
        description="Makes the development PKI; does nothing if it is complete.",
    )
    parser.add_argument("facilities", type=Path, help="CSV with facility_code and name")
    columns = "CSV with licence, full_name, facility_code and role"
    parser.add_argument("practitioners", type=Path, help=columns)
    target = "folder to write to (default: keys_dev/generated)"
    parser.add_argument("--out", type=Path, default=DEFAULT_DIR, help=target)
    parser.add_argument("--key-type", type=KeyType, choices=list(KeyType), default=KeyType.RSA_2048)
    anew = "make everything anew; nothing signed before is then trusted any longer"
    parser.add_argument("--force", action="store_true", help=anew)
    options = parser.parse_args(argv)
    made = make_pki(
        options.out,
        facilities=_rows(options.facilities),
        practitioners=_rows(options.practitioners),
        now=dt.datetime.now(dt.UTC),
        key_type=options.key_type,
        force=options.force,
    )
    sys.stdout.write(f"{options.out}: {made} identities made\n" if made else f"{options.out}: complete\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
