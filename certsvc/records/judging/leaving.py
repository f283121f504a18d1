"""Form (a): what the case itself says of its sick leave [sick-leave, Checks]."""

import datetime as dt

from certsvc.records.birth import years_between
from certsvc.records.case import CareSetting, Case, Outcome
from certsvc.records.columns import fold
from certsvc.records.diagnoses import is_mismatch, named
from certsvc.records.judging.rulebook import Rulebook
from certsvc.records.rules.catalogue import finding
from certsvc.records.rules.findings import Finding
from certsvc.states import Kind

_SCHOOL_AGE, _WORKING_AGE = 7, 15
_NO_EMPLOYER = frozenset(
    map(
        fold,
        (
            "không",
            "không có",
            "lao động tự do",
            "tự do",
            "nội trợ",
            "thất nghiệp",
            "hưu trí",
            "nghỉ hưu",
            "học sinh",
            "sinh viên",
        ),
    )
)
"""Words for having none, as stations write them where the employer should stand [rules, A-EMPLOYER]."""
_ENDINGS = frozenset({Outcome.DIED, Outcome.TRANSFERRED})
_NEW_FORM = dt.date(2025, 7, 1)
"""TT 25/2025/TT-BYT: from this examination day on, the file for the social insurance names the patient's
papers.
"""


def sick_leave_findings(case: Case, rules: Rulebook) -> list[Finding]:
    """The A rules and warnings that need nothing but the case; not yet in table order."""
    day = case.event_on(Kind.SICK_LEAVE)
    found = []
    max_days = rules.leave_ceiling_on(day).max_days
    if case.leave_days > max_days:
        found.append(finding("A-30-DAYS", "isolation_to", max_days=max_days))
    if case.isolation_from != day:
        found.append(finding("A-STARTS-AT-EXAM", "isolation_from"))
    if not case.employer or fold(case.employer) in _NO_EMPLOYER:
        found.append(finding("A-EMPLOYER", "employer", "none" if case.employer else ""))
    if not case.visit_no:
        found.append(finding("A-VISIT-NO", "visit_no"))
    if all(
        _SCHOOL_AGE <= years_between(born, day) < _WORKING_AGE
        for born in (case.birth.earliest, case.birth.latest)
    ):
        found.append(finding("A-AGE", "birth_date"))
    if case.outcome in _ENDINGS and (case.outcome_on is None or case.outcome_on < case.isolation_to):
        found.append(finding("A-OUTCOME", "outcome_on", "before" if case.outcome_on else ""))
    if not named(case.diagnosis, case.icd10):
        found.append(finding("A-DIAGNOSIS", "diagnosis"))
    if case.birth.age_on(day) < _SCHOOL_AGE and not (case.father_name or case.mother_name):
        found.append(finding("A-UNDER-7", "father_name"))
    if case.care_setting is not CareSetting.HOME:
        found.append(finding("A-INPATIENT", "care_setting"))
    return found + _warnings(case, day)


def _warnings(case: Case, day: dt.date) -> list[Finding]:
    found = []
    if is_mismatch(case.diagnosis, case.icd10):
        found.append(finding("W-ICD-MISMATCH", "icd10"))
    lacking = {} if case.social_insurance_no else {"MA_BHXH": "social_insurance_no"}
    if day >= _NEW_FORM:
        lacking |= {} if case.citizen_id else {"SO_CCCD": "citizen_id"}
        lacking |= {} if case.id_issued_on else {"NGAYCAP_CCCD": "id_issued_on"}
    if lacking:
        found.append(finding("W-EXPORT", next(iter(lacking.values())), tags=", ".join(lacking)))
    return found
