"""People who are ill today: a leave is written on the day of the examination and runs forward."""

import datetime as dt

from certsvc.models import Kind
from certsvc.records import Cell, late_finding
from tests.unit.records.samples import TODAY, checked, judged, outcomes, warned

LIVING: dict[str, Cell] = {
    "positive_on": TODAY,
    "examined_on": TODAY,
    "isolation_from": TODAY,
    "isolation_to": TODAY + dt.timedelta(days=2),
    "last_test_on": "",
    "last_test_result": "",
    "last_test_by": "",
    "outcome": "active",
}


def test_a_leave_runs_forward_from_today() -> None:
    """Examined today, off work until the day after tomorrow: three days, without a word; what recovery there
    may be is not yet.
    """
    judgement = judged(**LIVING, wants_recovery="0")
    assert (
        judgement[Kind.SICK_LEAVE].outcome,
        judgement[Kind.SICK_LEAVE].findings,
        judgement[Kind.SICK_LEAVE].days,
    ) == ("issue", (), 3)
    assert outcomes(**LIVING) == ("issue", "reject:R-OUTCOME+R-NOT-OVER+R-NO-RULE")


def test_an_isolation_that_is_not_over_has_no_recovery() -> None:
    """R-NOT-OVER until its last day has come; on that day it is over."""
    ends_tomorrow: dict[str, Cell] = LIVING | {
        "outcome": "recovered",
        "isolation_to": TODAY + dt.timedelta(days=1),
    }
    assert "R-NOT-OVER" in outcomes(**ends_tomorrow)[1]
    assert "R-NOT-OVER" not in outcomes(**ends_tomorrow | {"isolation_to": TODAY})[1]


def test_what_has_happened_lies_not_ahead() -> None:
    """An examination tomorrow is V-DATE-ORDER, a leave that begins tomorrow A-STARTS-AT-EXAM."""
    tomorrow = TODAY + dt.timedelta(days=1)
    assert (
        outcomes(**LIVING | {"examined_on": tomorrow, "isolation_from": tomorrow}, wants_recovery="0")[0]
        == "reject:V-DATE-ORDER"
    )
    assert (
        outcomes(**LIVING | {"isolation_from": tomorrow}, wants_recovery="0")[0] == "reject:A-STARTS-AT-EXAM"
    )


def test_what_an_export_will_lack_is_told() -> None:
    """W-EXPORT names the tags: from 07/2025 on the citizen card's number and day of issue."""
    assert warned(judged(**LIVING, wants_recovery="0", citizen_id="", id_issued_on="")) == {"W-EXPORT"}
    [found] = judged(**LIVING, wants_recovery="0", citizen_id="", id_issued_on="")[Kind.SICK_LEAVE].findings
    assert "SO_CCCD, NGAYCAP_CCCD" in found.message_vi
    assert warned(judged(citizen_id="", id_issued_on="")) == set()


def test_a_visit_of_several_days_is_dated_by_its_last() -> None:
    """A-LATE goes by the day that the form bears, the leave by the examination."""
    case = checked(certified_on="2022-03-01").case
    assert case is not None
    assert (case.dated_on, case.examined_on) == (dt.date(2022, 3, 1), dt.date(2022, 2, 27))
    assert late_finding(case, signed_on=dt.date(2022, 3, 1)) is None
    assert late_finding(case, signed_on=dt.date(2022, 2, 27)) is not None
