"""Figures of the last thirty days, for `/v1/stats` and the console: how much each rule rejected, and how much
was issued and rejected each day.
"""

import datetime as dt

from pydantic import BaseModel, Field

from certsvc.clock import HANOI, day_in_hanoi
from certsvc.resources import Resources
from certsvc.store import rejections

DAYS, MOST_RULES = 30, 30


class RuleFigure(BaseModel):
    """How many papers a rule rejected, in the words of one of its fields."""

    rule: str
    message_vi: str
    message_en: str
    count: int


class DayFigure(BaseModel):
    day: dt.date
    issued: int
    rejected: int


class Recent(BaseModel):
    facility_code: str | None = Field(description="null: of all stations that this caller sees")
    rules: list[RuleFigure] = Field(description="most frequent first, 30 at most")
    days: list[DayFigure] = Field(description="of Hanoi, oldest first, today last")

    @property
    def most_a_day(self) -> int:
        return max(max(day.issued, day.rejected) for day in self.days)


async def recent_figures(res: Resources, *, facility_code: str | None, now: dt.datetime) -> Recent:
    """Of one station or of all; whether the caller may see them is checked before. Dry runs do not count."""
    days, since = _window(now)
    async with res.db.read() as session:
        rules = await rejections.by_rule(session, facility_code=facility_code, since=since, most=MOST_RULES)
        rejected = await rejections.rejected_by_day(session, facility_code=facility_code, since=since)
        issued = await rejections.issued_by_day(session, facility_code=facility_code, since=since)
    return Recent(
        facility_code=facility_code,
        rules=[
            RuleFigure(
                rule=rule.rule, message_vi=rule.message_vi, message_en=rule.message_en, count=rule.lines
            )
            for rule in rules
        ],
        days=[DayFigure(day=day, issued=issued.get(day, 0), rejected=rejected.get(day, 0)) for day in days],
    )


def window_start(now: dt.datetime) -> dt.datetime:
    """The first moment that counts."""
    return _window(now)[1]


def _window(now: dt.datetime) -> tuple[list[dt.date], dt.datetime]:
    first = day_in_hanoi(now) - dt.timedelta(days=DAYS - 1)
    days = [first + dt.timedelta(days=number) for number in range(DAYS)]
    return days, dt.datetime.combine(first, dt.time(), tzinfo=HANOI)
