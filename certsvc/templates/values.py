"""What each field of a form prints, from the case and from what issuing knows about it.

Every value is NFC text; a field that does not apply is blank. Wording: [sick-leave, The form; recovery, The
paper].
"""

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from certsvc.errors import Broken
from certsvc.records.case import GUARDIAN_BELOW, CareSetting, Case, Sex, TestMethod, TestPerformer, TestResult
from certsvc.records.diagnoses import named, without_code
from certsvc.states import DelegationKind, Kind
from certsvc.templates.designs import Design, Trait

NO_NEGATIVE = "không có kết quả âm tính"
"""What the paper says if recovery follows from the number of days alone [rules, W-NO-NEGATIVE]."""

_SEXES = {Sex.MALE: "Nam", Sex.FEMALE: "Nữ", Sex.UNDETERMINED: "Chưa xác định"}
_METHODS = {TestMethod.ANTIGEN: "test nhanh kháng nguyên", TestMethod.PCR: "RT-PCR"}
_PERFORMERS = {
    TestPerformer.HEALTH_WORKER: "nhân viên y tế",
    TestPerformer.SELF_SUPERVISED: "người bệnh tự làm, có giám sát",
    TestPerformer.SELF: "người bệnh tự làm, không có giám sát",
}
_ABBREVIATIONS = {DelegationKind.DEPUTY: "KT.", DelegationKind.AUTHORISED: "TUQ."}
_AT_HOME = frozenset({CareSetting.HOME})
HEAD_TITLE = "Trưởng trạm Y tế"
"""The title of a station's head if the register of practitioners has none."""

AUTHORISED_TITLE = "Người được uỷ quyền"
"""The title of an authorised delegate if the register has none; a deputy's derives from the head's."""

_PLACES = {
    CareSetting.HOME: "nhà",
    CareSetting.CENTRE: "cơ sở thu dung, điều trị COVID-19",
    CareSetting.HOSPITAL: "bệnh viện",
}
_CODE_GROUP = 4
_FEBRUARY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFacts:
    """What issuing knows beyond the case.

    `event_on` is the day that the form was chosen by, `printed_on` is today in Vietnam (the day of signing).
    `head_name` represents the facility; with `head_examined` this is also the case's practitioner, who then
    signs only as representative. With `acting`, `head_name` signs on the head's behalf: `head_title` is the
    head's title, `own_title` the signer's; empty titles get the usual ones. With `both_copies` the facility's
    own copy of a sick leave is printed too. `code` is the look-up code, grouped or not; `verify_url` goes
    into the QR as it is (upper case keeps the symbol small), `check_address` is the page for typing the code.
    For a recovery only: the decision whose criterion is met, the `care_settings` that its rule covers,
    `no_negative` (W-NO-NEGATIVE). `place` begins the recovery form's date line.
    """

    facility_name: str
    parent_name: str
    practitioner_name: str
    head_name: str
    head_examined: bool
    serial: str
    code: str
    verify_url: str
    check_address: str
    event_on: dt.date
    printed_on: dt.date
    is_reissue: bool
    acting: DelegationKind | None = None
    head_title: str = ""
    own_title: str = ""
    both_copies: bool = False
    place: str = "Hà Nội"
    decision_no: str = ""
    decision_on: dt.date | None = None
    care_settings: frozenset[CareSetting] = frozenset()
    no_negative: bool = False


def form_values(design: Design, case: Case, facts: FormFacts) -> dict[str, str]:
    """The texts for every field of the design and no others; blank if this paper does not print the field.

    Raises Broken if the design has an unknown field.
    """
    known: Mapping[str, Callable[[Case, FormFacts], str]] = _FIELDS | _OF_KIND[design.kind]
    if strange := sorted(set(design.fields) - set(known)):
        raise Broken(
            "design_fields",
            f"Mẫu {design.id} có trường lạ: {', '.join(strange)}.",
            f"Design {design.id} has unknown fields: {', '.join(strange)}.",
        )
    unprinted = design.unprinted(head_examined=facts.head_examined, traits=form_traits(design, case, facts))
    values = {name: "" if name in unprinted else known[name](case, facts) for name in design.fields}
    return {name: unicodedata.normalize("NFC", value) for name, value in values.items()}


