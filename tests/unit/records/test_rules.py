"""Every rule of the catalogue is triggered by a record made for it, and by that rule alone."""

import datetime as dt
import string

import pytest

from certsvc.models import Kind
from certsvc.records import RULES, Cell, Leave, Level, Rule, SeenCases, built_in, check, finding, judge, late_finding
from tests.unit.records.rule_cases import A_CASES, R_CASES, V_CASES, W_CASES
from tests.unit.records.samples import GOOD, REGISTRY, TODAY, KnownHistory, checked, judged, outcomes, warned

OWN_TESTS = {"V-DUPLICATE", "V-ROW", "V-DOCUMENT", "A-OVERLAP", "A-LATE", "R-REINFECTION", "W-FORMULA", "W-COLUMN", "W-MENDED"}
"""Rules that one record cannot trigger: their tests are below and in test_tables.py test_xlsx.py and test_exchange.py; of W-MENDED in test_mending.py."""


def test_the_good_record_is_good() -> None:
    """Both certificates are issued without a word, and the leave counts its first and last day."""
    judgement = judged()
    assert [(verdict.outcome, verdict.findings) for verdict in judgement.values()] == [("issue", ()), ("issue", ())]
    assert (judgement[Kind.SICK_LEAVE].days, judgement[Kind.RECOVERY].days) == (9, None)


def test_every_rule_has_a_case() -> None:
    """No rule stands in the catalogue without a record that triggers it."""
    assert {rule for rule, _ in V_CASES + A_CASES + R_CASES + W_CASES} | OWN_TESTS == set(RULES)


@pytest.mark.parametrize(("rule", "changes"), V_CASES)
def test_a_broken_field_rejects_both(rule: str, changes: dict[str, Cell]) -> None:
    """A V rule broken rejects every kind asked for, and nothing else is judged."""
    assert outcomes(**changes) == (f"reject:{rule}", f"reject:{rule}")
    assert checked(**changes).case is None


@pytest.mark.parametrize(("rule", "changes"), A_CASES)
def test_a_broken_leave_rule_rejects_the_leave(rule: str, changes: dict[str, Cell]) -> None:
    """An A rule broken rejects the sick leave; the recovery certificate is issued."""
    assert outcomes(**changes) == (f"reject:{rule}", "issue")


@pytest.mark.parametrize(("rule", "changes"), R_CASES)
def test_a_broken_recovery_rule_rejects_the_recovery(rule: str, changes: dict[str, Cell]) -> None:
    """An R rule broken rejects the recovery certificate; the sick leave is issued."""
    assert outcomes(**changes) == ("issue", f"reject:{rule}")


@pytest.mark.parametrize(("rule", "changes"), W_CASES)
def test_a_warning_goes_with_what_is_issued(rule: str, changes: dict[str, Cell]) -> None:
    """A warning or repair rejects nothing and is told."""
    judgement = judged(**changes)
    assert [verdict.outcome for verdict in judgement.values()] == ["issue", "issue"]
    assert warned(judgement) == {rule}


def test_all_broken_rules_are_told_in_table_order() -> None:
    """Every V rule broken is reported at once, in the order of the table, each with its column."""
    row = checked(phone="1", sex="9", full_name="", positive_on="x", icd10="?", health_insurance_card="?", wants_recovery="")
    assert [(each.rule, each.field) for each in row.findings] == [
        ("V-NAME", "full_name"),
        ("V-SEX", "sex"),
        ("V-CARD", "health_insurance_card"),
        ("V-PHONE", "phone"),
        ("V-DATE-ORDER", "positive_on"),
        ("V-ICD10", "icd10"),
    ]
    assert outcomes(phone="1", sex="9", wants_recovery="") == ("reject:V-SEX+V-PHONE", "none")


def test_all_broken_leave_and_recovery_rules_are_told() -> None:
    """So is every A rule and every R rule: early and positive is two reasons."""
    changes: dict[str, Cell] = {"isolation_to": "2022-03-02", "last_test_result": "positive", "employer": "", "care_setting": "hospital", "outcome": "active"}
    assert outcomes(**changes) == ("reject:A-EMPLOYER+A-INPATIENT", "reject:R-OUTCOME+R-TOO-EARLY+R-STILL-POSITIVE")


