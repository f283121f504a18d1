"""Files as people send them: headers found, rows numbered, and clear words for what is not a table."""

import codecs
import datetime as dt
import tracemalloc
from pathlib import Path

import pytest

from certsvc.errors import InputError
from certsvc.models import Kind
from certsvc.records import check
from certsvc.records.columns import CASES, fold
from certsvc.records.sheets.tables import SheetRow, Table, open_table
from tests.unit.records.samples import GOOD

TITLES = list(GOOD)
VALUES = [str(value) for value in GOOD.values()]


def csv_text(*records: list[str], delimiter: str = ",", newline: str = "\r\n") -> str:
    return newline.join(
        delimiter.join(f'"{cell}"' if delimiter in cell or "\n" in cell else cell for cell in record)
        for record in records
    )


def saved(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "cases"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    path: Path, *, max_rows: int = 100, max_unpacked_bytes: int = 1 << 24
) -> tuple[Table, list[SheetRow]]:
    with open_table(path, max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes) as table:
        return table, list(table)


def refused(path: Path, *, max_rows: int = 100, max_unpacked_bytes: int = 1 << 24) -> InputError:
    with pytest.raises(InputError) as caught:
        read(path, max_rows=max_rows, max_unpacked_bytes=max_unpacked_bytes)
    return caught.value


GOOD_TEXT = csv_text(TITLES, VALUES)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(
    delimiter: str, encoding: str, newline: str, tmp_path: Path
) -> None:
    """Every usual way of writing CSV reads the same."""
    table, rows = read(
        saved(tmp_path, csv_text(TITLES, VALUES, delimiter=delimiter, newline=newline).encode(encoding))
    )
    assert (table.format, table.columns, table.notices) == ("csv", tuple(TITLES), ())
    assert rows == [SheetRow(2, dict(zip(TITLES, VALUES, strict=True)))]


def test_utf_16_big_endian(tmp_path: Path) -> None:
    """The byte order mark decides, whichever it is."""
    assert len(read(saved(tmp_path, codecs.BOM_UTF16_BE + GOOD_TEXT.encode("utf-16-be")))[1]) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str, tmp_path: Path) -> None:
    """Titles reveal it: in letters that every language has, every other byte is zero."""
    assert len(read(saved(tmp_path, GOOD_TEXT.encode(encoding)))[1]) == 1


def test_rows_keep_the_numbers_their_user_sees(tmp_path: Path) -> None:
    """Title rows and blank rows count, a cell with line breaks makes no row of its own."""
    text = csv_text(["DANH SÁCH F0"], [""], TITLES, ["a\nb\nc", *VALUES[1:]], ["", " ", ""], VALUES)
    table, rows = read(saved(tmp_path, text))
    assert table.place.header_row == 3
    assert [row.number for row in rows] == [4, 6]
    assert rows[0].cells["case_id"] == "a\nb\nc"


def test_titles_match_loosely(tmp_path: Path) -> None:
    """Case, Unicode form, spaces, line breaks and marks make no difference; diacritics do."""
    titles = ["MÃ CA", "Ho\u0323  va\u0300\nte\u0302n (*)", *TITLES[2:]]
    assert read(saved(tmp_path, csv_text(titles, VALUES)))[0].columns == tuple(TITLES)
    assert CASES.find("Ho va ten") is None
    assert fold("Mã ICD-10") == fold("mã icd 10")


def test_no_two_columns_share_a_title() -> None:
    """Each title and synonym means one column."""
    for column in CASES.columns:
        assert {CASES.find(title) for title in (column.name, column.title_vi, *column.synonyms)} == {
            column.name
        }


def test_unknown_columns_are_said_and_not_read(tmp_path: Path) -> None:
    """W-COLUMN names what is not read, without any characters that could do harm."""
    table, [row] = read(saved(tmp_path, csv_text([*TITLES, "Ghi\u202e chú"], [*VALUES, "gì đó"])))
    [notice] = table.notices
    assert (notice.rule, notice.field) == ("W-COLUMN", None)
    assert "«Ghi chú»" in notice.message_vi
    assert set(row.cells) == set(TITLES)


def test_a_row_cut_off_before_its_wishes_is_rejected_and_never_lost(tmp_path: Path) -> None:
    """Nothing vanishes: a row without the cells that say what is wanted is rejected, not taken for one that
    wants nothing.
    """
    first_wish = min(TITLES.index("wants_sick_leave"), TITLES.index("wants_recovery"))
    rows = read(saved(tmp_path, csv_text(TITLES, VALUES[:first_wish], VALUES[: first_wish + 1])))[1]
    assert [[notice.rule for notice in row.notices] for row in rows] == [["V-ROW"], []]
    checked = check(rows[0].cells, today=dt.date(2022, 4, 1), registry=NoStations(), notices=rows[0].notices)
    assert checked.wants == frozenset(Kind)
    assert checked.case is None


