"""Text as programs write it: encodings, the end of a file, and lines that are no rows."""

import codecs
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from certsvc.records.raw.text import text_file
from certsvc.records.sheets.tables import open_table
from tests.support import ods
from tests.support.exchange import ct07, hschungtu, tags_of
from tests.support.records import record
from tests.unit.records.samples import GOOD
from tests.unit.records.test_packages import workbook
from tests.unit.records.test_tables import GOOD_TEXT, TITLES, VALUES, csv_text, read, refused, saved
from tests.unit.records.test_xlsx import sheet_of, with_sheet

ARRAY = json.dumps([GOOD, GOOD], ensure_ascii=False)
LINES = "\n".join([json.dumps(GOOD, ensure_ascii=False)] * 2) + "\n"
WRAPPED = json.dumps({"records": [GOOD, GOOD]}, ensure_ascii=False)

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16 LE with a mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE with a mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 LE": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("text", "file_format"),
    [(ARRAY, "json"), (WRAPPED, "json"), (LINES, "ndjson"), (csv_text(TITLES, VALUES, VALUES), "csv")],
)
def test_a_format_is_told_behind_its_encoding(
    text: str, file_format: str, encoding: str, tmp_path: Path
) -> None:
    """The same text is the same table in every encoding that programs write, with letters of two and three
    bytes.
    """
    table, rows = read(saved(tmp_path, ENCODINGS[encoding](text)))
    assert table.format == file_format
    assert [row.cells["full_name"] for row in rows] == [GOOD["full_name"]] * 2
    assert [row.notices for row in rows] == [()] * 2


@pytest.mark.parametrize("text", [ARRAY, LINES, GOOD_TEXT])
def test_half_a_letter_is_told_as_its_encoding(text: str, tmp_path: Path) -> None:
    """UTF-16 that breaks off, or holds half of a pair, is refused with what to do; nothing of another kind
    escapes.
    """
    content = codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    for broken in (content + b"x", content[:40] + b"\0\xd8" + content[40:]):
        assert refused(saved(tmp_path, broken)).code == "not_utf8"
    assert refused(saved(tmp_path, codecs.BOM_UTF32_LE + text.encode("utf-32-le"))).code == "not_utf8"


TAILS = [
    "\x1a",
    "\r\n\x1a",
    "\x1a\x1a\x1a",
    "\0" * 100,
    "\r\n\0\0\r\n",
    "\x1a\r\n \t\x1a\0",
    "\n\n\n   \n",
    "\0" * 200_000 + "\n",
]


@pytest.mark.parametrize("tail", TAILS, ids=range(len(TAILS)))
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "text", [csv_text(TITLES, VALUES, VALUES), ARRAY, LINES], ids=["csv", "json", "ndjson"]
)
def test_what_stands_behind_the_last_record_is_none(
    text: str, encoding: str, tail: str, tmp_path: Path
) -> None:
    """Ctrl-Z, NULs, blanks: no row, no error, whatever the format and its encoding."""
    assert len(read(saved(tmp_path, ENCODINGS[encoding](text + tail)))[1]) == 2


def test_dossiers_end_where_text_does(tmp_path: Path) -> None:
    """XML too, also in UTF-16, whose declaration stays true."""
    xml = hschungtu(ct07(tags_of(record(1)))).decode()
    for content in (
        xml.encode() + b"\x1a",
        xml.replace("utf-8", "utf-16").encode("utf-16") + b"\x1a\0",
        xml.encode() + bytes(1000),
    ):
        assert len(read(saved(tmp_path, content))[1]) == 1


def test_a_byte_behind_utf_16_is_none(tmp_path: Path) -> None:
    """A program that knows no UTF-16 ends it with its own byte."""
    assert (
        len(read(saved(tmp_path, ENCODINGS["UTF-16 LE with a mark"](GOOD_TEXT + "\r\n") + b"\x1a"))[1]) == 1
    )


