"""The text in the QR of a citizen card (CCCD, căn cước): number, old number, name, birth, sex, address, day
of issue.

    001186012345|012345678|Nguyễn Thị An|01021986|Nữ|Số 1 Phố Mẫu, Hà Nội|15042021

Told apart from any other text by a number of twelve digits in front and a birth date where one belongs
[identifiers, Citizen card's QR]. What a scanner could not type (a name with `?` in it) is left empty: the
person at the desk types that.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from certsvc.records.birth import Birth
from certsvc.records.case import Sex
from certsvc.records.cells import Cell, as_text, birth_of, day_of, has_forbidden, is_name, normalised
from certsvc.records.columns import MAX_CHARS, fold
from certsvc.records.words import meaning_of, words_of

LONGEST: Final = 2000
"""Longer texts are no such QR: the largest symbol that a telephone reads off a card holds less."""
_MOST_PARTS: Final = 16
_NUMBER: Final = re.compile(r"[0-9]{12}")
_OLD_NUMBER: Final = re.compile(r"[0-9]{9}|[0-9]{12}")
_DAY: Final = re.compile(r"([0-9]{2})/?([0-9]{2})/?([0-9]{4})")
_YEAR: Final = re.compile(r"(?:0000)?([0-9]{4})")
"""Who knows no birthday has the year alone on the card."""
_BEHIND_NUMBER: Final = (1, 2)
"""Places of the name: some programs leave the old number out, with its bar."""
_LOST: Final = frozenset("?")


@dataclass(frozen=True, slots=True, repr=False)
class CitizenCard:
    """What a card's QR says, without a `repr` that could reach a log; empty or None where it says nothing
    usable.
    """

    number: str
    old_number: str
    full_name: str
    birth: Birth
    sex: Sex | None
    address: str
    issued_on: dt.date | None

    def cells(self) -> dict[str, str]:
        """The columns of a case that it answers, as a person would type them; `old_number` has no column."""
        texts = {
            "citizen_id": self.number,
            "full_name": self.full_name,
            "birth_date": self.birth.printed,
            "sex": words_of("sex")[int(self.sex) - 1] if self.sex else "",
            "address": self.address,
            "id_issued_on": f"{self.issued_on:%d/%m/%Y}" if self.issued_on else "",
        }
        return {column: text for column, text in texts.items() if text}


def read_cccd_qr(text: str) -> CitizenCard | None:
    """The card whose QR holds that text, None where it is not one; a scanner's Enter or Tab behind it is no
    part of it.

    Parts behind the seventh, which newer cards may have, are passed over.
    """
    if len(text) > LONGEST or "|" not in text:
        return None
    parts = [part.strip() for part in normalised(text).split("|", maxsplit=_MOST_PARTS)]
    if len(parts) > _MOST_PARTS or not _NUMBER.fullmatch(parts[0]) or has_forbidden("".join(parts)):
        return None
    for place in _BEHIND_NUMBER:
        old = parts[1:place]
        name, born, sex, address, issued = (parts[place:] + [""] * 5)[:5]
        birth = _birth(born)
        if (
            birth is not None
            and len(parts) > place + 2
            and all(each == "" or _OLD_NUMBER.fullmatch(each) for each in old)
        ):
            return CitizenCard(
                parts[0], "".join(old), _name(name), birth, _sex(sex), _kept(address, "address"), _day(issued)
            )
    return None


def _birth(text: str) -> Birth | None:
    if match := _YEAR.fullmatch(text):
        return Birth(int(match[1])) if int(match[1]) else None
    day = _day(text)
    return None if day is None else Birth.on(day)


def _day(text: str) -> dt.date | None:
    match = _DAY.fullmatch(text)
    try:
        return dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None


def _sex(text: str) -> Sex | None:
    meaning = meaning_of("sex", text)
    return meaning if isinstance(meaning, Sex) else None


def _name(text: str) -> str:
    return _kept(text, "full_name") if is_name(text) else ""


def _kept(text: str, column: str) -> str:
    return text if len(text) <= MAX_CHARS[column] and _LOST.isdisjoint(text) else ""


def differing(card: CitizenCard, row: Mapping[str, Cell]) -> tuple[str, ...]:
    """Columns in which a row says something else than the card; what only one of them says does not differ.

    Case, blanks and marks make no difference, and a year alone none to a day of that year. An address is not
    compared: people move, and the card keeps the old one.
    """
    theirs = card.cells()
    return tuple(
        column
        for column in _COMPARED
        if column in theirs
        and (text := as_text(row.get(column)))
        and not _agree(column, theirs[column], text)
    )


_COMPARED: Final = ("full_name", "birth_date", "sex", "id_issued_on")


def _agree(column: str, one: str, other: str) -> bool:
    match column:
        case "birth_date":
            ours, theirs = birth_of(one), birth_of(normalised(other))
            return (
                ours is not None
                and theirs is not None
                and ours.year == theirs.year
                and (ours == theirs or None in {ours.day, theirs.day})
            )
        case "sex":
            return meaning_of(column, one) is meaning_of(column, normalised(other))
        case "id_issued_on":
            return day_of(one) == day_of(normalised(other))
        case _:
            return fold(one) == fold(other)
