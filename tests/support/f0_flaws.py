"""Flaws of cases, each with the rule that must answer it; `OK-*` and `W-*` only look like flaws."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.f0_cases import WARDS, Expected, Maker, Row


@dataclass
class Flaw:
    """One case about to be given a flaw; both certificates are asked for."""

    maker: Maker
    case: Row
    expected: Expected

    @property
    def positive(self) -> dt.date:
        return dt.date.fromisoformat(self.case["positive_on"])

    def later(self, days: int) -> str:
        return (self.positive + dt.timedelta(days=days)).isoformat()

    def pick(self, *changes: Row) -> None:
        self.case |= self.maker.rng.choice(changes)

    def lasts(self, days: int, result: str = "negative") -> None:
        """The isolation ends that many days after the positive test, with such a last test."""
        self.case |= {"isolation_to": self.later(days), "last_test_on": self.later(days), "last_test_result": result}
        self.expected.days, self.expected.warnings = days + 1, []

    def vaccinated(self, doses: int, days_before: int) -> None:
        self.case |= {"vaccine_doses": str(doses), "last_dose_on": self.later(-days_before) if doses else ""}

    def tested_negative(self) -> None:
        self.case["last_test_result"], self.expected.warnings = "negative", []

    def child(self, *, turns_seven_in: int) -> None:
        """A patient whose seventh birthday is that many days after the examination."""
        born = self.positive + dt.timedelta(days=turns_seven_in)
        card = self.case["health_insurance_card"].replace("DN4", "TE1")
        self.case |= {"birth_date": born.replace(year=born.year - 7).isoformat(), "citizen_id": "", "id_issued_on": ""}
        self.case |= {"vaccine_doses": "0", "last_dose_on": "", "health_insurance_card": card}
        self.tested_negative()

    def warned(self, rule: str) -> None:
        self.expected.warnings.insert(0, rule)


def bad_field(rule: str, *changes: Row) -> tuple[str, Callable[[Flaw], None]]:
    """A flaw in one field, for which both certificates are rejected."""

    def spoil(flaw: Flaw) -> None:
        flaw.pick(*changes)
        flaw.expected.reject_both(rule)

    return rule, spoil


def wrong_dates(flaw: Flaw) -> None:
    before = flaw.later(-1)
    flaw.pick({"isolation_to": before}, {"last_test_on": before, "last_test_result": "negative"}, {"isolation_to": "2099-01-01"}, {"positive_on": ""})
    flaw.expected.reject_both("V-DATE-ORDER")


def wrong_signer(flaw: Flaw) -> None:
    """Nobody's licence, that of another station, or of one whose registration has ended."""
    here = int(flaw.case["facility_code"]) - 1801
    other = (here + 1) % len(WARDS)
    flaw.case["practitioner_licence"] = flaw.maker.rng.choice(("999999/HNO-CCHN", f"{other * 10 + 1:06d}/HNO-CCHN", f"{here * 10 + 3:06d}/HNO-CCHN"))
    flaw.expected.reject_both("V-PRACTITIONER")


def without_employer(flaw: Flaw) -> None:
    flaw.case["employer"] = ""
    flaw.expected.reject_leave("A-EMPLOYER")


def too_long(flaw: Flaw) -> None:
    flaw.lasts(30)
    flaw.expected.reject_leave("A-30-DAYS")


def examined_late(flaw: Flaw) -> None:
    flaw.case["examined_on"] = flaw.later(3)
    flaw.expected.reject_leave("A-STARTS-AT-EXAM")


def orphan_on_paper(flaw: Flaw) -> None:
    flaw.child(turns_seven_in=flaw.maker.rng.choice((1, 900)))
    flaw.expected.reject_leave("A-UNDER-7")


def inpatient(flaw: Flaw) -> None:
    flaw.pick({"care_setting": "hospital"}, {"care_setting": "centre"})
    flaw.tested_negative()
    flaw.expected.reject_leave("A-INPATIENT")


def too_early(flaw: Flaw) -> None:
    flaw.lasts(6)
    flaw.expected.reject_recovery("R-TOO-EARLY")


def still_positive(flaw: Flaw) -> None:
    """The last days on which a positive test still counts, for each state of vaccination."""
    doses, days_before, days = flaw.maker.rng.choice(((2, 40, 9), (2, 13, 13), (1, 40, 13), (0, 0, 10), (3, 13, 10)))
    flaw.lasts(days, "positive")
    flaw.vaccinated(doses, days_before)
    flaw.expected.reject_recovery("R-STILL-POSITIVE")


def tested_alone(flaw: Flaw) -> None:
    flaw.lasts(7)
    flaw.case["last_test_by"] = "self"
    flaw.expected.reject_recovery("R-TESTED-ALONE")


def not_recovered(flaw: Flaw) -> None:
    flaw.pick({"outcome": "transferred"}, {"outcome": "active"}, {"outcome": "died"})
    flaw.expected.reject_recovery("R-OUTCOME")


