"""The second factor: what somebody typed from the paper, read kindly and compared strictly.

What is no birth date at all, or fewer than four characters, is told and costs no try.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

from certsvc.errors import InputError
from certsvc.records import Case

_DAY_FIRST = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")
_DIGITS_ALONE = re.compile(r"(\d{2})(\d{2})(\d{4})")
_YEAR_FIRST = re.compile(r"\d{4}(-\d{2}-\d{2})?")
_LAST, _YEAR = 4, 4
_OLDEST = 130


@dataclass(frozen=True, slots=True, repr=False)
class SecondFactor:
    """`birth` is ISO (yyyy-mm-dd), or the year alone; `last4` are the last four of an id number, if given."""

    birth: str
    last4: str | None

    @classmethod
    def read(cls, birth_date: str, id_last4: str | None, *, today: dt.date) -> Self:
        """From what was typed: dd/mm/yyyy, ddmmyyyy (a number pad has no slash), ISO, or a year; an id number
        whole or its end.

        Raises InputError `malformed_birth_date`, `impossible_birth_date` for a day that no calendar has, that
        is yet to come or longer ago than people live, and `malformed_last4`.
        """
        birth = _read_birth(birth_date.strip())
        _refuse_impossible(birth, today=today)
        return cls(birth, _read_last4("".join((id_last4 or "").split()).upper()))

    def matches(self, case: Case) -> bool:
        """Whether all that was given is printed on the paper; the year is enough where no more is known."""
        is_birth = self.birth == case.birth.iso or (
            case.birth.day is None and self.birth[:4] == case.birth.iso
        )
        return is_birth and (self.last4 is None or self.last4 in _last_fours(case))


def _read_birth(typed: str) -> str:
    if day_first := _DAY_FIRST.fullmatch(typed) or _DIGITS_ALONE.fullmatch(typed):
        day, month, year = day_first.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    if _YEAR_FIRST.fullmatch(typed):
        return typed
    raise InputError(
        "malformed_birth_date",
        "Ngày sinh chưa đúng dạng: hãy nhập ngày, tháng, năm, ví dụ 05/09/1988.",
        "This is no birth date: please type day, month and year, like 05/09/1988.",
    )


def _refuse_impossible(birth: str, *, today: dt.date) -> None:
    try:
        earliest = dt.date.fromisoformat(birth if len(birth) > _YEAR else f"{birth}-01-01")
    except ValueError:
        earliest = dt.date.max
    if not today.year - _OLDEST <= earliest.year or earliest > today:
        raise InputError(
            "impossible_birth_date",
            "Không có ngày sinh này: hãy xem lại ngày, tháng, năm.",
            "Nobody was born on that day: please look at day, month and year again.",
        )


def _read_last4(typed: str) -> str | None:
    if not typed:
        return None
    if len(typed) < _LAST:
        raise InputError(
            "malformed_last4", "Hãy nhập đủ bốn số cuối.", "Please type all of the last four digits."
        )
    return typed[-_LAST:]


def _last_fours(case: Case) -> set[str]:
    """Last four of the id numbers on the paper; of the telephone where it shows none."""
    numbers = [case.citizen_id, case.social_insurance_no, *case.health_insurance_card.split(";")]
    good = [number for number in numbers if number] or [case.phone]
    return {number[-_LAST:].upper() for number in good if number}
