"""A workbook's package says itself what it holds: whatever case its names have, wherever its parts are,
whatever else it declares.
"""

import datetime as dt
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from certsvc.records.columns import RESULT_TITLES
from certsvc.records.sheets.tables import open_table
from certsvc.records.workbooks.result_cells import RowResult
from certsvc.records.workbooks.returned import return_workbook
from tests.unit.records.samples import GOOD
from tests.unit.records.test_tables import TITLES, read, refused
from tests.unit.records.test_xlsx import good_row, saved

Parts = dict[str, bytes]


def parts_of(path: Path) -> Parts:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(path: Path, parts: Parts, *, how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def workbook(tmp_path: Path) -> Path:
    """A day as a number that only its style makes one, strings in a table of their own, a formula; as
    openpyxl saves it, strings apart.
    """
    return saved(
        tmp_path,
        [
            good_row(positive_on=dt.date(2022, 2, 27)),
            good_row(case_id="second", positive_on=dt.date(2022, 2, 27)),
        ],
    )


def capitals(parts: Parts) -> Parts:
    """Names in the directory only."""
    return {name.upper(): content for name, content in parts.items()}


def camels(parts: Parts) -> Parts:
    """As 1C writes: a part spelled otherwise than what refers to it."""
    return {
        re.sub("sharedStrings|styles", lambda found: found[0][0].upper() + found[0][1:], name): content
        for name, content in parts.items()
    }


def shouting(parts: Parts) -> Parts:
    """What refers to parts, not the parts."""
    return {
        name: re.sub(
            rb'(PartName|Target)="(/?xl/)?([^"]+)"', lambda m: m[0].replace(m[3], m[3].upper()), content
        )
        for name, content in parts.items()
    }


def windows(parts: Parts) -> Parts:
    """Windows separators, which some programs write into the directory."""
    return {name.replace("/", "\\"): content for name, content in parts.items()}


SPELLINGS = [capitals, camels, shouting, windows]


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_names_of_parts_have_no_case(spelled: Callable[[Parts], Parts], tmp_path: Path) -> None:
    """Strings and styles are found, so that a day is a day; the first sheet with titles is the same."""
    plain = read(workbook(tmp_path))
    table, rows = read(packed(tmp_path / "spelled", spelled(parts_of(workbook(tmp_path)))))
    assert [(row.number, row.cells) for row in rows] == [(row.number, row.cells) for row in plain[1]]
    assert rows[0].cells["positive_on"] == dt.date(2022, 2, 27)
    assert table.format == "xlsx"


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_a_workbook_comes_back_for_programs_that_mind_the_case(
    spelled: Callable[[Parts], Parts], tmp_path: Path
) -> None:
    """openpyxl, which compares byte by byte, opens what is returned, with the fates, with days as days, and
    with the other sheet.
    """
    sent, out = packed(tmp_path / "spelled", spelled(parts_of(workbook(tmp_path)))), tmp_path / "out.xlsx"
    with open_table(sent, max_rows=9, max_unpacked_bytes=1 << 24) as table:
        place = table.place
    results = [
        RowResult(row, ("KHÔNG CẤP", "", f"lý do {row}", "", "", "", ""), is_marked=True) for row in (2, 3)
    ]
    return_workbook(sent, out, place=place, results=results, unread="", max_unpacked_bytes=1 << 24)
    book = openpyxl.load_workbook(out)
    notes, cases = book.worksheets
    assert [cell.value for cell in notes[1]] == ["Ghi chú", "Họ và tên"]
    assert [cell.value for cell in cases[1]] == [*TITLES, *RESULT_TITLES]
    assert [cases.cell(row, len(TITLES) + 3).value for row in (2, 3)] == ["lý do 2", "lý do 3"]
    assert cases.cell(2, TITLES.index("positive_on") + 1).value == dt.datetime(2022, 2, 27)  # noqa: DTZ001 (a cell has no zone)
    again = read(out)[1]
    assert [row.cells["case_id"] for row in again] == [GOOD["case_id"], "second"]


def test_a_workbook_elsewhere_in_its_package_is_found(tmp_path: Path) -> None:
    """The package says which part is its workbook, the workbook which are its strings and its styles."""
    parts = parts_of(workbook(tmp_path))
    moves = {
        "xl/workbook.xml": "data/Book1.xml",
        "xl/_rels/workbook.xml.rels": "data/_rels/Book1.xml.rels",
        "xl/styles.xml": "data/looks.xml",
    }
    moved = {moves.get(name, name): content for name, content in parts.items()}
    for name in ("[Content_Types].xml", "_rels/.rels", "data/_rels/Book1.xml.rels"):
        for old, new in (
            ("xl/workbook.xml", "data/Book1.xml"),
            ("xl/styles.xml", "data/looks.xml"),
            ("styles.xml", "looks.xml"),
        ):
            moved[name] = moved[name].replace(old.encode(), new.encode())
    [first, _] = read(packed(tmp_path / "moved", moved))[1]
    assert first.cells["positive_on"] == dt.date(2022, 2, 27)


TYPES = "[Content_Types].xml"
VBA = b"application/vnd.ms-office.vbaProject"
BINARY = b"application/vnd.ms-excel.sheet.binary.macroEnabled.main"
MAIN = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def declared(parts: Parts, declaration: bytes) -> Parts:
    return parts | {TYPES: re.sub(rb"(<Types[^>]*>)", rb"\1" + declaration, parts[TYPES], count=1)}


def default(kind: bytes) -> bytes:
    return b'<Default Extension="bin" ContentType="' + kind + b'"/>'


def override(name: bytes, kind: bytes) -> bytes:
    return b'<Override PartName="' + name + b'" ContentType="' + kind + b'"/>'


@pytest.mark.parametrize(
    ("declaration", "more"),
    [
        (default(BINARY), {}),
        (default(VBA), {}),
        (default(BINARY), {"xl/printerSettings/printerSettings1.bin": b"x"}),
        (override(b"/xl/vbaProject.bin", VBA), {}),
        (override(b"/xl/other.xml", b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"), {}),
    ],
    ids=[
        "no binary part",
        "no macro part",
        "printer settings",
        "a part that is not there",
        "a workbook that is not there",
    ],
)
def test_what_is_only_declared_is_no_macro(declaration: bytes, more: Parts, tmp_path: Path) -> None:
    """Programs declare kinds for files that they never write."""
    parts = declared(parts_of(workbook(tmp_path)), declaration)
    assert len(read(packed(tmp_path / "x", parts | more))[1]) == 2


@pytest.mark.parametrize(
    ("declaration", "more"),
    [
        (default(VBA), {"xl/vbaProject.bin": b"x"}),
        (default(VBA), {"xl/other.bin": b"x"}),
        (override(b"/XL/Macros.xyz", VBA.upper()), {"xl/macros.xyz": b"x"}),
        (b"", {"xl/VBAPROJECT.BIN": b"x"}),
        (
            override(b"/xl/macrosheets/sheet1.xml", b"application/vnd.ms-excel.macrosheet+xml"),
            {"xl/macrosheets/sheet1.xml": b"<x/>"},
        ),
    ],
    ids=["usual", "other name", "other case", "not declared", "of Excel 4"],
)
def test_macros_are_where_a_part_of_that_kind_is(declaration: bytes, more: Parts, tmp_path: Path) -> None:
    """Whatever it is called, and whether or not somebody has declared it."""
    parts = declared(parts_of(workbook(tmp_path)), declaration)
    assert refused(packed(tmp_path / "x", parts | more)).code == "has_macros"


@pytest.mark.parametrize(
    "kind",
    [
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        b"application/vnd.ms-excel.template.macroEnabled.main+xml",
    ],
)
def test_a_workbook_for_macros_has_some(kind: bytes, tmp_path: Path) -> None:
    """Its own kind says so, as every spreadsheet program reads it."""
    parts = parts_of(workbook(tmp_path))
    path = packed(tmp_path / "x", parts | {TYPES: parts[TYPES].replace(MAIN, kind)})
    assert refused(path).code == "has_macros"