class NoStations:
    def find_facility(self, code: str) -> None: ...

    def find_practitioner(self, licence: str, facility_code: str) -> None: ...


def test_surplus_cells_reject_the_row(tmp_path: Path) -> None:
    """A stray delimiter may have shifted every cell: V-ROW. Trailing blank cells are harmless."""
    rows = read(saved(tmp_path, csv_text(TITLES, [*VALUES, "", " "], [*VALUES, "", "x"])))[1]
    assert [[notice.rule for notice in row.notices] for row in rows] == [[], ["V-ROW"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (codecs.BOM_UTF8 + b" \r\n\r\n", "empty_file"),
        (b"%PDF-1.7\nTrang 1", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "not_a_table"),
        (b"a,b\x00c\n", "not_a_table"),
        (codecs.BOM_UTF32_LE + GOOD_TEXT.encode("utf-32-le"), "not_utf8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not_a_table"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted_file",
        ),
        (GOOD_TEXT.encode("cp1258", errors="replace") + b"\xff\xfe", "not_utf8"),
        (codecs.BOM_UTF16_LE + b"a", "not_utf8"),
        (b"a,b,c\n1,2,3\n", "no_header"),
        (b"x" * 200_000, "unclosed_quote"),
        (csv_text(["case_id", "full_name"], ["1", "2"]).encode(), "missing_columns"),
        (csv_text([*TITLES, "Họ tên"], [*VALUES, "x"]).encode(), "duplicate_columns"),
        (csv_text(TITLES).encode(), "no_rows"),
        (csv_text(TITLES, [" "], ["", ""]).encode(), "no_rows"),
        (GOOD_TEXT.encode() + b'\r\n"unclosed,' + b"x," * 50, "unclosed_quote"),
        (b"a" + b"," * 16_384, "row_too_long"),
        (GOOD_TEXT.encode() + b"\n" + b",\t;" * 400_000, "row_too_long"),
        (GOOD_TEXT.encode() + b"\n" + b'",\n",' * 400_000, "row_too_long"),
    ],
)
def test_what_is_no_table_is_refused_with_its_code(content: bytes, code: str, tmp_path: Path) -> None:
    """Each kind of bad file has its own code and words in both languages."""
    error = refused(saved(tmp_path, content))
    assert error.code == code
    assert error.message_vi != error.message_en


@pytest.mark.parametrize("line", [b",", b'",\n",'], ids=["one line", "one record"])
def test_a_row_without_end_never_becomes_cells(line: bytes, tmp_path: Path) -> None:
    """A row is refused by its length while it is read, not when it has filled the memory."""
    path = saved(tmp_path, GOOD_TEXT.encode() + b"\n" + line * ((12 << 20) // len(line)))
    tracemalloc.start()
    try:
        assert refused(path).code == "row_too_long"
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


def test_header_may_be_in_the_first_twenty_rows(tmp_path: Path) -> None:
    """Nineteen title rows are skipped, twenty are too many."""
    assert read(saved(tmp_path, csv_text(*[["x"]] * 19, TITLES, VALUES)))[1][0].number == 21
    assert refused(saved(tmp_path, csv_text(*[["x"]] * 20, TITLES, VALUES))).code == "no_header"


def test_missing_columns_are_listed(tmp_path: Path) -> None:
    """Every required column is named, item by item."""
    kept = [title for title in TITLES if title not in {"sex", "outcome", "phone", "wants_recovery"}]
    error = refused(saved(tmp_path, csv_text(kept, ["x"] * len(kept))))
    assert [item["field"] for item in error.errors] == ["sex", "outcome"]
    assert "Giới tính" in error.errors[0]["message_vi"]


def test_limits_hold(tmp_path: Path) -> None:
    """Rows up to the limit are read, the next one refuses; so does a file over the size."""
    path = saved(tmp_path, csv_text(TITLES, *[VALUES] * 5))
    assert len(read(path, max_rows=5)[1]) == 5
    with open_table(path, max_rows=4, max_unpacked_bytes=1 << 20) as table:
        rows = iter(table)
        assert [next(rows).number for _ in range(4)] == [2, 3, 4, 5]
        with pytest.raises(InputError) as caught:
            next(rows)
    assert caught.value.code == "too_many_rows"
    assert refused(path, max_unpacked_bytes=100).code == "too_large_unpacked"
