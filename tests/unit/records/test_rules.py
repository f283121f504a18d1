"""Every rule of the catalogue is triggered by a record made for it, and by that rule alone."""

import datetime as dt
import itertools
import string

import pytest

from certsvc.models import Kind
from certsvc.records import (
    RULES,
    CareSetting,
    Cell,
    Illness,
    Leave,
    Level,
    Rule,
    SeenRows,
    built_in,
    check,
    finding,
    late_finding,
    rule_ids,
)
from certsvc.records.judging.rulebook import DatedRow
from tests.unit.records.rule_cases import A_CASES, R_CASES, V_CASES, W_CASES
from tests.unit.records.samples import (
    GOOD,
    REGISTRY,
    TODAY,
    KnownHistory,
    checked,
    judged,
    judged_row,
    outcomes,
    warned,
)

OWN_TESTS = {
    *(
        "V-DUPLICATE",
        "V-ROW",
        "V-DOCUMENT",
        "A-ONE-EXAM",
        "A-OVERLAP",
        "A-LATE",
        "A-INPATIENT",
        "A-OUTCOME",
        "R-REINFECTION",
        "R-NOT-OVER",
    ),
    *(
        "R-CARE-SETTING",
        "W-FORMULA",
        "W-COLUMN",
        "W-MENDED",
        "W-ELSEWHERE",
        "W-EXPORT",
        "W-SAME-NUMBER",
        "W-SAME-VISIT",
    ),
}
"""Rules that one record cannot trigger by themselves: their tests are below, in test_living.py,
test_tables.py, test_xlsx.py and test_exchange.py; of W-MENDED in test_mending.py, of W-ELSEWHERE in
test_between_facilities.py."""


def test_the_good_record_is_good() -> None:
    """Both certificates are issued without a word, and the leave counts its first and last day."""
    judgement = judged()
    assert [(verdict.outcome, verdict.findings) for verdict in judgement.values()] == [
        ("issue", ()),
        ("issue", ()),
    ]
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
    row = checked(
        phone="1",
        sex="9",
        full_name="",
        positive_on="x",
        icd10="?",
        health_insurance_card="?",
        wants_recovery="",
    )
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
    changes: dict[str, Cell] = {
        "isolation_to": "2022-03-02",
        "last_test_result": "positive",
        "employer": "",
        "care_setting": "hospital",
        "outcome": "active",
    }
    assert outcomes(**changes) == (
        "reject:A-EMPLOYER+A-INPATIENT",
        "reject:R-OUTCOME+R-CARE-SETTING+R-TOO-EARLY+R-STILL-POSITIVE",
    )


def test_what_nobody_asked_for_is_none() -> None:
    """A row that wants neither kind gets none, whatever else is wrong with it."""
    assert outcomes(wants_sick_leave="", wants_recovery="Không") == ("none", "none")
    assert outcomes(wants_sick_leave="0", wants_recovery=None, full_name="") == ("none", "none")


def test_what_only_leave_needs_is_not_asked_of_recovery() -> None:
    """Social number and examination day are asked for sick leave alone; a number that is missing rejects the
    leave and not the recovery.
    """
    changes: dict[str, Cell] = {"social_insurance_no": "", "health_insurance_card": "", "examined_on": ""}
    assert outcomes(wants_sick_leave="0", **changes) == ("none", "issue")
    assert outcomes(**changes) == ("reject:V-SOCIAL-NO+V-DATE-ORDER", "reject:V-DATE-ORDER")
    assert outcomes(social_insurance_no="", health_insurance_card="") == ("reject:V-SOCIAL-NO", "issue")


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
    assert warned(judged(**changes)) == {"W-EXPORT"}


def test_leave_is_for_the_parents_of_children_under_seven_and_for_people_from_fifteen() -> None:
    """A day before the seventh birthday the parents' leave still holds; on the fifteenth birthday one's own
    begins; a year alone may be either.
    """
    assert outcomes(birth_date="2015-02-27", citizen_id="") == ("reject:A-AGE", "issue")
    assert outcomes(birth_date="2015-02-28", citizen_id="", mother_name="Lê Thị Bưởi") == ("issue", "issue")
    assert outcomes(birth_date="2007-02-27", citizen_id="") == ("issue", "issue")
    assert outcomes(birth_date="2007", citizen_id="") == ("issue", "issue")
    assert outcomes(birth_date="2015", citizen_id="", mother_name="Lê Thị Bưởi") == ("issue", "issue")