def form_traits(design: Design, case: Case, facts: FormFacts) -> frozenset[Trait]:
    """What sets the paper apart, as far as the design has a variant for it."""
    has = {
        Trait.IS_DELEGATED: facts.acting is not None,
        Trait.FOR_CHILD: case.birth.age_on(facts.event_on) < GUARDIAN_BELOW,
        Trait.BOTH_COPIES: facts.both_copies,
    }
    return frozenset(trait for trait in design.traits if has[trait])


def printed_date(day: dt.date | None) -> str:
    """dd/mm/yyyy, or blank."""
    return "" if day is None else f"{day:%d/%m/%Y}"


def date_in_words(day: dt.date) -> str:
    """ngày … tháng … năm …: days below 10, months 1 and 2 get a leading zero [NĐ 30/2020/NĐ-CP Annex I]."""
    month = f"{day.month:02d}" if day.month <= _FEBRUARY else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def grouped_code(code: str) -> str:
    """The look-up code in groups of four."""
    plain = code.replace("-", "").upper()
    return "-".join(plain[start : start + _CODE_GROUP] for start in range(0, len(plain), _CODE_GROUP))


def _joined(separator: str, *parts: str) -> str:
    return separator.join(part for part in parts if part)


def _sick_leave_dated(case: Case, facts: FormFacts) -> str:
    """The case's date, even if late; on a re-issue the actual day [sick-leave, The date on the paper]."""
    words = date_in_words(facts.printed_on if facts.is_reissue else case.dated_on or facts.event_on)
    return words[0].upper() + words[1:]


def _coded_diagnosis(case: Case) -> str:
    """The disease's code and name; a diagnosis that begins with its code has it once [rules, A-DIAGNOSIS]."""
    return _joined(" – ", case.icd10, named(case.diagnosis, case.icd10))


def _diagnosis(case: Case) -> str:
    """As written; the code's Vietnamese name if the diagnosis is just the code [rules, A-DIAGNOSIS]."""
    return case.diagnosis if without_code(case.diagnosis, case.icd10) else named(case.diagnosis, case.icd10)


def _signed_as(_case: Case, facts: FormFacts) -> str:
    """The head's title, after KT. or TUQ. if a delegate signs [NĐ 30/2020/NĐ-CP Annex I]."""
    title = (facts.head_title or HEAD_TITLE).upper()
    return title if facts.acting is None else f"{_ABBREVIATIONS[facts.acting]} {title}"


def _own_title(_case: Case, facts: FormFacts) -> str:
    """The delegate's title, printed below the head's."""
    match facts.acting:
        case None:
            return ""
        case DelegationKind.DEPUTY:
            return (facts.own_title or f"Phó {facts.head_title or HEAD_TITLE}").upper()
        case DelegationKind.AUTHORISED:
            return (facts.own_title or AUTHORISED_TITLE).upper()
        case _:
            assert_never(facts.acting)


def _subject(case: Case, facts: FormFacts) -> str:
    """What is confirmed: "at home" only if the rule is for home care alone [recovery, The paper]."""
    at_home = facts.care_settings == _AT_HOME and case.care_setting is CareSetting.HOME
    return "Khỏi bệnh và hoàn thành thời gian cách ly, điều trị COVID-19" + (" tại nhà" if at_home else "")


def _recovery_dated(_case: Case, facts: FormFacts) -> str:
    """An administrative paper bears the day on which it is issued [NĐ 30/2020/NĐ-CP Annex I]."""
    return f"{facts.place}, {date_in_words(facts.printed_on)}"


