"""Signing identities in the database: who signs for whom, and in which file of `keys_dir` the key lies."""

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.config import Environment, Settings
from certsvc.errors import Broken, Conflict, InputError
from certsvc.models import SigningIdentity
from certsvc.signing.keyring import Keyring
from certsvc.store import Database, registry


def open_keyring(settings: Settings) -> Keyring:
    passphrase = (
        settings.pkcs12_passphrase.get_secret_value().encode() if settings.pkcs12_passphrase else None
    )
    return Keyring(settings.keys_dir, passphrase=passphrase)


def choose_identity(
    rows: Sequence[SigningIdentity], *, facility_code: str, licence: str | None, now: dt.datetime
) -> SigningIdentity:
    """The newest good identity of a person (`licence`) or of the facility itself. Raises Broken
    `no_identity`.
    """
    fitting = [
        row
        for row in rows
        if (row.facility_code, row.licence) == (facility_code, licence) and row.is_good(now)
    ]
    if not fitting:
        whose_vi, whose_en = ("người ký", "a signer") if licence else ("cơ sở", "the facility")
        raise Broken(
            "no_identity",
            f"Chưa có khoá ký còn hiệu lực của {whose_vi} ở cơ sở {facility_code}; hãy thêm bằng `certsvc"
            " identities add`, rồi gửi lại hồ sơ.",
            f"There is no valid signing key of {whose_en} at facility {facility_code}; add one with `certsvc"
            " identities add`, then send the case again.",
        )
    return max(fitting, key=lambda identity: identity.not_before)


async def add_identity(
    db: Database, file: Path, *, facility_code: str, licence: str | None, settings: Settings, now: dt.datetime
) -> SigningIdentity:
    """Take a PKCS#12 file below `keys_dir` into use; the key stays where it is.

    Raises InputError `outside_keys_dir`, `unknown_facility`; Broken for an unfit or unreadable key;
    Conflict where it is known already.
    """
    row = _read(file, facility_code=facility_code, licence=licence, settings=settings, now=now)
    async with db.begin() as session:
        await _add(session, row)
    return row


async def add_all_identities(db: Database, settings: Settings, *, now: dt.datetime) -> int:
    """Take every identity that the files of `keys_dir` name into use; returns how many were new."""
    added = 0
    for entry in open_keyring(settings).entries():
        file = settings.keys_dir / entry.file
        try:
            await add_identity(
                db, file, facility_code=entry.facility_code, licence=entry.licence, settings=settings, now=now
            )
        except Conflict:
            continue
        added += 1
    return added


async def rotate_identity(
    db: Database, identity_id: uuid.UUID, file: Path, *, settings: Settings, now: dt.datetime
) -> SigningIdentity:
    """Put a new key in an identity's place, for whom it was: both or neither. Raises NotFound, and as
    `add_identity`.
    """
    async with db.begin() as session:
        old = await registry.get_identity(session, identity_id)
        row = _read(file, facility_code=old.facility_code, licence=old.licence, settings=settings, now=now)
        await _add(session, row)
        old.retire(now)
    return row


async def retire_identity(db: Database, identity_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Sign nothing more with it; what it signed stays verifiable. Raises NotFound."""
    async with db.begin() as session:
        (await registry.get_identity(session, identity_id)).retire(now)


def _read(
    file: Path, *, facility_code: str, licence: str | None, settings: Settings, now: dt.datetime
) -> SigningIdentity:
    source = _source(file, settings.keys_dir)
    identity = open_keyring(settings).identity(source, facility_code=facility_code, licence=licence)
    identity.check_fit(now, production=settings.environment is Environment.PRODUCTION)
    return SigningIdentity(
        id=uuid.uuid4(),
        facility_code=facility_code,
        licence=licence,
        source=source,
        certificate_der=identity.certificate.public_bytes(serialization.Encoding.DER),
        certificate_sha256=identity.sha256,
        not_before=identity.certificate.not_valid_before_utc,
        not_after=identity.certificate.not_valid_after_utc,
        added_at=now,
    )


async def _add(session: AsyncSession, row: SigningIdentity) -> None:
    await registry.require_facility(session, row.facility_code)
    if await registry.find_identity_by_digest(session, row.certificate_sha256) is not None:
        raise Conflict("identity_known", "Khoá ký này đã có.", "This signing identity is known already.")
    session.add(row)


def _source(file: Path, keys_dir: Path) -> str:
    try:
        return str(file.resolve().relative_to(keys_dir.resolve()))
    except ValueError as error:
        raise InputError(
            "outside_keys_dir",
            "Tệp khoá phải nằm trong thư mục khoá (CERTSVC_KEYS_DIR).",
            "The key file must lie below the keys folder (CERTSVC_KEYS_DIR).",
        ) from error
