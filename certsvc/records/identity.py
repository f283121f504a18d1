"""Fields that say who somebody is: name, birth, numbers and cards; step one of judging a row."""

import re
from collections.abc import Mapping
from typing import Final

from certsvc.records.birth import Birth
from certsvc.records.case import IdType, Sex
from certsvc.records.cells import birth_of, is_name
from certsvc.records.draft import Draft
from certsvc.records.patient import split_cards

_SOCIAL_NO = re.compile(r"[0-9]{10}")
_CARD = re.compile(r"[A-Z]{2}[1-5](?:[0-9]{2}[0-9]{10}|[0-9]{2}KT[0-9]{8})")
_PHONE = re.compile(r"\+?[0-9]{9,15}")
_ID_SHAPES: Final[Mapping[IdType, re.Pattern[str]]] = {
    IdType.CCCD: re.compile(r"[0-9]{12}"),
    IdType.PERSONAL_NUMBER: re.compile(r"[0-9]{12}"),
    IdType.CMND: re.compile(r"[0-9]{9}"),
    IdType.PASSPORT: re.compile(r"[A-Za-z0-9]{6,20}"),
}
_UNNAMED_SHAPES: Final[Mapping[IdType, re.Pattern[str]]] = {
    IdType.CCCD: _ID_SHAPES[IdType.CCCD],
    IdType.CMND: _ID_SHAPES[IdType.CMND],
    IdType.PASSPORT: re.compile(r"[A-Z][0-9]{7}"),
}
_OLDEST_YEARS = 130
_CCCD_DIGITS, _PHONE_DIGITS, _SOCIAL_NO_DIGITS = 12, 10, 10


def name(draft: Draft, column: str, *, is_needed: bool = False) -> str:
    """V-NAME, also for the parents' names."""
    text = draft.text(column, rule="V-NAME")
    if not text:
        if is_needed:
            draft.report("V-NAME", column, "missing")
    elif not is_name(text) and not draft.is_told("V-NAME", column):
        draft.report("V-NAME", column)
    return text


def birth(draft: Draft) -> Birth | None:
    """V-BIRTH; a year alone is enough."""
    cell = draft.cell("birth_date")
    if cell is None or cell == "":
        draft.report("V-BIRTH", "birth_date", "missing")
        return None
    born = birth_of(cell)
    if born is None:
        draft.report("V-BIRTH", "birth_date")
    elif born.year > draft.today.year or (born.day is not None and born.day > draft.today):
        draft.report("V-BIRTH", "birth_date", "future")
    elif _is_over_oldest(born, draft):
        draft.report("V-BIRTH", "birth_date", "old")
    return born


def _is_over_oldest(born: Birth, draft: Draft) -> bool:
    """More than 130 years before today; 29/02 counts as 28/02 where the year has none."""
    today = draft.today
    limit = (today.year - _OLDEST_YEARS, today.month, today.day)
    return (born.year, born.latest.month, born.latest.day) < limit


def citizen_id(draft: Draft) -> tuple[str, IdType]:
    """V-CITIZEN-ID, after putting back up to two zeros of a CCCD; the kind of number comes with it."""
    named = draft.word("id_type")
    kind = named if isinstance(named, IdType) else IdType.NONE
    may_be_cccd = kind in {IdType.NONE, IdType.CCCD, IdType.PERSONAL_NUMBER}
    number = draft.digits(
        "citizen_id", length=_CCCD_DIGITS, most_zeros=2 if may_be_cccd else 0, rule="V-CITIZEN-ID"
    )
    if not number or not draft.is_good("citizen_id"):
        return number, IdType.NONE
    if kind is not IdType.NONE:
        if not _ID_SHAPES[kind].fullmatch(number):
            draft.report("V-CITIZEN-ID", "citizen_id", "type")
        return number, kind
    shape = next(
        (each for each, pattern in _UNNAMED_SHAPES.items() if pattern.fullmatch(number)), IdType.NONE
    )
    if shape is IdType.NONE:
        draft.report("V-CITIZEN-ID", "citizen_id")
    return number, shape


