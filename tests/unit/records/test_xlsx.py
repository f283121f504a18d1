"""XLSX: what cells hold, and how it is told."""

import datetime as dt
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from certsvc.records import check, judge, rule_ids
from certsvc.records.tables import SheetRow, Table
from tests.unit.records.samples import GOOD, REGISTRY, SAMPLE, TODAY, KnownHistory, warned
from tests.unit.records.test_tables import TITLES, read, refused


def saved(tmp_path: Path, rows: Iterable[Sequence[Any]], *, before: Iterable[Sequence[Any]] = (), titles: Sequence[str] = TITLES) -> Path:
    """A workbook of a sheet of notes and one of cases, named as if it were CSV."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Ghi chú", "Họ và tên"])
    sheet = book.create_sheet("F0")
    for row in (*before, titles, *rows):
        sheet.append(list(row))
    path = tmp_path / "cases.csv"
    book.save(path)
    return path


def good_row(**changes: Any) -> list[Any]:
    return list({**GOOD, **changes}.values())


def rewritten(path: Path, **parts: str | bytes | None) -> Path:
    """The package with parts replaced or added; keys use `__` for `/` and `_dot_` for `.`."""
    named = {key.replace("__", "/").replace("_dot_", "."): content for key, content in parts.items()}
    with zipfile.ZipFile(path) as old:
        kept = {info.filename: old.read(info) for info in old.infolist() if info.filename not in named}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in {**kept, **named}.items():
            if content is not None:
                new.writestr(name, content)
    return path


def sheet_of(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read("xl/worksheets/sheet2.xml").decode()


def with_sheet(path: Path, xml: str) -> Path:
    return rewritten(path, xl__worksheets__sheet2_dot_xml=xml)


def test_cells_of_every_type_read_as_one_case(tmp_path: Path) -> None:
    """Dates, numbers, truth values and shared strings make the same case as text does."""
    text = check(GOOD, today=TODAY, registry=REGISTRY)
    typed = good_row(
        birth_date=dt.date(1981, 1, 17),
        sex=2,
        citizen_id=1181815160.0,
        social_insurance_no=161623617,
        phone=957188922,
        ward_code=1,
        positive_on=dt.datetime(2022, 2, 27, 8, 30),  # noqa: DTZ001 (a cell has no zone)
        vaccine_doses=3.0,
        facility_code=1801,
        visit_no=1.0,
        wants_sick_leave=True,
        wants_recovery="x",
        isolation_from=44619,
        last_test_on="7/3/2022",
        isolation_to="20220307",
        last_dose_on=20220112,
    )
    table, [row] = read(saved(tmp_path, [typed], before=[["DANH SÁCH"], []]))
    found = check(row.cells, today=TODAY, registry=REGISTRY)
    assert (table.format, row.number) == ("xlsx", 4)
    assert found.case == text.case
    assert found.wants == text.wants
    assert set(rule_ids(found.findings)) == {"W-REPAIRED-ZEROS"}


def test_reader_agrees_with_the_library() -> None:
    """An independent reader sees the same values in the sample."""
    table, rows = read(SAMPLE / "f0_cases_vi.xlsx", max_rows=1000)
    book = openpyxl.load_workbook(SAMPLE / "f0_cases_vi.xlsx", read_only=True)
    [sheet] = book.worksheets
    expected = [
        [value.date() if isinstance(value, dt.datetime) else value for value in row] for row in sheet.iter_rows(min_row=rows[0].number, values_only=True)
    ]
    book.close()
    assert [[row.cells.get(column) for column in table.columns] for row in rows] == [values[: len(table.columns)] for values in expected]


def test_the_1904_date_system(tmp_path: Path) -> None:
    """Serials of workbooks that count from 1904 mean their own days."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append(TITLES)
    sheet.append(good_row(positive_on=dt.date(2022, 2, 27)))
    book.save(tmp_path / "mac")
    assert read(tmp_path / "mac")[1][0].cells["positive_on"] == dt.date(2022, 2, 27)