def test_thirty_days_are_the_most() -> None:
    """Thirty days, first and last counted, are issued."""
    judgement = judged(isolation_to="2022-03-28", last_test_on="2022-03-28")
    assert judgement[Kind.SICK_LEAVE].days == 30


@pytest.mark.parametrize(
    ("doses", "last_dose_on", "isolation_to", "is_issued"),
    [
        ("2", "2022-02-13", "2022-03-08", True),
        ("2", "2022-02-14", "2022-03-08", False),
        ("2", "2022-02-13", "2022-03-07", False),
        ("1", "2021-12-01", "2022-03-11", False),
        ("1", "2021-12-01", "2022-03-12", True),
        ("2", "", "2022-03-11", False),
        ("", "", "2022-03-12", True),
    ],
)
def test_days_without_a_negative_test(
    doses: str, last_dose_on: str, isolation_to: str, is_issued: bool
) -> None:
    """Ten days, both ends counted, for whoever had two doses, the last 14 days before; fourteen for
    others.
    """
    recovery = outcomes(
        last_test_result="positive", vaccine_doses=doses, last_dose_on=last_dose_on, isolation_to=isolation_to
    )[1]
    assert recovery == ("issue" if is_issued else "reject:R-STILL-POSITIVE")


HERE, ELSEWHERE = ("01801", "other"), ("01802", "other")


def leave(first: dt.date, last: dt.date, label: str | None = "018012200042") -> Leave:
    return Leave(HERE if label else ELSEWHERE, first, last, label)


def test_an_overlap_warns_on_the_leave_alone() -> None:
    """A-OVERLAP names the other certificate and both spans; one shared day is enough, none is none."""
    touching = KnownHistory([leave(dt.date(2022, 3, 7), dt.date(2022, 3, 20))])
    judgement = judged(touching)
    [found] = judgement[Kind.SICK_LEAVE].findings
    assert found.rule == "A-OVERLAP"
    assert all(
        part in found.message_vi for part in ("018012200042", "27/02/2022", "07/03/2022", "20/03/2022")
    )
    assert judgement[Kind.RECOVERY].findings == ()
    assert {patient.citizen_id for patient in touching.asked} == {"001181815160"}
    assert warned(judged(KnownHistory([leave(dt.date(2022, 3, 8), dt.date(2022, 3, 20), "x")]))) == set()


def test_one_examination_has_one_certificate() -> None:
    """A-ONE-EXAM where another case of the person has a leave from the same facility and day; another
    facility's day only overlaps.
    """
    same = KnownHistory([leave(dt.date(2022, 2, 27), dt.date(2022, 3, 1))])
    assert outcomes(same) == ("reject:A-ONE-EXAM", "issue")
    [found] = judged(same)[Kind.SICK_LEAVE].findings
    assert "018012200042" in found.message_en
    assert "27/02/2022" in found.message_vi
    other = KnownHistory([Leave(ELSEWHERE, dt.date(2022, 2, 27), dt.date(2022, 3, 1), "018022200001")])
    assert outcomes(other) == ("issue", "issue")
    assert warned(judged(other)) == {"A-OVERLAP"}


def test_another_facilitys_leave_is_told_last_and_without_its_dates() -> None:
    """A hidden leave is told of where all else lets the paper through, and whose case it was is handed on; a
    broken rule hides it.
    """
    hidden = KnownHistory([leave(dt.date(2022, 3, 1), dt.date(2022, 3, 5), None)])
    verdict = judged(hidden)[Kind.SICK_LEAVE]
    assert (rule_ids(verdict.findings), verdict.told) == (["A-OVERLAP"], (ELSEWHERE,))
    assert "01/03/2022" not in verdict.findings[0].message_vi
    refused = judged(hidden, visit_no="")[Kind.SICK_LEAVE]
    assert (rule_ids(refused.findings), refused.told) == (["A-VISIT-NO"], ())


