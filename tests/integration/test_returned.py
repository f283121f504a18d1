"""The sender's own file with the fate of every row: mended and sent again, exactly what was mended is
issued.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from certsvc.records.columns import RESULT_TITLES
from certsvc.records.titles import TITLES_VI
from certsvc.store import batches
from tests.support.exchange import ct07, hschungtu, tags_of, zipped
from tests.support.ods import as_ods
from tests.support.records import as_csv, record
from tests.support.rig import Rig

WRONG: Any = {"sex": "x"}
NOTHING: Any = {}


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    """What is signed is no matter here."""
    return dummy_rig


def half_wrong(rows: int) -> list[dict[str, str]]:
    """Every other case has a sex that nobody knows."""
    return [record(number, **(WRONG if number % 2 else NOTHING)) for number in range(1, rows + 1)]


def as_xlsx(records: list[dict[str, str]]) -> bytes:
    """As a station keeps it: a heading, Vietnamese titles, a coloured cell, a note without a title, a second
    sheet.
    """
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Tháng 2"
    sheet["A1"] = "DANH SÁCH F0"
    sheet["A1"].font = Font(bold=True, size=20)
    sheet.append([])
    sheet.append([TITLES_VI[name] for name in records[0]])
    for each in records:
        sheet.append(list(each.values()))
    sheet.cell(4, len(records[0]) + 1, "ghi chú riêng")
    sheet["B5"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet.column_dimensions["A"].width = 33
    sheet.merge_cells("A1:D1")
    book.create_sheet("Khác")["C7"] = "=1+1"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_json(records: list[dict[str, str]]) -> bytes:
    return json.dumps(records).encode()


def as_ndjson(records: list[dict[str, str]]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in records)


async def sent(rig: Rig, data: bytes, **form: Any) -> tuple[str, list[dict[str, Any]]]:
    """A file handed in and worked off: the batch's id and the lines of its results."""
    answer = await rig.submit(data, **form)
    assert answer.status_code == 202, answer.text
    await rig.work()
    return answer.json()["id"], await rig.results(answer.json()["id"])


async def returned(rig: Rig, batch_id: str, *, role: str = "insurer") -> bytes:
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/results?format=xlsx", role=role)
    assert answer.status_code == 200, answer.text
    return answer.content


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]


def header_of(sheet: Any) -> tuple[int, dict[str, int]]:
    """The row of the titles, and where each stands."""
    for cells in sheet.iter_rows(max_row=20):
        titles = {cell.value: cell.column for cell in cells if cell.value}
        if RESULT_TITLES[0] in titles:
            return cells[0].row, titles
    raise AssertionError("no titles")


