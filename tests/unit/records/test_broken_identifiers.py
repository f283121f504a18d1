"""Identifiers that a spreadsheet destroyed."""

import datetime as dt

import pytest

from certsvc.records import Cell
from certsvc.records.cells import is_destroyed
from tests.unit.records.samples import outcomes


@pytest.mark.parametrize(
    "cell",
    [
        dt.date(2022, 3, 5),
        dt.datetime(2022, 3, 5, 9),  # noqa: DTZ001 (a cell has no zone)
        dt.time(8, 30),
        1.5,
        10**15,
        1e15,
        float("nan"),
        float("inf"),
        "2.10123E+11",
        "1,2E+05",
        "1e+21",
        "1.E+05",
        "1.2E-02",
    ],
)
def test_destroyed_identifiers(cell: Cell) -> None:
    """Whole rows are refused, for both papers would say what nobody wrote; a broken licence is not looked
    up.
    """
    assert is_destroyed(cell)
    for column in ("case_id", "visit_no", "practitioner_licence"):
        assert outcomes(**{column: cell}) == ("reject:V-BROKEN-ID", "reject:V-BROKEN-ID")


@pytest.mark.parametrize(
    "cell",
    [
        "2022-03-05",
        "05/03/2022",
        "12E5",
        "12E-3",
        "E+11",
        "1234567890123456",
        7,
        7.0,
        10**15 - 1,
        True,
        None,
        "",
        "2.10123",
    ],
)
def test_identifiers_that_are_what_was_typed(cell: Cell) -> None:
    """Text that looks like a day is text; whole numbers of up to fifteen digits are whole."""
    assert not is_destroyed(cell)


@pytest.mark.parametrize("cell", [dt.date(2022, 3, 5), dt.time(8, 30), 1.5, "2.10123E+11", "1,2E+05", 1e17])
@pytest.mark.parametrize(
    ("column", "rule"),
    [
        ("citizen_id", "V-CITIZEN-ID"),
        ("social_insurance_no", "V-SOCIAL-NO"),
        ("health_insurance_card", "V-CARD"),
        ("phone", "V-PHONE"),
        ("ward_code", "V-VALUE"),
        ("facility_code", "V-FACILITY"),
    ],
)
def test_other_numbers_are_held_by_their_own_rules(column: str, rule: str, cell: Cell) -> None:
    """Nothing that a spreadsheet leaves of them has their shape."""
    assert outcomes(**{column: cell}) == (f"reject:{rule}", f"reject:{rule}")
