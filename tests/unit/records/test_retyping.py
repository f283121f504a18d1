"""Cells as a person would type them: what is shown is read back as the same."""

import datetime as dt

import pytest

from certsvc.records import Cell
from certsvc.records.cells import birth_of, day_of
from certsvc.records.retyping import printed, typed

_DAY = dt.date(2022, 2, 6)


_MORNING = dt.datetime(2022, 2, 6, 8, 30)  # noqa: DTZ001 (a spreadsheet's instants have no zone)


@pytest.mark.parametrize(
    "cell", [_DAY, _MORNING, 44598, 44598.25, 20220206, "2022-02-06", "06/02/2022", "06.02.2022"]
)
def test_days_stay_the_same_day(cell: Cell) -> None:
    """Of dates, of a spreadsheet's numbers and of text, in both ways of writing."""
    assert day_of(typed("positive_on", cell)) == day_of(printed("positive_on", cell)) == day_of(cell) == _DAY


def test_text_stays_as_it_came() -> None:
    """Also one that is no day; only days of a spreadsheet are written out."""
    assert [printed("positive_on", text) for text in ("2022-13-45", "hôm qua", "2022-02-06")] == [
        "2022-13-45",
        "hôm qua",
        "2022-02-06",
    ]
    assert (printed("positive_on", _DAY), typed("positive_on", _DAY)) == ("06/02/2022", "2022-02-06")


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1988, "1988"), (1988.0, "1988"), (dt.date(1988, 9, 5), "05/09/1988"), ("1988", "1988")],
)
def test_births_may_be_years(cell: Cell, text: str) -> None:
    assert printed("birth_date", cell) == text
    assert birth_of(text) == birth_of(cell)


@pytest.mark.parametrize(
    ("cell", "text"), [(None, ""), (True, "1"), (2.0, "2"), (12, "12"), (2.5, "2.5"), ("  x ", "  x ")]
)
def test_other_cells_are_their_text(cell: Cell, text: str) -> None:
    assert (typed("vaccine_doses", cell), printed("vaccine_doses", cell)) == (text, text)
    assert typed("positive_on", 12) == "12"
