"""Changing a workbook in place: whatever its XML, ours is added and the rest stays; hostile ones are left
alone.
"""

import io
import itertools
import random
import re
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.stylesheet import Stylesheet
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring
from typing_extensions import override

from certsvc.errors import InputError
from certsvc.records.columns import RESULT_TITLES
from certsvc.records.raw.rows import Place, RawRow
from certsvc.records.workbooks.plain import PART, write_plain
from certsvc.records.workbooks.result_cells import REJECTED, RowResult
from certsvc.records.workbooks.result_styles import with_formats
from certsvc.records.workbooks.returned import return_workbook
from certsvc.records.workbooks.splicing import Splicer, Unsuitable
from tests.unit.records.test_xlsx import rewritten

TEXTS = (REJECTED, "Đã cấp", "=lý do", "1", "2", "u", "v")
PREFIXED = (
    f'\ufeff<?xml version="1.0" encoding="UTF-8"?><!-- > --><x:worksheet xmlns:x="{SHEET_MAIN_NS}"'
    ' a=\'>"\'><x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row><x:row r="2"'
    " /></x:sheetData><x:extLst/></x:worksheet>"
)
NS = f'xmlns="{SHEET_MAIN_NS}"'


def plain(tmp_path: Path, *, rows: int = 3) -> Path:
    path = tmp_path / "in.xlsx"
    write_plain(
        path, (RawRow(number, [f"A{number}", number, True]) for number in range(1, rows + 1)), shift=0
    )
    return path


def with_sheet(path: Path, xml: str) -> Path:
    return rewritten(path, xl__worksheets__sheet1_dot_xml=xml)


def returned(path: Path, *rows: int, results: tuple[int, ...] = (), unread: str = "") -> Path:
    out = path.with_name("out.xlsx")
    lines = [RowResult(row, TEXTS, is_marked=True) for row in rows]
    return_workbook(
        path, out, place=Place(PART, 1, results), results=lines, unread=unread, max_unpacked_bytes=1 << 30
    )
    return out


def sheet_xml(path: Path) -> str:
    with zipfile.ZipFile(path) as book:
        return book.read(PART).decode()


def cells_of(path: Path, row: int) -> list[Any]:
    return [cell.value for cell in openpyxl.load_workbook(path).worksheets[0][row]]


@pytest.mark.parametrize(
    "xml",
    [
        (
            f'<worksheet {NS}><dimension ref="A1"/><sheetData><row r="1"><c r="A1"'
            ' t="inlineStr"><is><t>x</t></is></c></row><row r="2"/></sheetData></worksheet>'
        ),
        (
            f"<worksheet {NS}><cols><col min='1' max='16384'/></cols>"
            "<sheetData><row><c><v>1</v></c></row><row></row></sheetData><pageMargins/></worksheet>"
        ),
        PREFIXED,
        (
            f'<worksheet {NS}><cols/><sheetData><row r="1"><c r="A1"/></row><row'
            ' r="2"/></sheetData><conditionalFormatting/></worksheet>'
        ),
    ],
    ids=["bare", "no references", "prefix", "empty parts"],
)
def test_results_are_added_to_every_shape_of_sheet(xml: str, tmp_path: Path) -> None:
    """Without references, with prefixes, with comments, empty rows and columns to the last: openpyxl reads
    what we say.
    """
    out = returned(with_sheet(plain(tmp_path), xml), 2)
    sheet = openpyxl.load_workbook(out).worksheets[0]
    assert [cell.value for cell in sheet[1]][1:] == list(RESULT_TITLES)
    assert [cell.value for cell in sheet[2]][1:] == [REJECTED, "Đã cấp", "'=lý do", "1", "2", "u", "v"]
    assert len(list(sheet.conditional_formatting)) == 1
    columns = [
        (int(low), int(high))
        for low, high in re.findall(r'col [^>]*?min="(\d+)" max="(\d+)"', sheet_xml(out))
    ]
    assert columns == sorted(columns)
    assert all(high < low for (_, high), (low, _) in itertools.pairwise(columns))


def test_what_was_added_once_is_replaced(tmp_path: Path) -> None:
    """Columns, rule and widths appear once however often a file goes to and fro, even if its user has moved a
    column.
    """
    once = returned(plain(tmp_path), 2, 3)
    twice = returned(once.rename(tmp_path / "again.xlsx"), 3, results=tuple(range(3, 10)))
    assert cells_of(twice, 1) == ["A1", 1, True, *RESULT_TITLES]
    assert cells_of(twice, 2)[3:] == [None] * 7
    assert cells_of(twice, 3)[3] == REJECTED
    assert sheet_xml(twice).count("<cfRule") == 1


