"""XML11, the sick leave of QĐ 130 and QĐ 4750 (table 11), and the XML1 beside it that says whose it is
[insurance, XML11].

XML11 holds neither name nor birth: they are in the XML1 of the same visit (MA_LK). In XML1 (table 1) we write
what a certificate knows and leave the visit's costs empty: a hospital that settles the visit sends its own.
"""

import datetime as dt
from dataclasses import dataclass

from certsvc.records.case import Case
from certsvc.records.exchange.fields import field_table
from certsvc.records.exchange.xml import day, document, dossier, envelope
from certsvc.records.identity import is_temporary

ROOT = "CHI_TIEU_DU_LIEU_GIAY_CHUNG_NHAN_NGHI_VIEC_HUONG_BAO_HIEM_XA_HOI"
_XML1_ROOT = "TONG_HOP"
_OUTPATIENT = "02"
_HANOI = "01"
_HANOI_WARDS = (range(1, 686), range(4927, 4940), range(8973, 9023), range(9538, 10505))
"""Where Hanoi's codes lie in the list of communes (General Statistics Office, 579 communes of 2024; those of
07/2025 keep such codes).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Xml11Facts:
    """What a case does not say: serial, the certificate's day, and the BHXH numbers of the head and of the
    examiner.
    """

    serial: str
    document_on: dt.date
    head_no: str
    practitioner_no: str


def xml11_xml(case: Case, facts: Xml11Facts, *, made_on: dt.date) -> bytes:
    """The envelope `GIAMDINHHS` with both documents, as a file made on that day, unsigned."""
    documents = [
        ("XML1", document(_XML1_ROOT, xml1_tags(case, facts))),
        ("XML11", document(ROOT, xml11_tags(case, facts))),
    ]
    return envelope("GIAMDINHHS", dossier(documents, made_on=made_on), facility_code=case.facility_code)


def xml11_tags(case: Case, facts: Xml11Facts) -> dict[str, str]:
    """The 23 tags of table 11 in their order; QĐ 4750 added the last."""
    cards = case.health_insurance_card.split(";")
    return {
        "MA_LK": case.case_id,
        "SO_CT": facts.serial,
        "SO_SERI": facts.serial,
        "SO_KCB": case.visit_no,
        "DON_VI": case.employer,
        "MA_BHXH": case.social_insurance_no,
        "MA_THE_BHYT": ";".join(card for card in cards if not is_temporary(card)),
        "CHAN_DOAN_RV": case.diagnosis or case.icd10,
        "PP_DIEUTRI": case.treatment,
        "MA_DINH_CHI_THAI": "",
        "NGUYENNHAN_DINHCHI": "",
        "TUOI_THAI": "",
        "SO_NGAY_NGHI": str(case.leave_days),
        "TU_NGAY": day(case.isolation_from),
        "DEN_NGAY": day(case.isolation_to),
        "HO_TEN_CHA": case.father_name if case.names_parents else "",
        "HO_TEN_ME": case.mother_name if case.names_parents else "",
        "MA_TTDV": facts.head_no,
        "MA_BS": facts.practitioner_no,
        "NGAY_CT": day(facts.document_on),
        "MA_THE_TAM": ";".join(filter(is_temporary, cards)),
        "MAU_SO": "CT07",
        "DU_PHONG": "",
    }


def province_of(case: Case) -> str:
    """MATINH_CU_TRU as far as it is known: that of the commune; without a commune the station's, which looks
    after the people around it.
    """
    if not case.ward_code:
        return case.facility_code[:2]
    return _HANOI if any(int(case.ward_code) in wards for wards in _HANOI_WARDS) else ""


def xml1_tags(case: Case, facts: Xml11Facts) -> dict[str, str]:
    """Who came, when and for what; all other tags of table 1 are present and empty."""
    born = f"{day(case.birth.day)}0000" if case.birth.day else f"{case.birth.year:04d}00000000"
    known = {
        "MA_LK": case.case_id,
        "STT": "1",
        "MA_BN": case.case_id,
        "HO_TEN": case.full_name,
        "SO_CCCD": case.citizen_id,
        "NGAY_SINH": born,
        "GIOI_TINH": case.sex.value,
        "DIA_CHI": case.address,
        "MATINH_CU_TRU": province_of(case),
        "MAXA_CU_TRU": case.ward_code,
        "DIEN_THOAI": case.phone,
        "MA_THE_BHYT": case.health_insurance_card,
        "CHAN_DOAN_RV": case.diagnosis,
        "MA_BENH_CHINH": case.icd10,
        "NGAY_VAO": f"{day(case.examined_on)}0000",
        "NGAY_RA": f"{day(case.dated_on)}0000",
        "PP_DIEU_TRI": case.treatment,
        "MA_LOAI_KCB": _OUTPATIENT,
        "MA_CSKCB": case.facility_code,
        "MA_TTDV": facts.head_no,
    }
    return {tag: known.get(tag, "") for tag in field_table("xml1").tags}
