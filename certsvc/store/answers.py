"""Answers kept under an `Idempotency-Key`, and tries of second factors."""

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import StoredAnswer, WrongTry

KEPT = dt.timedelta(hours=48)
"""How long an answer is stored; the contract asks for 24 hours at least."""


async def find_answer(session: AsyncSession, *, caller_id: uuid.UUID, key: str) -> StoredAnswer | None:
    return await session.get(StoredAnswer, (caller_id, key), populate_existing=True)


async def open_answer(
    session: AsyncSession, *, caller_id: uuid.UUID, key: str, request_sha256: str, now: dt.datetime
) -> None:
    """Reserve the key while the call runs."""
    session.add(
        StoredAnswer(
            caller_id=caller_id, key=key, request_sha256=request_sha256, headers={}, body=b"", created_at=now
        )
    )


async def drop_answer(session: AsyncSession, *, caller_id: uuid.UUID, key: str) -> None:
    await session.execute(
        delete(StoredAnswer).where(StoredAnswer.caller_id == caller_id, StoredAnswer.key == key)
    )


async def forget_answers(session: AsyncSession, *, older_than: dt.datetime) -> None:
    await session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < older_than))


async def tries_at(session: AsyncSession, *, index: str, since: dt.datetime) -> Sequence[WrongTry]:
    """Tries against a code, known or not, since that instant; the oldest first."""
    query = select(WrongTry).where(WrongTry.code_index == index, WrongTry.at > since)
    return (await session.scalars(query.order_by(WrongTry.at, WrongTry.id))).all()


async def add_try(
    session: AsyncSession,
    *,
    index: str,
    origin: str,
    is_announced: bool,
    now: dt.datetime,
    kept_since: dt.datetime,
) -> None:
    """Note a try, and forget those before `kept_since`, against whichever code."""
    await session.execute(delete(WrongTry).where(WrongTry.at <= kept_since))
    session.add(WrongTry(code_index=index, origin=origin, is_announced=is_announced, at=now))


async def forget_tries(session: AsyncSession, *, index: str) -> None:
    """Open a code again: nothing that was tried counts any more."""
    await session.execute(delete(WrongTry).where(WrongTry.code_index == index))
