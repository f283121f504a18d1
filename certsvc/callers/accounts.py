"""Local accounts for small sites: a password and a one-time code, always both.

Who guesses is slowed down, and nobody else with him: a wrong password counts against the name at that network
address alone; a wrong code behind the right password counts against the name, for only who knows the password
gets that far.
"""

import asyncio
import datetime as dt
import secrets
import unicodedata
from dataclasses import dataclass

from certsvc.callers import proofs
from certsvc.callers.keys import make_caller
from certsvc.callers.proofs import Passwords
from certsvc.errors import Conflict, Forbidden, InputError, NotFound, TooMany
from certsvc.models import Account, ApiKey, Origin, Role
from certsvc.store import Database, registry, sign_in
from certsvc.store.counting import count_alone
from certsvc.vault import Vault

LINK_LIFETIME = dt.timedelta(hours=72)
_AWHILE, _TRIES_AWHILE = dt.timedelta(minutes=15), 5
_HOUR, _CODES_AN_HOUR = dt.timedelta(hours=1), 5
_DAY, _CODES_A_DAY = dt.timedelta(days=1), 20
_MAX_NAME = 64
_hashing = asyncio.Semaphore(2)
"""A hash takes 64 MB for a twentieth of a second: not more of them at a time, whoever asks."""


@dataclass(frozen=True, slots=True, repr=False)
class Enrolment:
    """What the enrolment page shows: for whom, and the secret to put into an authenticator."""

    name: str
    totp_secret: str

    @property
    def uri(self) -> str:
        return proofs.otpauth_uri(self.totp_secret, self.name)


async def create_account(
    db: Database,
    name: str,
    *,
    role: Role,
    facility_code: str | None,
    holder: str | None,
    vault: Vault,
    now: dt.datetime,
    licence: str | None = None,
) -> str:
    """Make an account; returns the token of its one-time link, shown once. Raises InputError, Conflict
    `account_known`.
    """
    name = _plain_name(name)
    if not name or len(name) > _MAX_NAME:
        raise InputError(
            "bad_account_name",
            "Tên tài khoản cần từ 1 đến 64 ký tự.",
            "An account's name has 1 to 64 characters.",
        )
    caller = make_caller(
        origin=Origin.ACCOUNT,
        prefix=f"acct_{secrets.token_hex(5)}",
        sha256=secrets.token_hex(32),
        role=role,
        facility_code=facility_code,
        holder=holder,
        scopes=None,
        licence=licence,
        now=now,
    )
    async with db.begin() as session:
        if facility_code:
            await registry.require_facility(session, facility_code)
        await registry.require_practitioner(session, licence, facility_code)
        if await sign_in.find_account(session, name) is not None:
            raise Conflict(
                "account_known", "Đã có tài khoản tên này.", "There is an account of this name already."
            )
        session.add(caller)
        await session.flush()
        account = Account(name=name, caller_id=caller.id, last_step=0, recovery=[], created_at=now)
        session.add(account)
        return _open_enrolment(account, vault=vault, now=now)


async def reset_account(db: Database, name: str, *, vault: Vault, now: dt.datetime) -> str:
    """Forget password, authenticator, recovery codes and sessions; returns the token of a new link. Opens a
    disabled account again.
    """
    async with db.begin() as session:
        account = await sign_in.find_account(session, _plain_name(name), for_change=True)
        if account is None:
            raise _no_account()
        (await session.get_one(ApiKey, account.caller_id)).revoked_at = None
        await sign_in.close_sessions_of(session, account.caller_id)
        return _open_enrolment(account, vault=vault, now=now)


async def invite(db: Database, name: str, *, role: Role, vault: Vault, now: dt.datetime) -> str | None:
    """The token of a new link while nobody has enrolled under this name, whose account is made if need be;
    None for one that was enrolled or disabled.
    """
    async with db.read() as session:
        account = await sign_in.find_account(session, _plain_name(name))
    if account is None:
        return await create_account(
            db, name, role=role, facility_code=None, holder=None, vault=vault, now=now
        )
    if account.enrolment_sha256 is None:
        return None
    return await reset_account(db, name, vault=vault, now=now)


async def disable_account(db: Database, name: str, *, now: dt.datetime) -> None:
    """Nobody signs in with it any more, and who has is signed out."""
    async with db.begin() as session:
        account = await sign_in.find_account(session, _plain_name(name), for_change=True)
        if account is None:
            raise _no_account()
        caller = await session.get_one(ApiKey, account.caller_id)
        caller.revoked_at = caller.revoked_at or now
        account.enrolment_sha256 = account.enrolment_until = None
        await sign_in.close_sessions_of(session, account.caller_id)


def enrolment_link(base_url: str, token: str) -> str:
    """The one-time link with a token of `create_account` or `reset_account`."""
    return f"{base_url}/staff/enrol?token={token}"


def _open_enrolment(account: Account, *, vault: Vault, now: dt.datetime) -> str:
    token = secrets.token_urlsafe(32)
    account.totp_secret = vault.seal_secret(_place(account.name), proofs.new_totp_secret().encode())
    account.password_hash, account.recovery = None, []
    account.enrolment_sha256, account.enrolment_until = proofs.digest(token), now + LINK_LIFETIME
    return token


async def find_enrolment(db: Database, token: str, *, vault: Vault, now: dt.datetime) -> Enrolment:
    """For whom a one-time link is. Raises NotFound `no_such_link`."""
    async with db.read() as session:
        account = await sign_in.find_account_to_enrol(session, proofs.digest(token), now=now)
    if account is None:
        raise _no_link()
    return Enrolment(account.name, _totp_secret(account, vault))


