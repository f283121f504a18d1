"""Instants are UTC and produced at an edge; calendar days are Hanoi's."""

import datetime as dt
from zoneinfo import ZoneInfo

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
"""The zone of every calendar date."""


def utc_now() -> dt.datetime:
    """The clock of production; everything below an edge is handed the time."""
    return dt.datetime.now(dt.UTC)


def day_in_hanoi(moment: dt.datetime) -> dt.date:
    """The calendar day in Hanoi at an aware `moment`."""
    return moment.astimezone(HANOI).date()
