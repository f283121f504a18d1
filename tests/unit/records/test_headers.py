"""Headers of official forms: titles in two rows, columns numbered below them, and what is a row of cases all
the same.
"""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.records.columns import CASES, Layout
from certsvc.records.sheets.tables import SheetRow, Table, open_table
from certsvc.records.titles import TITLES_VI
from tests.support import ods
from tests.unit.records.samples import GOOD
from tests.unit.records.test_tables import VALUES, csv_text, read, refused, saved
from tests.unit.records.test_tag_tables import TAGS

GROUPS = {
    "Người bệnh": {"Mã ca": "case_id", "Họ tên": "full_name", "Năm sinh": "birth_date", "Giới": "sex"},
    "Xét nghiệm cuối": {"Ngày": "last_test_on", "Kết quả": "last_test_result"},
    "Cách ly": {"Từ ngày": "isolation_from", "Đến ngày": "isolation_to"},
    "Họ tên": {"Cha": "father_name", "Mẹ": "mother_name"},
    "Giấy tờ": {"Số CCCD": "citizen_id", "Ngày cấp": "id_issued_on"},
}
"""Titles over titles, and what the columns below them are: some by both together in either order, some by the
lower alone.
"""
GROUPED = [name for group in GROUPS.values() for name in group.values()]
REST = [name for name in GOOD if name not in GROUPED]


def merged_form(*, before: int = 2) -> tuple[list[list[Any]], list[str]]:
    """Two rows of titles as cells hold them where titles are merged, below some lines of heading, and the
    columns in their order.
    """
    upper: list[Any] = ["STT"]
    lower: list[Any] = [None]
    for group, columns in GROUPS.items():
        upper += [group, *[None] * (len(columns) - 1)]
        lower += [*columns]
    upper += [TITLES_VI[name] for name in REST]
    lower += [None] * len(REST)
    heading: list[list[Any]] = [[f"DANH SÁCH {number}"] for number in range(before)]
    return [*heading, upper, lower], [*GROUPED, *REST]


def line(columns: list[str], number: int = 1, **changes: Any) -> list[Any]:
    return [number, *[{**GOOD, **changes}[name] for name in columns]]


def as_xlsx(tmp_path: Path, rows: list[list[Any]], *, merged_at: int | None = None) -> Path:
    book = openpyxl.Workbook()
    sheet: Any = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    if merged_at:
        at = 2
        for columns in GROUPS.values():
            sheet.merge_cells(
                start_row=merged_at, end_row=merged_at, start_column=at, end_column=at + len(columns) - 1
            )
            at += len(columns)
        for column in (1, *range(at, at + len(REST))):
            sheet.merge_cells(
                start_row=merged_at, end_row=merged_at + 1, start_column=column, end_column=column
            )
    path = tmp_path / "form.xlsx"
    book.save(path)
    return path


def as_csv(tmp_path: Path, rows: list[list[Any]]) -> Path:
    return saved(
        tmp_path,
        csv_text(*[["" if cell is None else str(cell) for cell in row] for row in rows], delimiter=";"),
    )


def as_ods(tmp_path: Path, rows: list[list[Any]]) -> Path:
    return ods.write_ods(tmp_path / "form.ods", ods.content(ods.sheet(*map(ods.row, rows))))


def assert_good(table: Table, rows: list[SheetRow], numbers: list[int]) -> None:
    assert [row.number for row in rows] == numbers
    for row in rows:
        assert {name: cell or "" for name, cell in row.cells.items()} == {
            **GOOD,
            "case_id": row.cells["case_id"],
        }
        assert row.notices == ()
    assert set(table.columns) == set(GOOD)


NUMBERINGS: dict[str, list[Any]] = {
    "numbers": [*range(1, len(GOOD) + 2)],
    "texts": [str(number) for number in range(1, len(GOOD) + 2)],
    "in brackets": [f"({number})" for number in range(1, len(GOOD) + 2)],
    "floats": [float(number) for number in range(len(GOOD) + 1)],
    "letters first": ["A", "B", *range(1, len(GOOD))],
    "sums": [*range(1, len(GOOD)), f"{len(GOOD)} = 2+3", f"({len(GOOD) + 1})=(4)-(5)"],
    "with gaps": [1, None, 2, None, 3, *[None] * (len(GOOD) - 4)],
    "notes": [None, None, "(chữ in hoa)", "(ngày/tháng/năm)"],
}


