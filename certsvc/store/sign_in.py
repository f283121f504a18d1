"""Local accounts, browser sessions, tries to sign in."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Account, ApiKey, SignInTry, StaffSession


async def find_account(session: AsyncSession, name: str, *, for_change: bool = False) -> Account | None:
    return await session.get(Account, name, with_for_update=for_change)


async def find_account_to_enrol(
    session: AsyncSession, enrolment_sha256: str, *, now: dt.datetime, for_change: bool = False
) -> Account | None:
    """The account whose one-time link this is, while the link is good."""
    query = select(Account).where(Account.enrolment_sha256 == enrolment_sha256, Account.enrolment_until > now)
    return await session.scalar(query.with_for_update() if for_change else query)


async def list_accounts(session: AsyncSession) -> Sequence[Row[Account, ApiKey]]:
    return (
        await session.execute(
            select(Account, ApiKey).join(ApiKey, Account.caller_id == ApiKey.id).order_by(Account.name)
        )
    ).all()


async def find_session(session: AsyncSession, sha256: str) -> Row[StaffSession, ApiKey] | None:
    """A session and who it is, good or not."""
    query = (
        select(StaffSession, ApiKey)
        .join(ApiKey, StaffSession.caller_id == ApiKey.id)
        .where(StaffSession.sha256 == sha256)
    )
    return (await session.execute(query)).one_or_none()


async def mark_session_seen(session: AsyncSession, sha256: str, *, now: dt.datetime) -> None:
    await session.execute(update(StaffSession).where(StaffSession.sha256 == sha256).values(seen_at=now))


async def close_session(session: AsyncSession, sha256: str) -> None:
    await session.execute(delete(StaffSession).where(StaffSession.sha256 == sha256))


async def close_sessions_of(session: AsyncSession, caller_id: uuid.UUID) -> None:
    await session.execute(delete(StaffSession).where(StaffSession.caller_id == caller_id))


async def close_provider_sessions(
    session: AsyncSession, *, subject: str | None, provider_session: str | None
) -> None:
    """End that one session of the provider; where none is named, all of the subject."""
    ended = (
        StaffSession.provider_session == provider_session
        if provider_session
        else StaffSession.subject == subject
    )
    await session.execute(delete(StaffSession).where(ended))


async def forget_sessions(session: AsyncSession, *, now: dt.datetime) -> None:
    """Remove those that have run out."""
    await session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))


async def tries(session: AsyncSession, place: str, *, since: dt.datetime) -> int:
    return (
        await session.scalar(select(func.count()).where(SignInTry.place == place, SignInTry.at > since)) or 0
    )


async def add_try(session: AsyncSession, place: str, *, now: dt.datetime, kept_since: dt.datetime) -> None:
    """Count a try, and forget those before `kept_since`, whoever's they were."""
    await session.execute(delete(SignInTry).where(SignInTry.at <= kept_since))
    session.add(SignInTry(place=place, at=now))


async def forget_tries(session: AsyncSession, places: Collection[str]) -> None:
    await session.execute(delete(SignInTry).where(SignInTry.place.in_(places)))
