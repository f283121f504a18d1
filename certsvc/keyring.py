"""The signing identities a worker has at hand, each key loaded once.

Which identity signs for whom stands in the database; `source` says where the key is: `pkcs12:PATH`.
"""

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from certsvc.errors import Broken, Conflict, InputError
from certsvc.models import SigningIdentity
from certsvc.signing.identities import Identity, load_pkcs12
from certsvc.store import Database, registry

_PKCS12 = "pkcs12:"


class Keyring:
    """Finds who signs; rows are read anew for each chunk, keys stay in memory."""

    def __init__(self, *, passphrase: bytes | None) -> None:
        self._passphrase = passphrase
        self._loaded: dict[uuid.UUID, Identity] = {}

    async def find(self, rows: Sequence[SigningIdentity], *, facility_code: str, licence: str | None, now: dt.datetime) -> Identity:
        """The newest good identity of a person (`licence`) or of the facility itself. Raises Broken `no_identity`."""
        fitting = [row for row in rows if (row.facility_code, row.licence) == (facility_code, licence) and _is_usable(row, now)]
        if not fitting:
            whose_vi, whose_en = ("người ký", "a signer") if licence else ("cơ sở", "the facility")
            raise Broken(
                "no_identity",
                f"Chưa có khoá ký còn hiệu lực của {whose_vi} ở cơ sở {facility_code}; hãy thêm bằng `certsvc identities add`.",
                f"There is no valid signing key of {whose_en} at facility {facility_code}; add one with `certsvc identities add`.",
            )
        row = max(fitting, key=lambda each: each.not_before)
        if row.id not in self._loaded:
            self._loaded[row.id] = await asyncio.to_thread(self._load, row)
        return self._loaded[row.id]

    def _load(self, row: SigningIdentity) -> Identity:
        data = _read(row.source)
        return load_pkcs12(data, facility_code=row.facility_code, licence=row.licence, passphrase=self._passphrase)


def _is_usable(row: SigningIdentity, now: dt.datetime) -> bool:
    return row.retired_at is None and row.not_before <= now <= row.not_after


def _read(source: str) -> bytes:
    if not source.startswith(_PKCS12):
        raise Broken("unknown_key_source", "Không biết nơi cất khoá ký này.", "The source of this signing key is not known.")
    try:
        return Path(source.removeprefix(_PKCS12)).read_bytes()
    except OSError as error:
        raise Broken("unreadable_key", "Không đọc được tệp khoá ký.", "Cannot read the signing key's file.") from error


async def add_identity(
    db: Database, file: Path, *, facility_code: str, licence: str | None, passphrase: bytes | None, production: bool, now: dt.datetime
) -> SigningIdentity:
    """Take a PKCS#12 file into use; the key stays where it is.

    Raises Broken for an unfit or unreadable key, Conflict where it is known already, InputError for an
    unknown facility.
    """
    source = f"{_PKCS12}{file.resolve()}"
    identity = load_pkcs12(_read(source), facility_code=facility_code, licence=licence, passphrase=passphrase)
    identity.check_fit(now, production=production)
    row = _row(identity, source=source, now=now)
    async with db.begin() as session:
        if await registry.find_facility(session, facility_code) is None:
            raise InputError("unknown_facility", "Không có cơ sở này.", "There is no such facility.")
        if await registry.find_identity_by_digest(session, row.certificate_sha256) is not None:
            raise Conflict("identity_known", "Khoá ký này đã có.", "This signing identity is known already.")
        session.add(row)
    return row


def _row(identity: Identity, *, source: str, now: dt.datetime) -> SigningIdentity:
    certificate: x509.Certificate = identity.certificate
    return SigningIdentity(
        id=uuid.uuid4(),
        facility_code=identity.facility_code,
        licence=identity.licence,
        source=source,
        certificate_der=certificate.public_bytes(serialization.Encoding.DER),
        certificate_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        added_at=now,
    )


async def retire_identity(db: Database, identity_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Sign nothing more with it; what it signed stays verifiable. Raises NotFound."""
    async with db.begin() as session:
        row = await registry.get_identity(session, identity_id)
        row.retired_at = row.retired_at or now
