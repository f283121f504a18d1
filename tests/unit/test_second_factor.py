"""The second factor: read kindly, compared strictly."""

import datetime as dt

import pytest

from certsvc.checking.second_factor import SecondFactor
from certsvc.errors import InputError
from certsvc.records import Birth
from tests.support.cases import make_case

BORN = dt.date(1988, 9, 5)


TODAY = dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    "typed",
    [
        "05/09/1988",
        "5/9/1988",
        "05-09-1988",
        "05.09.1988",
        "05 09 1988",
        "05091988",
        "1988-09-05",
        " 05/09/1988 ",
    ],
)
def test_a_birth_date_matches_however_it_is_typed(typed: str) -> None:
    """Every usual way to write the printed date opens the paper."""
    assert SecondFactor.read(typed, None, today=TODAY).matches(make_case(birth=Birth.on(BORN)))


@pytest.mark.parametrize("typed", ["06/09/1988", "09/05/1988", "1988", "1988-09-06"])
def test_another_date_or_the_year_alone_does_not_match_a_whole_date(typed: str) -> None:
    """Where the day is known the year alone is not enough, and day and month are not swapped."""
    assert not SecondFactor.read(typed, None, today=TODAY).matches(make_case(birth=Birth.on(BORN)))


def test_the_year_is_enough_where_no_more_is_known() -> None:
    """A paper that prints a year opens with the year, or with a date in it."""
    case = make_case(birth=Birth(1988))
    assert SecondFactor.read("1988", None, today=TODAY).matches(case)
    assert SecondFactor.read("01/02/1988", None, today=TODAY).matches(case)
    assert not SecondFactor.read("1989", None, today=TODAY).matches(case)


@pytest.mark.parametrize("typed", ["31/02/1988", "29/02/1989", "02/03/2026", "1895", "2027", "1988-00-01"])
def test_an_impossible_day_is_told(typed: str) -> None:
    """As is one that is yet to come, or longer ago than anybody lives."""
    with pytest.raises(InputError, match="impossible_birth_date"):
        SecondFactor.read(typed, None, today=TODAY)


@pytest.mark.parametrize("typed", ["", "hai mươi", "5/9", "123", "1988/09/05/1"])
def test_what_is_no_date_is_told(typed: str) -> None:
    """It is an input error, not a wrong try."""
    with pytest.raises(InputError, match="malformed_birth_date"):
        SecondFactor.read(typed, None, today=TODAY)


def test_fewer_than_four_characters_are_told() -> None:
    """Three digits are a slip of the finger, not a wrong try."""
    with pytest.raises(InputError, match="malformed_last4"):
        SecondFactor.read("05/09/1988", "123", today=TODAY)


@pytest.mark.parametrize(
    ("last4", "matches"),
    [
        ("7890", True),
        ("001088007890", True),
        ("0 0 1 0 8 8 0 0 7890", True),
        ("4321", True),
        ("6789", True),
        ("1111", False),
        ("5555", False),
    ],
)
def test_the_last_four_of_any_id_number_on_the_paper_match(last4: str, *, matches: bool) -> None:
    """Citizen id, social-insurance number and card count; the telephone does not while there is an id
    number.
    """
    case = make_case(
        birth=Birth.on(BORN),
        citizen_id="001088007890",
        social_insurance_no="0100004321",
        health_insurance_card="DN4010100006789",
        phone="0900005555",
    )
    assert SecondFactor.read("05/09/1988", last4, today=TODAY).matches(case) is matches


def test_the_telephone_counts_where_the_paper_shows_no_id_number() -> None:
    """A child without papers has only a telephone on its recovery certificate."""
    case = make_case(
        birth=Birth.on(BORN),
        citizen_id="",
        social_insurance_no="",
        health_insurance_card="",
        phone="0900005555",
    )
    assert SecondFactor.read("05/09/1988", "5555", today=TODAY).matches(case)