def test_what_is_in_between_is_no_end(tmp_path: Path) -> None:
    """Ctrl-Z before another record hides none: it is told at its row. A last cell of blanks and tabs stays
    one.
    """
    rows = read(saved(tmp_path, csv_text(TITLES, VALUES) + "\r\n\x1a\r\n" + csv_text(VALUES)))[1]
    assert [row.number for row in rows] == [2, 3, 4]
    assert refused(saved(tmp_path, GOOD_TEXT + "\r\n\0\r\n" + csv_text(VALUES))).code == "not_a_table"
    tabs = csv_text([*TITLES, "a", "b"], [*VALUES, "", ""], delimiter="\t")
    assert [row.notices for row in read(saved(tmp_path, tabs))[1]] == [()]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.sampled_from("aế😀 \n\x1a\0"), max_size=30),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    far=st.integers(0, 70_000),
)
@example(text="a\x1a", encoding="utf-16", far=32_767)
def test_only_the_end_is_left_out(text: str, encoding: str, far: int, tmp_path: Path) -> None:
    """What is read is the text up to the first Ctrl-Z or NUL that nothing but blanks and more of them
    follows, whatever the file's length.
    """
    path = tmp_path / "text"
    whole = "x" * far + text
    assume(encoding != "utf-16" or not whole.startswith("\0"))  # its mark and a NUL are the mark of UTF-32
    path.write_bytes(whole.encode(encoding))
    body = whole.rstrip(" \n\x1a\0")
    ends = [at for at in range(len(body), len(whole)) if whole[at] in "\x1a\0"]
    expected = whole[: ends[0]] if ends else whole
    with path.open("rb") as file:
        read_back = text_file(file).as_utf8()
        for _ in range(2):
            read_back.seek(0)
            assert read_back.read().decode().removeprefix("\ufeff") == expected


def test_a_long_file_is_never_held(tmp_path: Path) -> None:
    """Recoding streams, and an end of NULs is passed over in pieces."""
    path = saved(tmp_path, (codecs.BOM_UTF16_LE + LINES.encode("utf-16-le") * 5000) + bytes(8 << 20))
    tracemalloc.start()
    try:
        with open_table(path, max_rows=100_000, max_unpacked_bytes=1 << 30) as table:
            assert sum(1 for _ in table) == 10_000
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("said", ["sep=", "SEP=", '"sep='])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "^"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16 LE with a mark"])
def test_a_line_that_says_the_delimiter_is_no_row(
    said: str, delimiter: str, newline: str, encoding: str, tmp_path: Path
) -> None:
    """Excel shows the titles as row 1; what the line says is obeyed."""
    line = said + delimiter + ('"' if said.startswith('"') else "")
    text = line + newline + csv_text(TITLES, VALUES, VALUES, delimiter=delimiter, newline=newline)
    table, rows = read(saved(tmp_path, ENCODINGS[encoding](text)))
    assert (table.place.header_row, [row.number for row in rows]) == (1, [2, 3])


def test_other_first_lines_are_rows(tmp_path: Path) -> None:
    """Only the first line of a file, and only if it says nothing else."""
    for line in ("sep=;x", "sep", "sep=ab", "sep=a", "Danh sách sep=;"):
        assert read(saved(tmp_path, f"{line}\n{GOOD_TEXT}"))[0].place.header_row == 2
    assert read(saved(tmp_path, f"\nsep=;\n{GOOD_TEXT}"))[0].place.header_row == 3


def test_styled_and_computed_nothing_is_no_row(tmp_path: Path) -> None:
    """Cells with a format and no content, texts of blanks, formulas that show nothing: a spreadsheet shows no
    row there.
    """
    path = workbook(tmp_path)
    nothing = (
        '<c r="A{0}" s="1"/><c r="B{0}" t="inlineStr"><is><t> </t></is></c><c r="C{0}"'
        ' t="str"><f>IF(A{0}="","",1)</f><v></v></c>'
    )
    rows = "".join(
        f'<row r="{number}" s="1" customFormat="1">{nothing.format(number)}</row>' for number in range(4, 400)
    )
    xml = sheet_of(path)
    with_sheet(path, xml.replace("</sheetData>", rows + "</sheetData>"))
    assert [row.number for row in read(path)[1]] == [2, 3]
    cell = (
        '<table:table-cell table:style-name="ce1"/><table:table-cell table:formula="of:=&quot;&quot;"'
        ' office:value-type="string" office:string-value=""/>'
    )
    line = (
        f'<table:table-row table:style-name="ro1" table:number-rows-repeated="900">{cell}</table:table-row>'
    )
    sheet = ods.content(ods.sheet(ods.row(TITLES), ods.row(VALUES), line, ods.row(VALUES)))
    assert [row.number for row in read(ods.write_ods(tmp_path / "ods", sheet))[1]] == [2, 903]


def test_a_formula_that_nobody_has_computed_is_a_row(tmp_path: Path) -> None:
    """It may hold something: it is told, not passed over."""
    path = workbook(tmp_path)
    with_sheet(
        path, sheet_of(path).replace("</sheetData>", '<row r="4"><c r="C4"><f>B3</f></c></row></sheetData>')
    )
    assert [row.number for row in read(path)[1]] == [2, 3, 4]
