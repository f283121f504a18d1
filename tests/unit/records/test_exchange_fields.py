"""The field tables: each rule of a table is broken by a document that breaks only that one."""

import datetime as dt

import pytest

from certsvc.records.exchange.ct07 import TAGS_2022, TAGS_2025, Ct07Facts, ct07_tags
from certsvc.records.exchange.fields import Format, field_table
from certsvc.records.exchange.xml11 import Xml11Facts, xml11_tags
from tests.support.cases import make_case

DAY = dt.date(2022, 2, 6)


def tags(layout: Format) -> dict[str, str]:
    if layout is Format.XML11:
        return xml11_tags(
            make_case(),
            Xml11Facts(
                serial="018012600001", document_on=DAY, head_no="0168622131", practitioner_no="0148056573"
            ),
        )
    facts = Ct07Facts(
        serial="018012600001", document_on=DAY, head_name="Đỗ Thị Mẫu", practitioner_name="Lý Văn Thử"
    )
    return ct07_tags(make_case(), facts, TAGS_2022 if layout is Format.CT07 else TAGS_2025)


@pytest.mark.parametrize("layout", Format)
def test_a_good_document_breaks_nothing(layout: Format) -> None:
    assert field_table(layout).mistakes(tags(layout)) == []
    assert field_table(layout).source


@pytest.mark.parametrize("layout", Format)
def test_each_mandatory_tag_is_missed(layout: Format) -> None:
    """Whether empty or absent."""
    table = field_table(layout)
    for field in table.fields:
        emptied = tags(layout) | {field.tag: ""}
        is_missed = [mistake.tag for mistake in table.mistakes(emptied)] == [field.tag]
        assert is_missed == (
            field.required
            or (
                bool(field.required_if)
                and all(emptied.get(tag) == value for tag, value in (field.required_if or {}).items())
            )
        )
        without = {tag: value for tag, value in tags(layout).items() if tag != field.tag}
        assert field.tag in [mistake.tag for mistake in table.mistakes(without)]


@pytest.mark.parametrize(
    ("layout", "changes", "broken"),
    [
        (Format.XML11, {"MA_BHXH": "0000000000"}, "MA_BHXH"),
        (Format.XML11, {"MA_TTDV": "12345"}, "MA_TTDV"),
        (Format.XML11, {"SO_NGAY_NGHI": "9"}, "SO_NGAY_NGHI"),
        (Format.XML11, {"TU_NGAY": "20220230"}, "TU_NGAY"),
        (Format.XML11, {"NGAY_CT": "2022"}, "NGAY_CT"),
        (Format.XML11, {"DEN_NGAY": "20220205"}, "DEN_NGAY"),
        (Format.XML11, {"MA_DINH_CHI_THAI": "1", "TUOI_THAI": "12"}, "NGUYENNHAN_DINHCHI"),
        (Format.XML11, {"TUOI_THAI": "43"}, "TUOI_THAI"),
        (Format.XML11, {"DON_VI": "x" * 1025}, "DON_VI"),
        (Format.XML11, {"DU_PHONG": "x" * 4001}, "DU_PHONG"),
        (Format.XML11, {"MA_THE_BHYT": "dn4010100000001"}, "MA_THE_BHYT"),
        (Format.XML11, {"MAU_SO": "CT08"}, "MAU_SO"),
        (Format.CT07, {"TEKT": "1", "MA_BHXH": ""}, "HO_TEN_CHA"),
        (Format.CT07, {"GIOI_TINH": "4"}, "GIOI_TINH"),
        (Format.CT07, {"NGAY_SINH": "198"}, "NGAY_SINH"),
        (Format.CT07_2025, {"LOAI_GIAYTO": "5"}, "LOAI_GIAYTO"),
        (Format.CT07_2025, {"NGAY_KCB": "06/02/2022"}, "NGAY_KCB"),
    ],
)
def test_each_condition_is_held(layout: Format, changes: dict[str, str], broken: str) -> None:
    """The tag is named, its value is not."""
    [mistake] = field_table(layout).mistakes(tags(layout) | changes)
    assert mistake.tag == broken
    assert not any(
        value and len(value) > 4 and value in mistake.message_vi + mistake.message_en
        for value in changes.values()
    )


def test_a_child_without_a_number_names_a_parent() -> None:
    """TEKT = 1: MA_BHXH may be empty, one of the parents may not."""
    assert (
        field_table(Format.CT07).mistakes(
            tags(Format.CT07) | {"TEKT": "1", "MA_BHXH": "", "HO_TEN_ME": "Nguyễn Thị Thí Dụ"}
        )
        == []
    )
