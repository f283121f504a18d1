"""What a case is: one F0 record after normalisation and repair, every value typed.

A `Case` exists only where no V rule is broken, so that what prints and exports it need not check again.
Which certificates were asked for is no part of it: the same case serves both.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, Self

from certsvc.records.birth import Birth
from certsvc.records.columns import DATES
from certsvc.records.patient import Patient, split_cards
from certsvc.states import Kind


class Sex(StrEnum):
    """Codes of QĐ 130/QĐ-BYT, GIOI_TINH."""

    MALE = "1"
    FEMALE = "2"
    UNDETERMINED = "3"


class IdType(StrEnum):
    """What kind of number `citizen_id` is; `code` is LOAI_GIAYTO of CT07 (TT 25/2025)."""

    NONE = "none"
    CCCD = "cccd"
    CMND = "cmnd"
    PASSPORT = "passport"
    PERSONAL_NUMBER = "personal_number"

    @property
    def code(self) -> str:
        return str(list(IdType).index(self))


class TestMethod(StrEnum):
    ANTIGEN = "antigen"
    PCR = "pcr"


class TestResult(StrEnum):
    NEGATIVE = "negative"
    POSITIVE = "positive"


class TestPerformer(StrEnum):
    HEALTH_WORKER = "health_worker"
    SELF_SUPERVISED = "self_supervised"
    SELF = "self"


class CareSetting(StrEnum):
    HOME = "home"
    CENTRE = "centre"
    HOSPITAL = "hospital"


class Outcome(StrEnum):
    RECOVERED = "recovered"
    ACTIVE = "active"
    DIED = "died"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Whom a case is about and `Case.dated_on`, as far as a look-up needs it; without a `repr` that could
    reach a log.
    """

    full_name: str
    birth: Birth
    dated_on: dt.date | None

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The person in what `Case.to_json` wrote."""
        dated_on = record.get("certified_on") or record["examined_on"]
        return cls(
            record["full_name"],
            Birth.from_json(record["birth_date"]),
            dt.date.fromisoformat(dated_on) if dated_on else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Case:
    """A clean F0 record, without a `repr` that could reach a log; fields are the columns of the case file,
    `birth` is its `birth_date`.

    Texts are NFC, trimmed, and empty where nothing is known; identifiers are digits as text.
    """

    case_id: str
    full_name: str
    birth: Birth
    sex: Sex
    citizen_id: str
    id_type: IdType
    id_issued_on: dt.date | None
    social_insurance_no: str
    health_insurance_card: str
    phone: str
    address: str
    ward_code: str
    employer: str
    positive_on: dt.date
    test_method: TestMethod | None
    test_place: str
    last_test_on: dt.date | None
    last_test_result: TestResult | None
    last_test_by: TestPerformer | None
    care_setting: CareSetting
    isolation_from: dt.date
    isolation_to: dt.date
    vaccine_doses: int | None
    last_dose_on: dt.date | None
    outcome: Outcome | None
    outcome_on: dt.date | None = None
    facility_code: str
    visit_no: str
    examined_on: dt.date | None
    certified_on: dt.date | None = None
    icd10: str
    diagnosis: str
    treatment: str
    practitioner_licence: str
    father_name: str
    mother_name: str

    @property
    def patient(self) -> Patient:
        """Whom the case is about, as cases are compared."""
        return Patient(
            self.full_name,
            self.birth,
            self.citizen_id,
            self.social_insurance_no,
            split_cards(self.health_insurance_card),
            self.phone,
        )

    @property
    def visit_mark(self) -> str:
        """What two patients of one visit share [rules, W-SAME-VISIT]; empty where the visit has no number or
        no day.
        """
        return (
            f"visit:{self.facility_code}|{self.examined_on}|{self.visit_no}"
            if self.visit_no and self.examined_on
            else ""
        )

    @property
    def dated_on(self) -> dt.date | None:
        """The date that the sick-leave form bears (ngày chứng từ): the examination, or the last day of a
        visit of several days.
        """
        return self.certified_on or self.examined_on

    @property
    def names_parents(self) -> bool:
        """Whether a sick leave names father and mother: of patients below 7 on the day of the examination
        [sick-leave, Fields].
        """
        return self.birth.age_on(self.examined_on or self.isolation_from) < PARENTS_BELOW

    @property
    def leave_days(self) -> int:
        """Length of the leave in days, first and last counted [sick-leave, Length]."""
        return (self.isolation_to - self.isolation_from).days + 1

    def event_on(self, kind: Kind) -> dt.date:
        """The day whose law applies: examination for sick leave, end of isolation for recovery [law, The day
        of the event].

        Raises ValueError for the sick leave of a case without an examination day, which no rule lets through.
        """
        if kind is Kind.RECOVERY:
            return self.isolation_to
        if self.examined_on is None:
            raise ValueError("a case without examination day has no sick leave")
        return self.examined_on

    def to_json(self) -> dict[str, Any]:
        """JSON values only, keys are column names; `from_json` gives the same case back."""
        record: dict[str, Any] = json.loads(self.canonical())
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The case that `to_json` wrote. Raises KeyError or ValueError if it is not one."""
        return cls(
            **{
                name: _typed(name, record[_COLUMNS[name]])
                for name in _FIELDS
                if name not in _OMITTED or _COLUMNS[name] in record
            }
        )

    def canonical(self) -> bytes:
        """The case as JSON in UTF-8, keys in order, no blanks: equal exactly where two cases say the same.

        A later column says nothing where it is empty, so that a case has the digest it had before there was
        that column.
        """
        values = dict(zip(_SORTED_COLUMNS, _sorted_values(self), strict=True))
        for column in _OMITTED:
            if values[column] is None:
                del values[column]
        return _CANONICAL.encode(values).encode()

    def content_digest(self) -> str:
        """SHA-256 in hex over the canonical JSON [rules, V-DUPLICATE]."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _plain(value: object) -> str:
    return value.iso if isinstance(value, Birth) else str(value)


_FIELDS = tuple(each.name for each in fields(Case))
_COLUMNS = {name: "birth_date" if name == "birth" else name for name in _FIELDS}
PARENTS_BELOW, GUARDIAN_BELOW = 7, 16
"""Ages on the day of the event: the leave of younger patients names their parents, their recovery who looks
after them (a child: Children Act 2016, article 1)."""
_OMITTED = ("outcome_on", "certified_on")
_SORTED_COLUMNS = tuple(sorted(_COLUMNS.values()))
_sorted_values = attrgetter(*sorted(_FIELDS, key=_COLUMNS.__getitem__))
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
_TYPES: dict[str, Callable[[str], Any]] = {
    "birth": Birth.from_json,
    "sex": Sex,
    "id_type": IdType,
    "test_method": TestMethod,
    "last_test_result": TestResult,
    "last_test_by": TestPerformer,
    "care_setting": CareSetting,
    "outcome": Outcome,
} | dict.fromkeys(DATES, dt.date.fromisoformat)


def _typed(name: str, value: Any) -> Any:
    return value if value is None or name not in _TYPES else _TYPES[name](value)