def ill(positive_on: dt.date, *, is_hidden: bool = False) -> KnownHistory:
    return KnownHistory(illnesses=[Illness(ELSEWHERE if is_hidden else HERE, positive_on, is_hidden)])


def test_a_later_open_episode_rejects_recovery() -> None:
    """R-REINFECTION for a later open case of the person; an earlier or the same day is none."""
    assert outcomes(ill(dt.date(2022, 3, 1))) == ("issue", "reject:R-REINFECTION")
    assert outcomes(ill(dt.date(2022, 2, 27))) == ("issue", "issue")


def test_another_facilitys_illness_is_told_last() -> None:
    """Nobody learns of it with a record that is refused anyhow."""
    verdict = judged(ill(dt.date(2022, 3, 1), is_hidden=True))[Kind.RECOVERY]
    assert (rule_ids(verdict.findings), verdict.told) == (["R-REINFECTION"], (ELSEWHERE,))
    refused = judged(ill(dt.date(2022, 3, 1), is_hidden=True), outcome="active")[Kind.RECOVERY]
    assert (rule_ids(refused.findings), refused.told) == (["R-OUTCOME"], ())


def test_an_open_episode_is_told_even_of_a_rejected_row() -> None:
    """What R-REINFECTION asks for is known of an active case whose name, birth and day are good; a bad number
    is no part of it.
    """
    row = checked(outcome="active", phone="1", citizen_id="12")
    assert row.open_episode is not None
    assert (row.open_episode.patient.citizen_id, row.open_episode.patient.social_insurance_no) == (
        "",
        "0161623617",
    )
    assert row.open_episode.positive_on == dt.date(2022, 2, 27)
    assert checked().open_episode is None
    assert checked(outcome="active", full_name="").open_episode is None


def rules_of(seen: SeenRows, **changes: Cell) -> list[str]:
    return rule_ids(seen.look(checked(**changes)).findings)


def test_a_second_row_of_a_case_is_a_duplicate() -> None:
    """V-DUPLICATE says whether the content is the same; other facilities' cases are other cases."""
    seen = SeenRows()
    assert rules_of(seen) == []
    same = seen.look(checked(full_name=" Nguyễn  Thị Bưởi")).findings[0]
    other = seen.look(checked(employer="Nơi khác")).findings[0]
    assert same.rule == other.rule == "V-DUPLICATE"
    assert "cùng nội dung" in same.message_vi
    assert "nội dung khác" in other.message_vi
    assert rules_of(seen, facility_code="01802", practitioner_licence="000011/HNO-CCHN") == []
    assert {verdict.outcome for verdict in judged_row(seen.look(checked())).values()} == {"reject"}


def test_a_rejected_first_row_stands_too() -> None:
    """The first row of a case stands, rejected or not; rows without a case id are nobody's duplicates."""
    seen = SeenRows()
    assert rules_of(seen, sex="9") == ["V-SEX"]
    assert rules_of(seen) == ["V-DUPLICATE"]
    assert rules_of(seen, case_id="") == rules_of(seen, case_id="") == ["V-TEXT"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"full_name": "Đoàn Thị Xuyến"}, "citizen_id"),
        ({"birth_date": "1981-01-18"}, "citizen_id"),
        ({"full_name": "Đoàn Thị Xuyến", "citizen_id": "001181815161"}, "social_insurance_no"),
        (
            {"full_name": "Đoàn Thị Xuyến", "citizen_id": "", "social_insurance_no": "0161623618"},
            "health_insurance_card",
        ),
        ({"full_name": "NGUYỄN THỊ BƯỞI"}, None),
        ({"birth_date": "1981"}, None),
        (
            {
                "full_name": "Đoàn Thị Xuyến",
                "citizen_id": "001181815161",
                "social_insurance_no": "0161623618",
                "health_insurance_card": "",
            },
            None,
        ),
    ],
)
def test_a_number_with_two_identities_is_told_on_the_later_row(
    changes: dict[str, Cell], field: str | None
) -> None:
    """W-SAME-NUMBER where name or birth differ, by each kind of number, from the second on; the same person
    in other words is none.
    """
    seen = SeenRows()
    assert rules_of(seen) == []
    later = seen.look(checked(case_id="B", visit_no="2", **changes))
    assert [each.field for each in later.findings if each.rule == "W-SAME-NUMBER"] == (
        [field] if field else []
    )
    if field:
        assert "W-SAME-NUMBER" in rules_of(seen, case_id="C", visit_no="3")


