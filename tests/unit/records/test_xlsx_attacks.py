"""XLSX files built to exhaust or mislead: refused with a clear code, in little time and space."""

import io
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.errors import InputError
from certsvc.records.raw.packages import PartStream
from tests.unit.records.test_tables import TITLES, read, refused
from tests.unit.records.test_xlsx import good_row, hand_made, rewritten, saved, sheet_of, with_sheet

BIG = 1 << 30
SHEET = f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData>'


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("[Content_Types].xml", "<Types/>", "not_a_table"),
        (
            "[Content_Types].xml",
            (
                '<Types><Override PartName="/xl/workbook.xml"'
                ' ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
            ),
            "has_macros",
        ),
        ("xl/workbook.xml", "<workbook><sheets>", "broken_file"),
        ("xl/workbook.xml", None, "broken_file"),
        ("xl/worksheets/sheet2.xml", None, "broken_file"),
        ("xl/worksheets/sheet2.xml", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "broken_file"),
        ("xl/worksheets/sheet2.xml", "<worksheet>" + "<x>" * 100_000, "broken_file"),
        (
            "xl/worksheets/sheet2.xml",
            f"{SHEET}<row>" + "<x>" * 100_000 + "</x>" * 100_000 + "</row></sheetData></worksheet>",
            "no_header",
        ),
        ("xl/workbook.xml", "<workbook>" + "<x>" * 100_000 + "</x>" * 100_000 + "</workbook>", "broken_file"),
        ("xl/workbook.xml", "<!DOCTYPE x><workbook/>", "broken_file"),
        ("xl/styles.xml", "<!DOCTYPE x><styleSheet/>", "broken_file"),
        ("xl/styles.xml", "<styleSheet>" + "<a/>" * 300_000 + "</styleSheet>", "too_large_unpacked"),
        ("xl/styles.xml", '<?xml version="1.0" encoding="utf-7"?><styleSheet/>', "broken_file"),
        ("xl/worksheets/sheet2.xml", '<!DOCTYPE x SYSTEM "file:///etc/hostname"><worksheet/>', "broken_file"),
        (
            "xl/worksheets/sheet2.xml",
            '<!DOCTYPE x SYSTEM "file:///etc/hostname"><worksheet/>'.encode("utf-16"),
            "broken_file",
        ),
        ("xl/worksheets/sheet2.xml", f'{SHEET}<row r="2000000"/></sheetData></worksheet>', "broken_file"),
        (
            "xl/worksheets/sheet2.xml",
            f'{SHEET}<row r="5"/><row r="5"/></sheetData></worksheet>',
            "broken_file",
        ),
        (
            "xl/worksheets/sheet2.xml",
            f'{SHEET}<row r="1"><c r="ZZZ1"/></row></sheetData></worksheet>',
            "broken_file",
        ),
        (
            "xl/worksheets/sheet2.xml",
            '<worksheet><dimension ref="A1:XFD1048576"/><sheetData/></worksheet>',
            "no_header",
        ),
    ],
)
def test_malformed_parts_are_refused(
    part: str, content: str | bytes | None, code: str, tmp_path: Path
) -> None:
    """Damaged, foreign and hostile parts give a clear code, never another exception."""
    path = saved(tmp_path, [good_row()])
    parts: dict[str, Any] = {part.replace("/", "__").replace(".", "_dot_"): content}
    assert refused(rewritten(path, **parts)).code == code


def test_other_zip_files_are_refused(tmp_path: Path) -> None:
    """A plain ZIP is no table; one cut short or with a password is said to be so."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("a.txt", "x")
    path = tmp_path / "file.xlsx"
    path.write_bytes(buffer.getvalue())
    assert refused(path).code == "not_a_table"
    path.write_bytes(buffer.getvalue()[:-30])
    assert refused(path).code == "broken_file"
    locked = bytearray(buffer.getvalue())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert refused(path).code == "encrypted_file"


def bounded(path: Path, *, most_bytes: int, most_s: float) -> str:
    """The code a file is refused with, having stayed below the bounds."""
    tracemalloc.start()
    began = time.process_time()
    try:
        error = refused(path, max_rows=1000, max_unpacked_bytes=BIG)
        assert time.process_time() - began < most_s
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()
    return error.code


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A part that unpacks a thousandfold is refused by its declared size, at no cost in time and space."""
    path = with_sheet(saved(tmp_path, [good_row()]), SHEET + " " * (64 << 20))
    assert bounded(path, most_bytes=8 << 20, most_s=1) == "too_large_unpacked"


