"""Exchange files in and out: what a case says survives the way there and back, and broken dossiers stay
single.
"""

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from certsvc.errors import InputError
from certsvc.models import Kind
from certsvc.records import Birth, Case, Checked, check
from certsvc.records.exchange.ct07 import TAGS_2022, TAGS_2025, Ct07Facts, ct07_tags, ct07_xml
from certsvc.records.exchange.fields import Format, field_table
from certsvc.records.exchange.xml import document, dossier, envelope
from certsvc.records.exchange.xml11 import Xml11Facts, xml1_tags, xml11_tags, xml11_xml
from certsvc.records.sheets.tables import SheetRow
from tests.support.cases import make_case
from tests.support.exchange import ct07, file_of, hschungtu, read, tags_of, zipped
from tests.support.exchange import document as written
from tests.support.records import record
from tests.unit.records.samples import REGISTRY, SAMPLE, TODAY, judged_row, told

LAYOUTS = {Format.CT07: TAGS_2022, Format.CT07_2025: TAGS_2025}
HEAD_NO, PRACTITIONER_NO = "0168622131", "0148056573"
DAY = dt.date(2026, 1, 2)


def checked(row: SheetRow) -> Checked:
    return check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices)


def outcome(row: SheetRow) -> tuple[str, str]:
    judgement = judged_row(checked(row))
    return told(judgement, Kind.SICK_LEAVE), told(judgement, Kind.RECOVERY)


def sample_records() -> list[dict[str, str]]:
    with (SAMPLE / "f0_cases.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sample_cases() -> Iterator[Case]:
    for each in sample_records():
        case = check(each, today=TODAY, registry=REGISTRY).case
        if case is not None and case.examined_on is not None:
            yield case


def facts(case: Case) -> Ct07Facts:
    assert case.examined_on is not None
    return Ct07Facts(
        serial="018012600001",
        document_on=case.examined_on,
        head_name="Đỗ Thị Mẫu",
        practitioner_name="Lý Văn Thử",
    )


def numbers(case: Case) -> Xml11Facts:
    assert case.examined_on is not None
    return Xml11Facts(
        serial="018012600001", document_on=case.examined_on, head_no=HEAD_NO, practitioner_no=PRACTITIONER_NO
    )


def file_for(case: Case, layout: Format) -> bytes:
    inside = dossier(
        [("CT07", document("CT07", ct07_tags(case, facts(case), LAYOUTS[layout])))],
        made_on=dt.date(2026, 1, 2),
    )
    return envelope("HSCHUNGTU", inside, facility_code=case.facility_code)


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


def test_every_sample_row_is_told_as_its_tags_deserve(tmp_path: Path) -> None:
    """Each row of the sample, typed into a CT07: sick leave comes out as expected.csv says, but for what CT07
    has no tag for.
    """
    records = [{**each, "facility_code": each["facility_code"].zfill(5)} for each in sample_records()]
    with (SAMPLE / "expected.csv").open(encoding="utf-8") as file:
        expected = {row["case_id"]: row["sick_leave"] for row in csv.DictReader(file)}
    rows = read(
        b"".join(hschungtu(ct07(tags_of(each)), facility=each["facility_code"]) for each in records), tmp_path
    )
    differing = {}
    for each, row in zip(records, rows, strict=True):
        sick_leave, recovery = outcome(row)
        assert recovery == "none"
        if (asked := expected[each["case_id"]]) not in (sick_leave, "none"):
            differing[each["case_id"]] = (asked, sick_leave)
    untold = {"V-CITIZEN-ID", "V-PHONE", "V-DATE-ORDER", "V-ICD10", "A-INPATIENT", "A-OUTCOME", "A-ONE-EXAM"}
    told_otherwise = {
        each: outcomes
        for each, outcomes in differing.items()
        if outcomes[1] != "issue" or outcomes[0].removeprefix("reject:") not in untold
    }
    assert differing
    assert told_otherwise == {}


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
    for each in sample_cases():
        is_known = each.social_insurance_no or each.father_name or each.mother_name
        if is_known and each.employer and each.visit_no and each.isolation_from == each.examined_on:
            assert field_table(layout).mistakes(ct07_tags(each, facts(each), LAYOUTS[layout])) == []
            assert (
                field_table(Format.XML11).mistakes(xml11_tags(each, numbers(each))) == []
                or not each.social_insurance_no
            )


def test_case_id_is_ma_ct_else_so_kcb(tmp_path: Path) -> None:
    """MA_CT names the case; hospitals that leave it empty are known by SO_KCB."""
    rows = read(
        hschungtu(ct07(tags_of(record(1))), ct07(tags_of(record(2), MA_CT=" ", SO_KCB="77/KCB"))), tmp_path
    )
    assert [row.cells["case_id"] for row in rows] == ["TH-220206-000001", "77/KCB"]
    assert [outcome(row) for row in rows] == [("issue", "none"), ("issue", "none")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"CHANDOAN_DIEUTRI": "J06.9 - Viêm đường hô hấp trên\nNgoại trú"},
            ("J06.9", "Viêm đường hô hấp trên", "Ngoại trú"),
        ),
        ({"CHANDOAN_DIEUTRI": "Covid 19 thể nhẹ"}, ("U07.1", "Covid 19 thể nhẹ", "")),
        ({"CHANDOAN_DIEUTRI": "B34.2 - Covid-19\n"}, ("B34.2", "Covid-19", "")),
    ],
)
def test_diagnosis_and_treatment_are_parted_at_the_line(
    changes: dict[str, str], expected: tuple[str, str, str], tmp_path: Path
) -> None:
    """The first line is the diagnosis, without the code that it begins with; its code is the one it names, of
    COVID-19 U07.1.
    """
    [row] = read(hschungtu(ct07(tags_of(record(1), **changes))), tmp_path)
    case = checked(row).case
    assert case is not None
    assert (case.icd10, case.diagnosis, case.treatment) == expected


