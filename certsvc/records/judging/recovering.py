"""Form (b): what the case itself says of its recovery [recovery, Criteria].

`n` is the number of days from the positive test to the end of isolation, both counted, as the paper counts
them. Where a station would count from the next day and come to another answer, W-DAY-COUNT says so.
"""

import datetime as dt

from certsvc.records.case import CareSetting, Case, Outcome, TestPerformer, TestResult
from certsvc.records.judging.rulebook import DischargeRule, Rulebook
from certsvc.records.rules.catalogue import finding
from certsvc.records.rules.findings import Finding
from certsvc.states import Kind

_COUNTED_PERFORMERS = frozenset({TestPerformer.HEALTH_WORKER, TestPerformer.SELF_SUPERVISED})


def governing_rule(case: Case, rules: Rulebook) -> DischargeRule | None:
    """The row by which the recovery of a case is judged, and which its certificate cites; without one for its
    setting, that of care at home.
    """
    day = case.event_on(Kind.RECOVERY)
    return rules.discharge_rule_on(day, case.care_setting) or rules.discharge_rule_on(day, CareSetting.HOME)


def recovery_findings(case: Case, rules: Rulebook, today: dt.date) -> list[Finding]:
    """The R rules and warnings that need nothing but the case; not yet in table order."""
    day = case.event_on(Kind.RECOVERY)
    found = []
    if case.outcome is not Outcome.RECOVERED:
        found.append(finding("R-OUTCOME", "outcome"))
    if day > today:
        found.append(finding("R-NOT-OVER", "isolation_to"))
    if case.care_setting is not CareSetting.HOME and rules.discharge_rule_on(day, case.care_setting) is None:
        found.append(finding("R-CARE-SETTING", "care_setting"))
    rule = governing_rule(case, rules)
    if rule is None:
        return [*found, finding("R-NO-RULE", "isolation_to")]
    n = (case.isolation_to - case.positive_on).days + 1
    by_days = _days_and_test(case, rule, n=n, first_test_day=rule.first_test_day)
    if not any(each.rejects for each in by_days):
        stricter = _days_and_test(case, rule, n=n - 1, first_test_day=rule.first_test_day + 1)
        if any(each.rejects for each in stricter):
            by_days.append(finding("W-DAY-COUNT", "isolation_to"))
    return found + by_days


def _days_and_test(case: Case, rule: DischargeRule, *, n: int, first_test_day: int) -> list[Finding]:
    """R-TOO-EARLY, and what the last test says.

    A negative test counts from day `first_test_day` to the end of isolation, done or watched by health staff.
    One that does not count is as none; a count of days that suffices alone then carries W-NO-NEGATIVE.
    """
    found = []
    if n < rule.min_days:
        found.append(finding("R-TOO-EARLY", "isolation_to", min_days=rule.min_days))
    tested_on = case.last_test_on if case.last_test_result is TestResult.NEGATIVE else None
    is_negative = tested_on is not None and case.positive_on <= tested_on <= case.isolation_to
    is_early = tested_on is not None and tested_on < case.positive_on + dt.timedelta(days=first_test_day - 1)
    is_alone = case.last_test_by not in _COUNTED_PERFORMERS
    if is_negative and not is_alone and (not is_early or n < rule.min_days):
        return found
    if n >= rule.other_days or (n >= rule.vaccinated_days and _is_vaccinated(case, rule)):
        return [*found, finding("W-NO-NEGATIVE", "last_test_result")]
    if not is_negative:
        return [
            *found,
            finding(
                "R-STILL-POSITIVE",
                "last_test_result",
                vaccinated_days=rule.vaccinated_days,
                other_days=rule.other_days,
            ),
        ]
    if is_early and n >= rule.min_days:
        found.append(finding("R-TEST-TOO-EARLY", "last_test_on", first_test_day=first_test_day))
    if is_alone:
        found.append(finding("R-TESTED-ALONE", "last_test_by"))
    return found


def _is_vaccinated(case: Case, rule: DischargeRule) -> bool:
    if case.vaccine_doses is None or case.vaccine_doses < rule.min_doses or case.last_dose_on is None:
        return False
    return (case.positive_on - case.last_dose_on).days >= rule.dose_lead_days