def test_a_lying_zip_bomb_is_refused_while_it_is_unpacked(tmp_path: Path) -> None:
    """Where the directory declares a small size, reading stops at it."""
    path = with_sheet(saved(tmp_path, [good_row()]), SHEET + " " * (64 << 20))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"xl/worksheets/sheet2.xml") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    assert bounded(path, most_bytes=8 << 20, most_s=1) == "broken_file"


def flooded(tmp_path: Path, filling: str, *, size: int) -> Path:
    """A sheet of that many bytes of the same, not compressed suspiciously."""
    xml = SHEET + filling * max(1, size // len(filling)) + "</sheetData></worksheet>"
    return with_sheet(saved(tmp_path, [good_row()]), xml, packed=zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("filling", "size", "most_bytes", "code"),
    [
        ("<row/>", 1 << 19, 4 << 20, "no_header"),
        ("<row ht='1'/>", 1 << 20, 8 << 20, "no_header"),
        ("<row>" + "<c/>" * 16_384 + "</row>", 1 << 19, 16 << 20, "no_header"),
        (
            "<row><c t='inlineStr'><is><t>" + "x" * 3_000_000 + "</t></is></c></row>",
            12 << 20,
            24 << 20,
            "no_header",
        ),
        ("<row><c r='" + "A" * 3_000_000 + "'/></row>", 12 << 20, 24 << 20, "broken_file"),
        ("<row/><y>" + "<x>z</x>" * 2000 + "</y>", 3 << 20, 8 << 20, "no_header"),
        ("<row>" + "<c><v>1</v><x/></c>" * 240_000 + "</row>", 12 << 20, 96 << 20, "too_large_unpacked"),
    ],
    ids=["rows", "row attributes", "columns", "text", "token", "junk", "one row"],
)
def test_floods_of_cells_are_never_held(
    filling: str, size: int, most_bytes: int, code: str, tmp_path: Path
) -> None:
    """Rows, columns, text or names without end are freed as they come, or refused at the limit of one row."""
    assert bounded(flooded(tmp_path, filling, size=size), most_bytes=most_bytes, most_s=60) == code


@pytest.mark.parametrize(
    ("filling", "max_rows", "code"),
    [
        ("<row/>", 1000, "broken_file"),
        ("<row>" + "<c/>" * 16_384 + "</row>", 1, "too_large_unpacked"),
        ("<row>" + "<c/>" * 16_385 + "</row>", 1, "broken_file"),
        ("<row><row>" + "<c/>" * 1_100_000 + "</row></row>", 1000, "too_large_unpacked"),
    ],
    ids=["rows", "columns", "too many columns", "rows in rows"],
)
def test_floods_of_cells_come_to_an_end(filling: str, max_rows: int, code: str, tmp_path: Path) -> None:
    """There are no more rows than Excel has, and no more cells than that many rows of cases can need."""
    assert (
        refused(flooded(tmp_path, filling, size=8 << 20), max_rows=max_rows, max_unpacked_bytes=BIG).code
        == code
    )


LONG = "ạ" * 40_001
"""More than a cell holds."""


@pytest.mark.parametrize(
    ("strings", "rows"),
    [
        (
            f"<x:si><x:t>{LONG}</x:t></x:si>",
            "<x:row>" + f'<x:c t="s"><x:v>{len(TITLES)}</x:v></x:c>' * 4000 + "</x:row>",
        ),
        (
            f"<x:si><x:t>{'_x000a_' * 4000}</x:t></x:si>",
            f'<x:row><x:c t="s"><x:v>{len(TITLES)}</x:v></x:c></x:row>' * 4000,
        ),
        (
            "",
            ("<x:row>" + f'<x:c t="inlineStr"><x:is><x:t>{LONG[:5000]}</x:t></x:is></x:c>' * 100 + "</x:row>")
            * 19,
        ),
        ("", '<x:row><x:c r="XFD1"><x:v>1</x:v></x:c></x:row>' * 2000),
    ],
    ids=["one string in a row", "one string in many rows", "texts above the header", "last column"],
)
def test_what_is_searched_for_titles_is_not_held(strings: str, rows: str, tmp_path: Path) -> None:
    """A text stays one however often cells refer to it, and of rows without titles only what may be one is
    kept.
    """
    sheet = f'<x:worksheet xmlns:x="{SHEET_MAIN_NS}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    path = rewritten(
        hand_made(tmp_path, strings=strings, cells=""), packed=zipfile.ZIP_STORED, xl__one_dot_xml=sheet
    )
    assert bounded(path, most_bytes=6 << 20, most_s=30) == "no_header"


