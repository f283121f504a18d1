"""How often a second factor may be guessed, without anybody being able to close a code for its holder.

Wrong tries count for each code and network: five within an hour, and that network waits. Where many networks
guess at one code, each of them has to come back a minute after it asked first: that slows them all down and
shuts nobody out. Nothing counts for more than a day.
"""

import datetime as dt
import math

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import HANOI
from certsvc.errors import TooMany
from certsvc.store import answers
from certsvc.store.counting import count_alone

TRIES_AN_HOUR = 5
"""From one network, against one code."""
MANY_A_DAY = 20
"""From all networks: past that each try is announced first."""
ANNOUNCED_S = 60

_HOUR, _DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
_WAIT, _GOOD_FOR = dt.timedelta(seconds=ANNOUNCED_S), dt.timedelta(minutes=10)
"""An announced try may be made after the one and before the other."""


async def refuse_guessing(
    session: AsyncSession, *, index: str, origin: str, now: dt.datetime
) -> TooMany | None:
    """Why this network may not try now, or None; nobody else tries this code until the transaction ends.

    The refusal is to be raised behind the transaction: a try that has to be announced is noted in it.
    """
    await count_alone(session, f"second factor {index}")
    tries = await answers.tries_at(session, index=index, since=now - _DAY)
    mine = [found for found in tries if found.origin == origin]
    wrong = [found.at for found in mine if not found.is_announced and found.at > now - _HOUR]
    if len(wrong) >= TRIES_AN_HOUR:
        return _too_many(wrong[-TRIES_AN_HOUR] + _HOUR, now=now)
    if sum(not found.is_announced for found in tries) < MANY_A_DAY:
        return None
    last = mine[-1] if mine else None
    if last is None or not last.is_announced or last.at <= now - _GOOD_FOR:
        await _note(session, index=index, origin=origin, is_announced=True, now=now)
        return _too_soon(now + _WAIT, now=now)
    return _too_soon(last.at + _WAIT, now=now) if last.at > now - _WAIT else None


async def note_wrong(session: AsyncSession, *, index: str, origin: str, now: dt.datetime) -> None:
    """A try that was wrong."""
    await _note(session, index=index, origin=origin, is_announced=False, now=now)


async def _note(
    session: AsyncSession, *, index: str, origin: str, is_announced: bool, now: dt.datetime
) -> None:
    await answers.add_try(
        session, index=index, origin=origin, is_announced=is_announced, now=now, kept_since=now - _DAY
    )


def _too_many(until: dt.datetime, *, now: dt.datetime) -> TooMany:
    at, wait_s = _told(until, now=now)
    return TooMany(
        "too_many_tries",
        f"Đã nhập sai 5 lần. Hãy thử lại lúc {at}.",
        f"There were 5 wrong tries. Try again at {at} (Vietnam time).",
        retry_after_s=wait_s,
    )


def _too_soon(until: dt.datetime, *, now: dt.datetime) -> TooMany:
    at, wait_s = _told(until, now=now)
    return TooMany(
        "try_again_soon",
        f"Nhiều nơi vừa nhập sai mã này. Hãy thử lại lúc {at}.",
        f"Many have just tried this code. Try again at {at} (Vietnam time).",
        retry_after_s=wait_s,
    )


def _told(until: dt.datetime, *, now: dt.datetime) -> tuple[str, int]:
    """That instant as a clock in Vietnam shows it, rounded up to the minute, and the seconds until then."""
    shown = (until + dt.timedelta(seconds=59)).astimezone(HANOI)
    return f"{shown:%H:%M}", max(1, math.ceil((until - now).total_seconds()))
