"""From the tags of exchange documents to the columns of a case file, and what is assumed where a tag is
missing.

Both formats ask for sick leave only and are made for outpatients only. Neither says when the test was
positive (assumed: on the first day of leave), nor anything about the last test, vaccinations or the outcome.
See `docs/decisions/0016-exchange-formats.md`.
"""

from collections.abc import Mapping

from certsvc.records.cells import Cell, day_of
from certsvc.records.columns import CASES
from certsvc.records.diagnoses import code_in, without_code

COLUMNS = tuple(column.name for column in CASES.columns)
_INDEX = {name: index for index, name in enumerate(COLUMNS)}

_INPATIENT = frozenset({"3", "4", "6", "9"})
"""MA_LOAI_KCB of stays: inpatient, day care, at a station, under four hours [QĐ 824/QĐ-BYT]."""
_DAY_CHARS, _YEAR_CHARS = 8, 4


def row_of_ct07(tags: Mapping[str, str], *, facility_code: str) -> list[Cell]:
    """The cells, in the order of `COLUMNS`, of one CT07 document of either layout."""
    first_day = _of(tags, "TU_NGAY")
    diagnosis, _, treatment = _of(tags, "CHANDOAN_DIEUTRI").partition("\n")
    icd10 = _of(tags, "BENH_ICD10_ID") or code_in(diagnosis)
    return _row(
        case_id=_of(tags, "MA_CT") or _of(tags, "SO_KCB"),
        full_name=_of(tags, "HO_TEN"),
        birth_date=_of(tags, "NGAY_SINH"),
        sex=_of(tags, "GIOI_TINH"),
        citizen_id=_of(tags, "SO_CCCD"),
        id_type=_of(tags, "LOAI_GIAYTO").strip("0"),
        id_issued_on=_issued_on(_of(tags, "NGAYCAP_CCCD")),
        social_insurance_no=_of(tags, "MA_BHXH"),
        health_insurance_card=_of(tags, "MA_THE"),
        employer=_of(tags, "DON_VI"),
        positive_on=first_day,
        care_setting="home",
        isolation_from=first_day,
        isolation_to=_of(tags, "DEN_NGAY"),
        facility_code=facility_code,
        visit_no=_of(tags, "SO_KCB"),
        examined_on=_of(tags, "NGAY_KCB") or _of(tags, "NGAY_CHUNG_TU") or first_day,
        certified_on=_certified_on(_of(tags, "NGAY_KCB"), _of(tags, "NGAY_CHUNG_TU")),
        icd10=icd10,
        diagnosis=without_code(diagnosis, icd10) or without_code(_of(tags, "BENH_ICD10_TEN"), icd10),
        treatment=treatment.strip(),
        practitioner_licence=_of(tags, "MA_CCHN"),
        father_name=_of(tags, "HO_TEN_CHA"),
        mother_name=_of(tags, "HO_TEN_ME"),
        wants_sick_leave="1",
        wants_recovery="0",
    )


def row_of_pair(
    leave: Mapping[str, str] | None, visit: Mapping[str, str], *, facility_code: str
) -> list[Cell]:
    """The cells of an XML11 with the XML1 of its visit; without an XML11 the visit asks for nothing."""
    asked = leave or {}
    first_day = _of(asked, "TU_NGAY")
    diagnosis = _of(asked, "CHAN_DOAN_RV")
    icd10 = _of(visit, "MA_BENH_CHINH") or code_in(diagnosis)
    visited_on = _of(visit, "NGAY_VAO")[:_DAY_CHARS]
    cards = [card for card in (_of(asked, "MA_THE_BHYT"), _of(asked, "MA_THE_TAM")) if card]
    return _row(
        case_id=_of(visit, "MA_LK"),
        full_name=_of(visit, "HO_TEN"),
        birth_date=_birth(_of(visit, "NGAY_SINH")),
        sex=_of(visit, "GIOI_TINH"),
        citizen_id=_of(visit, "SO_CCCD"),
        social_insurance_no=_of(asked, "MA_BHXH"),
        health_insurance_card=";".join(cards),
        phone=_of(visit, "DIEN_THOAI"),
        address=_of(visit, "DIA_CHI"),
        ward_code=_of(visit, "MAXA_CU_TRU"),
        employer=_of(asked, "DON_VI"),
        positive_on=first_day,
        care_setting="hospital" if _of(visit, "MA_LOAI_KCB").lstrip("0") in _INPATIENT else "home",
        isolation_from=first_day,
        isolation_to=_of(asked, "DEN_NGAY"),
        facility_code=_of(visit, "MA_CSKCB") or facility_code,
        visit_no=_of(asked, "SO_KCB"),
        examined_on=visited_on or _of(asked, "NGAY_CT") or first_day,
        certified_on=_certified_on(visited_on, _of(asked, "NGAY_CT")),
        icd10=icd10,
        diagnosis=without_code(diagnosis, icd10),
        treatment=_of(asked, "PP_DIEUTRI"),
        practitioner_licence=_of(asked, "MA_BS"),
        father_name=_of(asked, "HO_TEN_CHA"),
        mother_name=_of(asked, "HO_TEN_ME"),
        wants_sick_leave="1" if leave is not None else "0",
        wants_recovery="0",
    )


def _row(**cells: str) -> list[Cell]:
    row: list[Cell] = [None] * len(COLUMNS)
    for name, cell in cells.items():
        row[_INDEX[name]] = cell or None
    return row


def _of(tags: Mapping[str, str], tag: str) -> str:
    return tags.get(tag, "").strip()


def _issued_on(text: str) -> str:
    """A day; nothing for a year alone, which the format allows and none of our papers prints."""
    return "" if len(text) == _YEAR_CHARS else text


def _birth(text: str) -> str:
    """yyyymmddHHMM, where unknown parts are zero, as a day or a year alone [QĐ 4750/QĐ-BYT table 1]."""
    return text[:_YEAR_CHARS] if "00" in (text[4:6], text[6:8]) else text[:_DAY_CHARS]


def _certified_on(visit: str, certificate: str) -> str:
    """The day of a document whose visit began on another day: that of the last of several visits. Nothing
    where both are the same day, or only one is given.
    """
    if not visit or not certificate:
        return ""
    days = day_of(visit), day_of(certificate)
    return "" if visit == certificate or (days[0] == days[1] and None not in days) else certificate
