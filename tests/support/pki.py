"""A throw-away PKI for tests, and what sealing needs of it; made once per process, with fast P-256 keys."""

import atexit
import datetime as dt
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from certsvc.signing.identities import Identity
from certsvc.signing.keyring import Keyring
from certsvc.signing.revocation import LocalRevocation
from certsvc.signing.tsa import EmbeddedTsa
from keys_dev.make import KeyType, make_pki

FACILITIES = [
    {"facility_code": "01801", "name": "Trạm Y tế Phúc Xá"},
    {"facility_code": "01802", "name": "Trạm Y tế Trúc Bạch"},
]
PRACTITIONERS = [
    {"licence": "000001/HNO-CCHN", "full_name": "Mai Hữu Nghĩa", "facility_code": "01801", "role": "head"},
    {
        "licence": "000002/HNO-CCHN",
        "full_name": "Dương Mỹ Ngà",
        "facility_code": "01801",
        "role": "practitioner",
    },
    {"licence": "000011/HNO-CCHN", "full_name": "Phạm Công Hùng", "facility_code": "01802", "role": "head"},
    {
        "licence": "000012/HNO-CCHN",
        "full_name": "Tạ Thị Đượm",
        "facility_code": "01802",
        "role": "practitioner",
    },
]

HEAD, PRACTITIONER = "000001/HNO-CCHN", "000002/HNO-CCHN"
STATION = "01801"

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Pki:
    """The files of a PKI made by `keys_dev.make`."""

    folder: Path

    @property
    def root(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.read("root.pem"))

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def keyring(self, *, prefer_pss: bool = False) -> Keyring:
        return Keyring(self.folder, prefer_pss=prefer_pss)

    def identity(
        self, licence: str | None = None, *, facility_code: str = STATION, prefer_pss: bool = False
    ) -> Identity:
        """A freshly loaded identity: a person's by licence, otherwise the facility's own."""
        file = next(
            entry.file
            for entry in self.keyring().entries()
            if (entry.facility_code, entry.licence) == (facility_code, licence)
        )
        return self.keyring(prefer_pss=prefer_pss).identity(
            file, facility_code=facility_code, licence=licence
        )

    def tsa(self, *, clock: Clock = utc_now) -> EmbeddedTsa:
        return self.keyring().embedded_tsa(clock=clock, rng=os.urandom)

    def revocation(self, *, clock: Clock = utc_now) -> LocalRevocation:
        return self.keyring().local_revocation(clock=clock)


def make(folder: Path, *, key_type: KeyType = KeyType.P256, now: dt.datetime | None = None) -> Pki:
    make_pki(
        folder, facilities=FACILITIES, practitioners=PRACTITIONERS, now=now or utc_now(), key_type=key_type
    )
    return Pki(folder)


@functools.cache
def shared(key_type: KeyType = KeyType.P256) -> Pki:
    """The PKI of this test process; every call returns the same."""
    folder = Path(tempfile.mkdtemp(prefix="certsvc-pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make(folder, key_type=key_type)
