"""Letters and marks that look like the ones that were meant, in names, other texts, titles and words."""

from pathlib import Path

import pytest

from certsvc.records import Cell
from certsvc.records.columns import CASES
from certsvc.records.words import meaning_of
from tests.unit.records.samples import GOOD, checked, outcomes
from tests.unit.records.test_tables import read, saved


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"full_name": "H\u2019Thử Niê"}, "H'Thử Niê"),
        ({"full_name": "H\u02bcThử \u2018Niê"}, "H'Thử 'Niê"),
        ({"full_name": "Y\u2011Thử\u2013Niê"}, "Y-Thử-Niê"),
        ({"full_name": "H\u00b4Thử"}, "H'Thử"),
        ({"full_name": "\u00d0\u1eb7ng Thử"}, "Đặng Thử"),
        ({"full_name": "\u0189\u1eb7ng \u00f0ức"}, "Đặng đức"),
    ],
)
def test_names_are_brought_to_what_was_meant(changes: dict[str, Cell], name: str) -> None:
    """Apostrophes, hyphens and look-alikes of Đ; reported once, for that column only."""
    row = checked(**changes)
    assert row.case is not None
    assert row.case.full_name == name
    assert [(found.rule, found.field) for found in row.findings] == [("W-REPAIRED-UNICODE", "full_name")]


def test_other_texts_keep_their_dashes() -> None:
    """Only names are limited to ' and -; Đ is Đ everywhere."""
    row = checked(employer="Công ty \u00d0ại Dương – chi nhánh “Số 1”", outcome="\u00d0ã khỏi")
    assert row.case is not None
    assert row.case.employer == "Công ty Đại Dương – chi nhánh “Số 1”"
    assert [(found.rule, found.field) for found in row.findings] == [
        ("W-REPAIRED-UNICODE", "employer"),
        ("W-REPAIRED-UNICODE", "outcome"),
    ]


def test_titles_and_words_take_the_look_alikes_too() -> None:
    """In upper and lower case."""
    assert [CASES.find(title) for title in ("\u00d0ơn vị làm việc", "\u0189iện thoại", "\u00f0ịa chỉ")] == [
        "employer",
        "phone",
        "address",
    ]
    assert CASES.nearest("\u00d0ịa ch") == "address"
    assert meaning_of("outcome", "\u00d0ANG ĐIỀU TRỊ") == "active"


def test_old_encodings_are_seen_before_a_letter_is_repaired() -> None:
    """In TCVN3 the byte of Ð is é: with Đ in its place, the name would pass for a strange one."""
    assert outcomes(full_name="TrÇn BÐ") == ("reject:V-ENCODING", "reject:V-ENCODING")


@pytest.mark.parametrize(
    ("old", "new"), [("Đơn vị làm việc", "\u00d0ơn vị làm việc"), ("Địa chỉ", "\u0189ịa chỉ")]
)
def test_a_title_with_a_look_alike_has_its_column(old: str, new: str, tmp_path: Path) -> None:
    """The cells below it are read, not left out, and the file has one notice of it."""
    english = {"Đơn vị làm việc": "employer", "Địa chỉ": "address"}[old]
    titles = [new if name == english else name for name in GOOD]
    text = "\n".join([",".join(titles), ",".join(f'"{cell}"' for cell in GOOD.values())])
    table, [row] = read(saved(tmp_path, text))
    assert [(notice.rule, notice.field) for notice in table.notices] == [("W-REPAIRED-UNICODE", english)]
    assert row.cells[english] == GOOD[english]