def test_formulas_are_read_by_their_value_and_said(tmp_path: Path) -> None:
    """W-FORMULA names the column, on the row and on the file; one never computed reads as empty and says so."""
    path = saved(tmp_path, [good_row(employer="=HYPERLINK(1)", address="=A1")])
    xml = (
        sheet_of(path)
        .replace("<f>HYPERLINK(1)</f><v />", "<f>HYPERLINK(1)</f><v>Trường Tiểu học</v>")
        .replace("<f>HYPERLINK(1)</f><v></v>", "<f>HYPERLINK(1)</f><v>Trường Tiểu học</v>")
    )
    assert "Trường Tiểu học" in xml
    table, [row] = read(with_sheet(path, xml.replace('<c r="L2"', '<c r="L2" t="str"')))
    assert [(each.rule, each.field, "chưa có giá trị" in each.message_vi) for each in row.notices] == [
        ("W-FORMULA", "address", True),
        ("W-FORMULA", "employer", False),
    ]
    assert set(table.notices) == set(row.notices)
    assert (row.cells["employer"], row.cells["address"]) == ("Trường Tiểu học", None)
    judgement = judge(check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices), history=KnownHistory())
    assert {verdict.outcome for verdict in judgement.values()} == {"issue"}
    assert warned(judgement) == {"W-FORMULA"}


def test_error_cells_reject_their_row(tmp_path: Path) -> None:
    """#REF! is never an employer: V-TEXT on that column."""
    path = saved(tmp_path, [good_row(employer="#REF!")])
    [row] = read(path)[1]
    assert [(each.rule, each.field) for each in row.notices] == [("V-TEXT", "employer")]
    assert check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices).case is None


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    """Nobody is issued papers out of a sheet nobody sees."""
    book = openpyxl.Workbook()
    hidden = book.create_sheet("cũ")
    hidden.sheet_state = "hidden"
    hidden.append(TITLES)
    hidden.append(good_row())
    book.save(tmp_path / "hidden")
    assert refused(tmp_path / "hidden").code == "no_header"


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def hand_made(tmp_path: Path, *, strings: str, cells: str) -> Path:
    """A workbook as other programs write it: prefixed names, a string table, no styles, absolute targets."""
    path = tmp_path / "hand_made"
    header = "".join(f'<x:c t="s"><x:v>{index}</x:v></x:c>' for index in range(len(TITLES)))
    table = "".join(f"<x:si><x:t>{title}</x:t></x:si>" for title in TITLES) + strings
    parts = {
        "[Content_Types].xml": '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships><Relationship Id="a" Type="{RELATIONS}/officeDocument" Target="/xl/book.xml"/></Relationships>',
        "xl/book.xml": '<x:workbook><x:sheets><x:sheet name="F0" r:id="s"/></x:sheets></x:workbook>',
        "xl/_rels/book.xml.rels": f'<Relationships><Relationship Id="s" Type="{RELATIONS}/worksheet" Target="one.xml"/>'
        f'<Relationship Id="t" Type="{RELATIONS}/sharedStrings" Target="/xl/strings.xml"/></Relationships>',
        "xl/strings.xml": f"<x:sst>{table}</x:sst>",
        "xl/one.xml": f"<x:worksheet><x:sheetData><x:row>{header}</x:row><x:row>{cells}</x:row></x:sheetData></x:worksheet>",
    }
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def test_escaped_and_rich_text(tmp_path: Path) -> None:
    """_x000D_ is a line end, runs of rich text are one text, phonetic hints are none of it; cells may lack addresses."""
    rich = "<x:si><x:r><x:t>Trường </x:t></x:r><x:r><x:t>A_x000D_</x:t></x:r><x:rPh><x:t>xyz</x:t></x:rPh></x:si>"
    cells = f'<x:c t="s"><x:v>{len(TITLES)}</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c><x:c t="inlineStr"><x:is><x:t> a </x:t></x:is></x:c>'
    [row] = read(hand_made(tmp_path, strings=rich, cells=cells))[1]
    assert (row.number, row.cells) == (2, {TITLES[0]: "Trường A\r", TITLES[1]: True, TITLES[2]: " a "})


@pytest.mark.parametrize("index", ["99999", "-1", "x"])
def test_a_string_that_is_not_there_is_refused(index: str, tmp_path: Path) -> None:
    """A cell that names no string of the table is damage, not an empty cell."""
    assert refused(hand_made(tmp_path, strings="", cells=f'<x:c t="s"><x:v>{index}</x:v></x:c>')).code == "broken_file"


def test_rows_stream(tmp_path: Path) -> None:
    """The first row comes before the sheet has been read to its end."""
    rows: list[SheetRow] = read(saved(tmp_path, [good_row(case_id=f"c{number}") for number in range(50)]))[1]
    assert [row.cells["case_id"] for row in rows] == [f"c{number}" for number in range(50)]
    assert isinstance(read(saved(tmp_path, [good_row()]))[0], Table)
