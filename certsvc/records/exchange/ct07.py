"""CT07: the sick-leave certificate as data for the social insurance [insurance, CT07 of 2022; insurance, CT07
of 2025].

A file is an envelope `HSCHUNGTU` around one document `CT07` in base64. Every tag of the layout is there, in
its order, and empty where a case says nothing. The tables below say which tags there are, and what each
holds.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from certsvc.records.case import Case
from certsvc.records.diagnoses import with_code
from certsvc.records.exchange.xml import day, document, dossier, envelope
from certsvc.states import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ct07Facts:
    """What a case does not say: the certificate's serial, its day (the case's, or a re-issue's own), and
    names.
    """

    serial: str
    document_on: dt.date
    head_name: str
    practitioner_name: str


Tag = Callable[[Case, Ct07Facts], str]

TAGS_2022: Mapping[str, Tag] = MappingProxyType(
    {
        "MA_CT": lambda case, _: case.case_id,
        "SO_SERI": lambda _, facts: facts.serial,
        "SO_KCB": lambda case, _: case.visit_no,
        "MA_BHXH": lambda case, _: case.social_insurance_no,
        "MA_THE": lambda case, _: case.health_insurance_card,
        "HO_TEN": lambda case, _: case.full_name,
        "NGAY_SINH": lambda case, _: case.birth.iso.replace("-", ""),
        "GIOI_TINH": lambda case, _: case.sex.value,
        "DON_VI": lambda case, _: case.employer,
        "CHANDOAN_DIEUTRI": lambda case, _: (
            f"{with_code(case.diagnosis, case.icd10)}\n{case.treatment}".strip()
        ),
        "TU_NGAY": lambda case, _: day(case.isolation_from),
        "DEN_NGAY": lambda case, _: day(case.isolation_to),
        "HO_TEN_CHA": lambda case, _: case.father_name if case.names_parents else "",
        "HO_TEN_ME": lambda case, _: case.mother_name if case.names_parents else "",
        "THU_TRUONG_DV": lambda _, facts: facts.head_name,
        "MA_CCHN": lambda case, _: case.practitioner_licence,
        "TEN_NGUOI_HANH_NGHE": lambda _, facts: facts.practitioner_name,
        "NGAY_CHUNG_TU": lambda _, facts: day(facts.document_on),
        # A child without a number of its own, which V-SOCIAL-NO accepts with a temporary card only.
        "TEKT": lambda case, _: "0" if case.social_insurance_no else "1",
        "MAU_SO": lambda _, __: "CT07",
    }
)
"""Tags in order, with what each holds: dispatch 2076/BHXH-CNTT, before form 07. Days are yyyymmdd, a birth
may be yyyy.

None holds the ICD-10 code: it is written before a diagnosis that does not contain it.
"""

TAGS_2025: Mapping[str, Tag] = MappingProxyType(
    {tag: TAGS_2022[tag] for tag in ("MA_CT", "MAU_SO")}
    | {tag: value for tag, value in TAGS_2022.items() if tag != "MAU_SO"}
    | {
        "CHANDOAN_DIEUTRI": lambda case, _: f"{case.diagnosis or case.icd10}\n{case.treatment}".strip(),
        "LOAI_GIAYTO": lambda case, _: case.id_type.code,
        "SO_CCCD": lambda case, _: case.citizen_id,
        "NGAYCAP_CCCD": lambda case, _: day(case.id_issued_on),
        "NOICAP_CCCD": lambda _, __: "",
        "NGAY_KCB": lambda case, _: day(case.examined_on),
        "BENH_ICD10_ID": lambda case, _: case.icd10,
        "BENH_ICD10_TEN": lambda case, _: case.diagnosis,
    }
)

FORM_07_FROM = dt.date(2025, 7, 1)
"""First day of examination that TT 25/2025 applies to."""


def ct07_xml(case: Case, facts: Ct07Facts, *, made_on: dt.date) -> bytes:
    """The envelope with the document of one case, as a file made on that day, unsigned."""
    inside = dossier([("CT07", ct07_document(case, facts))], made_on=made_on)
    return envelope("HSCHUNGTU", inside, facility_code=case.facility_code)


def ct07_document(case: Case, facts: Ct07Facts) -> bytes:
    """The document alone, with the tags of the law on the day of examination. Raises ValueError for a case
    without that day.
    """
    layout = TAGS_2022 if case.event_on(Kind.SICK_LEAVE) < FORM_07_FROM else TAGS_2025
    return document("CT07", ct07_tags(case, facts, layout))


def ct07_tags(case: Case, facts: Ct07Facts, layout: Mapping[str, Tag]) -> dict[str, str]:
    """What a document holds, tag by tag in the order of `TAGS_2022` or `TAGS_2025`."""
    return {tag: value(case, facts) for tag, value in layout.items()}
