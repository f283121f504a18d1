"""Lists that people page through: batches, the rows of one, and the rules that its rows met."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import ApiKey, Batch, BatchRow, Certificate, Kind, Status
from certsvc.store import batches
from certsvc.store.batches import Line
from certsvc.store.dialects import member, rules_of_lines


class Fate(StrEnum):
    """Which lines of a batch to show."""

    ALL = "all"
    REJECTED = "rejected"
    FAILED = "failed"
    GOOD = "good"


class RuleCount(NamedTuple):
    """How many lines broke a rule, and its message (that of one of its fields)."""

    rule: str
    level: str
    message_vi: str
    message_en: str
    lines: int


async def list_page(
    session: AsyncSession, *, owner: ApiKey | None, before: tuple[dt.datetime, uuid.UUID] | None, limit: int
) -> Sequence[Batch]:
    """Newest first: those of `owner`'s organisation, or of all; `before` is (created_at, id) of the last one
    of the previous page.
    """
    query = select(Batch).order_by(Batch.created_at.desc(), Batch.id.desc()).limit(limit)
    if owner is not None:
        is_same = (
            ApiKey.role == owner.role,
            ApiKey.holder == owner.holder,
            ApiKey.facility_code == owner.facility_code,
        )
        query = query.join(ApiKey, ApiKey.id == Batch.owner_id).where(*is_same)
    if before is not None:
        at, last_id = before
        query = query.where(or_(Batch.created_at < at, and_(Batch.created_at == at, Batch.id < last_id)))
    return (await session.scalars(query)).all()


async def with_counts(session: AsyncSession, found: Iterable[Batch]) -> list[tuple[Batch, dict[str, int]]]:
    """Each with what its rows and certificates have come to."""
    return [(batch, await batches.count(session, batch.id)) for batch in found]


async def lines_page(
    session: AsyncSession, batch_id: uuid.UUID, *, fate: Fate, rule: str | None, after: int, limit: int
) -> tuple[list[Line], int | None]:
    """Lines of the rows behind `after`, whole rows only; and behind which row the next page begins, if there
    is more. `limit` is 2 at least.
    """
    query = (
        select(BatchRow, Certificate)
        .outerjoin(Certificate, Certificate.id == BatchRow.certificate_id)
        .where(BatchRow.batch_id == batch_id, BatchRow.row > after, *_of_fate(fate))
        .order_by(BatchRow.row, BatchRow.kind.desc())
        .limit(limit + 1)
    )
    if rule is not None:
        query = query.where(tuple_(BatchRow.row, BatchRow.kind).in_(_with_rule(session, batch_id, rule)))
    found = [Line(row, certificate) for row, certificate in (await session.execute(query)).all()]
    if len(found) <= limit:
        return found, None
    page = found[:limit] if found[limit].row.row != found[limit - 1].row.row else found[: limit - 1]
    return page, page[-1].row.row


def _of_fate(fate: Fate) -> Sequence[ColumnElement[bool]]:
    match fate:
        case Fate.ALL:
            return ()
        case Fate.REJECTED:
            return (BatchRow.outcome == "rejected",)
        case Fate.FAILED:
            return (BatchRow.outcome.in_(["accepted", "existing"]), Certificate.status == Status.FAILED)
        case Fate.GOOD:
            return (
                BatchRow.outcome.in_(["accepted", "existing", "would_issue"]),
                or_(Certificate.id.is_(None), Certificate.status != Status.FAILED),
            )


async def rule_counts(session: AsyncSession, batch_id: uuid.UUID, *, most: int) -> Sequence[RuleCount]:
    """The rules that lines of the batch met, those that rejected first, then the most frequent."""
    met = rules_of_lines(session)
    rule, level = member(session, met, "id"), member(session, met, "level")
    words = [func.min(member(session, met, f"message_{language}")) for language in ("vi", "en")]
    is_rejecting = level == "reject"
    query = (
        select(rule, level, *words, func.count())
        .select_from(BatchRow)
        .join(met, true())
        .where(BatchRow.batch_id == batch_id)
        .group_by(rule, level)
        .order_by(is_rejecting.desc(), func.count().desc(), rule)
        .limit(most)
    )
    rows: Sequence[Any] = (await session.execute(query)).all()
    return [RuleCount(*row) for row in rows]


def _with_rule(session: AsyncSession, batch_id: uuid.UUID, rule: str) -> Select[int, Kind]:
    met = rules_of_lines(session)
    found = select(BatchRow.row, BatchRow.kind).select_from(BatchRow).join(met, true())
    return found.where(BatchRow.batch_id == batch_id, member(session, met, "id") == rule)
