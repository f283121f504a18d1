"""XLSX: what cells hold, and how it is reported."""

import datetime as dt
import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.errors import InputError
from certsvc.records import check, rule_ids
from certsvc.records.sheets.tables import open_table
from tests.unit.records.samples import GOOD, REGISTRY, SAMPLE, TODAY, judged_row, warned
from tests.unit.records.test_tables import TITLES, read, refused


def saved(
    tmp_path: Path,
    rows: Iterable[Sequence[Any]],
    *,
    before: Iterable[Sequence[Any]] = (),
    titles: Sequence[str] = TITLES,
) -> Path:
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


def rewritten(path: Path, /, packed: int = zipfile.ZIP_DEFLATED, **parts: Any) -> Path:
    """The package with parts replaced or added; keys use `__` for `/` and `_dot_` for `.`."""
    named = {key.replace("__", "/").replace("_dot_", "."): content for key, content in parts.items()}
    with zipfile.ZipFile(path) as old:
        kept = {info.filename: old.read(info) for info in old.infolist() if info.filename not in named}
    with zipfile.ZipFile(path, "w", packed) as new:
        for name, content in {**kept, **named}.items():
            if content is not None:
                new.writestr(name, content)
    return path


def sheet_of(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read("xl/worksheets/sheet2.xml").decode()


def with_sheet(path: Path, xml: str, *, packed: int = zipfile.ZIP_DEFLATED) -> Path:
    return rewritten(path, packed=packed, xl__worksheets__sheet2_dot_xml=xml)


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
    """What is put together here reads the sample as openpyxl's own `load_workbook` does."""
    table, rows = read(SAMPLE / "f0_cases_vi.xlsx", max_rows=1000)
    book = openpyxl.load_workbook(SAMPLE / "f0_cases_vi.xlsx", read_only=True)
    [sheet] = book.worksheets
    expected = [
        [value.date() if isinstance(value, dt.datetime) else value for value in row]
        for row in sheet.iter_rows(min_row=rows[0].number, values_only=True)
    ]
    book.close()
    assert [[row.cells.get(column) for column in table.columns] for row in rows] == [
        values[: len(table.columns)] for values in expected
    ]


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
    """W-FORMULA names the column, for the row and for the file; one never computed reads as empty, with a
    notice.
    """
    path = saved(tmp_path, [good_row(employer="=HYPERLINK(1)", address="=A1")])
    xml = (
        sheet_of(path)
        .replace("<f>HYPERLINK(1)</f><v />", "<f>HYPERLINK(1)</f><v>Trường Tiểu học</v>")
        .replace("<f>HYPERLINK(1)</f><v></v>", "<f>HYPERLINK(1)</f><v>Trường Tiểu học</v>")
    )
    assert "Trường Tiểu học" in xml
    table, [row] = read(with_sheet(path, xml.replace('<c r="L2"', '<c r="L2" t="str"')))
    assert [
        (notice.rule, notice.field, "chưa có giá trị" in notice.message_vi) for notice in row.notices
    ] == [
        ("W-FORMULA", "address", True),
        ("W-FORMULA", "employer", False),
    ]
    assert set(table.notices) == set(row.notices)
    assert (row.cells["employer"], row.cells["address"]) == ("Trường Tiểu học", None)
    judgement = judged_row(check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices))
    assert {verdict.outcome for verdict in judgement.values()} == {"issue"}
    assert warned(judgement) == {"W-FORMULA"}


def test_error_cells_reject_their_row(tmp_path: Path) -> None:
    """#REF! is never an employer: V-TEXT on that column."""
    path = saved(tmp_path, [good_row(employer="#REF!")])
    [row] = read(path)[1]
    assert [(notice.rule, notice.field) for notice in row.notices] == [("V-TEXT", "employer")]
    assert check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices).case is None


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    """No papers are issued from a sheet that nobody sees."""
    book = openpyxl.Workbook()
    hidden = book.create_sheet("cũ")
    hidden.sheet_state = "hidden"
    hidden.append(TITLES)
    hidden.append(good_row())
    book.save(tmp_path / "hidden")
    assert refused(tmp_path / "hidden").code == "no_header"


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def hand_made(tmp_path: Path, *, strings: str, cells: str) -> Path:
    """A workbook as other programs write it: prefixed names, a string table, no styles, absolute targets."""
    path = tmp_path / "hand_made"
    header = "".join(f'<x:c t="s"><x:v>{index}</x:v></x:c>' for index in range(len(TITLES)))
    table = "".join(f"<x:si><x:t>{title}</x:t></x:si>" for title in TITLES) + strings
    main = f'xmlns:x="{SHEET_MAIN_NS}"'
    parts = {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Override PartName="/xl/book.xml"'
            f' ContentType="{KINDS}.sheet.main+xml"/><Override PartName="/xl/strings.xml"'
            f' ContentType="{KINDS}.sharedStrings+xml"/></Types>'
        ),
        "xl/book.xml": (
            f'<x:workbook {main} xmlns:r="{RELATIONS}"><x:sheets><x:sheet name="F0" sheetId="1"'
            ' r:id="s"/></x:sheets></x:workbook>'
        ),
        "xl/_rels/book.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s"'
            f' Type="{RELATIONS}/worksheet" Target="one.xml"/><Relationship Id="t"'
            f' Type="{RELATIONS}/sharedStrings" Target="/xl/strings.xml"/></Relationships>'
        ),
        "xl/strings.xml": f"<x:sst {main}>{table}</x:sst>",
        "xl/one.xml": (
            "<x:worksheet"
            f" {main}><x:sheetData><x:row>{header}</x:row><x:row>{cells}</x:row></x:sheetData></x:worksheet>"
        ),
    }
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def test_escaped_and_rich_text(tmp_path: Path) -> None:
    """_x000D_ is a line end, runs of rich text are one text, phonetic hints are none of it; cells may lack
    addresses.
    """
    rich = (
        '<x:si><x:r><x:t>Trường </x:t></x:r><x:r><x:t>A_x000D_</x:t></x:r><x:rPh sb="0"'
        ' eb="1"><x:t>xyz</x:t></x:rPh></x:si>'
    )
    cells = (
        f'<x:c t="s"><x:v>{len(TITLES)}</x:v></x:c><x:c t="b"><x:v>1</x:v></x:c><x:c'
        ' t="inlineStr"><x:is><x:t> a </x:t></x:is></x:c>'
    )
    [row] = read(hand_made(tmp_path, strings=rich, cells=cells))[1]
    assert (row.number, row.cells) == (2, {TITLES[0]: "Trường A\r", TITLES[1]: True, TITLES[2]: " a "})


