"""Figures of the last days: which rules rejected lines of real batches, and how many papers were issued and
refused each day.

A line belongs to the station that its batch is for; where a batch is for several, to the one that its row
names. So no station's figures hold what another's file says of it.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Batch, BatchRow, Certificate, Kind
from certsvc.models.batches import REJECTED
from certsvc.store.dialects import day_in_hanoi, member, rules_of_lines


class Rejections(NamedTuple):
    """How many lines a rule rejected, and in which words (of one of its fields)."""

    rule: str
    message_vi: str
    message_en: str
    lines: int


class RejectedLine(NamedTuple):
    """A line that a rule rejected, and its batch."""

    row: int
    kind: Kind
    case_id: str
    facility_code: str | None
    batch_id: uuid.UUID
    created_at: dt.datetime
    owner_id: uuid.UUID


async def by_rule(
    session: AsyncSession, *, facility_code: str | None, since: dt.datetime, most: int
) -> Sequence[Rejections]:
    """The rules that rejected most, of batches handed in from `since` on."""
    met = rules_of_lines(session)
    rule, level = member(session, met, "id"), member(session, met, "level")
    words = [func.min(member(session, met, f"message_{language}")) for language in ("vi", "en")]
    query = (
        select(rule, *words, func.count())
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(met, true())
        .where(*_rejected(facility_code, since), level == "reject")
        .group_by(rule)
        .order_by(func.count().desc(), rule)
        .limit(most)
    )
    rows: Sequence[Any] = (await session.execute(query)).all()
    return [Rejections(*row) for row in rows]


async def newest(
    session: AsyncSession, *, rule: str, facility_code: str | None, since: dt.datetime, most: int
) -> Sequence[RejectedLine]:
    """The newest lines that a rule rejected, by batch and row."""
    met = rules_of_lines(session)
    query = (
        select(
            BatchRow.row,
            BatchRow.kind,
            BatchRow.case_id,
            BatchRow.facility_code,
            Batch.id,
            Batch.created_at,
            Batch.owner_id,
        )
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .join(met, true())
        .where(
            *_rejected(facility_code, since),
            member(session, met, "level") == "reject",
            member(session, met, "id") == rule,
        )
        .group_by(
            BatchRow.row,
            BatchRow.kind,
            BatchRow.case_id,
            BatchRow.facility_code,
            Batch.id,
            Batch.created_at,
            Batch.owner_id,
        )
        .order_by(Batch.created_at.desc(), Batch.id, BatchRow.row, BatchRow.kind.desc())
        .limit(most)
    )
    return [RejectedLine(*row) for row in (await session.execute(query)).all()]


async def rejected_by_day(
    session: AsyncSession, *, facility_code: str | None, since: dt.datetime
) -> Mapping[dt.date, int]:
    """Lines rejected, by the day in Hanoi on which their batch was handed in."""
    day = day_in_hanoi(session, Batch.created_at)
    query = (
        select(day, func.count())
        .select_from(BatchRow)
        .join(Batch, Batch.id == BatchRow.batch_id)
        .where(*_rejected(facility_code, since))
    )
    return dict((await session.execute(query.group_by(day))).all())


async def issued_by_day(
    session: AsyncSession, *, facility_code: str | None, since: dt.datetime
) -> Mapping[dt.date, int]:
    """Certificates signed from `since` on, by the day in Hanoi."""
    day = day_in_hanoi(session, Certificate.signed_at)
    query = select(day, func.count()).where(
        Certificate.signed_at >= since, Certificate.signed_at.is_not(None)
    )
    if facility_code is not None:
        query = query.where(Certificate.facility_code == facility_code)
    return dict((await session.execute(query.group_by(day))).all())


def _rejected(facility_code: str | None, since: dt.datetime) -> list[ColumnElement[bool]]:
    of_real_ones: list[ColumnElement[bool]] = [
        text(REJECTED),  # type: ignore[list-item]
        Batch.created_at >= since,
        Batch.dry_run.is_(False),
    ]
    if facility_code is not None:
        of_real_ones.append(
            or_(
                Batch.facility_code == facility_code,
                and_(Batch.facility_code.is_(None), BatchRow.facility_code == facility_code),
            )
        )
    return of_real_ones
