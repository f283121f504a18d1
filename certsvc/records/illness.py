"""Fields that say what happened, where and when: dates, tests, care, facility; step one of judging a row."""

import datetime as dt
import re
from typing import Protocol

from certsvc.records.case import Birth, TestResult
from certsvc.records.draft import Draft
from certsvc.records.icd10 import find_code
from certsvc.records.rules import OLD_COVID_CODE, takes_old_covid_code
from certsvc.states import Kind

_WARD = re.compile(r"[0-9]{5}")
_MOST_DOSES = 20
_DATES = ("id_issued_on", "positive_on", "last_test_on", "isolation_from", "isolation_to", "last_dose_on", "outcome_on", "examined_on", "certified_on")


class Station(Protocol):
    """A facility as the rules see it."""

    def is_active_on(self, day: dt.date) -> bool: ...


class Signer(Protocol):
    """A practitioner as the rules see him."""

    @property
    def licence(self) -> str: ...

    def is_registered_on(self, day: dt.date) -> bool: ...


class Registry(Protocol):
    """Who may issue and sign; the caller loads it once for a file."""

    def find_facility(self, code: str) -> Station | None: ...

    def find_practitioner(self, licence: str, facility_code: str) -> Signer | None:
        """By licence, or by the number with BHXH, which is all that XML11 says of a signer."""
        ...


def dates(draft: Draft, *, wants: frozenset[Kind], result: TestResult | None) -> dict[str, dt.date | None]:
    """Every date of the row by column; V-DATE-ORDER for those missing, unreal, future or out of order."""
    days = {column: draft.day(column) for column in _DATES}
    needed = ["positive_on", "isolation_from", "isolation_to"]
    if Kind.SICK_LEAVE in wants:
        needed.append("examined_on")
    if result is TestResult.NEGATIVE:
        needed.append("last_test_on")
    for column in needed:
        if days[column] is None and draft.is_good(column):
            draft.report("V-DATE-ORDER", column, "missing")
    start, end, positive, tested = (days[column] for column in ("isolation_from", "isolation_to", "positive_on", "last_test_on"))
    if start and end and start > end:
        draft.report("V-DATE-ORDER", "isolation_to", "isolation")
    if result is TestResult.NEGATIVE and tested and positive and tested < positive:
        draft.report("V-DATE-ORDER", "last_test_on", "negative")
    return days


def check_birth_before_illness(draft: Draft, *, born: Birth | None, positive_on: dt.date | None) -> None:
    """V-BIRTH for somebody who fell ill before birth."""
    if born is None or positive_on is None or not draft.is_good("birth_date"):
        return
    if born.year > positive_on.year or (born.day is not None and born.day > positive_on):
        draft.report("V-BIRTH", "birth_date", "late")


def facility(draft: Draft, *, registry: Registry, events: dict[Kind, dt.date | None]) -> tuple[str, str]:
    """V-FACILITY and V-PRACTITIONER on the event days of the kinds asked for; gives the facility's code and the examiner's licence.

    An unknown facility hides V-PRACTITIONER. Registration with BHXH is asked for sick leave alone.
    """
    code = draft.digits("facility_code", length=5, most_zeros=4, rule="V-FACILITY")
    licence = draft.identifier("practitioner_licence")
    if not code:
        draft.report("V-FACILITY", "facility_code", "missing")
        return code, licence
    found = registry.find_facility(code) if draft.is_good("facility_code") else None
    if found is None:
        if draft.is_good("facility_code"):
            draft.report("V-FACILITY", "facility_code")
        return code, licence
    if any(day is not None and not found.is_active_on(day) for day in events.values()):
        draft.report("V-FACILITY", "facility_code", "inactive")
    signer = registry.find_practitioner(licence, code) if licence else None
    if draft.is_good("practitioner_licence"):
        _check_practitioner(draft, signer, licence, examined_on=events.get(Kind.SICK_LEAVE))
    return code, signer.licence if signer else licence


def _check_practitioner(draft: Draft, signer: Signer | None, licence: str, *, examined_on: dt.date | None) -> None:
    if not licence:
        draft.report("V-PRACTITIONER", "practitioner_licence", "missing")
    elif signer is None:
        draft.report("V-PRACTITIONER", "practitioner_licence")
    elif examined_on is not None and not signer.is_registered_on(examined_on):
        draft.report("V-PRACTITIONER", "practitioner_licence", "unregistered")


def icd10(draft: Draft, *, examined_on: dt.date | None) -> str:
    """V-ICD10 and W-ICD-OLD; the code in its usual form. Without an examination day the old code is not judged by date."""
    text = draft.text("icd10", rule="V-ICD10")
    if not draft.is_good("icd10"):
        return text
    code = find_code(text) if text else None
    if code is None:
        draft.report("V-ICD10", "icd10", "" if text else "missing")
        return text
    if code == OLD_COVID_CODE:
        if examined_on is None or takes_old_covid_code(examined_on):
            draft.report("W-ICD-OLD", "icd10")
        else:
            draft.report("V-ICD10", "icd10", "old")
    return code


def ward_code(draft: Draft) -> str:
    code = draft.digits("ward_code", length=5, most_zeros=4, rule="V-TEXT")
    if code and draft.is_good("ward_code") and not _WARD.fullmatch(code):
        draft.report("V-VALUE", "ward_code", allowed_vi="mã 5 chữ số", allowed_en="five digits")
    return code


def vaccine_doses(draft: Draft) -> int | None:
    text = draft.plain("vaccine_doses")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_DOSES)) and int(text) <= _MOST_DOSES:
        return int(text)
    draft.report("V-VALUE", "vaccine_doses", allowed_vi=f"số từ 0 đến {_MOST_DOSES}", allowed_en=f"numbers from 0 to {_MOST_DOSES}")
    return None