def _last_test_result(case: Case, facts: FormFacts) -> str:
    """A negative test without supervision counts as none [rules, Order and scope]."""
    if facts.no_negative:
        positive = "dương tính" if case.last_test_result is TestResult.POSITIVE else ""
        return _joined(" – ", positive, NO_NEGATIVE)
    match case.last_test_result:
        case TestResult.NEGATIVE:
            return "âm tính"
        case TestResult.POSITIVE:
            return "dương tính"
        case None:
            return NO_NEGATIVE
        case _:
            assert_never(case.last_test_result)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


_FIELDS: dict[str, Callable[[Case, FormFacts], str]] = {
    "parent": lambda _, facts: facts.parent_name,
    "facility": lambda _, facts: facts.facility_name,
    "serial": lambda _, facts: facts.serial,
    "full_name": lambda case, _: case.full_name.upper(),
    "birth": lambda case, _: case.birth.printed,
    "sex": lambda case, _: _SEXES[case.sex],
    "citizen_id": lambda case, _: case.citizen_id,
    "days": lambda case, _: str(case.leave_days),
    "head": lambda _, facts: facts.head_name,
    "signed_as": _signed_as,
    "own_title": _own_title,
    "practitioner": lambda _, facts: facts.practitioner_name,
    "code": lambda _, facts: grouped_code(facts.code),
    "check_address": lambda _, facts: facts.check_address,
    "verify_url": lambda _, facts: facts.verify_url,
}

_SICK_LEAVE: dict[str, Callable[[Case, FormFacts], str]] = {
    "visit_no": lambda case, _: f"{case.visit_no}/KCB",
    "social_insurance": lambda case, _: _joined(" / ", case.social_insurance_no, case.health_insurance_card),
    "id_issued_on": lambda case, _: printed_date(case.id_issued_on),
    "employer": lambda case, _: case.employer,
    "examined_on": lambda case, _: printed_date(case.examined_on),
    "diagnosis_treatment": lambda case, _: _joined("\n", _diagnosis(case), case.treatment),
    "icd10_diagnosis_treatment": lambda case, _: _joined("\n", _coded_diagnosis(case), case.treatment),
    "leave_from": lambda case, _: printed_date(case.isolation_from),
    "leave_to": lambda case, _: printed_date(case.isolation_to),
    "father": lambda case, _: case.father_name if case.names_parents else "",
    "mother": lambda case, _: case.mother_name if case.names_parents else "",
    "dated": _sick_leave_dated,
}

_RECOVERY: dict[str, Callable[[Case, FormFacts], str]] = {
    "subject": _subject,
    "guardian": lambda case, _: _joined(", ", case.father_name, case.mother_name),
    "phone": lambda case, _: case.phone,
    "address": lambda case, _: case.address,
    "positive_on": lambda case, _: printed_date(case.positive_on),
    "test_method": lambda case, _: _METHODS[case.test_method] if case.test_method else "",
    "test_place": lambda case, _: case.test_place,
    "care_place": lambda case, _: _PLACES[case.care_setting],
    "isolation_from": lambda case, _: printed_date(case.isolation_from),
    "isolation_to": lambda case, _: printed_date(case.isolation_to),
    "vaccine_doses": lambda case, _: _number(case.vaccine_doses),
    "last_dose_on": lambda case, _: printed_date(case.last_dose_on),
    "last_test_on": lambda case, _: printed_date(case.last_test_on),
    "last_test_by": lambda case, _: _PERFORMERS[case.last_test_by] if case.last_test_by else "",
    "last_test_result": _last_test_result,
    "decision_no": lambda _, facts: facts.decision_no,
    "decision_on": lambda _, facts: printed_date(facts.decision_on),
    "dated": _recovery_dated,
}

_OF_KIND = {Kind.SICK_LEAVE: _SICK_LEAVE, Kind.RECOVERY: _RECOVERY}
