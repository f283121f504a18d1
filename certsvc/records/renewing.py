"""A case that earlier rules repaired, as today's rules read the same row [rules, Sent again]."""

from dataclasses import fields, replace

from certsvc.records.case import Case
from certsvc.records.columns import IDENTIFIERS
from certsvc.records.diagnoses import without_code
from certsvc.records.encoding import NAMES
from certsvc.records.identity import social_no_of
from certsvc.records.lookalikes import with_d, with_plain_marks


def renewed(case: Case) -> Case:
    """The case with the repairs that came later: a row that was issued before is known by them when it is sent again."""
    texts = {field.name: value for field in fields(case) if isinstance(value := getattr(case, field.name), str) and type(value) is str}
    meant = {name: with_plain_marks(with_d(text)) if name in NAMES else with_d(text) for name, text in texts.items() if name not in IDENTIFIERS}
    case = replace(case, **meant)
    return replace(
        case,
        social_insurance_no=case.social_insurance_no or social_no_of(case.health_insurance_card),
        diagnosis=without_code(case.diagnosis, case.icd10),
    )
