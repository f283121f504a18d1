"""Dated rows that operators entered, and certificates by the rows they were judged by."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import LIVE, Certificate, Kind, RuleRow


async def list_rows(session: AsyncSession) -> Sequence[RuleRow]:
    """Every row, withdrawn ones too, as they were entered."""
    return (await session.scalars(select(RuleRow).order_by(RuleRow.added_at, RuleRow.id))).all()


async def find_for_change(session: AsyncSession, row_id: str) -> RuleRow | None:
    return await session.get(RuleRow, row_id, with_for_update=True)


async def count_live(
    session: AsyncSession, kind: Kind, first: dt.date, last: dt.date | None, *, discharge_rule: str | None
) -> int:
    """How many certificates of this kind are alive whose event lies on these days; of recoveries those that
    were judged by that rule.
    """
    query = (
        select(func.count())
        .select_from(Certificate)
        .where(Certificate.kind == kind, Certificate.status.in_(LIVE), Certificate.event_on >= first)
    )
    if last is not None:
        query = query.where(Certificate.event_on <= last)
    if kind is Kind.RECOVERY:
        query = query.where(Certificate.discharge_rule == discharge_rule)
    return await session.scalar(query) or 0