def social_no(draft: Draft, *, joined_cards: str) -> str:
    """V-SOCIAL-NO for a number that is there, else the one that all cards end in (W-REPAIRED-SOCIAL-NO);
    whether one is needed is asked later.
    """
    number = draft.digits("social_insurance_no", length=10, most_zeros=2, rule="V-SOCIAL-NO")
    if not number and draft.is_good("health_insurance_card") and (on_cards := social_no_of(joined_cards)):
        draft.report("W-REPAIRED-SOCIAL-NO", "social_insurance_no")
        return on_cards
    is_fit = _SOCIAL_NO.fullmatch(number) and number.strip("0")
    if number and not is_fit and draft.is_good("social_insurance_no"):
        draft.report("V-SOCIAL-NO", "social_insurance_no")
    return number


def social_no_of(joined_cards: str) -> str:
    """The social-insurance number in which these cards end; empty where there is none, or more than one."""
    numbers = {card[-_SOCIAL_NO_DIGITS:] for card in split_cards(joined_cards) if not is_temporary(card)}
    [number, *more] = numbers or {""}
    return number if not more and _SOCIAL_NO.fullmatch(number) and number.strip("0") else ""


def cards(draft: Draft) -> str:
    """V-CARD; several cards come back joined by `;` without spaces."""
    text = draft.text("health_insurance_card", rule="V-CARD")
    if not text:
        return ""
    numbers = [part.strip() for part in text.split(";") if part.strip()]
    if draft.is_good("health_insurance_card") and not (numbers and all(map(_CARD.fullmatch, numbers))):
        draft.report("V-CARD", "health_insurance_card")
    return ";".join(numbers)


def phone(draft: Draft) -> str:
    """V-PHONE; digits, with the leading + where there was one; a lost first zero is put back."""
    typed = draft.text("phone", rule="V-PHONE")
    number = typed.replace(" ", "").replace(".", "")
    if number and draft.is_good("phone") and not _PHONE.fullmatch(number):
        draft.report("V-PHONE", "phone")
    elif len(number) == _PHONE_DIGITS - 1 and not number.startswith(("0", "+")):
        draft.report("W-REPAIRED-ZEROS", "phone")
        return number.zfill(_PHONE_DIGITS)
    return number


def is_temporary(card: str) -> bool:
    """Whether a card is a child's temporary one: KT at positions 6 and 7 [identifiers, Health-insurance
    card].
    """
    return card[5:7] == "KT"


def warn_of_mismatches(
    draft: Draft, *, number: str, id_type: IdType, sex: Sex | None, born: Birth | None
) -> None:
    """W-CITIZEN-MISMATCH: a CCCD's fourth digit is century and sex, the next two the year of birth
    [identifiers, Citizen number].
    """
    if (
        id_type not in {IdType.CCCD, IdType.PERSONAL_NUMBER}
        or born is None
        or sex is None
        or not draft.is_good("citizen_id")
    ):
        return
    century, sex_digit = divmod(int(number[3]), 2)
    is_sex_wrong = sex is not Sex.UNDETERMINED and sex_digit != int(sex) - 1
    if is_sex_wrong or century != born.year // 100 - 19 or int(number[4:6]) != born.year % 100:
        draft.report("W-CITIZEN-MISMATCH", "citizen_id")


def warn_of_cards(draft: Draft, *, joined: str, number: str) -> None:
    """W-CARD-MISMATCH: a card ends in the social-insurance number; temporary cards are left out."""
    if number and draft.is_good("health_insurance_card") and draft.is_good("social_insurance_no"):
        held = [card for card in split_cards(joined) if not is_temporary(card)]
        if any(card[-10:] != number for card in held):
            draft.report("W-CARD-MISMATCH", "health_insurance_card")
