"""The keys in one folder, each read and decrypted once per process.

The folder is laid out as `keys_dev` makes it: `identities.csv` lists the signing identities
(facility_code,licence,name,file), with their PKCS#12 files in subfolders; there are also the trust anchor,
the keys of the embedded time-stamping authority and OCSP responder, and those that sign QR claims
(`claims-*.pem`).
"""

import csv
import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from certsvc.errors import Broken
from certsvc.signing.claims import ClaimKey
from certsvc.signing.identities import Identity, load_pkcs12
from certsvc.signing.revocation import LocalRevocation, load_local_revocation
from certsvc.signing.tsa import EmbeddedTsa, load_embedded_tsa

INDEX = "identities.csv"


class ListedIdentity(NamedTuple):
    """A signing identity in the index; `licence` is None for an organisation, `file` a relative path."""

    facility_code: str
    licence: str | None
    name: str
    file: str


class Keyring:
    """The keys in a folder. Safe to share between threads."""

    def __init__(self, folder: Path, *, passphrase: bytes | None = None, prefer_pss: bool = False) -> None:
        """`passphrase` opens all PKCS#12 files; with `prefer_pss` RSA keys sign with RSA-PSS."""
        self._folder = folder.resolve()
        self._passphrase = passphrase
        self._prefer_pss = prefer_pss
        self._identities: dict[tuple[str, str, str | None], Identity] = {}
        self._lock = threading.Lock()

    def entries(self) -> list[ListedIdentity]:
        """The identities in `identities.csv`; raises Broken `missing_key` if there is no such file."""
        rows = csv.DictReader(self._read(INDEX).decode().splitlines())
        return [
            ListedIdentity(row["facility_code"], row["licence"] or None, row["name"], row["file"])
            for row in rows
        ]

    def identity(self, file: str, *, facility_code: str, licence: str | None) -> Identity:
        """The identity in a PKCS#12 file of the folder, read at the first call only.

        Raises Broken: `missing_key` (no such file in the folder), and like `load_pkcs12`.
        """
        name = (file, facility_code, licence)
        with self._lock:
            if name not in self._identities:
                self._identities[name] = self._load(file, facility_code, licence)
            return self._identities[name]

    def embedded_tsa(self, *, clock: Callable[[], dt.datetime], rng: Callable[[int], bytes]) -> EmbeddedTsa:
        issuers = self._read("issuing.pem") + self._read("root.pem")
        return load_embedded_tsa(
            self._read("tsa.pem"), self._read("tsa.key.pem"), issuers_pem=issuers, clock=clock, rng=rng
        )

    def local_revocation(self, *, clock: Callable[[], dt.datetime]) -> LocalRevocation:
        return load_local_revocation(
            root_pem=self._read("root.pem"),
            issuing_pem=self._read("issuing.pem"),
            responder_pem=self._read("ocsp.pem"),
            responder_key_pem=self._read("ocsp.key.pem"),
            crls=(self._read("root.crl"),),
            clock=clock,
        )

    def authorities(self) -> tuple[x509.Certificate, ...]:
        """The issuing CA and the root above it."""
        return tuple(x509.load_pem_x509_certificate(self._read(name)) for name in ("issuing.pem", "root.pem"))

    def claim_keys(self) -> tuple[ClaimKey, ...]:
        """All keys for QR claims and lists, even expired ones. Raises `unfit_claim_key`, `missing_key`."""
        names = sorted(path.name.removesuffix(".key.pem") for path in self._folder.glob("claims-*.key.pem"))
        return tuple(
            ClaimKey.load(self._read(f"{name}.pem"), self._read(f"{name}.key.pem")) for name in names
        )

    def _load(self, file: str, facility_code: str, licence: str | None) -> Identity:
        data = self._read(file)
        return load_pkcs12(
            data,
            facility_code=facility_code,
            licence=licence,
            passphrase=self._passphrase,
            prefer_pss=self._prefer_pss,
        )

    def _read(self, file: str) -> bytes:
        path = (self._folder / file).resolve()
        if not path.is_relative_to(self._folder):
            raise _missing(file)
        try:
            return path.read_bytes()
        except OSError as error:
            raise _missing(file) from error


def _missing(file: str) -> Broken:
    return Broken("missing_key", f"Không tìm thấy tệp khóa “{file}”.", f"There is no key file “{file}”.")
