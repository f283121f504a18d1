"""What a package is and holds, it is asked itself: whatever case its names have, in whatever order its parts
stand, whatever it declares besides.
"""

import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from certsvc.errors import InputError
from certsvc.records.columns import RESULT_TITLES
from certsvc.records.sheets.tables import open_table
from certsvc.records.workbooks.result_cells import RowResult
from certsvc.records.workbooks.returned import return_workbook
from tests.support import ods
from tests.unit.records.samples import GOOD
from tests.unit.records.test_tables import TITLES, VALUES, read, refused
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
    """Names in the directory alone."""
    return {name.upper(): content for name, content in parts.items()}


def camels(parts: Parts) -> Parts:
    """As 1C writes: one part spelled otherwise than it is called."""
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
    """Folders as Windows parts them, which some programs write into the directory."""
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
    """openpyxl, which compares byte by byte, opens what is returned: with the fates, the days as days, and
    the other sheet.
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
    assert (
        refused(packed(tmp_path / "x", parts | {TYPES: parts[TYPES].replace(MAIN, kind)})).code
        == "has_macros"
    )


ODS_XML = ods.content(ods.sheet(ods.row(TITLES), ods.row(VALUES))).encode()
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{ods.KIND}"/></manifest:manifest>'
).encode()
KIND = ods.KIND.encode()


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "order",
    [
        *itertools.permutations(
            [("mimetype", KIND), ("content.xml", ODS_XML), ("META-INF/manifest.xml", MANIFEST)]
        )
    ],
    ids=lambda order: " ".join(name for name, _ in order),
)
def test_an_ods_says_what_it_is_wherever_that_stands(
    order: list[tuple[str, bytes]], how: int, tmp_path: Path
) -> None:
    """First, last, packed or not."""
    table, rows = read(packed(tmp_path / "x", dict(order), how=how))
    assert (table.format, [row.number for row in rows]) == ("ods", [2])


@pytest.mark.parametrize(
    "parts",
    [
        {"content.xml": ODS_XML, "META-INF/manifest.xml": MANIFEST},
        {"content.xml": ODS_XML, "meta.xml": b"<x/>"},
        {"mimetype": b"", "content.xml": ODS_XML, "META-INF/manifest.xml": MANIFEST},
        {"mimetype": KIND + b"\n", "content.xml": ODS_XML},
        {"mimetype": KIND + b"-template", "content.xml": ODS_XML},
        {
            "Basic/script-lc.xml": b"<x/>",
            "Basic/Standard/script-lb.xml": b"<x/>",
            "mimetype": KIND,
            "content.xml": ODS_XML,
        },
    ],
    ids=[
        "only a manifest",
        "neither",
        "an empty kind",
        "a line end",
        "a template",
        "libraries without a module",
    ],
)
def test_an_ods_may_leave_out_what_it_is(parts: Parts, tmp_path: Path) -> None:
    """As old exports do: its manifest says it, or its content."""
    assert read(packed(tmp_path / "x", parts))[0].format == "ods"


def test_dossiers_of_a_mac_are_dossiers(tmp_path: Path) -> None:
    """What the system puts beside them counts for nothing."""
    with pytest.raises(InputError) as caught:
        read(
            packed(
                tmp_path / "x", {"a.xml": b"<nothing/>", "__MACOSX/._a.xml": b"\0\5\x16\7", ".DS_Store": b"x"}
            )
        )
    assert caught.value.code == "unknown_xml", "told of a.xml, which is read"


def as_zip64(content: bytes) -> bytes:
    """The same package with the directory's end as ZIP64 has it: what programs write that do not know yet how
    large it will be.
    """
    end = content.rindex(b"PK\x05\x06")
    count, size, start = (
        content[end + 10 : end + 12],
        content[end + 12 : end + 16],
        content[end + 16 : end + 20],
    )
    end64 = (
        b"PK\x06\x06"
        + (44).to_bytes(8, "little")
        + b"\x2d\0\x2d\0"
        + bytes(8)
        + 2 * (count + bytes(6))
        + size
        + bytes(4)
        + start
        + bytes(4)
    )
    locator = b"PK\x06\x07" + bytes(4) + end.to_bytes(8, "little") + b"\1\0\0\0"
    return content[:end] + end64 + locator + b"PK\x05\x06" + bytes(4) + b"\xff" * 12 + bytes(2)


def with_zip64_sizes(path: Path) -> bytes:
    """Each part with its sizes in eight bytes, as streaming programs write them."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            with new.open(name, "w", force_zip64=True) as part:
                part.write(old.read(name))
    return out.getvalue()


def test_zip64_is_read(tmp_path: Path) -> None:
    """Large or not; an ODS too; and it comes back with its results."""
    book, path = workbook(tmp_path), tmp_path / "x"
    for content in (as_zip64(book.read_bytes()), with_zip64_sizes(book), as_zip64(with_zip64_sizes(book))):
        path.write_bytes(content)
        assert len(read(path)[1]) == 2
    path.write_bytes(as_zip64(packed(path, {"mimetype": KIND, "content.xml": ODS_XML}).read_bytes()))
    assert read(path)[0].format == "ods"


def test_a_zip64_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    """Its end may stand elsewhere than we look: it is to be saved again. A directory that would not be held
    is refused for its size.
    """
    path, content = tmp_path / "x", as_zip64(workbook(tmp_path).read_bytes())
    path.write_bytes(content.replace(b"PK\x06\x06", b"PK\x06\0"))
    error = refused(path)
    assert (error.code, "ZIP64" in error.message_en, ".xlsx" in error.message_vi) == (
        "not_a_table",
        True,
        True,
    )
    at = content.index(b"PK\x06\x06") + 40
    path.write_bytes(content[:at] + (1 << 40).to_bytes(8, "little") + content[at + 8 :])
    assert refused(path).code == "too_large_unpacked"