def test_a_number_on_a_live_certificate_of_another_is_told() -> None:
    """W-SAME-NUMBER and W-SAME-VISIT come of the register, too, and each once."""
    history = KnownHistory(shared="social_insurance_no", is_visit_shared=True)
    for verdict in judged(history).values():
        assert [(each.rule, each.field) for each in verdict.findings] == [
            ("W-SAME-NUMBER", "social_insurance_no"),
            ("W-SAME-VISIT", "visit_no"),
        ]
    told = judged_row(checked().with_finding(finding("W-SAME-VISIT", "visit_no")), history)
    assert rule_ids(told[Kind.SICK_LEAVE].findings) == ["W-SAME-NUMBER", "W-SAME-VISIT"]


def test_one_visit_of_two_patients_is_told() -> None:
    """W-SAME-VISIT by number, day and facility; another day, or the same patient, is none."""
    another: dict[str, Cell] = {
        "full_name": "Đoàn Thị Xuyến",
        "citizen_id": "",
        "social_insurance_no": "0161623618",
        "health_insurance_card": "",
    }
    seen = SeenRows()
    assert rules_of(seen) == []
    assert rules_of(seen, case_id="B", **another) == ["W-SAME-VISIT"]
    seen = SeenRows()
    assert rules_of(seen) == []
    assert rules_of(seen, case_id="B") == []
    assert rules_of(seen, case_id="C", **another, examined_on="2022-02-28", isolation_from="2022-02-28") == []


def test_inpatients_get_the_hospitals_paper() -> None:
    """A-INPATIENT and R-CARE-SETTING, beside whatever else is broken."""
    for care_setting in ("hospital", "centre"):
        assert outcomes(care_setting=care_setting) == ("reject:A-INPATIENT", "reject:R-CARE-SETTING")
    assert (
        outcomes(care_setting="hospital", last_test_result="positive")[1]
        == "reject:R-CARE-SETTING+R-STILL-POSITIVE"
    )


def test_a_leave_ends_with_the_patients_outcome() -> None:
    """A-OUTCOME for who died or was transferred before the leave's end, or on a day that nobody wrote down;
    of others no day is asked.
    """
    assert outcomes(outcome="died") == ("reject:A-OUTCOME", "reject:R-OUTCOME")
    assert outcomes(outcome="transferred", outcome_on="2022-03-06")[0] == "reject:A-OUTCOME"
    assert outcomes(outcome="transferred", outcome_on="2022-03-07")[0] == "issue"
    assert outcomes(outcome="recovered", outcome_on="2022-02-26") == ("issue", "issue")


def test_tests_done_alone_and_too_early_are_two_reasons() -> None:
    """R-TEST-TOO-EARLY may stand beside R-TESTED-ALONE; where the days suffice such a test counts as none."""
    assert (
        outcomes(last_test_on="2022-03-04", last_test_by="self")[1]
        == "reject:R-TEST-TOO-EARLY+R-TESTED-ALONE"
    )
    assert warned(judged(last_test_on="2022-03-04", last_test_by="self", isolation_to="2022-03-08")) == {
        "W-NO-NEGATIVE",
        "W-DAY-COUNT",
    }
    assert (
        outcomes(isolation_to="2022-03-04", last_test_on="2022-03-04", last_test_by="self")[1]
        == "reject:R-TOO-EARLY+R-TESTED-ALONE"
    )


