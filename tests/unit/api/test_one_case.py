"""The form for one case, without its pages: what is read, what is taken, what stands there at first."""

import datetime as dt

import pytest

from certsvc.api.console.case_fields import Fault
from certsvc.api.console.one_case import (
    GROUPS,
    SELDOM,
    Entry,
    Papers,
    Start,
    by_shown_field,
    read_entry,
    slashed,
)
from certsvc.records.columns import CASES
from tests.support.new_case import BOTH, CARD, LEAVE

_TODAY = dt.date(2022, 2, 6)
_START = Start(_TODAY, "220206-ABCDEF", "01801", "Trạm Y tế Phúc Xá", "")


def _record(form: dict[str, str], papers: Papers, today: dt.date = _TODAY) -> dict[str, str]:
    return read_entry(form, papers).record(facility_code="01801", today=today)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("05032022", "05/03/2022"),
        ("31122025", "31/12/2025"),
        ("20220305", "20220305"),
        ("32012022", "32012022"),
        ("5/3/2022", "5/3/2022"),
        ("0503202", "0503202"),
        ("", ""),
    ],
)
def test_eight_digits_are_a_day(typed: str, read: str) -> None:
    """As people here type them; what is a day the other way round, or none, stays as it is."""
    assert slashed(typed) == read


def test_every_field_is_a_column_once() -> None:
    """And no column of a file is asked twice."""
    names = [field.name for group in (*GROUPS.values(), SELDOM) for field in group]
    assert len(names) == len(set(names))
    assert set(names) < {column.name for column in CASES.columns}


def test_what_the_papers_do_not_need_is_not_taken() -> None:
    """Whatever a form sends: no employer in a recovery, no test in a sick leave, nothing but columns."""
    leave = _record(
        BOTH | {"papers": "sick_leave", "wants_recovery": "1", "csrf_token": "x"}, Papers.SICK_LEAVE
    )
    recovery = _record(BOTH, Papers.RECOVERY)
    assert not {"last_test_on", "test_method", "address", "wants_recovery", "csrf_token"} & leave.keys()
    assert not {"employer", "visit_no", "examined_on", "social_insurance_no"} & recovery.keys()
    assert recovery["icd10"] == "U07.1"
    assert (leave["facility_code"], leave["citizen_id"]) == ("01801", "001188000042")


def test_who_is_on_leave_is_still_ill() -> None:
    """Until its last day; of a leave that is over nothing is said."""
    assert _record(LEAVE, Papers.SICK_LEAVE, dt.date(2022, 2, 13))["outcome"] == "Đang điều trị"
    assert "outcome" not in _record(LEAVE, Papers.SICK_LEAVE, dt.date(2022, 2, 14))


@pytest.mark.parametrize(
    ("born", "is_small"),
    [("07/02/2015", True), ("06/02/2015", False), ("2015", True), ("2014", False), ("", False), ("x", False)],
)
def test_parents_are_taken_of_a_child_under_seven(born: str, is_small: bool) -> None:
    """On the examination day."""
    record = _record(
        LEAVE | {"citizen_id": "", "birth_date": born, "father_name": "Trần Văn Bố"}, Papers.SICK_LEAVE
    )
    assert ("father_name" in record) is is_small


@pytest.mark.parametrize(
    ("first", "days", "last"),
    [("06/02/2022", 3, "08/02/2022"), ("26/02/2024", 5, "01/03/2024"), ("x", 5, ""), ("", 3, "")],
)
def test_days_of_leave_are_counted_from_the_first(first: str, days: int, last: str) -> None:
    """Both counted, over the ends of months; without a first day nothing is reckoned."""
    entry = Entry(Papers.SICK_LEAVE, {"isolation_from": first}).with_days(days)
    assert entry.texts.get("isolation_to", "") == last


@pytest.mark.parametrize(
    ("papers", "first"),
    [(Papers.SICK_LEAVE, "06/02/2022"), (Papers.BOTH, "06/02/2022"), (Papers.RECOVERY, "05/02/2022")],
)
def test_a_first_day_that_is_empty_is_known(papers: Papers, first: str) -> None:
    """Of a leave the day of examination, of isolation alone the day of the test."""
    entry = read_entry({"examined_on": "06/02/2022", "positive_on": "05/02/2022"}, papers)
    assert entry.texts["isolation_from"] == first


def test_the_card_gives_what_is_empty_and_tells_what_differs() -> None:
    """Its number stands in place of its text, so that a second sending says the same."""
    entry = read_entry({"citizen_id": CARD, "sex": "Nam"}, Papers.SICK_LEAVE)
    assert (entry.texts["citizen_id"], entry.texts["full_name"], entry.texts["sex"]) == (
        "001188000042",
        "Trần Thị Quét",
        "Nam",
    )
    assert entry.card_says == {"sex": "Nữ"}


@pytest.mark.parametrize("papers", Papers)
def test_what_stands_there_at_first_is_right(papers: Papers) -> None:
    """Today's days and the usual words, in fields that the papers have."""
    shown = {field.name for field in Entry(papers, {}).shown()}
    texts = _START.texts(papers)
    assert texts.keys() <= shown
    assert {texts[name] for name in ("examined_on", "last_test_on") if name in texts} == {"06/02/2022"}


def test_a_fault_of_no_field_is_told_apart() -> None:
    """Also where the column has a field that these papers do not show."""
    faults = [
        Fault(rule="X", level="reject", field=name, message_vi="", message_en="")
        for name in ("employer", "facility_code", None)
    ]
    by_field, rest = by_shown_field(Entry(Papers.RECOVERY, {}), faults)
    assert [fault["field"] for fault in rest] == ["employer", "facility_code", None]
    assert by_shown_field(Entry(Papers.SICK_LEAVE, {}), faults)[0]["employer"] == [faults[0]]
    assert "employer" not in by_field