SIGNS = "<!--" + "<" * 2_000_001 + "-->"
"""What counts as so many elements, for counting never finds fewer, and is read at once."""


@pytest.mark.parametrize(
    ("before", "code"), [("", "no_header"), (SIGNS, "too_large_unpacked")], ids=["nothing", "much"]
)
def test_the_search_for_titles_comes_to_an_end(before: str, code: str, tmp_path: Path) -> None:
    """Whoever sends a file waits for its header and its first row: not for millions of elements without
    one.
    """
    assert (
        refused(flooded(tmp_path, before or "<row/>", size=1), max_rows=100_000, max_unpacked_bytes=BIG).code
        == code
    )


def test_the_search_ends_with_the_first_row(tmp_path: Path) -> None:
    """As many elements further down are read."""
    path = saved(tmp_path, [good_row(), good_row()])
    with_sheet(
        path,
        sheet_of(path).replace('<row r="3"', " " * (1 << 17) + SIGNS + '<row r="3"'),
        packed=zipfile.ZIP_STORED,
    )
    assert len(read(path, max_rows=100_000, max_unpacked_bytes=BIG)[1]) == 2


def test_wide_sheets_are_read(tmp_path: Path) -> None:
    """What senders keep on the right of our columns, up to the last one there is, is no reason to refuse a
    file.
    """
    path = saved(tmp_path, [good_row()])
    with_sheet(path, sheet_of(path).replace("</row>", '<c r="XFD1"><v>1</v></c></row>', 1))
    table, rows = read(path)
    assert (table.columns, len(rows), table.notices) == (tuple(TITLES), 1, ())


def test_a_string_table_is_bounded(tmp_path: Path) -> None:
    """It is read as a whole, so its size has a limit of its own, below that of the file."""
    strings = f'<sst xmlns="{SHEET_MAIN_NS}"><si><t>' + "x" * (129 << 20) + "</t></si></sst>"
    path = hand_made(tmp_path, strings="", cells="")
    assert (
        refused(
            rewritten(path, packed=zipfile.ZIP_STORED, xl__strings_dot_xml=strings), max_unpacked_bytes=BIG
        ).code
        == "too_large_unpacked"
    )


def test_what_parsers_are_fed_is_counted() -> None:
    """Elements are counted over the whole part, bytes since the last release, however the pieces fall."""
    stream = PartStream(io.BytesIO(b"<a></a><b/>" * 10), most_elements=20, most_held_bytes=50)
    for _ in range(3):
        stream.read(35)
        stream.release()
    with pytest.raises(InputError):
        PartStream(io.BytesIO(b"<a></a><b/>" * 10), most_elements=19, most_held_bytes=500).read(200)
    with pytest.raises(InputError):
        PartStream(io.BytesIO(b"<a></a><b/>" * 10), most_elements=99, most_held_bytes=50).read(51)


def test_exotic_packing_is_refused(tmp_path: Path) -> None:
    """Only what the standard allows is unpacked: the rest cannot be bounded."""
    assert refused(rewritten(saved(tmp_path, [good_row()]), packed=zipfile.ZIP_LZMA)).code == "broken_file"


def test_many_parts_and_a_huge_directory_are_refused(tmp_path: Path) -> None:
    """No spreadsheet has thousands of parts: with a workbook among them the package is too large, without one
    it is an archive; still more are refused unread.
    """
    workbook, archive, huge = saved(tmp_path, [good_row()]), tmp_path / "archive", tmp_path / "huge"
    for path, parts in ((workbook, 5000), (archive, 5000), (huge, 65_536)):
        with zipfile.ZipFile(path, "a") as package:
            for number in range(parts):
                package.writestr(f"{number}", "")
    assert [refused(path).code for path in (workbook, archive, huge)] == [
        "too_large_unpacked",
        "not_a_table",
        "too_large_unpacked",
    ]