def test_what_nobody_asked_for_is_none() -> None:
    """A row that wants neither kind gets none, whatever else is wrong with it."""
    assert outcomes(wants_sick_leave="", wants_recovery="Không") == ("none", "none")
    assert outcomes(wants_sick_leave="0", wants_recovery=None, full_name="") == ("none", "none")


def test_what_only_leave_needs_is_not_asked_of_recovery() -> None:
    """Social number, examination day and BHXH registration are asked for sick leave alone."""
    changes: dict[str, Cell] = {"social_insurance_no": "", "health_insurance_card": "", "examined_on": "", "practitioner_licence": "000009/HNO-CCHN"}
    assert outcomes(wants_sick_leave="0", **changes) == ("none", "issue")
    assert outcomes(**changes)[0] == "reject:V-SOCIAL-NO+V-DATE-ORDER"


def test_a_child_with_a_temporary_card_needs_no_number() -> None:
    """KT at positions 6 and 7: no social number needed, and no mismatch is told."""
    changes: dict[str, Cell] = {
        "social_insurance_no": "",
        "health_insurance_card": "TE101KT12345678",
        "birth_date": "2015-03-01",
        "citizen_id": "",
        "father_name": "Lê Văn Lẫm",
    }
    assert outcomes(**changes) == ("issue", "issue")
    assert warned(judged(**changes)) == set()


def test_seven_on_the_day_of_examination_is_not_under_seven() -> None:
    """The seventh birthday ends the rule; a day later it still holds."""
    assert outcomes(birth_date="2015-02-27", citizen_id="") == ("issue", "issue")
    assert outcomes(birth_date="2015-02-28", citizen_id="", mother_name="Lê Thị Bưởi") == ("issue", "issue")


def test_thirty_days_are_the_most() -> None:
    """Thirty days, first and last counted, are issued."""
    judgement = judged(isolation_to="2022-03-28", last_test_on="2022-03-28")
    assert judgement[Kind.SICK_LEAVE].days == 30


@pytest.mark.parametrize(
    ("doses", "last_dose_on", "isolation_to", "is_issued"),
    [
        ("2", "2022-02-13", "2022-03-09", True),
        ("2", "2022-02-14", "2022-03-09", False),
        ("2", "2022-02-13", "2022-03-08", False),
        ("1", "2021-12-01", "2022-03-12", False),
        ("1", "2021-12-01", "2022-03-13", True),
        ("2", "", "2022-03-12", False),
        ("", "", "2022-03-13", True),
    ],
)
def test_days_without_a_negative_test(doses: str, last_dose_on: str, isolation_to: str, is_issued: bool) -> None:
    """Ten days for who had two doses, the last 14 days before; fourteen for others."""
    recovery = outcomes(last_test_result="positive", vaccine_doses=doses, last_dose_on=last_dose_on, isolation_to=isolation_to)[1]
    assert recovery == ("issue" if is_issued else "reject:R-STILL-POSITIVE")


def test_an_overlap_warns_on_the_leave_alone() -> None:
    """A-OVERLAP names the other certificate and both spans; one shared day is enough, none is none."""
    touching = KnownHistory([Leave(dt.date(2022, 3, 7), dt.date(2022, 3, 20), "018012200042")])
    judgement = judged(touching)
    [found] = judgement[Kind.SICK_LEAVE].findings
    assert found.rule == "A-OVERLAP"
    assert all(part in found.message_vi for part in ("018012200042", "27/02/2022", "07/03/2022", "20/03/2022"))
    assert judgement[Kind.RECOVERY].findings == ()
    assert touching.asked == {"id:001181815160"}
    assert warned(judged(KnownHistory([Leave(dt.date(2022, 3, 8), dt.date(2022, 3, 20), "x")]))) == set()


