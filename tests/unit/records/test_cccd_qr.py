"""The QR of a citizen card: what it gives, what is none, and where a row says something else."""

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certsvc.records.birth import Birth
from certsvc.records.case import Sex
from certsvc.records.cccd_qr import LONGEST, differing, read_cccd_qr

TEXT = "001186012345|012345678|Nguyễn Thị An|01021986|Nữ|Số 1 Phố Mẫu, Phường Giả, Hà Nội|15042021"
CELLS = {
    "citizen_id": "001186012345",
    "full_name": "Nguyễn Thị An",
    "birth_date": "01/02/1986",
    "sex": "Nữ",
    "address": "Số 1 Phố Mẫu, Phường Giả, Hà Nội",
    "id_issued_on": "15/04/2021",
}


def cells_of(text: str) -> dict[str, str] | None:
    card = read_cccd_qr(text)
    return None if card is None else card.cells()


def test_seven_parts_are_seven_values() -> None:
    """Every part of a card's text comes out in its own field, typed."""
    card = read_cccd_qr(TEXT)
    assert card is not None
    assert (card.number, card.old_number, card.full_name) == ("001186012345", "012345678", "Nguyễn Thị An")
    assert (card.birth, card.sex, card.issued_on) == (
        Birth.on(dt.date(1986, 2, 1)),
        Sex.FEMALE,
        dt.date(2021, 4, 15),
    )
    assert card.cells() == CELLS


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("012345678", ""),
        TEXT.replace("|012345678|", "|"),
        TEXT + "\r\n",
        TEXT + "\t",
        "\ufeff" + TEXT + "\n",
        "  " + TEXT.replace("|", " | "),
        unicodedata.normalize("NFD", TEXT),
        TEXT.replace("01021986", "01/02/1986"),
        TEXT + "||Nguyễn Văn Bố|Trần Thị Mẹ|",
        TEXT + "|",
    ],
    ids=[
        "no old number",
        "six parts",
        "Enter",
        "Tab",
        "byte order mark",
        "blanks",
        "NFD",
        "slashes",
        "newer card",
        "bar behind",
    ],
)
def test_the_same_card_in_other_writing(text: str) -> None:
    """What scanners add, how the marks are coded, and a missing old number change nothing."""
    assert cells_of(text) == CELLS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "001186012345",
        "001186012345|",
        "001186012345|012345678",
        "00118601234|012345678|Nguyễn Thị An|01021986|Nữ|Hà Nội|15042021",
        "001186012345|012345678|Nguyễn Thị An|31021986|Nữ|Hà Nội|15042021",
        "001186012345|abc|Nguyễn Thị An|01021986|Nữ|Hà Nội|15042021",
        "٠٠١١٨٦٠١٢٣٤٥|012345678|Nguyễn Thị An|01021986|Nữ|Hà Nội|15042021",
        "HC4010123456789|4e677579|01/02/1986|2|Hà Nội|01 - 001|01/01/2021|-|01/01/2021|0123|",
        TEXT.replace("An", "A\u202en"),
        TEXT.replace("An", "A\x00n"),
        TEXT + "|" * 20,
        "001186012345||A|01021986|Nam|" + "x" * LONGEST + "|15042021",
    ],
)
def test_other_texts_are_no_card(text: str) -> None:
    """A number alone, a health-insurance card's QR, days that are none, hidden characters, endless text: none
    of them.
    """
    assert read_cccd_qr(text) is None


def test_what_a_scanner_could_not_type_is_left_empty() -> None:
    """A keyboard without Vietnamese letters types `?`: number and days hold, name, sex and address are for a
    person to type.
    """
    assert cells_of("001186012345||Nguy?n Th? An|01021986|N?|S? 1 Ph? M?u|15042021") == {
        "citizen_id": "001186012345",
        "birth_date": "01/02/1986",
        "id_issued_on": "15/04/2021",
    }


@pytest.mark.parametrize("born", ["1986", "00001986"])
def test_year_alone(born: str) -> None:
    """Who has no birthday on the card has the year."""
    card = read_cccd_qr(TEXT.replace("01021986", born))
    assert card is not None
    assert card.birth == Birth(1986)


@pytest.mark.parametrize("issued", ["", "31022021", "soon"])
def test_card_without_a_day_of_issue(issued: str) -> None:
    """A missing or impossible day of issue is left out, the rest stands."""
    assert cells_of(TEXT.replace("15042021", issued)) == {
        column: text for column, text in CELLS.items() if column != "id_issued_on"
    }


def test_too_long_for_its_column_is_left_out() -> None:
    """A name of more letters than the column takes is none of ours to put there."""
    cells = cells_of(TEXT.replace("Nguyễn Thị An", "A" * 300))
    assert cells is not None
    assert "full_name" not in cells


def test_repr_says_nothing_personal() -> None:
    """A card in a log or a traceback shows nobody."""
    assert "An" not in repr(read_cccd_qr(TEXT))


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({}, ()),
        ({"full_name": "", "birth_date": None}, ()),
        (CELLS, ()),
        (
            {
                "full_name": "NGUYỄN  THỊ AN",
                "birth_date": "1986-02-01",
                "sex": "2",
                "id_issued_on": dt.date(2021, 4, 15),
            },
            (),
        ),
        ({"full_name": unicodedata.normalize("NFD", "Nguyễn Thị An"), "birth_date": 1986}, ()),
        ({"address": "Số 9 Phố Khác"}, ()),
        ({"full_name": "Nguyễn Thị Ân"}, ("full_name",)),
        ({"birth_date": "02/02/1986", "sex": "Nam"}, ("birth_date", "sex")),
        ({"birth_date": "1987", "id_issued_on": "16/04/2021"}, ("birth_date", "id_issued_on")),
        ({"birth_date": "who knows", "sex": "x"}, ("birth_date", "sex")),
    ],
)
def test_where_a_row_says_something_else(
    row: dict[str, str | int | dt.date | None], columns: tuple[str, ...]
) -> None:
    """Only what both say can differ; writing does not, and nobody has to live where the card says."""
    card = read_cccd_qr(TEXT)
    assert card is not None
    assert differing(card, row) == columns


@given(st.text(alphabet=st.sampled_from("0123456789|/ ?\t\r\nAầ\u0323Nam"), max_size=120))
def test_any_text_gets_an_answer(text: str) -> None:
    """Nothing raises, and what is taken for a card has its twelve digits."""
    card = read_cccd_qr(f"001186012345|{text}")
    assert card is None or card.cells()["citizen_id"] == "001186012345"