def mended(data: bytes) -> bytes:
    """What a person does: look for the rows that are not issued, and put right what the reason says."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    top, titles = header_of(sheet)
    title = next(each for each in titles if each in ("sex", TITLES_VI["sex"]))
    for row in range(top + 1, sheet.max_row + 1):
        if sheet.cell(row, titles[RESULT_TITLES[0]]).value == "KHÔNG CẤP":
            assert TITLES_VI["sex"] in str(sheet.cell(row, titles["Lý do và cách sửa"]).value)
            sheet.cell(row, titles[title]).value = "Nữ"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def of(lines: list[dict[str, Any]], outcome: str) -> set[tuple[str, str]]:
    return {(line["case_id"], line["kind"]) for line in lines if line["outcome"] == outcome}


@pytest.mark.parametrize(
    "written",
    [as_xlsx, lambda records: as_csv(*records), as_json, as_ndjson],
    ids=["xlsx", "csv", "json", "ndjson"],
)
async def test_half_wrong_mended_and_sent_again_issues_exactly_the_mended(
    rig: Rig, written: Callable[[list[dict[str, str]]], bytes]
) -> None:
    """The good half is issued; of the returned file, mended, only what was wrong; sent a third time,
    nothing.
    """
    wrong = {
        (record(number)["case_id"], kind) for number in range(1, 9, 2) for kind in ("sick_leave", "recovery")
    }
    right = {
        (record(number)["case_id"], kind) for number in range(2, 9, 2) for kind in ("sick_leave", "recovery")
    }
    first, lines = await sent(rig, written(half_wrong(8)))
    assert (of(lines, "rejected"), of(lines, "issued")) == (wrong, right)
    ids = {
        (line["case_id"], line["kind"]): line["certificate_id"] for line in lines if line["certificate_id"]
    }
    second, again = await sent(rig, mended(await returned(rig, first)))
    assert (of(again, "issued"), of(again, "existing"), of(again, "rejected")) == (wrong, right, set())
    assert {
        (line["case_id"], line["kind"]): line["certificate_id"]
        for line in again
        if line["outcome"] == "existing"
    } == ids
    batch = (await rig.call("GET", f"/v1/batches/{second}")).json()
    assert [notice["rule"] for notice in batch["notices"] if "rule" in notice] == []
    assert RESULT_TITLES[0] not in json.dumps(batch["notices"], ensure_ascii=False)
    third, last = await sent(rig, await returned(rig, second))
    assert of(last, "existing") == wrong | right
    sheet = opened(await returned(rig, third))
    assert [cell.value for cell in sheet[header_of(sheet)[0]]].count(RESULT_TITLES[0]) == 1
    assert sheet.max_column == opened(await returned(rig, first)).max_column


@pytest.mark.parametrize(
    "packed", [lambda file: file, lambda file: zipped({"a.xml": file})], ids=["xml", "zip"]
)
async def test_exchange_files_are_returned_as_a_workbook(rig: Rig, packed: Callable[[bytes], bytes]) -> None:
    """Whole: what a dossier lacks is filled in there, and only that is issued when it comes back."""
    dossiers = [
        ct07(tags_of(record(number), **({"DON_VI": ""} if number % 2 else NOTHING))) for number in range(1, 5)
    ]
    first, lines = await sent(rig, packed(hschungtu(*dossiers)))
    wrong = {(record(number)["case_id"], "sick_leave") for number in (1, 3)}
    assert of(lines, "rejected") == wrong
    book = openpyxl.load_workbook(io.BytesIO(await returned(rig, first)))
    top, titles = header_of(book.worksheets[0])
    for row in range(top + 1, book.worksheets[0].max_row + 1):
        book.worksheets[0].cell(row, titles["employer"]).value = "Công ty may Sao Mai"
    out = io.BytesIO()
    book.save(out)
    _, again = await sent(rig, out.getvalue())
    assert of(again, "issued") == wrong


async def test_an_ods_is_returned_as_a_workbook(rig: Rig, tmp_path: Path) -> None:
    """Rows keep their numbers, the second round issues what was mended."""
    first, _ = await sent(rig, as_ods(tmp_path / "x", *half_wrong(4)).read_bytes())
    _, again = await sent(rig, mended(await returned(rig, first)))
    assert {row for row, _ in of(again, "issued")} == {record(number)["case_id"] for number in (1, 3)}
    assert {line["row"] for line in again} == {2, 3, 4, 5}


async def test_the_senders_workbook_stays_his_own(rig: Rig) -> None:
    """Every part but the sheet with the cases and the styles is the same byte for byte; so is what his cells
    hold and look like.
    """
    file = as_xlsx(half_wrong(4))
    batch_id, lines = await sent(rig, file)
    data = await returned(rig, batch_id)
    with zipfile.ZipFile(io.BytesIO(file)) as before, zipfile.ZipFile(io.BytesIO(data)) as after:
        assert before.namelist() == after.namelist()
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert changed == {"xl/worksheets/sheet1.xml", "xl/styles.xml"}
    old, new = opened(file), opened(data)
    for cells in old.iter_rows():
        for cell in cells:
            twin = new.cell(cell.row, cell.column)
            assert [repr(each) for each in (twin.value, twin.font, twin.fill, twin.number_format)] == [
                repr(each) for each in (cell.value, cell.font, cell.fill, cell.number_format)
            ]
    assert (new.merged_cells.ranges, new.column_dimensions["A"].width) == (old.merged_cells.ranges, 33)
    top, titles = header_of(new)
    assert (top, titles[RESULT_TITLES[0]]) == (3, old.max_column + 1), "behind the note that has no title"
    issued = next(line for line in lines if line["outcome"] == "issued" and line["kind"] == "sick_leave")
    told = [new.cell(issued["row"], titles[title]).value for title in RESULT_TITLES]
    assert told[0] == "Đã cấp"
    assert (told[3], told[5]) == (issued["serial"], issued["verify_url"])


async def test_what_became_of_a_certificate_since_is_told(rig: Rig) -> None:
    """Issued stays what the batch came to; that it is revoked by now stands beside it, in a file sent again
    as well.
    """
    first, lines = await sent(rig, as_csv(record(1)))
    await rig.call("POST", f"/v1/certificates/{lines[0]['certificate_id']}/revoke", json={"reason": "fraud"})
    second, _ = await sent(rig, as_csv(record(1)))
    for batch_id, outcome in ((first, "Đã cấp"), (second, "Đã cấp trước đây")):
        sheet = opened(await returned(rig, batch_id))
        top, titles = header_of(sheet)
        told = [sheet.cell(top + 1, titles[title]).value for title in RESULT_TITLES[:2]]
        assert told == [f"{outcome}; nay đã thu hồi", outcome]


async def test_rejected_rows_are_marked_and_say_why(rig: Rig) -> None:
    """Our cells are filled, and a conditional format marks the whole row as long as it says that nothing was
    issued.
    """
    file = as_xlsx([record(1), record(2, phone="12", **WRONG), record(3, wants_recovery="0")])
    batch_id, _ = await sent(rig, file)
    sheet = opened(await returned(rig, batch_id))
    _, titles = header_of(sheet)
    fills = [sheet.cell(row, titles[RESULT_TITLES[0]]).fill.fgColor.rgb for row in (4, 5, 6)]
    assert (fills[1], fills[0] == fills[2] != fills[1]) == ("FFFFC7CE", True)
    reason = sheet.cell(5, titles["Lý do và cách sửa"]).value
    assert reason.count("\n") == 1
    assert all(TITLES_VI[name] in reason for name in ("sex", "phone"))
    assert sheet.cell(6, titles[RESULT_TITLES[1]]).value == "Không yêu cầu"
    [(area, [rule])] = sheet.conditional_formatting._cf_rules.items()
    assert str(area.sqref).startswith("A4:")
    assert "KHÔNG CẤP" in rule.formula[0]


async def test_a_dry_run_says_for_every_row_what_would_happen(rig: Rig) -> None:
    """Nothing is issued; the returned file says what would be, and why not."""
    batch_id, lines = await sent(rig, as_csv(*half_wrong(4)), dry_run="true")
    assert {line["outcome"] for line in lines} == {"would_issue", "rejected"}
    sheet = opened(await returned(rig, batch_id))
    _, titles = header_of(sheet)
    assert [sheet.cell(row, titles[RESULT_TITLES[0]]).value for row in range(2, 6)] == [
        "KHÔNG CẤP",
        "Sẽ cấp",
    ] * 2
    assert (await rig.call("GET", "/v1/certificates")).json()["items"] == []


async def test_texts_of_a_sender_come_back_as_he_wrote_them(rig: Rig) -> None:
    """Leading zeros, line ends, what looks like a formula or like XML: text in, the same text out, nothing
    that runs.
    """
    odd = record(1, employer="=1+1", address="a\tb <c> & 'd' _x0041_", treatment="x\ny", phone="0900000001")
    batch_id, lines = await sent(rig, as_csv(odd, record(2, **WRONG)))
    data = await returned(rig, batch_id)
    sheet = opened(data)
    row = {cell.value: sheet.cell(2, cell.column) for cell in sheet[1]}
    assert [row[name].value for name in ("employer", "treatment", "phone", "citizen_id")] == [
        "=1+1",
        "x\ny",
        "0900000001",
        odd["citizen_id"],
    ]
    assert row["employer"].data_type in ("s", "inlineStr")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    _, again = await sent(rig, data)
    assert of(again, "existing") == of(lines, "issued")


async def test_auditors_get_no_personal_data(rig: Rig) -> None:
    """Rows, case ids and outcomes: neither what the sender wrote nor addresses."""
    batch_id, lines = await sent(rig, as_xlsx(half_wrong(4)))
    sheet = opened(await returned(rig, batch_id, role="auditor"))
    texts = {str(cell.value) for cells in sheet.iter_rows() for cell in cells if cell.value is not None}
    assert {line["case_id"] for line in lines} <= texts
    assert record(1)["full_name"] not in texts
    assert not [text for text in texts if text.startswith("http")]


async def test_a_file_that_is_no_longer_kept_leaves_its_results(rig: Rig) -> None:
    """Kept sealed: neither store nor database holds a name in clear. Erased with the case, its results can
    still be had.
    """
    batch_id, lines = await sent(rig, as_xlsx(half_wrong(4)))
    stored = [
        path for path in (rig.station.settings.data_dir / "blobs" / "batches").iterdir() if path.is_file()
    ]
    assert len(stored) == 1
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(stored[0])
    async with rig.res.db.begin() as session:
        batch = await batches.find_for_change(session, uuid.UUID(batch_id))
        assert batch is not None
        batch.file_key = None
    sheet = opened(await returned(rig, batch_id))
    _, titles = header_of(sheet)
    assert [sheet.cell(row, titles["Mã ca"]).value for row in range(2, 6)] == list(
        dict.fromkeys(line["case_id"] for line in lines)
    )
    assert sheet.cell(2, titles[RESULT_TITLES[0]]).value == "KHÔNG CẤP"


async def test_rows_that_were_never_reached_say_so(rig: Rig) -> None:
    """A file that breaks off leaves no row without a word."""
    lines = as_csv(*half_wrong(300)) + b'"unclosed,\n'
    answer = await rig.submit(lines)
    assert answer.status_code == 202
    await rig.work()
    batch = (await rig.call("GET", f"/v1/batches/{answer.json()['id']}")).json()
    assert (batch["status"], batch["problem"]["code"]) == ("failed", "unclosed_quote")
    sheet = opened(await returned(rig, batch["id"]))
    _, titles = header_of(sheet)
    told = [sheet.cell(row, titles[RESULT_TITLES[0]]).value for row in range(2, sheet.max_row + 1)]
    assert None not in told


FAULTS = Path(__file__).parents[1] / "data" / "faults"


@pytest.mark.parametrize(
    "name",
    [
        "01-sheetjs-xlsx-has-macros/cases.xlsx",
        "02-sharedstrings-case/cases.xlsx",
        "03-ods-mimetype-not-first/cases.ods",
    ],
)
async def test_what_other_programs_wrote_comes_back(rig: Rig, name: str) -> None:
    """A workbook with a fate for its case, which another program opens, and which is taken again."""
    data = (FAULTS / name).read_bytes()
    for _ in range(2):
        batch_id, lines = await sent(rig, data, dry_run="true")
        assert [(line["row"], line["outcome"]) for line in lines] == [(2, "would_issue"), (2, "none")]
        data = await returned(rig, batch_id)
        titles, fates = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].iter_rows(values_only=True)
        assert list(titles)[-len(RESULT_TITLES) :] == list(RESULT_TITLES)
        assert fates[0] == lines[0]["case_id"]
        assert (fates[-len(RESULT_TITLES)], fates[-len(RESULT_TITLES) + 1]) == ("Sẽ cấp", "Không yêu cầu")