def test_a_later_open_episode_rejects_recovery() -> None:
    """R-REINFECTION for a later open case of the person; an earlier or the same day is none."""
    assert outcomes(KnownHistory(episodes=[dt.date(2022, 3, 1)])) == ("issue", "reject:R-REINFECTION")
    assert outcomes(KnownHistory(episodes=[dt.date(2022, 2, 27)])) == ("issue", "issue")


def test_an_open_episode_is_told_even_of_a_rejected_row() -> None:
    """What R-REINFECTION asks for is known of an active case whose person and day are good."""
    row = checked(outcome="active", phone="1", full_name="")
    assert row.open_episode is not None
    assert (row.open_episode.person_key, row.open_episode.positive_on) == ("id:001181815160", dt.date(2022, 2, 27))
    assert checked().open_episode is None
    assert checked(outcome="active", citizen_id="12").open_episode is None


def test_a_second_row_of_a_case_is_a_duplicate() -> None:
    """V-DUPLICATE says whether the content is the same; other facilities' cases are other cases."""
    seen = SeenCases()
    assert seen.find(checked()) is None
    same, other = seen.find(checked(full_name=" Nguyễn  Thị Bưởi")), seen.find(checked(employer="Nơi khác"))
    assert same is not None
    assert other is not None
    assert same.rule == other.rule == "V-DUPLICATE"
    assert "cùng nội dung" in same.message_vi
    assert "nội dung khác" in other.message_vi
    assert seen.find(checked(facility_code="01802", practitioner_licence="000011/HNO-CCHN")) is None
    row = checked().with_finding(same)
    assert {verdict.outcome for verdict in judge(row, history=KnownHistory(), rules=built_in()).values()} == {"reject"}


def test_a_rejected_first_row_stands_too() -> None:
    """The first row of a case stands, rejected or not; rows without a case id are nobody's duplicates."""
    seen = SeenCases()
    assert seen.find(checked(sex="9")) is None
    assert seen.find(checked()) is not None
    assert seen.find(checked(case_id="")) is None
    assert seen.find(checked(case_id="")) is None


def test_signing_late_is_said() -> None:
    """A-LATE, in the words of its reason, wherever the signing day is not the examination's."""
    case = checked().case
    assert case is not None
    assert late_finding(case, signed_on=dt.date(2022, 2, 27)) is None
    late, again = late_finding(case, signed_on=TODAY), late_finding(case, signed_on=TODAY, late_reason="reissue")
    assert late is not None
    assert again is not None
    assert (late.rule, late.level) == ("A-LATE", Level.WARN)
    assert late.message_vi != again.message_vi


def test_an_override_decides_what_is_asked_for() -> None:
    """`wants` given by the caller counts, whatever the row's own columns say."""
    row = check({**GOOD, "wants_sick_leave": "?", "social_insurance_no": ""}, today=TODAY, registry=REGISTRY, wants=frozenset({Kind.RECOVERY}))
    assert row.wants == {Kind.RECOVERY}
    assert row.case is not None


def test_an_absent_column_is_an_empty_cell() -> None:
    """A record with nothing in it reports what is missing and raises nothing."""
    row = check({"wants_sick_leave": True}, today=TODAY, registry=REGISTRY)
    assert {each.rule for each in row.findings} >= {"V-NAME", "V-BIRTH", "V-SEX", "V-SOCIAL-NO", "V-DATE-ORDER", "V-FACILITY", "V-ICD10", "V-TEXT", "V-VALUE"}
    assert (row.case_id, row.facility_code) == ("", "")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_wordings_are_complete(rule: Rule) -> None:
    """Each wording is there in both languages, with the same facts to fill in, and ends as a sentence."""
    for variant, wording in rule.wordings.items():
        vi, en = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (wording.vi, wording.en))
        assert {name.removesuffix("_vi") for name in vi} == {name.removesuffix("_en") for name in en}
        assert wording.vi.endswith(".")
        assert wording.en.endswith(".")
        filled = finding(rule.id, "full_name", variant, **{name: "1" for name in vi | en if name != "column"})
        assert set(filled.to_json()) == {"id", "level", "field", "message_vi", "message_en"}
