"""Exchange files of other programs: the diagnosis behind its code, and visits of several days."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from certsvc.records.exchange.ct07 import TAGS_2025, ct07_tags
from certsvc.records.exchange.fields import Format
from certsvc.records.exchange.xml11 import xml11_xml
from tests.support.cases import make_case
from tests.support.exchange import ct07, hschungtu, read, tags_of
from tests.support.records import record
from tests.unit.records.exchange_cases import DAY, LAYOUTS, checked, facts, file_for, numbers, pair


def of_2025(number: int, **changes: str) -> dict[str, str]:
    """A CT07 of 27 tags as another program writes it: the diagnosis behind its code."""
    tags = tags_of(record(number))
    more = {
        "LOAI_GIAYTO": "",
        "SO_CCCD": "",
        "NGAYCAP_CCCD": "",
        "NOICAP_CCCD": "",
        "NGAY_KCB": tags["NGAY_CHUNG_TU"],
    }
    named = {
        "BENH_ICD10_ID": "U07.1",
        "BENH_ICD10_TEN": "COVID-19",
        "CHANDOAN_DIEUTRI": "U07.1 - COVID-19, vi rút được xác định\nNghỉ ngơi",
    }
    return tags | more | named | changes


@pytest.mark.parametrize(
    ("code", "id_type"), [("0", None), ("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")], ids="01234"
)
def test_the_kind_of_number_is_read(code: str, id_type: str | None, tmp_path: Path) -> None:
    """LOAI_GIAYTO of 2025 is the column `id_type`; 0, no number, leaves it empty."""
    [row] = read(hschungtu(ct07(of_2025(1, LOAI_GIAYTO=code))), tmp_path)
    assert row.cells.get("id_type") == id_type


@pytest.mark.parametrize(("written", "day"), [("20210510", "20210510"), ("2021", None)])
def test_a_year_of_issue_alone_is_left_out(written: str, day: str | None, tmp_path: Path) -> None:
    """The format allows it in NGAYCAP_CCCD; no paper prints it."""
    [row] = read(hschungtu(ct07(of_2025(1, NGAYCAP_CCCD=written))), tmp_path)
    assert row.cells.get("id_issued_on") == day


@pytest.mark.parametrize(
    ("changes", "icd10", "diagnosis", "treatment"),
    [
        ({}, "U07.1", "COVID-19, vi rút được xác định", "Nghỉ ngơi"),
        ({"BENH_ICD10_ID": "", "BENH_ICD10_TEN": ""}, "U07.1", "COVID-19, vi rút được xác định", "Nghỉ ngơi"),
        ({"CHANDOAN_DIEUTRI": "U07.1\nNghỉ ngơi"}, "U07.1", "COVID-19", "Nghỉ ngơi"),
        ({"CHANDOAN_DIEUTRI": "", "BENH_ICD10_TEN": "U07.1: COVID-19"}, "U07.1", "COVID-19", None),
        (
            {"CHANDOAN_DIEUTRI": "J20 - Viêm phế quản cấp", "BENH_ICD10_ID": "J20"},
            "J20",
            "Viêm phế quản cấp",
            None,
        ),
        ({"CHANDOAN_DIEUTRI": "J20 - Viêm phế quản cấp"}, "U07.1", "J20 - Viêm phế quản cấp", None),
    ],
)
def test_a_diagnosis_is_not_given_its_code_twice(
    changes: dict[str, str], icd10: str, diagnosis: str, treatment: str | None, tmp_path: Path
) -> None:
    """It is kept apart from the code that it begins with; a document that names only the code has the
    disease's name.
    """
    [row] = read(hschungtu(ct07(of_2025(1, **changes))), tmp_path)
    assert (row.cells["icd10"], row.cells["diagnosis"], row.cells["treatment"]) == (
        icd10,
        diagnosis,
        treatment,
    )


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "diagnosis",
    ["U07.1 - COVID-19", "J20: Viêm phế quản cấp", "B34.2 - COVID-19", "U07.1", "Viêm phế quản cấp (J20)"],
)
def test_a_diagnosis_with_its_code_goes_round_and_round(
    layout: Format, diagnosis: str, tmp_path: Path
) -> None:
    """What was read is written so that it is read again as the same, in the format without a tag for the code
    too.
    """
    [row] = read(hschungtu(ct07(tags_of(record(1), CHANDOAN_DIEUTRI=f"{diagnosis}\nNghỉ ngơi"))), tmp_path)
    case = make_case(
        icd10=row.cells["icd10"], diagnosis=row.cells.get("diagnosis") or "", treatment="Nghỉ ngơi"
    )
    [back] = read(file_for(case, layout), tmp_path)
    assert [back.cells.get(name) for name in ("icd10", "diagnosis", "treatment")] == [
        row.cells.get(name) for name in ("icd10", "diagnosis", "treatment")
    ]
    [paired] = read(xml11_xml(case, numbers(case), made_on=DAY), tmp_path)
    assert (paired.cells["icd10"], paired.cells.get("diagnosis") or "") == (case.icd10, case.diagnosis)


@pytest.mark.parametrize(
    ("visit", "certificate", "examined_on", "certified_on"),
    [
        ("20220206", "20220206", "20220206", None),
        ("20220206", "20220208", "20220206", "20220208"),
        ("20220206", "", "20220206", None),
        ("", "20220206", "20220206", None),
        ("20220208", "20220206", "20220208", "20220206"),
        ("20220206", "06/02/2022", "20220206", None),
        ("20220206", "?", "20220206", "?"),
    ],
)
def test_a_visit_of_several_days_is_dated_by_its_last(
    visit: str, certificate: str, examined_on: str, certified_on: str | None, tmp_path: Path
) -> None:
    """The law goes by the examination, the form bears the document's day; where both are the same, only one
    is given. What is not a day is left to the rules.
    """
    tags = of_2025(1, NGAY_KCB=visit, NGAY_CHUNG_TU=certificate)
    [row] = read(hschungtu(ct07(tags)), tmp_path)
    assert (row.cells["examined_on"], row.cells["certified_on"]) == (examined_on, certified_on)
    dossiers = pair({"NGAY_CT": certificate}, {"NGAY_VAO": f"{visit}0730" if visit else ""})
    [row] = read(hschungtu(dossiers, root="GIAMDINHHS"), tmp_path)
    assert (row.cells["examined_on"], row.cells["certified_on"]) == (examined_on, certified_on)


def test_a_visit_of_several_days_goes_round(tmp_path: Path) -> None:
    """Written with the day that its certificate bears, it is the same case again, in the formats that have
    both days.
    """
    first = make_case().examined_on
    assert first is not None
    case = make_case(certified_on=first + dt.timedelta(days=2))
    assert case.dated_on is not None
    tags = ct07_tags(case, replace(facts(case), document_on=case.dated_on), TAGS_2025)
    for data in (
        hschungtu(ct07(tags)),
        xml11_xml(case, replace(numbers(case), document_on=case.dated_on), made_on=DAY),
    ):
        [row] = read(data, tmp_path)
        back = checked(row).case
        assert back is not None, checked(row).findings
        assert (back.examined_on, back.certified_on) == (case.examined_on, case.certified_on)
