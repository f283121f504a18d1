"""Exchange files in: what their tags mean, and broken dossiers that stay single."""

import csv
from pathlib import Path

import pytest

from certsvc.errors import InputError
from tests.support.exchange import ct07, file_of, hschungtu, read, tags_of, zipped
from tests.support.records import record
from tests.unit.records.exchange_cases import checked, outcome, pair, sample_records
from tests.unit.records.samples import SAMPLE


def test_every_sample_row_is_told_as_its_tags_deserve(tmp_path: Path) -> None:
    """Each row of the sample, typed into a CT07: sick leave comes out as expected.csv says, except for what
    CT07 has no tag for.
    """
    records = [{**row, "facility_code": row["facility_code"].zfill(5)} for row in sample_records()]
    with (SAMPLE / "expected.csv").open(encoding="utf-8") as file:
        expected = {row["case_id"]: row["sick_leave"] for row in csv.DictReader(file)}
    envelopes = (hschungtu(ct07(tags_of(typed)), facility=typed["facility_code"]) for typed in records)
    rows = read(b"".join(envelopes), tmp_path)
    differing = {}
    for typed, row in zip(records, rows, strict=True):
        sick_leave, recovery = outcome(row)
        assert recovery == "none"
        if (asked := expected[typed["case_id"]]) not in (sick_leave, "none"):
            differing[typed["case_id"]] = (asked, sick_leave)
    untold = {"V-CITIZEN-ID", "V-PHONE", "V-DATE-ORDER", "V-ICD10", "A-INPATIENT", "A-OUTCOME", "A-ONE-EXAM"}
    told_otherwise = {
        case_id: outcomes
        for case_id, outcomes in differing.items()
        if outcomes[1] != "issue" or outcomes[0].removeprefix("reject:") not in untold
    }
    assert differing
    assert told_otherwise == {}


def test_case_id_is_ma_ct_else_so_kcb(tmp_path: Path) -> None:
    """MA_CT names the case; where hospitals leave it empty, SO_KCB does."""
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
    """The first line is the diagnosis, without the code that it begins with; the code is that one, or U07.1
    for COVID-19.
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
    """The paper's day is the examination's; 31 days, no employer, a start after that day are rejected as in
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


def test_a_pair_belongs_together_by_its_visit(tmp_path: Path) -> None:
    """XML11 with the XML1 of the same MA_LK is a case; with another's it is refused; a visit without XML11
    asks for nothing; a stay in hospital gets no leave.
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
    one too long: each is reported on its own.
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
    """Dossiers are counted through all files; folders do not matter; a ZIP with other files in it is not an
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
    """UTF-16 and UTF-8 with a byte order mark, and an older encoding that the file declares."""
    text = hschungtu(ct07(tags_of(record(1)))).decode()
    for data in (
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("utf-8", "utf-16").encode("utf-16"),
        text.replace("utf-8", "windows-1258").encode(),
    ):
        [row] = read(data, tmp_path)
        assert outcome(row)[0] == "issue"
