"""ODS: what cells hold, which sheets are read, and files built to exhaust or mislead."""

import contextlib
import datetime as dt
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.records import check, rule_ids
from certsvc.records.sheets.tables import open_table
from tests.support.ods import HIDDEN, cell, content, row, sheet, write_ods
from tests.unit.records.samples import GOOD, REGISTRY, TODAY
from tests.unit.records.test_tables import TITLES, VALUES, read, refused

BIG = 1 << 30


def saved(tmp_path: Path, *rows: str, titles: str = row(TITLES)) -> Path:
    return write_ods(tmp_path / "cases.csv", content(sheet(titles, *rows)))


def good(**changes: object) -> str:
    return row({**GOOD, **changes}.values())


def test_cells_of_every_type_read_as_one_case(tmp_path: Path) -> None:
    """Dates, numbers and truth values make the same case as text does, lost zeros are told."""
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
    """What is typed as 8:30, 0:00, 36:30 or 12/3 is none of an identifier's texts any more."""
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
    assert [each.number for each in rows] == [16, 18, 19]


def test_repeated_cells_are_cells(tmp_path: Path) -> None:
    """Neighbours with the same value are written once: each column gets it. A million blank ones are
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
    """As in XLSX: the last value with a warning, none where nothing was computed, an error rejects."""
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
    told = {(each.field, each.rule, each.rejects) for each in found.notices}
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


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (content(sheet(row(TITLES))), "no_rows"),
        (content(sheet(row(["a", "b"]))), "no_header"),
        (content(), "no_header"),
        ("<a><b>", "broken_file"),
        ("", "broken_file"),
        ('<table:table xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"/>', "broken_file"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + content(sheet(row(TITLES), row(VALUES))), "broken_file"),
        (content(sheet(row(TITLES), "<table:table-row table:number-rows-repeated='x'/>")), "broken_file"),
        (content(sheet(row(TITLES), "<table:table-row table:number-rows-repeated='0'/>")), "broken_file"),
        (content(sheet(row(TITLES), row([], times=1_048_576), row(VALUES))), "broken_file"),
        (content(sheet(row(TITLES), row(VALUES, times=1_048_000))), "too_many_rows"),
        (
            content(
                sheet(
                    "<table:table-row><table:table-cell"
                    " table:number-columns-repeated='99999'/></table:table-row>"
                )
            ),
            "broken_file",
        ),
        (
            content(
                sheet(
                    f"<table:table-row><table:table-cell>{sheet(row(TITLES))}</table:table-cell></table:table-row>"
                )
            ),
            "broken_file",
        ),
        (
            content(
                sheet(
                    row(TITLES),
                    "<table:table-row>"
                    + "<table:table-cell>" * 50_000
                    + "</table:table-cell>" * 50_000
                    + "</table:table-row>",
                )
            ),
            "no_rows",
        ),
        (
            content(
                sheet(
                    "<table:table-row>"
                    + "<table:table-cell office:value-type='float' office:value='1e999'/>" * 300_000
                    + "</table:table-row>"
                )
            ),
            "too_large_unpacked",
        ),
    ],
)
def test_malformed_content_is_refused(xml: str, code: str, tmp_path: Path) -> None:
    """Damaged and hostile content gives a clear code, never another exception."""
    assert refused(write_ods(tmp_path / "x", xml, packed=zipfile.ZIP_STORED)).code == code


def test_the_search_for_titles_comes_to_an_end(tmp_path: Path) -> None:
    """Over all sheets: what stands before the first row is not read without end."""
    much = "<!--" + "<" * 1_000_001 + "-->"
    xml = content(
        sheet(row(["a"]), much, name="1"), sheet(row(["a"]), much, name="2"), sheet(row(TITLES), row(VALUES))
    )
    assert (
        refused(write_ods(tmp_path / "x", xml, packed=zipfile.ZIP_STORED), max_rows=100_000).code
        == "too_large_unpacked"
    )


def test_other_documents_locked_ones_and_macros_are_refused(tmp_path: Path) -> None:
    """What a package is, is told by its own mimetype; passwords and macros by its parts."""
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


_SPACES = (
    "<table:table-row><table:table-cell office:value-type='string'><text:p>"
    + "<text:s text:c='32767'/>" * 5000
    + "</text:p></table:table-cell></table:table-row>"
)


@pytest.mark.parametrize(
    ("filling", "times"),
    [
        pytest.param(row(VALUES, times=1000), 100, id="rows"),
        pytest.param(
            "<table:table-row>"
            + cell("x").replace(
                "<table:table-cell", "<table:table-cell table:number-columns-repeated='16384'"
            )
            + "</table:table-row>",
            100,
            id="columns",
        ),
        pytest.param(_SPACES, 15, id="spaces"),
        pytest.param(_SPACES, 100, id="more spaces", marks=pytest.mark.long),
        pytest.param("<table:table-row>" + cell("x" * 1_000_000) + "</table:table-row>", 100, id="text"),
    ],
)
def test_bombs_of_repetition_are_never_held(filling: str, times: int, tmp_path: Path) -> None:
    """What a few bytes repeat a million times is bounded as if it had been written so."""
    path = write_ods(
        tmp_path / "x", content(sheet(row(TITLES), *[filling] * times)), packed=zipfile.ZIP_STORED
    )
    tracemalloc.start()
    try:
        with contextlib.suppress(InputError):
            read(path, max_rows=2000, max_unpacked_bytes=BIG)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """Content with bytes changed is read as far as it goes, or refused as input."""
    xml = bytearray(content(sheet(row(TITLES), good(), good())).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(xml))), data.draw(st.integers(0, 8))
        xml[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"</table:table-row>", b"-1", b"1e999", b"<!--", b"&#0;"]),
            )
        )
    path = write_ods(tmp_path / "x", bytes(xml))
    with (
        contextlib.suppress(InputError),
        open_table(path, max_rows=1000, max_unpacked_bytes=1 << 24) as table,
    ):
        assert len(list(table)) <= 4
