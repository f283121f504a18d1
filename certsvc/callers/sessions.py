"""Browsers that signed in: a random cookie, of which the database keeps the digest alone.

A session ends by signing out, when nobody used it for a while, at the latest after some hours, and with its
caller.
"""

import datetime as dt
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from certsvc.callers.proofs import digest, subject_digest
from certsvc.models import ApiKey, Origin, StaffSession
from certsvc.store import Database, sign_in

_SEEN_GRAIN = dt.timedelta(minutes=1)
_MAX_NAME = 64


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """An open session: its caller, whom to greet, until when, and the token that its forms carry."""

    caller: ApiKey
    name: str
    expires_at: dt.datetime
    csrf_token: str

    def is_csrf_token(self, sent: str) -> bool:
        return hmac.compare_digest(self.csrf_token.encode(), sent.encode())


@dataclass(frozen=True, slots=True)
class Marks:
    """Digests of who somebody is at the OpenID provider, and of the session there; a sign-out may name
    either.
    """

    subject: str | None = None
    provider_session: str | None = None

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """Of an ID token or a logout token."""
        issuer, subject, session = (str(claims.get(name) or "") for name in ("iss", "sub", "sid"))
        return cls(
            subject_digest(issuer, subject) if subject else None,
            digest(f"session\n{issuer}\n{session}") if session else None,
        )


_UNMARKED = Marks()


async def open_session(
    db: Database,
    caller: ApiKey,
    *,
    name: str,
    lifetime: dt.timedelta,
    now: dt.datetime,
    instead_of: str | None = None,
    marks: Marks = _UNMARKED,
) -> str:
    """A new session; returns what the cookie holds: 256 random bits. The one that the browser had before is
    closed.
    """
    text = secrets.token_urlsafe(32)
    async with db.begin() as session:
        await sign_in.forget_sessions(session, now=now)
        if instead_of:
            await sign_in.close_session(session, digest(instead_of))
        row = StaffSession(
            sha256=digest(text),
            caller_id=caller.id,
            name=name[:_MAX_NAME],
            opened_at=now,
            seen_at=now,
            expires_at=now + lifetime,
        )
        row.subject, row.provider_session = marks.subject, marks.provider_session
        session.add(row)
    return text


async def find_session(
    db: Database, text: str, *, idle: dt.timedelta, origins: Collection[Origin], now: dt.datetime
) -> SignedIn | None:
    """Whose good session this is; None for one that is unknown, ran out, lay idle, or came by a way now
    switched off.
    """
    async with db.read() as session:
        found = await sign_in.find_session(session, digest(text))
    if found is None:
        return None
    row, caller = found
    if (
        now >= row.expires_at
        or now - row.seen_at >= idle
        or not caller.is_good(now)
        or caller.origin not in origins
    ):
        return None
    if now - row.seen_at >= _SEEN_GRAIN:
        async with db.begin() as session:
            await sign_in.mark_session_seen(session, row.sha256, now=now)
    return SignedIn(caller, row.name, row.expires_at, _csrf_token(text))


async def close_session(db: Database, text: str) -> None:
    async with db.begin() as session:
        await sign_in.close_session(session, digest(text))


async def close_provider_sessions(db: Database, marks: Marks) -> None:
    """What the provider says has ended, ends here: that session, or all of the subject where none is
    named.
    """
    async with db.begin() as session:
        await sign_in.close_provider_sessions(
            session, subject=marks.subject, provider_session=marks.provider_session
        )


def _csrf_token(text: str) -> str:
    """Bound to the session, and of no use without its cookie."""
    return hmac.digest(text.encode(), b"csrf", "sha256").hex()