@pytest.mark.parametrize("written", [as_xlsx, as_csv, as_ods])
@pytest.mark.parametrize("numbering", [None, *NUMBERINGS])
def test_titles_in_two_rows_and_numbered_columns(written: Any, numbering: str | None, tmp_path: Path) -> None:
    """Groups and what is below them are read together; the row that numbers columns is no case; rows keep the
    sheet's numbers.
    """
    titles, columns = merged_form()
    numbered = [] if numbering is None else [NUMBERINGS[numbering]]
    table, rows = read(
        written(tmp_path, [*titles, *numbered, line(columns), line(columns, 2, case_id="second")])
    )
    first = len(titles) + len(numbered) + 1
    assert_good(table, rows, [first, first + 1])
    assert (table.place.header_row, table.place.first_row) == (4, first)
    assert [notice.rule for notice in table.notices] == ["W-COLUMN"], "for STT"
    assert "Cách ly" not in table.notices[0].message_vi


def test_merged_cells_of_a_real_sheet(tmp_path: Path) -> None:
    """As openpyxl, and so Excel, writes cells that are merged over columns and over rows."""
    titles, columns = merged_form()
    table, rows = read(as_xlsx(tmp_path, [*titles, NUMBERINGS["numbers"], line(columns)], merged_at=3))
    assert_good(table, rows, [6])


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_one_row_of_titles_and_numbered_columns(numbering: str, tmp_path: Path) -> None:
    """The same below titles of one row."""
    rows = [["STT", *GOOD], NUMBERINGS[numbering], line([*GOOD])]
    assert_good(*read(as_xlsx(tmp_path, rows)), [3])


def test_titles_in_two_languages(tmp_path: Path) -> None:
    """Repeated in the next row: by their English names, or by CT07's tags."""
    rows = [
        ["STT", *[TITLES_VI[name] for name in GOOD]],
        ["No.", *GOOD],
        [*NUMBERINGS["numbers"]],
        line([*GOOD]),
    ]
    assert_good(*read(as_csv(tmp_path, rows)), [4])
    tags = {**TAGS[0], "MA_CSKCB": "01801"}
    vietnamese = ["Họ và tên", "Ngày sinh", "Giới tính"]
    above = [vietnamese.pop(0) if tag in ("HO_TEN", "NGAY_SINH", "GIOI_TINH") else "" for tag in tags]
    [row] = read(as_csv(tmp_path, [above, list(tags), list(tags.values())]))[1]
    assert (row.number, row.cells["full_name"], row.cells["isolation_from"]) == (
        3,
        tags["HO_TEN"],
        tags["TU_NGAY"],
    )


def test_a_title_that_is_parted_over_two_rows(tmp_path: Path) -> None:
    """One cell below the other, as a narrow column is typed."""
    names = [*GOOD]
    upper = [
        "Họ và" if name == "full_name" else "Ngày dương" if name == "positive_on" else TITLES_VI[name]
        for name in names
    ]
    lower = ["tên" if name == "full_name" else "tính" if name == "positive_on" else "" for name in names]
    assert_good(*read(as_csv(tmp_path, [upper, lower, VALUES])), [3])


def test_a_lower_title_alone_gives_way_to_a_whole_one(tmp_path: Path) -> None:
    """ "Từ ngày" below another group is not the isolation's, where that is named; two that are as likely are
    told as two.
    """
    titles, columns = merged_form()
    titles[2] += ["Nghỉ hưởng BHXH", None]
    titles[3] += ["Từ ngày", "Đến ngày"]
    table, rows = read(as_csv(tmp_path, [*titles, [*line(columns), "1", "2"]]))
    assert_good(table, rows, [5])
    assert "«Nghỉ hưởng BHXH Từ ngày»" in table.notices[0].message_vi
    titles[2] = ["Thời gian" if cell == "Cách ly" else cell for cell in titles[2]]
    assert refused(as_csv(tmp_path, [*titles, [*line(columns), "1", "2"]])).code == "duplicate_columns"


