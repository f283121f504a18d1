"""Dated rows: which of them holds on a day, and what comes with the service."""

import datetime as dt
import itertools

from certsvc.records import CareSetting, built_in
from certsvc.records.judging.rulebook import DatedRow


def _decision_on(day: dt.date, setting: CareSetting = CareSetting.HOME) -> str | None:
    rule = built_in().discharge_rule_on(day, setting)
    return rule.decision if rule else None


def test_built_in_rows_leave_no_day_between_them() -> None:
    """One row follows on another, so that each day from the first to the last has exactly one."""
    tables: tuple[tuple[DatedRow, ...], ...] = (built_in().leave_ceilings, built_in().discharge_rules)
    for row, following in itertools.chain.from_iterable(map(itertools.pairwise, tables)):
        assert row.valid_to is not None
        assert row.valid_to + dt.timedelta(days=1) == following.valid_from


def test_every_examination_has_a_ceiling() -> None:
    """Leaves have a ceiling on every day that a calendar has."""
    assert built_in().leave_ceiling_on(dt.date.min).max_days == 30
    assert built_in().leave_ceiling_on(dt.date(2025, 6, 30)).basis.startswith("TT 56/2017")
    assert built_in().leave_ceiling_on(dt.date(2025, 7, 1)).basis.startswith("TT 25/2025")
    assert built_in().leave_ceiling_on(dt.date.max).max_days == 30


def test_discharge_from_home_has_rules_while_covid_was_of_group_a() -> None:
    """From 01/02/2022 to 19/10/2023, each day under the decision then in force; no other days, and no other
    settings.
    """
    assert _decision_on(dt.date(2022, 1, 31)) is None
    assert (_decision_on(dt.date(2022, 2, 1)), _decision_on(dt.date(2022, 3, 13))) == (
        "261/QĐ-BYT",
        "261/QĐ-BYT",
    )
    assert (_decision_on(dt.date(2022, 3, 14)), _decision_on(dt.date(2023, 10, 19))) == (
        "604/QĐ-BYT",
        "604/QĐ-BYT",
    )
    assert _decision_on(dt.date(2023, 10, 20)) is None
    assert [
        _decision_on(dt.date(2022, 3, 14), each) for each in (CareSetting.HOSPITAL, CareSetting.CENTRE)
    ] == [None, None]
