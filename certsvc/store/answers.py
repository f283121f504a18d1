"""Answers kept under an `Idempotency-Key`, and wrong second factors."""

import datetime as dt
import uuid

from sqlalchemy import delete, func, select
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


async def wrong_tries(session: AsyncSession, *, index: str, since: dt.datetime) -> tuple[int, int]:
    """(wrong tries since that instant, wrong tries in all) against a code, known or not."""
    query = select(func.count(), func.count().filter(WrongTry.at >= since)).where(
        WrongTry.code_index == index
    )
    in_all, recent = (await session.execute(query)).one()
    return recent, in_all


async def add_wrong_try(session: AsyncSession, *, index: str, now: dt.datetime) -> None:
    session.add(WrongTry(code_index=index, at=now))
