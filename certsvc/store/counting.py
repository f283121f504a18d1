"""Counting what may happen only so often: whoever counts and adds does so alone, on every process."""

import hashlib

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.store.dialects import is_postgresql


async def count_alone(session: AsyncSession, what: str) -> None:
    """Until this transaction ends nobody else counts `what`; whoever wants to waits.

    SQLite has one writer at a time anyway (`BEGIN IMMEDIATE`). In PostgreSQL it is an advisory lock under 64
    bits of a digest: two things that share them wait for each other, and nothing worse.
    """
    if is_postgresql(session):
        number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
        await session.execute(select(func.pg_advisory_xact_lock(number)))
