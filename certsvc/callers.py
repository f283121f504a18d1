"""Callers' keys: made once and shown once, only their digest is kept.

A key reads `certsvc_<8 characters>_<43 characters><6 characters>`: a prefix that secret scanners and
logs may know, 256 random bits in base64url, and a CRC-32 of what precedes, so that a mistyped key is
told from a revoked one without a query.
"""

import base64
import datetime as dt
import hashlib
import secrets
import uuid
import zlib

from certsvc.errors import Forbidden, InputError, NotFound
from certsvc.models import ApiKey, Role
from certsvc.store import Database, registry

_BRAND = "certsvc"
_LAST_USED_GRAIN = dt.timedelta(minutes=5)


def _checksum(text: str) -> str:
    return base64.b32encode(zlib.crc32(text.encode()).to_bytes(4)).decode().rstrip("=")[:6].lower()


def make_key(
    *, role: Role, facility_code: str | None, now: dt.datetime, holder: str | None = None, expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """A new key: the row to keep, and the text to show its holder once.

    Keys of one `holder` (by default the facility, or all of a role) own the same batches and certificates.
    Raises InputError for a wrong scope.
    """
    if (role is Role.FACILITY) != (facility_code is not None):
        raise InputError(
            "key_scope", "Khoá vai trò facility cần mã cơ sở; vai trò khác thì không.", "A facility key needs a facility code, other roles have none."
        )
    prefix = f"{_BRAND}_{secrets.token_hex(4)}"
    unchecked = f"{prefix}_{secrets.token_urlsafe(32)}"
    text = unchecked + _checksum(unchecked)
    key = ApiKey(
        id=uuid.uuid4(),
        prefix=prefix,
        sha256=_digest(text),
        role=role,
        facility_code=facility_code,
        holder=holder or facility_code or str(role),
        created_at=now,
        expires_at=expires_at,
    )
    return key, text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def find_caller(db: Database, text: str, *, now: dt.datetime) -> ApiKey | None:
    """Whose good key this is; None for a mistyped, unknown, expired or revoked one."""
    if not text.startswith(_BRAND) or _checksum(text[:-6]) != text[-6:]:
        return None
    async with db.read() as session:
        key = await registry.find_key(session, sha256=_digest(text))
    if key is None or not key.is_good(now):
        return None
    if key.last_used_at is None or now - key.last_used_at > _LAST_USED_GRAIN:
        async with db.begin() as session:
            await registry.mark_key_used(session, key.id, now=now)
    return key


async def create_key(db: Database, *, role: Role, facility_code: str | None, now: dt.datetime, holder: str | None = None) -> str:
    """Make and keep a key; returns its text. Raises InputError for a wrong scope or an unknown facility."""
    key, text = make_key(role=role, facility_code=facility_code, now=now, holder=holder)
    async with db.begin() as session:
        if facility_code and await registry.find_facility(session, facility_code) is None:
            raise InputError("unknown_facility", "Không có cơ sở này.", "There is no such facility.")
        session.add(key)
    return text


async def revoke_key(db: Database, prefix: str, *, now: dt.datetime) -> None:
    async with db.begin() as session:
        key = await registry.find_key_by_prefix(session, prefix)
        if key is None:
            raise NotFound("no_such_key", "Không có khoá này.", "There is no such key.")
        key.revoked_at = key.revoked_at or now


def require_writer(caller: ApiKey) -> ApiKey:
    """Raises Forbidden for auditors, who only read [api.md §2]."""
    if caller.role is Role.AUDITOR:
        raise Forbidden("read_only", "Vai trò của bạn chỉ được đọc.", "Your role may only read.")
    return caller
