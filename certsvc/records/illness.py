"""Fields that say what happened, where and when: dates, tests, care, facility; step one of judging a row."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Protocol

from certsvc.records.birth import Birth
from certsvc.records.case import Outcome, TestResult
from certsvc.records.columns import DATES
from certsvc.records.draft import Draft
from certsvc.records.icd10 import find_code
from certsvc.records.rules.catalogue import OLD_COVID_CODE, finding, takes_old_covid_code
from certsvc.states import Kind

_WARD = re.compile(r"[0-9]{5}")
_MOST_DOSES = 20
_AHEAD = frozenset({"isolation_from", "isolation_to"})
"""What may lie ahead: a leave is written on the first day of illness and runs forward [rules,
V-DATE-ORDER].
"""
_DAYS_BEFORE_POSITIVE, _DAYS_AFTER_POSITIVE = 1, 14
_ENDINGS = frozenset({Outcome.DIED, Outcome.TRANSFERRED})


class Station(Protocol):
    """A facility as the rules see it."""

    def is_active_on(self, day: dt.date) -> bool: ...


class Signer(Protocol):
    """A practitioner as the rules see him."""

    @property
    def licence(self) -> str: ...

    @property
    def social_insurance_no(self) -> str: ...

    def is_registered_on(self, day: dt.date) -> bool:
        """Whether he works at the facility on that day."""
        ...


class Registry(Protocol):
    """Who may issue and sign; the caller loads it once for a file."""

    def find_facility(self, code: str) -> Station | None: ...

    def find_practitioner(self, licence: str, facility_code: str) -> Signer | None:
        """By licence, or by the number with BHXH, which is all that XML11 says of a signer."""
        ...


def dates(
    draft: Draft, *, wants: frozenset[Kind], result: TestResult | None, outcome: Outcome | None
) -> dict[str, dt.date | None]:
    """Every date of the row by column; V-DATE-ORDER for those missing, unreal, future or out of order."""
    days = {column: draft.day(column, may_lie_ahead=column in _AHEAD) for column in DATES}
    needed = ["positive_on", "isolation_from", "isolation_to"]
    if Kind.SICK_LEAVE in wants:
        needed.append("examined_on")
    if result is TestResult.NEGATIVE:
        needed.append("last_test_on")
    for column in needed:
        if days[column] is None and draft.is_good(column):
            draft.report("V-DATE-ORDER", column, "missing")
    start, end, positive, tested = (
        days[column] for column in ("isolation_from", "isolation_to", "positive_on", "last_test_on")
    )
    if start and end and start > end:
        draft.report("V-DATE-ORDER", "isolation_to", "isolation")
    if result is TestResult.NEGATIVE and tested and positive and tested < positive:
        draft.report("V-DATE-ORDER", "last_test_on", "negative")
    for column in ("certified_on", "outcome_on") if outcome in _ENDINGS else ("certified_on",):
        _require_not_before_examination(draft, column, days)
    if positive:
        _warn_of_distance(draft, days, positive)
    return days


def _require_not_before_examination(draft: Draft, column: str, days: Mapping[str, dt.date | None]) -> None:
    day, examined = days[column], days["examined_on"]
    if day and examined and day < examined:
        draft.report("V-DATE-ORDER", column, "examined")


def _warn_of_distance(draft: Draft, days: Mapping[str, dt.date | None], positive: dt.date) -> None:
    """W-BEFORE-POSITIVE: isolation or examination long before the positive test, or the examination long
    after it.
    """
    for column in ("isolation_from", "examined_on"):
        day = days[column]
        if day is not None and (positive - day).days > _DAYS_BEFORE_POSITIVE:
            draft.report("W-BEFORE-POSITIVE", column)
    examined = days["examined_on"]
    if examined is not None and (examined - positive).days > _DAYS_AFTER_POSITIVE:
        draft.report("W-BEFORE-POSITIVE", "examined_on", "late")


def check_birth_before_illness(draft: Draft, *, born: Birth | None, positive_on: dt.date | None) -> None:
    """V-BIRTH for somebody who fell ill before birth."""
    if born is None or positive_on is None or not draft.is_good("birth_date"):
        return
    if born.year > positive_on.year or (born.day is not None and born.day > positive_on):
        draft.report("V-BIRTH", "birth_date", "late")


def facility(draft: Draft, *, registry: Registry, events: dict[Kind, dt.date | None]) -> tuple[str, str]:
    """V-FACILITY and V-PRACTITIONER on the event days of the kinds asked for; gives the facility's code and
    the examiner's licence.

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
        _check_practitioner(draft, signer, licence, events)
    return code, signer.licence if signer else licence


def _check_practitioner(
    draft: Draft, signer: Signer | None, licence: str, events: Mapping[Kind, dt.date | None]
) -> None:
    if not licence:
        draft.report("V-PRACTITIONER", "practitioner_licence", "missing")
    elif signer is None:
        draft.report("V-PRACTITIONER", "practitioner_licence")
    elif any(day is not None and not signer.is_registered_on(day) for day in events.values()):
        draft.report("V-PRACTITIONER", "practitioner_licence", "elsewhere")
    elif Kind.SICK_LEAVE in events and not signer.social_insurance_no:
        draft.leave_findings.append(finding("V-PRACTITIONER", "practitioner_licence", "unregistered"))


def icd10(draft: Draft, *, examined_on: dt.date | None) -> str:
    """V-ICD10 and W-ICD-OLD; the code in its usual form. Without an examination day the old code is not
    judged by date.
    """
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
    draft.report(
        "V-VALUE",
        "vaccine_doses",
        allowed_vi=f"số từ 0 đến {_MOST_DOSES}",
        allowed_en=f"numbers from 0 to {_MOST_DOSES}",
    )
    return None
