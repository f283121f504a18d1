"""ODS: what cells hold, and which sheets are read."""

import datetime as dt
from pathlib import Path

import pytest

from certsvc.records import check, rule_ids
from tests.support.ods import HIDDEN, cell, content, row, sheet, write_ods
from tests.unit.records.samples import GOOD, REGISTRY, TODAY
from tests.unit.records.test_tables import TITLES, VALUES, read, refused


def saved(tmp_path: Path, *rows: str, titles: str = row(TITLES)) -> Path:
    return write_ods(tmp_path / "cases.csv", content(sheet(titles, *rows)))


def good(**changes: object) -> str:
    return row({**GOOD, **changes}.values())


def test_cells_of_every_type_read_as_one_case(tmp_path: Path) -> None:
    """Dates, numbers and truth values make the same case as text does; lost zeros are reported."""
    typed = good(
        birth_date=dt.date(1981, 1, 17),
        sex=2,
        citizen_id=1181815160,
        positive_on=dt.date(2022, 2, 27),
        facility_code=1801.0,
        wants_sick_leave=True,
    )
    table, [found] = read(saved(tmp_path, typed))
    checked = check(found.cells, today=TODAY, registry=REGISTRY)
    assert (table.format, found.number, table.columns) == ("ods", 2, tuple(TITLES))
    assert checked.case == check(GOOD, today=TODAY, registry=REGISTRY).case
    assert set(rule_ids(checked.findings)) == {"W-REPAIRED-ZEROS"}


@pytest.mark.parametrize(
    "typed",
    [
        dt.timedelta(hours=8, minutes=30),
        dt.timedelta(0),
        dt.timedelta(hours=36, minutes=30),
        dt.date(2022, 3, 12),
        1.5,
    ],
)
def test_an_identifier_that_became_a_date_or_a_time_is_refused(typed: object, tmp_path: Path) -> None:
    """What is typed as 8:30, 0:00, 36:30 or 12/3 is not an identifier's text any more."""
    [found] = read(saved(tmp_path, good(visit_no=typed)))[1]
    assert rule_ids(check(found.cells, today=TODAY, registry=REGISTRY).findings) == ["V-BROKEN-ID"]


def test_texts_keep_their_spaces_tabs_and_lines(tmp_path: Path) -> None:
    """Paragraphs are lines; spans and links are part of the text, a note beside it is not."""
    text = (
        '<table:table-cell office:value-type="string">'
        "<office:annotation><text:p>ghi chú</text:p></office:annotation>"
        '<text:p>a<text:s text:c="2"/>b<text:tab/><text:span>c<text:a>d</text:a></text:span>e</text:p>'
        "<text:p>f<text:line-break/>g</text:p></table:table-cell>"
    )
    cells = "".join((*map(cell, VALUES[:10]), text, *map(cell, VALUES[11:])))
    line = f"<table:table-row>{cells}</table:table-row>"
    [found] = read(saved(tmp_path, line))[1]
    assert found.cells[TITLES[10]] == "a  b\tcde\nf\ng"


def test_rows_keep_their_numbers_and_repeated_ones_are_rows(tmp_path: Path) -> None:
    """A blank row repeated counts as often as it says, so does one with a case; groups of rows make no
    difference.
    """
    header = f"<table:table-header-rows>{row(['', '  '])}</table:table-header-rows>"
    grouped = f"<table:table-row-group>{good()}{header}</table:table-row-group>"
    again = row(VALUES, times=2)
    path = write_ods(
        tmp_path / "x",
        content(
            sheet(row(["DANH SÁCH"]), row([None], times=3), row(TITLES), row([], times=10), grouped, again)
        ),
    )
    table, rows = read(path)
    assert table.place.header_row == 5
    assert [found.number for found in rows] == [16, 18, 19]


def test_repeated_cells_are_cells(tmp_path: Path) -> None:
    """Neighbours with the same value are written once: each column gets it. A million blank ones cost
    nothing.
    """
    columns = TITLES.index("positive_on"), TITLES.index("test_method")
    twice = cell("y").replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="2"', 1)
    blank = '<table:table-cell table:number-columns-repeated="16300"/>'
    before, behind = VALUES[: columns[0]], VALUES[columns[1] + 1 :]
    cells = "".join((*map(cell, before), twice, *map(cell, behind), blank))
    line = f"<table:table-row>{cells}</table:table-row>"
    [found] = read(saved(tmp_path, line))[1]
    assert (found.cells["positive_on"], found.cells["test_method"], found.cells["test_place"]) == (
        "y",
        "y",
        GOOD["test_place"],
    )


def test_formulas_and_errors_are_flagged(tmp_path: Path) -> None:
    """As in XLSX: the last value with a warning; no value if none was computed; an error rejects."""
    formula = (
        '<table:table-cell table:formula="of:=1" office:value-type="string"'
        ' office:string-value="0957188922"/>'
    )
    hollow = '<table:table-cell table:formula="of:=1"/>'
    broken = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#N/A</text:p>'
    )
    excels = (
        '<table:table-cell table:formula="of:=NA()"'
        ' office:value-type="string"><text:p>#N/A</text:p></table:table-cell>'
    )
    cells = [cell(value) for value in VALUES]
    cells[TITLES.index("phone")], cells[TITLES.index("visit_no")] = formula, hollow
    cells[TITLES.index("employer")], cells[TITLES.index("address")] = f"{broken}</table:table-cell>", excels
    [found] = read(saved(tmp_path, f"<table:table-row>{''.join(cells)}</table:table-row>"))[1]
    told = {(notice.field, notice.rule, notice.rejects) for notice in found.notices}
    assert told == {
        ("phone", "W-FORMULA", False),
        ("visit_no", "W-FORMULA", False),
        ("employer", "V-TEXT", True),
        ("address", "V-TEXT", True),
    }
    assert (found.cells["phone"], found.cells["employer"]) == ("0957188922", None)


def test_the_first_visible_sheet_with_a_header_is_read(tmp_path: Path) -> None:
    """Hidden sheets and sheets of notes are passed over."""
    hidden = sheet(row(TITLES), row(["ẩn", *VALUES[1:]]), style="ta9")
    path = write_ods(
        tmp_path / "x",
        content(
            hidden,
            sheet(row(["Ghi chú"]), *[row(["x"])] * 50),
            sheet(row(TITLES), good()),
            sheet(row(TITLES)),
            styles=HIDDEN,
        ),
    )
    table, [found] = read(path)
    assert found.cells["case_id"] == GOOD["case_id"]
    assert table.place.part == "1"


def test_other_documents_locked_ones_and_macros_are_refused(tmp_path: Path) -> None:
    """The package's own mimetype says what it is; its parts show passwords and macros."""
    good_xml = content(sheet(row(TITLES), good()))
    path = tmp_path / "x"
    assert (
        refused(write_ods(path, good_xml, kind="application/vnd.oasis.opendocument.text")).code
        == "not_a_table"
    )
    assert (
        refused(write_ods(path, good_xml, manifest="<manifest><encryption-data/></manifest>")).code
        == "encrypted_file"
    )
    assert refused(write_ods(path, good_xml, more=["encrypted-package"])).code == "encrypted_file"
    assert refused(write_ods(path, good_xml, more=["Basic/Standard/Module1.xml"])).code == "has_macros"
    path.write_bytes(write_ods(path, good_xml).read_bytes()[:-40])
    assert refused(path).code == "broken_file"