def test_a_diagnosis_without_code_or_covid_is_rejected(tmp_path: Path) -> None:
    """Nothing is made up: V-ICD10 asks for a code."""
    [row] = read(hschungtu(ct07(tags_of(record(1), CHANDOAN_DIEUTRI="Sốt, ho\nNghỉ ngơi"))), tmp_path)
    assert outcome(row) == ("reject:V-ICD10", "none")


def test_rules_judge_what_the_tags_say(tmp_path: Path) -> None:
    """The day of the paper is the examination's; 31 days, no employer, a start after it are rejected as from
    any file.
    """
    rows = read(
        hschungtu(
            ct07(tags_of(record(1), DEN_NGAY="20220308")),
            ct07(tags_of(record(2), DON_VI="")),
            ct07(tags_of(record(3), NGAY_CHUNG_TU="20220205")),
            ct07(tags_of(record(4), NGAY_CHUNG_TU="")),
            ct07(tags_of(record(5), NGAY_SINH="2019", HO_TEN_ME="")),
        ),
        tmp_path,
    )
    assert [outcome(row)[0] for row in rows] == [
        "reject:A-30-DAYS",
        "reject:A-EMPLOYER",
        "reject:A-STARTS-AT-EXAM",
        "issue",
        "reject:A-UNDER-7",
    ]


def test_a_year_of_birth_goes_through_both_formats(tmp_path: Path) -> None:
    """yyyy in CT07; twelve digits with zeros in XML1."""
    case = make_case(birth=Birth(1960))
    for data in (file_for(case, Format.CT07), xml11_xml(case, numbers(case), made_on=DAY)):
        [row] = read(data, tmp_path)
        assert row.cells["birth_date"] == "1960"


def pair(leave: dict[str, str] | None = None, visit: dict[str, str] | None = None) -> str:
    case = make_case()
    documents = [
        file_of("XML1", written("TONG_HOP", xml1_tags(case, numbers(case)) | (visit or {}))),
        file_of("XML3", b"not XML at all"),
    ]
    return "".join(
        [
            *documents,
            *(
                []
                if leave is None
                else [file_of("XML11", written("X", xml11_tags(case, numbers(case)) | leave))]
            ),
        ]
    )