def test_a_card_that_differs_from_the_row_is_told() -> None:
    """The text of a CCCD's QR gives number and day of issue; a name of the row stays, and W-CITIZEN-MISMATCH
    names it.
    """
    row = checked(citizen_id="001181815160||Nguyễn Thị Lan|17011981|Nữ|Hà Nội|11052021", address="")
    assert [(each.rule, each.field) for each in row.findings] == [
        ("W-CITIZEN-MISMATCH", "full_name"),
        ("W-CITIZEN-MISMATCH", "id_issued_on"),
        ("W-REPAIRED-CCCD-QR", "citizen_id"),
    ]
    assert row.case is not None
    assert (row.case.full_name, row.case.citizen_id, row.case.id_issued_on) == (
        "Nguyễn Thị Bưởi",
        "001181815160",
        dt.date(2021, 5, 11),
    )
    assert row.case.address == "Hà Nội"


def test_signing_late_is_said() -> None:
    """A-LATE, in the words of its reason, wherever the signing day is not the examination's."""
    case = checked().case
    assert case is not None
    assert late_finding(case, signed_on=dt.date(2022, 2, 27)) is None
    late, again = (
        late_finding(case, signed_on=TODAY),
        late_finding(case, signed_on=TODAY, late_reason="reissue"),
    )
    assert late is not None
    assert again is not None
    assert (late.rule, late.level) == ("A-LATE", Level.WARN)
    assert late.message_vi != again.message_vi


def test_an_override_decides_what_is_asked_for() -> None:
    """`wants` given by the caller counts, whatever the row's own columns say."""
    row = check(
        {**GOOD, "wants_sick_leave": "?", "social_insurance_no": ""},
        today=TODAY,
        registry=REGISTRY,
        wants=frozenset({Kind.RECOVERY}),
    )
    assert row.wants == {Kind.RECOVERY}
    assert row.case is not None


def test_an_absent_column_is_an_empty_cell() -> None:
    """A record with nothing in it reports what is missing and raises nothing."""
    row = check({"wants_sick_leave": True}, today=TODAY, registry=REGISTRY)
    assert {each.rule for each in row.leave_findings} == {"V-SOCIAL-NO"}
    assert {each.rule for each in row.findings} >= {
        "V-NAME",
        "V-BIRTH",
        "V-SEX",
        "V-DATE-ORDER",
        "V-FACILITY",
        "V-ICD10",
        "V-TEXT",
        "V-VALUE",
    }
    assert (row.case_id, row.facility_code) == ("", "")


def test_dated_rows_cover_time_without_gap_or_overlap() -> None:
    """Each day from the first row to the last has exactly one discharge rule, every day one ceiling."""
    tables: tuple[tuple[DatedRow, ...], ...] = (built_in().discharge_rules, built_in().leave_ceilings)
    for rows in tables:
        for row, following in itertools.pairwise(rows):
            assert row.valid_to is not None
            assert row.valid_to + dt.timedelta(days=1) == following.valid_from
    assert built_in().leave_ceilings[-1].valid_to is None
    decisions = {
        day: rule and rule.decision
        for day in (
            dt.date(2022, 1, 31),
            dt.date(2022, 2, 1),
            dt.date(2022, 3, 14),
            dt.date(2023, 10, 19),
            dt.date(2023, 10, 20),
        )
        for rule in [built_in().discharge_rule_on(day, CareSetting.HOME)]
    }
    assert list(decisions.values()) == [None, "261/QĐ-BYT", "604/QĐ-BYT", "604/QĐ-BYT", None]
    assert built_in().discharge_rule_on(dt.date(2022, 3, 14), CareSetting.HOSPITAL) is None
    assert built_in().leave_ceiling_on(dt.date(2025, 7, 1)).basis.startswith("TT 25/2025")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_wordings_are_complete(rule: Rule) -> None:
    """Each wording is there in both languages, with the same facts to fill in, and ends as a sentence."""
    for variant, wording in rule.wordings.items():
        vi, en = (
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (wording.vi, wording.en)
        )
        assert {name.removesuffix("_vi") for name in vi} == {name.removesuffix("_en") for name in en}
        assert wording.vi.endswith(".")
        assert wording.en.endswith(".")
        filled = finding(rule.id, "full_name", variant, **{name: "1" for name in vi | en if name != "column"})
        assert set(filled.to_json()) == {"id", "level", "field", "message_vi", "message_en"}