def test_days_and_times_written_out(tmp_path: Path) -> None:
    """Cells of the type `d` hold ISO 8601: of an instant the day counts, a time alone stays a time."""
    cells = "".join(
        f'<x:c t="d"><x:v>{text}</x:v></x:c>' for text in ("2022-02-27", "2022-02-27T08:30:00", "08:30:00")
    )
    [row] = read(hand_made(tmp_path, strings="", cells=cells))[1]
    assert [row.cells[title] for title in TITLES[:3]] == [
        dt.date(2022, 2, 27),
        dt.date(2022, 2, 27),
        dt.time(8, 30),
    ]


@pytest.mark.parametrize("index", ["99999", "-1", "x"])
def test_a_string_that_is_not_there_is_refused(index: str, tmp_path: Path) -> None:
    """A cell that names no string of the table is damage, not an empty cell."""
    assert (
        refused(hand_made(tmp_path, strings="", cells=f'<x:c t="s"><x:v>{index}</x:v></x:c>')).code
        == "broken_file"
    )


def test_rows_come_as_they_are_read(tmp_path: Path) -> None:
    """Rows before a damaged one are handed out: the sheet is not read to its end first."""
    path = saved(tmp_path, [good_row(case_id=f"c{number}") for number in range(2000)])
    with_sheet(path, sheet_of(path).replace('<row r="1500">', '<row r="x">'))
    with open_table(path, max_rows=5000, max_unpacked_bytes=1 << 24) as table:
        rows = iter(table)
        assert [next(rows).cells["case_id"] for _ in range(1498)] == [f"c{number}" for number in range(1498)]
        with pytest.raises(InputError) as caught:
            next(rows)
    assert caught.value.code == "broken_file"


def test_numbers_are_numbers_even_where_the_format_says_date(tmp_path: Path) -> None:
    """A count in a column formatted as dates stays a count, a day typed as digits stays those; a time of day
    is cut off.
    """
    path = saved(
        tmp_path,
        [
            good_row(
                vaccine_doses=3, last_dose_on=20220112, positive_on=44619.5, isolation_to=44627, visit_no=0
            )
        ],
    )
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file)
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        book["F0"][f"{letter}2"].number_format = "dd/mm/yyyy"
    book["F0"]["AA2"].number_format = "[h]:mm"
    book.save(path)
    [row] = read(path)[1]
    assert [
        row.cells[name]
        for name in ("vaccine_doses", "last_dose_on", "positive_on", "isolation_to", "visit_no")
    ] == [
        3,
        20220112,
        dt.date(2022, 2, 27),
        dt.date(2022, 3, 7),
        0,
    ]


def test_gaps_blank_rows_and_false_dimensions(tmp_path: Path) -> None:
    """Rows keep the sheet's numbers, blank ones count and are left out, and the sheet's word on its size is
    not trusted.
    """
    path = saved(tmp_path, [good_row(), [" ", None], good_row()])
    xml = sheet_of(path)
    found = re.search('<dimension ref="[A-Z0-9:]+" ?/>', xml)
    assert found
    with_sheet(
        path, re.sub('r="([A-Z]*)4"', r'r="\g<1>40"', xml).replace(found[0], '<dimension ref="A1:B2"/>')
    )
    table, rows = read(path)
    assert (table.place.header_row, len(table.columns)) == (1, len(TITLES))
    assert [(row.number, row.cells["wants_recovery"]) for row in rows] == [(2, "1"), (40, "1")]
