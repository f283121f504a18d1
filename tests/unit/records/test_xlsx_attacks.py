"""XLSX files built to exhaust or mislead: refused with a clear code, in little time and space."""

import io
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tests.unit.records.test_tables import refused
from tests.unit.records.test_xlsx import good_row, rewritten, saved, with_sheet

BIG = 1 << 30


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        ("[Content_Types].xml", "<Types/>", "not_a_table"),
        ("[Content_Types].xml", '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>', "has_macros"),
        ("xl/workbook.xml", "<workbook><sheets>", "broken_file"),
        ("xl/workbook.xml", None, "broken_file"),
        ("xl/worksheets/sheet2.xml", None, "broken_file"),
        ("xl/worksheets/sheet2.xml", '<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>', "broken_file"),
        ("xl/worksheets/sheet2.xml", "<worksheet>" + "<x>" * 100_000, "broken_file"),
        ("xl/worksheets/sheet2.xml", '<worksheet><sheetData><row r="2000000"/></sheetData></worksheet>', "broken_file"),
        ("xl/worksheets/sheet2.xml", '<worksheet><sheetData><row r="5"/><row r="5"/></sheetData></worksheet>', "broken_file"),
        ("xl/worksheets/sheet2.xml", '<worksheet><sheetData><row r="1"><c r="ZZZ1"/></row></sheetData></worksheet>', "broken_file"),
        ("xl/worksheets/sheet2.xml", '<worksheet><dimension ref="A1:XFD1048576"/><sheetData/></worksheet>', "no_header"),
    ],
)
def test_malformed_parts_are_refused(part: str, content: str | None, code: str, tmp_path: Path) -> None:
    """Damaged, foreign and hostile parts give a clear code, never another exception."""
    path = saved(tmp_path, [good_row()])
    assert refused(rewritten(path, **{part.replace("/", "__").replace(".", "_dot_"): content})).code == code


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


def bounded(path: Path, *, most_bytes: int, most_s: float, max_rows: int = 1000) -> str:
    """The code a file is refused with, having stayed below the bounds."""
    tracemalloc.start()
    began = time.process_time()
    try:
        error = refused(path, max_rows=max_rows, max_unpacked_bytes=BIG)
        assert time.process_time() - began < most_s
        assert tracemalloc.get_traced_memory()[1] < most_bytes
    finally:
        tracemalloc.stop()
    return error.code


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A part that unpacks a thousandfold is refused by its declared size, in no time and space."""
    path = with_sheet(saved(tmp_path, [good_row()]), "<worksheet><sheetData>" + " " * (64 << 20))
    assert bounded(path, most_bytes=8 << 20, most_s=1) == "too_large_unpacked"


def test_a_lying_zip_bomb_is_refused_while_it_is_unpacked(tmp_path: Path) -> None:
    """Where the directory declares a small size, reading stops at it."""
    path = with_sheet(saved(tmp_path, [good_row()]), "<worksheet><sheetData>" + " " * (64 << 20))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"xl/worksheets/sheet2.xml") - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    assert bounded(path, most_bytes=8 << 20, most_s=1) == "broken_file"


@pytest.mark.parametrize(
    ("filling", "code"),
    [
        ("<row/>", "broken_file"),
        ("<row>" + "<c/>" * 16_384 + "</row>", "too_large_unpacked"),
        ("<row><c t='inlineStr'><is><t>" + "x" * 3_000_000 + "</t></is></c></row>", "no_header"),
        ("<row><c r='" + "A" * 3_000_000 + "'/></row>", "broken_file"),
    ],
    ids=["rows", "columns", "text", "token"],
)
def test_floods_of_cells_are_bounded(filling: str, code: str, tmp_path: Path) -> None:
    """Endless rows, columns, text or names end early and are never held in memory, though not compressed suspiciously."""
    path = saved(tmp_path, [good_row()])
    count = max(1, (12 << 20) // len(filling))
    xml = "<worksheet><sheetData>" + filling * count + "</sheetData></worksheet>"
    with zipfile.ZipFile(path) as old:
        kept = {info.filename: old.read(info) for info in old.infolist() if "sheet2" not in info.filename}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new:
        for name, content in {**kept, "xl/worksheets/sheet2.xml": xml.encode()}.items():
            new.writestr(name, content)
    assert bounded(path, most_bytes=24 << 20, most_s=30) == code


def test_many_parts_and_a_huge_directory_are_refused(tmp_path: Path) -> None:
    """Thousands of parts are no spreadsheet."""
    path = tmp_path / "many"
    with zipfile.ZipFile(path, "w") as package:
        for number in range(5000):
            package.writestr(f"{number}", "")
    assert refused(path).code == "too_large_unpacked"
