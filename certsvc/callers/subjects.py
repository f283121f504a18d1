"""Who an OpenID token says somebody is: role, facility and holder out of its claims, by the operator's
settings.
"""

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from certsvc.callers.keys import make_caller, mark_used
from certsvc.callers.proofs import digest, subject_digest
from certsvc.config import Settings
from certsvc.errors import Broken, Conflict, Forbidden
from certsvc.models import ApiKey, Origin, Role
from certsvc.store import Database, registry

_MAX_HOLDER = 64
_MAX_LICENCE = 64


@dataclass(frozen=True, slots=True)
class Subject:
    """`issuer` and `subject` together are the identity [OpenID Connect Core §5.7]; `name` is to greet by,
    never kept with the caller.
    """

    issuer: str
    subject: str
    role: Role
    facility_code: str | None
    holder: str | None
    name: str
    licence: str | None = None

    @property
    def sha256(self) -> str:
        """Under which the database knows the caller; without a licence as before there were any."""
        parts = ("oidc", self.issuer, self.subject, self.role, self.facility_code or "", self.holder or "")
        return digest("\n".join(parts) if self.licence is None else json.dumps([*parts, self.licence]))

    @property
    def person(self) -> str:
        """By which the same person is known again in another role (`ApiKey.subject`)."""
        return subject_digest(self.issuer, self.subject)


def read_subject(claims: Mapping[str, Any], settings: Settings) -> Subject:
    """Raises Forbidden `no_role`, `several_roles`, `no_facility`, `weak_sign_in`; Broken `bad_role_map`."""
    if settings.oidc_acr is not None and claims.get("acr") != settings.oidc_acr:
        raise Forbidden(
            "weak_sign_in",
            "Cần đăng nhập bằng cách mạnh hơn (thêm bước xác thực thứ hai).",
            "A stronger way to sign in is needed (with a second factor).",
        )
    role = _read_role(claims, settings)
    facility = _find_text(claims, settings.oidc_facility_claim) if role is Role.FACILITY else None
    if role is Role.FACILITY and facility is None:
        raise _no_facility()
    holder = _find_text(claims, settings.oidc_holder_claim) if settings.oidc_holder_claim else None
    licence = (
        _find_text(claims, settings.oidc_licence_claim)
        if settings.oidc_licence_claim and role is Role.FACILITY
        else None
    )
    name = _find_text(claims, "name") or _find_text(claims, "preferred_username") or str(role)
    licence = licence if licence and len(licence) <= _MAX_LICENCE else None
    return Subject(
        str(claims["iss"]),
        str(claims["sub"]),
        role,
        facility,
        holder[:_MAX_HOLDER] if holder else None,
        name,
        licence,
    )


def _read_role(claims: Mapping[str, Any], settings: Settings) -> Role:
    given = _find_claim(claims, settings.oidc_role_claim)
    values = given if isinstance(given, list) else [given]
    roles = {role for value, role in roles_of(settings).items() if value in values}
    if not roles:
        raise Forbidden(
            "no_role",
            "Tài khoản này chưa được cấp vai trò nào ở đây; hãy hỏi người quản trị.",
            "This account has no role here; ask the administrator.",
        )
    if len(roles) > 1:
        raise Forbidden(
            "several_roles",
            "Tài khoản này có nhiều vai trò ở đây; cần đúng một vai trò.",
            "This account has several roles here; it needs exactly one.",
        )
    return roles.pop()


def roles_of(settings: Settings) -> dict[str, Role]:
    """Which value of the role claim is which role of ours; without a map the names are ours. Raises Broken
    `bad_role_map`.
    """
    try:
        return {value: Role(role) for value, role in settings.oidc_roles.items()} or {
            str(role): role for role in Role
        }
    except ValueError as error:
        raise Broken(
            "bad_role_map",
            "CERTSVC_OIDC_ROLES có vai trò không tồn tại.",
            "CERTSVC_OIDC_ROLES names a role that does not exist.",
        ) from error


def _find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """By its name, or by a path of names with dots between (`realm_access.roles`)."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _find_text(claims: Mapping[str, Any], name: str) -> str | None:
    found = _find_claim(claims, name)
    return found if isinstance(found, str) and found else None


async def find_subject_caller(db: Database, subject: Subject, *, now: dt.datetime) -> ApiKey:
    """The caller that this subject is, made at its first visit. Raises Forbidden `no_facility`,
    `caller_revoked`.
    """
    async with db.read() as session:
        caller = await registry.find_caller_row(session, sha256=subject.sha256, origin=Origin.OIDC)
    if caller is None:
        caller = await _make(db, subject, now=now)
    if caller.subject is None:  # it came before subjects were kept
        async with db.begin() as session:
            await registry.keep_subject(session, caller.id, subject.person)
        caller.subject = subject.person
    if not caller.is_good(now):
        raise Forbidden(
            "caller_revoked",
            "Quyền truy cập của tài khoản này đã bị thu hồi.",
            "This account's access was revoked.",
        )
    await mark_used(db, caller, now=now)
    return caller


async def _make(db: Database, subject: Subject, *, now: dt.datetime) -> ApiKey:
    made = make_caller(
        origin=Origin.OIDC,
        prefix=f"oidc_{secrets.token_hex(5)}",
        sha256=subject.sha256,
        role=subject.role,
        facility_code=subject.facility_code,
        holder=subject.holder,
        scopes=None,
        licence=subject.licence,
        now=now,
    )
    made.subject = subject.person
    try:
        async with db.begin() as session:
            if subject.facility_code and await registry.find_facility(session, subject.facility_code) is None:
                raise _no_facility()
            session.add(made)
    except Conflict:  # its first two calls came at the same moment
        async with db.read() as session:
            found = await registry.find_caller_row(session, sha256=subject.sha256, origin=Origin.OIDC)
        if found is None:
            raise
        return found
    return made


def _no_facility() -> Forbidden:
    return Forbidden(
        "no_facility",
        "Tài khoản này không ghi cơ sở y tế nào đã đăng ký ở đây; hãy hỏi người quản trị.",
        "This account names no facility that is registered here; ask the administrator.",
    )
