"""Every flaw by its name, which is the rule that must catch it; `OK-*` and `W-*` only look like flaws."""

import datetime as dt

from tests.support.f0_cases import Expected, Maker, Row
from tests.support.f0_field_flaws import FIELD_FLAWS
from tests.support.f0_flaw import Flaw, Spoil
from tests.support.f0_paper_flaws import PAPER_FLAWS

_INSTEAD = "OK-FIFTEEN"
"""Raised if no earlier case is left for a flaw that needs one."""


def examined_once(flaw: Flaw) -> None:
    """The same examination as in an earlier case, for a second leave."""
    earlier, _ = flaw.maker.clean.pop()
    flaw.same_person_as(earlier)
    flaw.expected.reject_leave("A-ONE-EXAM")


def anothers_number(flaw: Flaw) -> None:
    """The social-insurance number of somebody with another name and birth, at the same station."""
    earlier, _ = flaw.maker.clean.pop()
    flaw.case |= {
        column: earlier[column] for column in ("facility_code", "practitioner_licence", "social_insurance_no")
    }
    flaw.case |= {"full_name": "Mạc Thị Xoan", "health_insurance_card": ""}
    if flaw.case["birth_date"] == earlier["birth_date"]:  # one person would be so
        flaw.case["birth_date"] = (
            dt.date.fromisoformat(earlier["birth_date"]) + dt.timedelta(days=1)
        ).isoformat()
    flaw.expected.warn("W-SAME-NUMBER")


def ill_again(flaw: Flaw) -> None:
    """An earlier patient, ill again and not recovered; so the earlier case gets no recovery."""
    earlier, expected = flaw.maker.clean.pop()
    flaw.same_person_as(earlier)
    flaw.begins(dt.date(2022, 6, 1))
    flaw.case |= {"isolation_to": flaw.later(9), "outcome": "active"} | dict.fromkeys(
        ("last_test_on", "last_test_result", "last_test_by"), ""
    )
    flaw.expected.days = 10
    expected.reject_recovery("R-REINFECTION")


PAIRS: dict[str, Spoil] = {
    "A-ONE-EXAM": examined_once,
    "W-SAME-NUMBER": anothers_number,
    "R-REINFECTION": ill_again,
}
"""They use the patient of an earlier case in `Maker.clean`, which none of them uses again."""

FLAWS: dict[str, Spoil] = FIELD_FLAWS | PAPER_FLAWS | PAIRS


def flawed_case(maker: Maker, number: int, kind: str) -> tuple[Row, Expected]:
    """A case that asks for both certificates and has the named flaw."""
    if kind in PAIRS and not maker.clean:
        kind = _INSTEAD
    case, expected = maker.good_case(number)
    start, end = (dt.date.fromisoformat(case[column]) for column in ("positive_on", "isolation_to"))
    case |= {"wants_sick_leave": "1", "wants_recovery": "1"}
    warnings = [] if case["last_test_result"] == "negative" else ["W-NO-NEGATIVE"]
    expected = Expected(expected.case_id, "issue", "issue", (end - start).days + 1, warnings)
    FLAWS[kind](Flaw(maker, case, expected))
    return case, expected