def test_a_mapping_names_both_rows(tmp_path: Path) -> None:
    """A title of one's own is the group's and the column's together, as W-COLUMN shows it; null leaves it
    unread.
    """
    titles, columns = merged_form()
    titles[2] = ["Đợt nghỉ" if cell == "Cách ly" else cell for cell in titles[2]]
    titles[3] = ["Đầu" if cell == "Từ ngày" else "Cuối" if cell == "Đến ngày" else cell for cell in titles[3]]
    path = as_csv(tmp_path, [*titles, line(columns)])
    error = refused(path)
    assert {item["field"] for item in error.errors if item["field"]} >= {"isolation_from", "isolation_to"}
    assert "«Đợt nghỉ Đầu»" in str(error.errors)
    mapped = CASES.mapped(
        {"Đợt nghỉ Đầu": "isolation_from", "Đợt nghỉ - Cuối": "isolation_to", "STT": None}, defaults={}
    )
    assert_good(*read_as(path, mapped), [5])


def read_as(path: Path, layout: Layout) -> tuple[Table, list[SheetRow]]:
    with open_table(path, max_rows=100, max_unpacked_bytes=1 << 24, layout=layout) as table:
        return table, list(table)


@pytest.mark.parametrize("written", [as_xlsx, as_csv, as_ods])
def test_a_case_below_the_titles_is_never_taken_for_one(written: Any, tmp_path: Path) -> None:
    """However it looks: with words of titles in it, with numbers alone, with little in it. Nothing
    vanishes.
    """
    odd = [
        line([*GOOD], full_name="Họ và tên", address="Địa chỉ", employer="Cơ quan"),
        line([*GOOD], case_id="1", full_name="2", birth_date="3", sex="4"),
        [1, "x"],
        [None, None, "Nguyễn Thử"],
        [1, "1", "2", "Nguyễn Thử"],
    ]
    for first in odd:
        rows = read(written(tmp_path, [["STT", *GOOD], first, line([*GOOD])]))[1]
        assert [row.number for row in rows] == [2, 3]


def test_only_the_row_right_below_numbers_columns(tmp_path: Path) -> None:
    """Further down it is a row like any other, reported for what it lacks."""
    rows = read(as_xlsx(tmp_path, [["STT", *GOOD], line([*GOOD]), NUMBERINGS["numbers"]]))[1]
    assert [row.number for row in rows] == [2, 3]
    rows = read(as_xlsx(tmp_path, [["STT", *GOOD], [], NUMBERINGS["numbers"], line([*GOOD])]))[1]
    assert [row.number for row in rows] == [3, 4]


def test_records_of_json_have_no_rows_of_titles(tmp_path: Path) -> None:
    """The first record is a record, whatever it holds."""
    names = dict(zip(GOOD, map(str, range(1, len(GOOD) + 1)), strict=True))
    assert [row.number for row in read(saved(tmp_path, json.dumps([names, dict(GOOD)])))[1]] == [1, 2]
    titles = {name: TITLES_VI[name] for name in GOOD}
    assert [row.number for row in read(saved(tmp_path, json.dumps([titles, dict(GOOD)])))[1]] == [1, 2]


def test_a_sheet_of_titles_alone_has_no_rows(tmp_path: Path) -> None:
    titles, _ = merged_form()
    assert refused(as_xlsx(tmp_path, [*titles, NUMBERINGS["numbers"]])).code == "no_rows"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(
            st.sampled_from(
                ["", "1", "2", "(3)", "A", "Họ và tên", "Họ tên", "Cha", "Ngày", "sex", "HO_TEN", "x"]
            ),
            max_size=8,
        ),
        max_size=6,
    )
)
def test_below_any_titles_every_row_is_a_case_or_a_title(rows: list[list[str]], tmp_path: Path) -> None:
    """Whatever stands above and right below good titles, a case that follows is read under its own number,
    and so is the next.
    """
    text = csv_text(*rows, [*GOOD], *rows[:1], VALUES, VALUES)
    path = saved(tmp_path, text)
    try:
        found = read(path)[1]
    except InputError as error:
        assert error.code in {"duplicate_columns", "missing_columns"}  # noqa: PT017 (titles above may be taken for the header, and are told)
        return
    last = len(rows) + 1 + len(rows[:1])
    assert [row.number for row in found][-2:] == [last + 1, last + 2]


def test_wide_and_deep_titles_come_to_an_end(tmp_path: Path) -> None:
    """Twenty rows of sixteen thousand titles each are looked at once, and no text grows of them."""
    rows = [["Ngày", "Kết quả"] * 8000] * 20
    assert refused(as_csv(tmp_path, rows)).code == "no_header"
    long = [["Xét nghiệm cuối" * 20, "Ngày" * 50] * 200] * 20
    assert refused(as_csv(tmp_path, long)).code == "no_header"
