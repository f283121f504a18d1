"""Cases that get one certificate and not the other, and cases at the very edge of a rule."""

import datetime as dt

from tests.support.f0_flaw import Flaw, Spoil

MOTHER = {"mother_name": "Lê Thị Bưởi"}


def too_long(flaw: Flaw) -> None:
    flaw.lasts(30)
    flaw.expected.reject_leave("A-30-DAYS")


def examined_late(flaw: Flaw) -> None:
    flaw.case["examined_on"] = flaw.later(3)
    flaw.expected.reject_leave("A-STARTS-AT-EXAM")


def without_employer(flaw: Flaw) -> None:
    """None named, or a word for having none."""
    flaw.case["employer"] = flaw.maker.rng.choice(
        ("", "Không", "Lao động tự do", "Nội trợ", "THẤT NGHIỆP", "Hưu trí")
    )
    flaw.expected.reject_leave("A-EMPLOYER")


def without_visit(flaw: Flaw) -> None:
    flaw.case["visit_no"] = ""
    flaw.expected.reject_leave("A-VISIT-NO")


def of_school_age(flaw: Flaw) -> None:
    """Seven on the day of the examination, ten, or fifteen a day after it."""
    years, days = flaw.maker.rng.choice(((7, 0), (10, 0), (15, 1)))
    flaw.child(years=years, days=days)
    flaw.case |= MOTHER
    flaw.expected.reject_leave("A-AGE")


def left_before_the_end(flaw: Flaw) -> None:
    flaw.pick({"outcome": "died"}, {"outcome": "transferred"})
    flaw.expected.reject_leave("A-OUTCOME")
    flaw.expected.reject_recovery("R-OUTCOME")


def orphan_on_paper(flaw: Flaw) -> None:
    flaw.child(years=flaw.maker.rng.choice((3, 7)), days=1)
    flaw.expected.reject_leave("A-UNDER-7")


def inpatient(flaw: Flaw) -> None:
    flaw.pick({"care_setting": "hospital"}, {"care_setting": "centre"})
    flaw.tested_negative()
    flaw.expected.reject_leave("A-INPATIENT")
    flaw.expected.reject_recovery("R-CARE-SETTING")


def not_recovered(flaw: Flaw) -> None:
    flaw.case["outcome"] = "active"
    flaw.expected.reject_recovery("R-OUTCOME")


def not_over(flaw: Flaw) -> None:
    """To a day that is far ahead: too long for a leave, and no recovery yet."""
    flaw.case |= {"isolation_to": "2099-01-01", "last_test_result": "negative"}
    flaw.expected.reject_leave("A-30-DAYS")
    flaw.expected.reject_recovery("R-NOT-OVER+R-NO-RULE")


def without_rule(flaw: Flaw) -> None:
    """The isolation ends on the last day before the rule, or on the first one after it."""
    flaw.begins(flaw.maker.rng.choice((dt.date(2022, 1, 24), dt.date(2023, 10, 13))))
    flaw.lasts(7)
    flaw.expected.reject_recovery("R-NO-RULE")


def too_early(flaw: Flaw) -> None:
    flaw.lasts(5)
    flaw.expected.reject_recovery("R-TOO-EARLY")


def tested_too_early(flaw: Flaw) -> None:
    flaw.lasts(8)
    flaw.case["last_test_on"] = flaw.later(flaw.maker.rng.choice((2, 5)))
    flaw.expected.reject_recovery("R-TEST-TOO-EARLY")


def still_positive(flaw: Flaw) -> None:
    """The last days on which a positive test still counts, for each state of vaccination."""
    doses, days_before, days = flaw.maker.rng.choice(
        ((2, 40, 8), (2, 13, 12), (1, 40, 12), (0, 0, 9), (3, 13, 9))
    )
    flaw.lasts(days, "positive")
    flaw.vaccinated(doses, days_before)
    flaw.expected.reject_recovery("R-STILL-POSITIVE")


def tested_alone(flaw: Flaw) -> None:
    flaw.lasts(7)
    flaw.case["last_test_by"] = "self"
    flaw.expected.reject_recovery("R-TESTED-ALONE")


def by_day_count(flaw: Flaw) -> None:
    """The first days on which no negative test is needed, however they are counted."""
    doses, days_before, days = flaw.maker.rng.choice(((2, 14, 10), (1, 40, 14), (2, 13, 14)))
    flaw.lasts(days, "positive")
    flaw.vaccinated(doses, days_before)
    flaw.expected.warn("W-NO-NEGATIVE")


def by_the_day_that_is_counted(flaw: Flaw) -> None:
    """Days that suffice where both ends count, with a negative test that does not: done alone, or too
    early.
    """
    doses, days_before, days = flaw.maker.rng.choice(((2, 14, 9), (1, 40, 13), (2, 13, 13)))
    flaw.lasts(days)
    flaw.vaccinated(doses, days_before)
    flaw.pick({"last_test_by": "self"}, {"last_test_on": flaw.later(5)}, {"last_test_result": "positive"})
    flaw.expected.warn("W-DAY-COUNT")
    flaw.expected.warn("W-NO-NEGATIVE")


def on_the_seventh_day(flaw: Flaw) -> None:
    """Seven days, both ends counted, and negative on the last of them."""
    flaw.lasts(6)
    flaw.expected.warn("W-DAY-COUNT")


def child_with_parent(flaw: Flaw) -> None:
    flaw.child(years=flaw.maker.rng.choice((3, 7)), days=1)
    flaw.pick({"father_name": "Lê Văn Lẫm"}, MOTHER)


def child_with_temporary_card(flaw: Flaw) -> None:
    """A newborn's card has no social-insurance number yet."""
    flaw.child(years=3)
    flaw.case |= {
        "health_insurance_card": f"TE101KT{flaw.case['social_insurance_no'][2:]}",
        "social_insurance_no": "",
    } | MOTHER
    flaw.expected.warn("W-EXPORT")


def young_worker(flaw: Flaw) -> None:
    """Fifteen on the day of the examination."""
    card = flaw.case["health_insurance_card"]
    flaw.child(years=15)
    flaw.case["health_insurance_card"] = card


PAPER_FLAWS: dict[str, Spoil] = {
    "A-30-DAYS": too_long,
    "A-STARTS-AT-EXAM": examined_late,
    "A-EMPLOYER": without_employer,
    "A-VISIT-NO": without_visit,
    "A-AGE": of_school_age,
    "A-OUTCOME": left_before_the_end,
    "A-UNDER-7": orphan_on_paper,
    "A-INPATIENT": inpatient,
    "R-OUTCOME": not_recovered,
    "R-NOT-OVER": not_over,
    "R-NO-RULE": without_rule,
    "R-TOO-EARLY": too_early,
    "R-TEST-TOO-EARLY": tested_too_early,
    "R-STILL-POSITIVE": still_positive,
    "R-TESTED-ALONE": tested_alone,
    "W-NO-NEGATIVE": by_day_count,
    "W-DAY-COUNT": on_the_seventh_day,
    "OK-EDGE": by_the_day_that_is_counted,
    "OK-CHILD": child_with_parent,
    "OK-KT-CHILD": child_with_temporary_card,
    "OK-FIFTEEN": young_worker,
    "OK-30-DAYS": lambda flaw: flaw.lasts(29),
}
