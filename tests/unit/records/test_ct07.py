"""CT07 as data: every tag of its layout, in order, holding what the case says, and always well-formed."""

import base64
import datetime as dt
import re
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from certsvc.records import Birth, Case, IdType
from certsvc.records.exchange.ct07 import Ct07Facts, ct07_document, ct07_xml
from tests.unit.records.samples import checked

FACTS = Ct07Facts(
    serial="018012200017",
    document_on=dt.date(2022, 2, 27),
    head_name="Đỗ Thị Mẫu",
    practitioner_name="Lý Văn Thử",
)
OF_2022 = (
    "MA_CT SO_SERI SO_KCB MA_BHXH MA_THE HO_TEN NGAY_SINH GIOI_TINH DON_VI CHANDOAN_DIEUTRI TU_NGAY DEN_NGAY"
    " HO_TEN_CHA HO_TEN_ME THU_TRUONG_DV MA_CCHN TEN_NGUOI_HANH_NGHE NGAY_CHUNG_TU TEKT MAU_SO"
)
"""Domain §4.2."""

OF_2025 = (
    "MA_CT MAU_SO SO_SERI SO_KCB MA_BHXH MA_THE HO_TEN NGAY_SINH GIOI_TINH DON_VI CHANDOAN_DIEUTRI TU_NGAY"
    " DEN_NGAY HO_TEN_CHA HO_TEN_ME THU_TRUONG_DV MA_CCHN TEN_NGUOI_HANH_NGHE NGAY_CHUNG_TU TEKT LOAI_GIAYTO"
    " SO_CCCD NGAYCAP_CCCD NOICAP_CCCD NGAY_KCB BENH_ICD10_ID BENH_ICD10_TEN"
)
"""Domain §4.3: 27 tags."""


def _case(**changes: object) -> Case:
    case = checked().case
    assert case is not None
    return replace(case, **changes)  # type: ignore[arg-type]


def _document(case: Case, facts: Ct07Facts = FACTS) -> Element:
    document: Element = fromstring(ct07_document(case, facts))
    return document


def _fields(case: Case, facts: Ct07Facts = FACTS) -> dict[str, str]:
    return {child.tag: child.text or "" for child in _document(case, facts)}


@pytest.mark.parametrize(
    ("examined_on", "tags"), [(dt.date(2025, 6, 30), OF_2022), (dt.date(2025, 7, 1), OF_2025)]
)
def test_every_tag_of_the_layout_in_force_is_there_in_order(examined_on: dt.date, tags: str) -> None:
    """The day of examination decides between both lists of tags; a tag without a value is there and empty."""
    document = _document(_case(examined_on=examined_on, visit_no="", id_issued_on=None))
    assert document.tag == "CT07"
    assert [child.tag for child in document] == tags.split()
    assert not document.findtext("SO_KCB")


def test_values_of_2022() -> None:
    """The sample case's values, days as yyyymmdd, diagnosis and treatment on two lines."""
    assert _fields(_case()) == {
        "MA_CT": "HN-220227-000001",
        "SO_SERI": "018012200017",
        "SO_KCB": "1",
        "MA_BHXH": "0161623617",
        "MA_THE": "DN4010161623617",
        "HO_TEN": "Nguyễn Thị Bưởi",
        "NGAY_SINH": "19810117",
        "GIOI_TINH": "2",
        "DON_VI": "Trường Tiểu học Ngọc Hà",
        "CHANDOAN_DIEUTRI": "COVID-19, vi rút được xác định\nĐiều trị ngoại trú, cách ly tại nhà",
        "TU_NGAY": "20220227",
        "DEN_NGAY": "20220307",
        "HO_TEN_CHA": "",
        "HO_TEN_ME": "",
        "THU_TRUONG_DV": "Đỗ Thị Mẫu",
        "MA_CCHN": "000001/HNO-CCHN",
        "TEN_NGUOI_HANH_NGHE": "Lý Văn Thử",
        "NGAY_CHUNG_TU": "20220227",
        "TEKT": "0",
        "MAU_SO": "CT07",
    }


def test_values_that_2025_adds() -> None:
    """Kind and number of the paper, its day of issue, the day of examination, the disease."""
    fields = _fields(_case(examined_on=dt.date(2026, 3, 2), id_type=IdType.PASSPORT, citizen_id="C1234567"))
    added = [fields[tag] for tag in OF_2025.split()[20:]]
    assert added == ["3", "C1234567", "20210510", "", "20260302", "U07.1", "COVID-19, vi rút được xác định"]


def test_a_birth_may_be_a_year_and_a_child_may_have_no_number() -> None:
    """NGAY_SINH is then yyyy; TEKT marks a child without a social-insurance number, and its parents are
    named.
    """
    fields = _fields(_case(birth=Birth(2019), social_insurance_no="", mother_name="Nguyễn Thị Thí Dụ"))
    assert (fields["NGAY_SINH"], fields["TEKT"], fields["MA_BHXH"], fields["HO_TEN_ME"]) == (
        "2019",
        "1",
        "",
        "Nguyễn Thị Thí Dụ",
    )


def test_the_envelope_holds_one_document() -> None:
    """HSCHUNGTU names the facility and the day, counts one dossier, and carries the very document in base64,
    unsigned.
    """
    envelope = fromstring(ct07_xml(_case(), FACTS, made_on=dt.date(2022, 3, 1)))
    assert envelope.tag == "HSCHUNGTU"
    assert [child.tag for child in envelope] == ["THONGTINDONVI", "THONGTINHOSO", "CHUKYDONVI"]
    assert envelope.findtext("THONGTINDONVI/MACSKCB") == "01801"
    assert envelope.findtext("THONGTINHOSO/NGAYLAP") == "20220301"
    assert envelope.findtext("THONGTINHOSO/SOLUONGHOSO") == "1"
    (file,) = envelope.findall("THONGTINHOSO/DANHSACHHOSO/HOSO/FILEHOSO")
    assert file.findtext("LOAIHOSO") == "CT07"
    assert base64.b64decode(file.findtext("NOIDUNGFILE") or "") == ct07_document(_case(), FACTS)
    assert not envelope.findtext("CHUKYDONVI")


def test_a_case_without_examination_has_no_ct07() -> None:
    """No rule lets such a case pass as sick leave, so asking for it is a fault."""
    with pytest.raises(ValueError, match="examination"):
        ct07_xml(_case(examined_on=None), FACTS, made_on=dt.date(2022, 3, 1))


@given(st.text(), st.text())
def test_text_is_never_markup(name: str, employer: str) -> None:
    """Whatever characters a case holds, the document parses and says them, but for those that XML cannot
    hold.
    """
    facts = replace(FACTS, practitioner_name=name)
    fields = _fields(_case(employer=employer), facts)
    assert fields["DON_VI"] == _without_forbidden(employer)
    assert fields["TEN_NGUOI_HANH_NGHE"] == _without_forbidden(name)


def _without_forbidden(text: str) -> str:
    """XML 1.0, production 2, without the carriage return, which a reader turns into a line feed."""
    return re.sub("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", "", text)


def test_markup_of_a_case_is_escaped() -> None:
    """Tags, entities and section ends in a name arrive as typed."""
    attack = "</DON_VI><TEKT>1</TEKT>&xxe;<![CDATA[x]]> \"'"
    assert _fields(_case(employer=attack))["DON_VI"] == attack