def test_a_pair_belongs_together_by_its_visit(tmp_path: Path) -> None:
    """XML11 with the XML1 of the same MA_LK is a case; of another it is refused; a visit without XML11 asks
    for nothing; a stay is no leave.
    """
    dossiers = (
        pair({}),
        pair({"MA_LK": "other"}),
        pair(),
        pair({}, {"MA_LOAI_KCB": "03", "MA_LK": "TH-220206-000001"}),
        file_of("XML3", b"x"),
    )
    rows = read(hschungtu(*dossiers, root="GIAMDINHHS"), tmp_path)
    assert [outcome(row)[0] for row in rows] == [
        "issue",
        "reject:V-DOCUMENT",
        "none",
        "reject:A-INPATIENT",
        "reject:V-DOCUMENT",
    ]


def test_a_broken_dossier_is_a_rejected_row(tmp_path: Path) -> None:
    """Wrong base64, wrong XML inside, a DOCTYPE inside, an encoding that does not fit, no CT07, two of them,
    one too long: each is told alone.
    """
    good = ct07(tags_of(record(1)))
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b'
        b' "&a;&a;&a;&a;&a;&a;&a;&a;">]><CT07><HO_TEN>&b;</HO_TEN></CT07>'
    )
    broken = (
        "<FILEHOSO><LOAIHOSO>CT07</LOAIHOSO><NOIDUNGFILE>***</NOIDUNGFILE></FILEHOSO>",
        file_of("CT07", b"<CT07><HO_TEN>"),
        file_of("CT07", bomb),
        file_of(
            "CT07",
            '<?xml version="1.0" encoding="UTF-8"?><CT07><HO_TEN>Nguyễn</HO_TEN></CT07>'.encode(
                "cp1258", errors="replace"
            ).replace(b"?", b"\xff"),
        ),
        file_of("CT07", b'<?xml version="1.0" encoding="no-such"?><CT07/>'),
        file_of("CT03", b"<CT03/>"),
        good + good,
        file_of("CT07", b"<CT07><HO_TEN>" + b"a" * (2 << 20) + b"</HO_TEN></CT07>"),
        "",
    )
    rows = read(hschungtu(good, *broken, good), tmp_path)
    assert [outcome(row) for row in rows] == [
        ("issue", "none"),
        *[("reject:V-DOCUMENT", "none")] * len(broken),
        ("issue", "none"),
    ]
    assert [row.number for row in rows] == list(range(1, len(broken) + 3))
    texts = [finding.message_vi + finding.message_en for row in rows for finding in checked(row).findings]
    assert not any("Nguyễn" in text for text in texts)


def test_a_zip_of_files_is_one_table(tmp_path: Path) -> None:
    """Dossiers are counted through all files; a folder in it does not matter; other files in it make it no
    exchange file.
    """
    one, two = (
        hschungtu(ct07(tags_of(record(1)))),
        hschungtu(ct07(tags_of(record(2))), ct07(tags_of(record(3)))),
    )
    rows = read(zipped({"ho so/a.xml": one, "b.XML": two}), tmp_path)
    assert [(row.number, row.cells["case_id"]) for row in rows] == [
        (number, f"TH-220206-{number:06d}") for number in (1, 2, 3)
    ]
    with pytest.raises(InputError, match="not_a_table"):
        read(zipped({"a.xml": one, "b.exe": b"MZ"}), tmp_path)


def test_other_encodings_are_read(tmp_path: Path) -> None:
    """UTF-16 with a mark, UTF-8 with one, and an older encoding that the file names."""
    text = hschungtu(ct07(tags_of(record(1)))).decode()
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("utf-8", "utf-16").encode("utf-16"),
        text.replace("utf-8", "windows-1258").encode(),
    ):
        [row] = read(data, tmp_path)
        assert outcome(row)[0] == "issue"


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
    assert [each["NGAY_RA"] for each in tags.values()] == [
        f"{case.examined_on:%Y%m%d}0000",
        f"{last:%Y%m%d}0000",
    ]
    assert {each["NGAY_VAO"] for each in tags.values()} == {f"{case.examined_on:%Y%m%d}0000"}
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
    """In both formats, as on the paper: below 7 on the day of the examination."""
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
