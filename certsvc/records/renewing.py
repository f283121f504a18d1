"""A case that earlier rules repaired, as today's rules read the same row [rules, Sent again]."""

from dataclasses import replace

from certsvc.records.case import Case
from certsvc.records.diagnoses import without_code
from certsvc.records.identity import social_no_of


def renewed(case: Case) -> Case:
    """The case with the repairs that came later: a row that was issued before is known by them when it is sent again."""
    return replace(
        case,
        social_insurance_no=case.social_insurance_no or social_no_of(case.health_insurance_card),
        diagnosis=without_code(case.diagnosis, case.icd10),
    )
