"""Lists of codes, as employers keep them."""

import io
import tracemalloc
import zipfile
from contextlib import nullcontext
from typing import Any

import openpyxl
import pytest
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from certsvc.checking.code_lists import codes_in_table, codes_in_text
from certsvc.errors import InputError

A, B, C = "K7M2-QX4P-9RTV-W3HD", "0000-0000-0000-0001", "https://giay.example.vn/V/7ZK2M9QX4P3RTVW8HDA5C6E1FG"


def _read(data: str | bytes, *, max_rows: int = 100) -> list[tuple[int, str]]:
    listed = codes_in_table(data.encode() if isinstance(data, str) else data, max_rows=max_rows)
    return [(each.row, each.text) for each in listed]


def _book(*rows: list[Any]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "title", ["Mã tra cứu", "mã_tra_cứu", "code", "CODE", "Mã", "verify_url", "Look-up code"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_titled_column_counts(title: str, delimiter: str) -> None:
    """Whatever stands beside it; rows have the numbers their user sees, and one without a code is not
    dropped.
    """
    rows = [
        ["Danh sách tháng 3"],
        ["STT", "Họ tên", title],
        ["1", "An", A],
        [],
        ["2", "Bình", ""],
        ["3", "Chi", C],
    ]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert _read(text) == [(3, A), (5, ""), (6, C)]
    assert _read(text.encode("utf-8-sig")) == _read(text.encode("utf-16")) == _read(text)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_without_titles_the_first_code_of_a_row_counts(delimiter: str) -> None:
    """A row without any is given by its first cell, so that its sender sees which."""
    assert _read(f"1{delimiter}{A}{delimiter}An\nAn{delimiter}xyz\n{B}") == [(1, A), (2, "An"), (3, B)]


def test_a_workbook_is_read_as_well() -> None:
    """The first sheet, numbers as they look."""
    assert _read(_book(["Tên", "Mã tra cứu"], ["An", A], ["Bình", 1234567890123456], ["Chi", None])) == [
        (2, A),
        (3, "1234567890123456"),
        (4, ""),
    ]
    assert _read(_book([A], [B])) == [(1, A), (2, B)]


def test_a_pasted_text_gives_every_code() -> None:
    """One a line or several, or beside a name from a spreadsheet; blank lines are passed over, others
    never.
    """
    text = f"{A}\n\n  {B} , {A.lower()}\nAn\t{C}\nkhông phải mã\n"
    assert [(each.row, each.text) for each in codes_in_text(text)] == [
        (1, A),
        (3, B),
        (3, A.lower()),
        (4, C),
        (5, "không phải mã"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \n", "empty_file"),
        ("Mã\n\u1ea1".encode("cp1258", "replace") + b"\xff", "not_utf8"),
        (b"a\0b", "not_a_table"),
        (b"PK\x03\x04 no zip", "broken_file"),
        (b'"' + A.encode(), "unclosed_quote"),
        ("\n".join(["Mã", *[A] * 101]).encode(), "too_many_rows"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, code: str) -> None:
    """With the codes that case files are refused with."""
    with pytest.raises(InputError) as caught:
        _read(data)
    assert caught.value.code == code


def _hostile(strings: str, rows: str) -> bytes:
    """A workbook of that string table and those rows."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(_book(["x"]))) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package,
    ):
        parts = {name: book.read(name).decode() for name in book.namelist()}
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{SHEET_MAIN_NS}"><si><t>{strings}</t></si></sst>'
        parts["xl/worksheets/sheet1.xml"] = (
            f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData>{rows}</sheetData></worksheet>'
        )
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'
        parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", override)
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


LONG, REFERENCE = "ạ" * 40_001, '<c t="s"><v>0</v></c>'


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (_hostile("x", '<row><c r="XFD1"><v>1</v></c></row>' * 2000), 0),
        (_hostile("x", '<row><c><v>1</v></c><c r="XFD1"><v>1</v></c></row>' * 2000), 2000),
        (_hostile(LONG, "<row>" + REFERENCE * 4000 + "</row>"), 1),
        (_hostile(f" {LONG}", f"<row>{REFERENCE}</row>" * 2000), 2000),
        (_hostile("a," * 16_000, ("<row>" + REFERENCE * 400 + "</row>") * 20), 20),
        (b"," * (4 << 20), None),
    ],
    ids=[
        "last column",
        "first and last",
        "one text in a row",
        "one text in many rows",
        "many parts",
        "commas",
    ],
)
def test_a_small_list_takes_little_memory(data: bytes, rows: int | None) -> None:
    """Of a row its code is kept and no more, of equal texts one, whatever a file of few bytes says that it
    holds.
    """
    tracemalloc.start()
    try:
        with nullcontext() if rows is not None else pytest.raises(InputError, match="row_too_long"):
            assert len(_read(data, max_rows=10_000)) == rows
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_code_is_found_in_a_wide_row() -> None:
    """With other columns beside it, and under a title far to the right."""
    wide = ["x"] * 150
    assert _read(_book([*wide, A])) == [(1, A)]
    assert _read(_book([*wide * 2, "Mã tra cứu"], [*wide * 2, B, C])) == [(2, B)]


def test_as_many_as_allowed_are_read() -> None:
    """The title is no row."""
    assert len(_read("\n".join(["Mã", *[A] * 100]))) == 100
