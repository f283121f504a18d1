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
from collections.abc import Collection

from certsvc.errors import Forbidden, InputError, NotFound
from certsvc.models import SCOPES_OF, ApiKey, Origin, Role, Scope
from certsvc.store import Database, registry

BRAND = "certsvc"
_LAST_USED_GRAIN = dt.timedelta(minutes=1)
"""A caller's last use is written down at most so often, so that it costs nothing."""


def _checksum(text: str) -> str:
    return base64.b32encode(zlib.crc32(text.encode()).to_bytes(4)).decode().rstrip("=")[:6].lower()


def make_key(
    *,
    role: Role,
    facility_code: str | None,
    now: dt.datetime,
    holder: str | None = None,
    scopes: Collection[Scope] | None = None,
    expires_at: dt.datetime | None = None,
    licence: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key: the row to keep, and the text to show its holder once.

    Keys of one `holder` (by default the facility, or all of a role) own the same batches and certificates.
    Without `scopes` it may do all that its role may. `licence` is of the practitioner whose own key it is.
    Raises InputError `key_scope`, `licence_without_facility`, `beyond_role`, `already_expired`.
    """
    if expires_at is not None and expires_at <= now:
        raise InputError(
            "already_expired", "Thời hạn của khoá đã qua.", "The key would have expired already."
        )
    prefix = f"{BRAND}_{secrets.token_hex(4)}"
    unchecked = f"{prefix}_{secrets.token_urlsafe(32)}"
    text = unchecked + _checksum(unchecked)
    key = make_caller(
        origin=Origin.KEY,
        prefix=prefix,
        sha256=_digest(text),
        role=role,
        facility_code=facility_code,
        holder=holder,
        scopes=scopes,
        licence=licence,
        now=now,
    )
    key.expires_at = expires_at
    return key, text


def make_caller(
    *,
    origin: Origin,
    prefix: str,
    sha256: str,
    role: Role,
    facility_code: str | None,
    holder: str | None,
    scopes: Collection[Scope] | None,
    licence: str | None,
    now: dt.datetime,
) -> ApiKey:
    """A new caller's row, as `ApiKey` explains it. Raises InputError `key_scope`, `licence_without_facility`,
    `beyond_role`.
    """
    if (role is Role.FACILITY) != (facility_code is not None):
        raise InputError(
            "key_scope",
            "Vai trò facility cần mã cơ sở; vai trò khác thì không.",
            "The role facility needs a facility code, other roles have none.",
        )
    if licence is not None and facility_code is None:
        raise InputError(
            "licence_without_facility",
            "Số chứng chỉ chỉ đi với vai trò facility.",
            "A licence goes with the role facility only: it is of a practitioner there.",
        )
    if scopes is not None and not (scopes and SCOPES_OF[role].issuperset(scopes)):
        raise InputError(
            "beyond_role",
            "Khoá không thể có phạm vi mà vai trò của nó không có.",
            "A key cannot have a scope that its role does not have.",
        )
    return ApiKey(
        id=uuid.uuid4(),
        origin=origin,
        prefix=prefix,
        sha256=sha256,
        role=role,
        facility_code=facility_code,
        holder=holder or facility_code or str(role),
        scopes=None if scopes is None else sorted(scopes),
        licence=licence,
        created_at=now,
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def find_caller(db: Database, text: str, *, now: dt.datetime) -> ApiKey | None:
    """Whose good key this is; None for a mistyped, unknown, expired or revoked one."""
    if not text.startswith(BRAND) or _checksum(text[:-6]) != text[-6:]:
        return None
    async with db.read() as session:
        key = await registry.find_caller_row(session, sha256=_digest(text), origin=Origin.KEY)
    if key is None or not key.is_good(now):
        return None
    await mark_used(db, key, now=now)
    return key


async def mark_used(db: Database, caller: ApiKey, *, now: dt.datetime) -> None:
    """Write down that the caller was here, where the last note of it is older than a minute."""
    if caller.last_used_at is None or now - caller.last_used_at > _LAST_USED_GRAIN:
        async with db.begin() as session:
            await registry.mark_key_used(session, caller.id, now=now)


async def create_key(
    db: Database,
    *,
    role: Role,
    facility_code: str | None,
    now: dt.datetime,
    holder: str | None = None,
    scopes: Collection[Scope] | None = None,
    expires_at: dt.datetime | None = None,
    licence: str | None = None,
) -> str:
    """Make and keep a key; returns its text. Raises InputError as `make_key` does, or for an unknown facility
    or practitioner.
    """
    key, text = make_key(
        role=role,
        facility_code=facility_code,
        now=now,
        holder=holder,
        scopes=scopes,
        expires_at=expires_at,
        licence=licence,
    )
    async with db.begin() as session:
        if facility_code:
            await registry.require_facility(session, facility_code)
        await registry.require_practitioner(session, licence, facility_code)
        session.add(key)
    return text


async def keep_key(
    db: Database, text: str | None, *, role: Role, facility_code: str | None, now: dt.datetime
) -> str:
    """The text of an earlier key while that is good, else of a new one."""
    if text is not None and await find_caller(db, text, now=now) is not None:
        return text
    return await create_key(db, role=role, facility_code=facility_code, now=now)


async def revoke_key(db: Database, prefix: str, *, now: dt.datetime) -> None:
    async with db.begin() as session:
        key = await registry.find_key_by_prefix(session, prefix)
        if key is None:
            raise NotFound("no_such_key", "Không có khoá này.", "There is no such key.")
        key.revoked_at = key.revoked_at or now


def require_scope(caller: ApiKey, scope: Scope) -> ApiKey:
    """The caller.

    Raises Forbidden `read_only` or `only_facilities` for a role that may never do this [api, Keys and roles],
    `missing_scope` for a narrower key.
    """
    if scope is Scope.APPROVE and caller.role in (Role.INSURER, Role.ADMIN):
        raise Forbidden(
            "only_facilities",
            "Chỉ cơ sở y tế duyệt giấy của chính mình.",
            "Only a facility approves its own papers.",
        )
    if scope not in SCOPES_OF[caller.role]:
        raise Forbidden("read_only", "Vai trò của bạn chỉ được đọc.", "Your role may only read.")
    if not caller.may(scope):
        raise Forbidden(
            "missing_scope",
            f"Khoá này không có phạm vi “{scope}”; hãy dùng khoá khác hoặc xin khoá mới.",
            f"This key lacks the scope `{scope}`; use another key or ask for a new one.",
            scope=str(scope),
        )
    return caller
