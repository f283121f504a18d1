"""Cells: text brought into one form, days in every usual writing, dangerous characters seen."""

import datetime as dt
import tracemalloc
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.records import Birth, Cell
from certsvc.records.cells import are_plain, as_text, birth_of, day_of, has_forbidden, is_name, normalised
from certsvc.records.icd10 import find_code
from certsvc.records.words import meaning_of

DAY = dt.date(2022, 3, 5)


@pytest.mark.parametrize(
    "cell",
    [
        "2022-03-05",
        "5/3/2022",
        "05/03/2022",
        "05-03-2022",
        "5.3.2022",
        "20220305",
        "2022-03-05 00:00:00",
        DAY,
        dt.datetime(2022, 3, 5, 9),  # noqa: DTZ001 (a cell has no zone)
        44625,
        44625.4,
        20220305,
    ],
)
def test_days_as_people_write_them(cell: Cell) -> None:
    """Every usual writing of a day is that day."""
    assert day_of(cell) == DAY


@pytest.mark.parametrize(
    "cell",
    [
        "05/03/22",
        "2022-13-01",
        "30/02/2022",
        "44625",
        "٠٥/٠٣/2022",
        "2022",
        "",
        None,
        True,
        3,
        -1,
        float("nan"),
        float("inf"),
        1e12,
    ],
)
def test_what_is_no_day(cell: Cell) -> None:
    """Two-digit years, days that never were and numbers that mean none are no day."""
    assert day_of(cell) is None


@given(st.dates(min_value=dt.date(1900, 3, 1)))
def test_every_day_reads_back(day: dt.date) -> None:
    """Text in three orders and a spreadsheet's serial number give the day back."""
    serial = (day - dt.date(1899, 12, 30)).days
    assert {day_of(day.isoformat()), day_of(f"{day:%d/%m/%Y}"), day_of(f"{day:%Y%m%d}"), day_of(serial)} == {
        day
    }


@pytest.mark.parametrize(
    ("cell", "born"),
    [
        ("1990", Birth(1990)),
        (1990, Birth(1990)),
        (1990.0, Birth(1990)),
        (30000, Birth.on(dt.date(1982, 2, 18))),
        ("0000", None),
        (True, None),
    ],
)
def test_births(cell: Cell, born: Birth | None) -> None:
    """A year alone is a birth; larger numbers are days."""
    assert birth_of(cell) == born


@given(st.text())
def test_normalising_is_stable(text: str) -> None:
    """Normalised text is NFC, trimmed, single-spaced, and normalising it again changes nothing."""
    once = normalised(text)
    assert normalised(once) == once
    assert once == once.strip(" ")
    assert "  " not in once


@given(
    st.lists(
        st.text(
            st.sampled_from("aă \u0306\u0323|\t\u00a0\u200b\ufffd\ue000\ud800\u1eaf") | st.characters(),
            max_size=6,
        ),
        max_size=4,
    )
)
def test_a_plain_row_needs_no_second_look(texts: list[str]) -> None:
    """Where a whole row is plain, each of its texts is normalised already and holds nothing forbidden."""
    if are_plain(texts):
        assert [normalised(text) for text in texts] == texts
        assert not any(map(has_forbidden, texts))


@pytest.mark.parametrize(
    "texts",
    [
        [" a"],
        ["a "],
        ["a", " "],
        ["a  b"],
        ["a\u0306"],
        ["\u1eaf", "x\u200b"],
        ["\ufffd"],
        ["\ue000"],
        ["a", "b\n"],
    ],
)
def test_a_row_that_is_not_plain(texts: list[str]) -> None:
    """Blanks at the ends or doubled, decomposed letters, invisible and forbidden characters are seen wherever
    they stand.
    """
    assert not are_plain(texts)
    assert are_plain(["", "Nguyễn Thị Ắ", "a b"])


@given(st.text())
def test_nothing_that_disturbs_passes_unseen(text: str) -> None:
    """Text that passes holds no control, surrogate, private-use or bidirectional character."""
    clean = normalised(text)
    if not has_forbidden(clean):
        assert not any(
            unicodedata.category(char) in {"Cc", "Cs", "Co"}
            or unicodedata.bidirectional(char)
            in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI", "PDF", "PDI"}
            for char in clean
        )
        clean.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jean-Luc D'Anh", True),
        ("Nguyễn T. An", True),
        ("李小龍", True),
        ("अनिल", True),
        ("An2", False),
        ("An;", False),
        (". -", False),
        ("", False),
    ],
)
def test_names_are_letters_of_any_script(text: str, expected: bool) -> None:
    """Letters with their marks, and ' . - between them; nothing else, and not nothing."""
    assert is_name(text) is expected


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1181815000.0, "1181815000"), (1.5, "1.5"), (True, "1"), (None, ""), (7, "7"), (DAY, "2022-03-05")],
)
def test_cells_as_text(cell: Cell, text: str) -> None:
    """Whole numbers have no point, days are ISO."""
    assert as_text(cell) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("U07.1", "U07.1"),
        ("u071", "U07.1"),
        ("U10.9", "U10.9"),
        ("U12.9", "U12.9"),
        ("J12", "J12"),
        ("J12.", None),
        ("U.071", None),
        ("U07.11", None),
        ("I", None),
        ("", None),
    ],
)
def test_icd10_codes(text: str, code: str | None) -> None:
    """WHO's codes and COVID-19's later ones, with or without the dot; chapters, blocks and typing errors are
    none.
    """
    assert find_code(text) == code


@pytest.mark.parametrize(
    "read", [day_of, birth_of, lambda text: meaning_of("sex", text)], ids=["day", "birth", "word"]
)
def test_long_texts_are_not_kept_in_mind(read: Callable[[str], object]) -> None:
    """What is met again and again is remembered; a text that can mean nothing here is let go, whatever its
    length.
    """
    tracemalloc.start()
    try:
        assert {read(f"{number}" + "x" * 50_000) for number in range(200)} == {None}
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("word", ["Nữ", "NỮ", "nu\u031b\u0303", " nữ "])
def test_words_match_in_any_case_and_form(word: str) -> None:
    """Case and Unicode form make no difference; a sign before a number does."""
    assert meaning_of("sex", word) == "2"
    assert meaning_of("sex", "-2") is None