async def enrol(
    db: Database,
    token: str,
    *,
    password: str,
    code: str,
    passwords: Passwords,
    vault: Vault,
    now: dt.datetime,
) -> tuple[ApiKey, list[str]]:
    """Set password and authenticator; the link is used up. Returns the caller and the recovery codes, shown
    once.

    Raises InputError `weak_password`, `wrong_code`; NotFound `no_such_link`.
    """
    _refuse_weak(password)
    async with _hashing:
        password_hash = await asyncio.to_thread(passwords.hash, password)
    codes = proofs.new_recovery_codes()
    async with db.begin() as session:
        account = await sign_in.find_account_to_enrol(session, proofs.digest(token), now=now, for_change=True)
        if account is None:
            raise _no_link()
        step = proofs.step_of(_totp_secret(account, vault), proofs.plain_code(code), now=now)
        if step is None:
            raise InputError(
                "wrong_code",
                "Mã sáu số không đúng; hãy nhập mã đang hiện trong ứng dụng.",
                "That is not the code; type the six digits that the app shows now.",
            )
        account.password_hash, account.last_step = password_hash, step
        account.recovery = [proofs.digest(code) for code in codes]
        account.enrolment_sha256 = account.enrolment_until = None
        return await session.get_one(ApiKey, account.caller_id), codes


def _refuse_weak(password: str) -> None:
    if (
        not proofs.MIN_PASSWORD <= len(password) <= proofs.MAX_PASSWORD
        or len(set(password)) < proofs.MIN_PASSWORD // 2
    ):
        raise InputError(
            "weak_password",
            "Mật khẩu cần từ 12 đến 128 ký tự và không lặp lại quá nhiều; một câu ngắn là tốt nhất.",
            "A password has 12 to 128 characters, not the same over and over; a short sentence is best.",
        )


async def check_sign_in(
    db: Database,
    *,
    name: str,
    password: str,
    code: str,
    address: str,
    passwords: Passwords,
    vault: Vault,
    now: dt.datetime,
) -> tuple[ApiKey, str]:
    """Who signs in, and the account's name. `code` is of the authenticator, or a recovery code.

    Raises Forbidden `wrong_sign_in` whatever of it was wrong, and TooMany `sign_in_closed`.
    """
    name = _plain_name(name)[: _MAX_NAME + 1]
    here, codes = vault.index(f"sign-in\n{name}\n{address}"), vault.index(f"sign-in codes\n{name}")
    async with (
        db.begin() as session
    ):  # counted before it is judged, so that tries at the same moment count too
        await count_alone(session, f"sign-in {here}")
        _refuse_past(_TRIES_AWHILE, _AWHILE, tries=await sign_in.tries(session, here, since=now - _AWHILE))
        await sign_in.add_try(session, here, now=now, kept_since=now - _DAY)
        account = await sign_in.find_account(session, name)
    async with _hashing:
        is_password = await asyncio.to_thread(
            passwords.is_right,
            account.password_hash if account else None,
            password[: proofs.MAX_PASSWORD + 1],
        )
    if account is None or not is_password:
        raise _wrong()
    async with db.begin() as session:
        await count_alone(session, f"sign-in {codes}")
        _refuse_past(_CODES_AN_HOUR, _HOUR, tries=await sign_in.tries(session, codes, since=now - _HOUR))
        _refuse_past(_CODES_A_DAY, _DAY, tries=await sign_in.tries(session, codes, since=now - _DAY))
        await sign_in.add_try(session, codes, now=now, kept_since=now - _DAY)
    async with db.begin() as session:
        found = await sign_in.find_account(session, name, for_change=True)
        caller = await session.get_one(ApiKey, account.caller_id)
        if found is None or found.password_hash != account.password_hash or not caller.is_good(now):
            raise _wrong()
        if not _spend(found, proofs.plain_code(code), vault=vault, now=now):
            raise _wrong()
        await sign_in.forget_tries(session, (here, codes))
    return caller, name


def _spend(account: Account, code: str, *, vault: Vault, now: dt.datetime) -> bool:
    """Whether the code opens the account; it never does so again."""
    step = proofs.step_of(_totp_secret(account, vault), code, now=now)
    if step is not None and step > account.last_step:
        account.last_step = step
        return True
    spent = proofs.digest(code)
    if spent not in account.recovery:
        return False
    account.recovery = [digest for digest in account.recovery if digest != spent]
    return True


def _refuse_past(limit: int, wait: dt.timedelta, *, tries: int) -> None:
    if tries >= limit:
        raise TooMany(
            "sign_in_closed",
            "Đã nhập sai nhiều lần; hãy đợi rồi thử lại, hoặc nhờ người quản trị đặt lại tài khoản.",
            "Too many wrong tries; wait and try again, or ask the operator to reset the account.",
            retry_after_s=int(wait.total_seconds()),
        )


def _plain_name(name: str) -> str:
    """As it is compared: one spelling, whatever keyboard it was typed on."""
    return unicodedata.normalize("NFC", " ".join(name.split()).casefold())


def _place(name: str) -> str:
    return f"accounts.totp_secret:{name}"


def _totp_secret(account: Account, vault: Vault) -> str:
    return vault.open_secret(_place(account.name), account.totp_secret).decode()


def _wrong() -> Forbidden:
    return Forbidden(
        "wrong_sign_in",
        "Tên, mật khẩu hoặc mã không đúng. Mỗi mã chỉ dùng được một lần: hãy đợi mã mới.",
        "Name, password or code is wrong. Each code works once: wait for the next.",
    )


def _no_link() -> NotFound:
    return NotFound(
        "no_such_link",
        "Liên kết này đã dùng hoặc hết hạn; hãy xin người quản trị liên kết mới.",
        "This link was used or has run out; ask the operator for a new one.",
    )


def _no_account() -> NotFound:
    return NotFound("no_such_account", "Không có tài khoản này.", "There is no such account.")