def foreign_number(flaw: Flaw) -> None:
    """The CCCD of the other sex, or of somebody a year younger."""
    number = flaw.case["citizen_id"]
    other_sex = f"{number[:3]}{int(number[3]) ^ 1}{number[4:]}"
    other_year = f"{number[:4]}{(int(number[4:6]) + 1) % 100:02d}{number[6:]}"
    flaw.pick({"citizen_id": other_sex}, {"citizen_id": other_year})
    flaw.warned("W-CITIZEN-MISMATCH")


def foreign_card(flaw: Flaw) -> None:
    flaw.case["health_insurance_card"] = f"DN401{int(flaw.case['social_insurance_no']) + 1:010d}"
    flaw.warned("W-CARD-MISMATCH")


def old_code(flaw: Flaw) -> None:
    flaw.case["icd10"] = "B34.2"
    flaw.warned("W-ICD-OLD")


def by_day_count(flaw: Flaw) -> None:
    """The first days on which no negative test is needed."""
    doses, days_before, days = flaw.maker.rng.choice(((2, 14, 10), (1, 40, 14), (2, 13, 14)))
    flaw.lasts(days, "positive")
    flaw.vaccinated(doses, days_before)
    flaw.expected.warnings = ["W-NO-NEGATIVE"]


def child_with_parent(flaw: Flaw) -> None:
    flaw.child(turns_seven_in=1)
    flaw.pick({"father_name": "Lê Văn Lẫm"}, {"mother_name": "Lê Thị Bưởi"})


def unusual_identity(flaw: Flaw) -> None:
    """Rare, but right; numbers stay one person's own."""
    tail, year = flaw.case["social_insurance_no"][-6:], flaw.case["birth_date"][:4]
    flaw.pick(
        {"birth_date": year},
        {"citizen_id": f"112{tail}"},
        {"citizen_id": f"B1{tail}"},
        {"full_name": "Jean-Luc D'Anh"},
        {"sex": "3"},
        {"phone": "+84 912.345.678"},
    )


FLAWS: dict[str, Callable[[Flaw], None]] = dict(
    (
        bad_field("V-NAME", {"full_name": "  "}, {"full_name": "Nguyễn Văn 4"}),
        bad_field("V-BIRTH", *({"birth_date": text} for text in ("1990-02-30", "31/04/1988", "2099-01-01", "hai mươi", "01/02/90"))),
        bad_field("V-SEX", {"sex": "9"}, {"sex": "x"}),
        bad_field("V-SOCIAL-NO", *({"social_insurance_no": text, "health_insurance_card": ""} for text in ("0000000000", "01ABC45678", "012345678901"))),
        bad_field("V-CITIZEN-ID", *({"citizen_id": text} for text in ("00118500O123", "12345678901234", "98123"))),
        bad_field("V-CARD", *({"health_insurance_card": text} for text in ("DN9010123456789", "DN40101234567", "dn4010123456789"))),
        bad_field("V-PHONE", {"phone": "12-34-56"}, {"phone": "12345678"}),
        ("V-DATE-ORDER", wrong_dates),
        bad_field("V-FACILITY", {"facility_code": "99999"}, {"facility_code": "01899", "practitioner_licence": "000991/HNO-CCHN"}),
        ("V-PRACTITIONER", wrong_signer),
        bad_field("V-ICD10", {"icd10": ""}, {"icd10": "COVID"}, {"icd10": "U7.1"}),
    ),
    **{
        "A-30-DAYS": too_long,
        "A-STARTS-AT-EXAM": examined_late,
        "A-EMPLOYER": without_employer,
        "A-UNDER-7": orphan_on_paper,
        "A-INPATIENT": inpatient,
        "R-OUTCOME": not_recovered,
        "R-TOO-EARLY": too_early,
        "R-STILL-POSITIVE": still_positive,
        "R-TESTED-ALONE": tested_alone,
        "W-CITIZEN-MISMATCH": foreign_number,
        "W-CARD-MISMATCH": foreign_card,
        "W-ICD-OLD": old_code,
        "W-NO-NEGATIVE": by_day_count,
        "OK-CHILD": child_with_parent,
        "OK-SEVEN": lambda flaw: flaw.child(turns_seven_in=0),
        "OK-30-DAYS": lambda flaw: flaw.lasts(29),
        "OK-IDENTITY": unusual_identity,
    },
)


def flawed_case(maker: Maker, number: int, kind: str) -> tuple[Row, Expected]:
    """A case that asks for both certificates and has the named flaw."""
    case, expected = maker.good_case(number)
    start, end = (dt.date.fromisoformat(case[column]) for column in ("positive_on", "isolation_to"))
    case |= {"wants_sick_leave": "1", "wants_recovery": "1"}
    warnings = [] if case["last_test_result"] == "negative" else ["W-NO-NEGATIVE"]
    expected = Expected(expected.case_id, "issue", "issue", (end - start).days + 1, warnings)
    FLAWS[kind](Flaw(maker, case, expected))
    return case, expected
