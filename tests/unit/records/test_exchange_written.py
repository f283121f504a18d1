"""Exchange files out: what they hold, and that what a case says survives the way there and back."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from certsvc.records import Birth
from certsvc.records.exchange.ct07 import TAGS_2025, ct07_tags, ct07_xml
from certsvc.records.exchange.fields import Format, field_table
from certsvc.records.exchange.xml11 import xml1_tags, xml11_tags, xml11_xml
from tests.support.cases import make_case
from tests.support.exchange import read
from tests.unit.records.exchange_cases import DAY, LAYOUTS, checked, facts, file_for, numbers, sample_cases


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_sample_case_survives_ct07(layout: Format, tmp_path: Path) -> None:
    """All sample cases as CT07 and read back: equal in every tag that CT07 has, and the same case by the same
    id.
    """
    cases = list(sample_cases())
    assert len(cases) > 150
    rows = read(b"".join(file_for(case, layout) for case in cases), tmp_path)
    assert [row.number for row in rows] == list(range(1, len(cases) + 1))
    for case, row in zip(cases, rows, strict=True):
        back = checked(row).case
        assert back is not None, checked(row).findings
        assert ct07_tags(back, facts(case), LAYOUTS[layout]) == ct07_tags(case, facts(case), LAYOUTS[layout])
        assert (back.case_id, back.facility_code) == (case.case_id, case.facility_code)


def test_every_sample_case_survives_xml11(tmp_path: Path) -> None:
    """All sample cases as XML1 and XML11 and read back: equal in every tag of both; the signer is found by
    his BHXH number.
    """
    cases = list(sample_cases())
    station = [replace(case, facility_code="01801", practitioner_licence="000002/HNO-CCHN") for case in cases]
    for case, row in zip(
        station,
        read(b"".join(xml11_xml(case, numbers(case), made_on=DAY) for case in station), tmp_path),
        strict=True,
    ):
        back = checked(row).case
        assert back is not None, checked(row).findings
        assert xml11_tags(back, numbers(case)) == xml11_tags(case, numbers(case))
        assert xml1_tags(back, numbers(case)) == xml1_tags(case, numbers(case))
        assert back.practitioner_licence == "000002/HNO-CCHN"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_we_write_keeps_its_table(layout: Format) -> None:
    """Tags in the table's order; sample cases that get a sick leave break nothing."""
    case = make_case()
    assert tuple(ct07_tags(case, facts(case), LAYOUTS[layout])) == field_table(layout).tags
    assert tuple(xml11_tags(case, numbers(case))) == field_table(Format.XML11).tags
    for case in sample_cases():
        is_known = case.social_insurance_no or case.father_name or case.mother_name
        if is_known and case.employer and case.visit_no and case.isolation_from == case.examined_on:
            assert field_table(layout).mistakes(ct07_tags(case, facts(case), LAYOUTS[layout])) == []
            mistakes = field_table(Format.XML11).mistakes(xml11_tags(case, numbers(case)))
            assert mistakes == [] or not case.social_insurance_no


def test_a_year_of_birth_goes_through_both_formats(tmp_path: Path) -> None:
    """yyyy in CT07; twelve digits with zeros in XML1."""
    case = make_case(birth=Birth(1960))
    for data in (file_for(case, Format.CT07), xml11_xml(case, numbers(case), made_on=DAY)):
        [row] = read(data, tmp_path)
        assert row.cells["birth_date"] == "1960"


def test_the_embedded_file_is_what_is_exported() -> None:
    """The document that a PDF carries and the export of the same certificate are the same."""
    case = make_case()
    embedded = fromstring(ct07_xml(case, facts(case), made_on=DAY))
    exported = fromstring(file_for(case, Format.CT07))
    path = "THONGTINHOSO/DANHSACHHOSO/HOSO/FILEHOSO/NOIDUNGFILE"
    assert embedded.findtext(path) == exported.findtext(path)


def test_the_visit_says_when_it_ended_and_where_the_patient_lives() -> None:
    """NGAY_RA is the last day of the visit, MATINH_CU_TRU the commune's province as far as it is known, else
    the station's.
    """
    case = next(sample_cases())
    assert case.examined_on is not None
    last = case.examined_on + dt.timedelta(days=2)
    tags = {ends: xml1_tags(replace(case, certified_on=ends), numbers(case)) for ends in (None, last)}
    assert [document["NGAY_RA"] for document in tags.values()] == [
        f"{case.examined_on:%Y%m%d}0000",
        f"{last:%Y%m%d}0000",
    ]
    assert {document["NGAY_VAO"] for document in tags.values()} == {f"{case.examined_on:%Y%m%d}0000"}
    wards = {"00001": "01", "10120": "01", "09022": "01", "": "01", "26734": "", "00688": ""}
    assert {
        ward: xml1_tags(replace(case, ward_code=ward), numbers(case))["MATINH_CU_TRU"] for ward in wards
    } == wards


def test_a_file_says_when_it_was_made() -> None:
    """NGAYLAP is the day the file is made, whatever day the document bears."""
    case = next(sample_cases())
    for data in (xml11_xml(case, numbers(case), made_on=DAY), ct07_xml(case, facts(case), made_on=DAY)):
        assert fromstring(data).findtext("THONGTINHOSO/NGAYLAP") == "20260102"


def test_parents_are_named_of_small_children_alone() -> None:
    """In both formats, as on the paper: of those under 7 on the day of the examination."""
    case = replace(
        next(sample_cases()),
        examined_on=dt.date(2022, 2, 27),
        father_name="Nguyễn Văn Thí",
        mother_name="Trần Thị Dụ",
    )
    for birth, names in (
        (Birth.on(dt.date(2015, 2, 28)), ("Nguyễn Văn Thí", "Trần Thị Dụ")),
        (Birth.on(dt.date(2015, 2, 27)), ("", "")),
    ):
        born = replace(case, birth=birth)
        for tags in (ct07_tags(born, facts(born), TAGS_2025), xml11_tags(born, numbers(born))):
            assert (tags["HO_TEN_CHA"], tags["HO_TEN_ME"]) == names
