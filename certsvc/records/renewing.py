"""A case that earlier rules repaired, as today's rules read the same row [rules, Sent again]."""

from dataclasses import replace

from certsvc.records.case import Case
from certsvc.records.columns import IDENTIFIERS
from certsvc.records.diagnoses import without_code
from certsvc.records.identity import social_no_of
from certsvc.records.text.encoding import NAMES
from certsvc.records.text.lookalikes import with_d, with_plain_marks


def renewed(case: Case) -> Case:
    """The case with the repairs that came later: a row that was issued before is known by them when it is
    sent again.
    """
    record = {
        column: _meant(column, value) if isinstance(value, str) else value
        for column, value in case.to_json().items()
    }
    case = Case.from_json(record)
    return replace(
        case,
        social_insurance_no=case.social_insurance_no or social_no_of(case.health_insurance_card),
        diagnosis=without_code(case.diagnosis, case.icd10),
    )


def _meant(column: str, text: str) -> str:
    if column in IDENTIFIERS:
        return text
    return with_plain_marks(with_d(text)) if column in NAMES else with_d(text)