def test_rows_without_a_result_say_so_where_asked(tmp_path: Path) -> None:
    out = returned(plain(tmp_path), 2, unread="Chưa xét")
    assert cells_of(out, 3)[3:6] == ["Chưa xét", "Chưa xét", None]


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl__worksheets__sheet1_dot_xml", "<a><b>"),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<!DOCTYPE x [<!ENTITY a "b">]><worksheet {NS}><sheetData/></worksheet>',
        ),
        ("xl__worksheets__sheet1_dot_xml", f"<worksheet {NS}><sheetData/></worksheet>".encode("utf-16")),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<?xml version="1.0" encoding="iso-8859-1"?><worksheet {NS}><sheetData/></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<worksheet {NS}><sheetData><row r="x"/></sheetData></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<worksheet {NS}><sheetData><row r="2"/><row r="2"/></sheetData></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<worksheet {NS}><sheetData><row r="2"><c r="!"/></row></sheetData></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<worksheet {NS}><sheetData><row r="2"><c r="XFD2"/></row></sheetData></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            f'<worksheet {NS}><cols><col min="x"/></cols><sheetData/></worksheet>',
        ),
        (
            "xl__worksheets__sheet1_dot_xml",
            (
                "<worksheet"
                f" {NS}><conditionalFormatting>{'<a/>' * 3_000_000}</conditionalFormatting></worksheet>"
            ),
        ),
        ("xl__styles_dot_xml", f"<styleSheet {NS}><fonts/></styleSheet>"),
        ("xl__styles_dot_xml", None),
        ("xl__styles_dot_xml", "<!DOCTYPE x><styleSheet/>"),
    ],
)
def test_what_cannot_be_changed_in_place_is_given_up(part: str, content: Any, tmp_path: Path) -> None:
    """With one of two exceptions, so that a plain workbook is written instead."""
    with pytest.raises((Unsuitable, InputError)):
        returned(rewritten(plain(tmp_path), zipfile.ZIP_STORED, **{part: content}), 2)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("", 0),
        ("<dxfs/>", 0),
        ('<dxfs count="0"></dxfs>', 0),
        ('<dxfs count="1"><dxf/></dxfs><tableStyles/>', 1),
        ("<tableStyles/><colors/>", 0),
    ],
)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_formats_are_added_at_the_end_of_each_list(rules: str, told: int, prefix: str) -> None:
    """Whether a list is there, empty or full; counts are right, and what was there keeps its index."""
    fills = '<fills count="2"><fill><patternFill/></fill><fill><patternFill/></fill></fills>'
    xml = (
        f'<styleSheet><fonts count="1"><font/></fonts>{fills}<cellXfs'
        f' count="1"><xf/></cellXfs>{rules}</styleSheet>'
    )
    xml = re.sub(r"<(/?)(\w)", rf"<\1{prefix}\2", xml).replace(
        "styleSheet>", f'styleSheet xmlns{":x" if prefix else ""}="{SHEET_MAIN_NS}">', 1
    )
    out, formats = with_formats(xml.encode())
    text = out.decode().replace(prefix or "\0", "")
    assert (formats.title, formats.plain, formats.marked, formats.rule) == (1, 2, 3, told)
    for name, item, count in (
        ("fonts", "font", 2),
        ("fills", "fill", 3),
        ("cellXfs", "xf", 4),
        ("dxfs", "dxf", told + 1),
    ):
        [content] = re.findall(rf"<{name}[^>]*>(.*?)</{name}>", text)
        assert len(re.findall(rf"<{item}[ />]", content)) >= count
    assert re.search(r"</dxfs>(<tableStyles|<colors|</styleSheet)", text)
    tree: Any = fromstring(out)
    assert len(Stylesheet.from_tree(tree).cell_styles) == 4


PIECES = [
    "<a>",
    "</a>",
    "<a/>",
    "<b x='>'>",
    "</b>",
    "text",
    "<!-- <a> -->",
    "<![CDATA[<a>]]>",
    '<b y="/>"/>',
    "&amp;",
    "<?pi <a>?>",
    "ế",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.integers(0, 2**32))
def test_a_document_that_is_not_changed_is_copied_byte_for_byte(pieces: list[str], seed: int) -> None:
    """However it is cut into pieces on the way in; what is not well-formed is refused."""
    xml = f"<r>{''.join(pieces)}</r>".encode()
    out = io.BytesIO()
    try:
        Splicer(out.write).copy(Dribble(xml, random.Random(seed)))
    except Unsuitable:
        return
    assert out.getvalue() == xml


class Dribble:
    """Bytes handed out a few at a time."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        self._file, self._chance = io.BytesIO(data), chance

    def read(self, _: int) -> bytes:
        return self._file.read(self._chance.randint(1, 5))


class WithoutB(Splicer):
    """Leaves every b out."""

    @override
    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "b":
            self.drop()


@given(
    st.lists(st.sampled_from(["<b/>", "<b>x</b>", "<b><b/>y</b>", "<a/>", "t", "<a>z</a>"]), max_size=20),
    st.integers(0, 2**32),
)
def test_dropped_elements_leave_no_trace(pieces: list[str], seed: int) -> None:
    """Empty or full, one after another, at the very end."""
    out = io.BytesIO()
    WithoutB(out.write).copy(Dribble(f"<r>{''.join(pieces)}</r>".encode(), random.Random(seed)))
    assert (
        out.getvalue().decode()
        == f"<r>{''.join(piece for piece in pieces if not piece.startswith('<b'))}</r>"
    )


def test_a_long_sheet_is_never_held(tmp_path: Path) -> None:
    """Memory does not grow with the rows, neither in writing a plain workbook nor in returning one."""
    out = tmp_path / "out.xlsx"
    results = (RowResult(row, TEXTS, is_marked=row % 2 == 0) for row in range(2, 20_001))
    tracemalloc.start()
    try:
        path = plain(tmp_path, rows=20_000)
        return_workbook(
            path, out, place=Place(PART, 1, ()), results=results, unread="", max_unpacked_bytes=1 << 30
        )
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    assert sheet_xml(out).count(REJECTED) == 19_999 + 2, "once a row, twice in the rule"
