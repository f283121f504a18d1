"""Browsers that signed in: a random cookie, of which the database keeps the digest alone.

A session ends by signing out, when nobody used it for a while, at the latest after some hours, and with its caller.
"""

import datetime as dt
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from certsvc.models import ApiKey, Origin, StaffSession
from certsvc.sign_in.proofs import digest
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


async def open_session(db: Database, caller: ApiKey, *, name: str, lifetime: dt.timedelta, now: dt.datetime, instead_of: str | None = None) -> str:
    """A new session; returns what the cookie holds: 256 random bits. The one that the browser had before is closed."""
    text = secrets.token_urlsafe(32)
    async with db.begin() as session:
        await sign_in.forget_sessions(session, now=now)
        if instead_of:
            await sign_in.close_session(session, digest(instead_of))
        row = StaffSession(sha256=digest(text), caller_id=caller.id, name=name[:_MAX_NAME], opened_at=now, seen_at=now, expires_at=now + lifetime)
        session.add(row)
    return text


async def find_session(db: Database, text: str, *, idle: dt.timedelta, origins: Collection[Origin], now: dt.datetime) -> SignedIn | None:
    """Whose good session this is; None for one that is unknown, ran out, lay idle, or came by a way now switched off."""
    async with db.read() as session:
        found = await sign_in.find_session(session, digest(text))
    if found is None:
        return None
    row, caller = found
    if now >= row.expires_at or now - row.seen_at >= idle or not caller.is_good(now) or caller.origin not in origins:
        return None
    if now - row.seen_at >= _SEEN_GRAIN:
        async with db.begin() as session:
            await sign_in.mark_session_seen(session, row.sha256, now=now)
    return SignedIn(caller, row.name, row.expires_at, _csrf_token(text))


async def close_session(db: Database, text: str) -> None:
    async with db.begin() as session:
        await sign_in.close_session(session, digest(text))


def _csrf_token(text: str) -> str:
    """Bound to the session, and of no use without its cookie."""
    return hmac.digest(text.encode(), b"csrf", "sha256").hex()
