"""What the forms print from a case: capitals, dates, blanks, and which day the paper bears."""

import dataclasses
import datetime as dt
import unicodedata

import pytest

from certsvc.errors import Broken
from certsvc.records import case as cases  # the module, for pytest would collect its Test… names
from certsvc.records.birth import Birth
from certsvc.records.case import CareSetting, Case, IdType, Outcome, Sex
from certsvc.states import DelegationKind
from certsvc.templates.designs import Design, Need, Trait, find_design
from certsvc.templates.filling import fill
from certsvc.templates.values import FormFacts, date_in_words, form_traits, form_values, grouped_code

CASE = Case(
    case_id="HN-220227-900001",
    full_name="Nguyễn Thị Đượm",
    birth=Birth.on(dt.date(1981, 1, 7)),
    sex=Sex.FEMALE,
    citizen_id="001181000001",
    id_type=IdType.CCCD,
    id_issued_on=dt.date(2021, 5, 10),
    social_insurance_no="0161000001",
    health_insurance_card="DN4010161000001",
    phone="0912000001",
    address="Số 12, phố Ví Dụ, Hà Nội",
    ward_code="00001",
    employer="Công ty Cổ phần May Thí Dụ",
    positive_on=dt.date(2022, 2, 27),
    test_method=cases.TestMethod.ANTIGEN,
    test_place="Trạm Y tế Thử Nghiệm",
    last_test_on=dt.date(2022, 3, 7),
    last_test_result=cases.TestResult.NEGATIVE,
    last_test_by=cases.TestPerformer.HEALTH_WORKER,
    care_setting=CareSetting.HOME,
    isolation_from=dt.date(2022, 2, 27),
    isolation_to=dt.date(2022, 3, 7),
    vaccine_doses=0,
    last_dose_on=None,
    outcome=Outcome.RECOVERED,
    facility_code="01999",
    visit_no="17",
    examined_on=dt.date(2022, 2, 27),
    icd10="U07.1",
    diagnosis="COVID-19, vi rút được xác định",
    treatment="Điều trị ngoại trú",
    practitioner_licence="900001/HNO-CCHN",
    father_name="",
    mother_name="",
)

FACTS = FormFacts(
    facility_name="Trạm Y tế Thử Nghiệm",
    parent_name="Trung tâm Y tế Hà Nội",
    practitioner_name="Lý Văn Thử",
    head_name="Đỗ Thị Mẫu",
    head_examined=False,
    serial="019992600017",
    code="7K2M9QXP4TVBA1CD",
    verify_url="HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123",
    check_address="https://kiemtra.example.vn/check",
    event_on=dt.date(2022, 2, 27),
    printed_on=dt.date(2026, 11, 23),
    is_reissue=False,
    decision_no="250/QĐ-BYT",
    decision_on=dt.date(2022, 1, 28),
)


def _design(design_id: str) -> Design:
    design = find_design(design_id)
    assert design is not None
    return design


CT07, MAU07, RECOVERY = (
    _design("sick_leave/ct07-2017"),
    _design("sick_leave/mau07-2025"),
    _design("recovery/v1"),
)


def test_every_field_gets_a_composed_text_that_fills_the_form(variant: tuple[Design, bool]) -> None:
    """The values are exactly the design's fields, in NFC, and the form takes them."""
    design, head_examined = variant
    decomposed = dataclasses.replace(CASE, full_name=unicodedata.normalize("NFD", CASE.full_name))
    values = form_values(design, decomposed, dataclasses.replace(FACTS, head_examined=head_examined))
    assert set(values) == set(design.fields)
    assert all(unicodedata.is_normalized("NFC", value) for value in values.values())
    assert values["full_name"] == "NGUYỄN THỊ ĐƯỢM"
    assert values["practitioner"] == ("" if head_examined else "Lý Văn Thử")
    assert fill(design, values, record=b"", head_examined=head_examined, is_reissue=False).is_fast


def test_sick_leave_prints_dates_days_and_both_numbers() -> None:
    """Dates, days counted inclusively, social number, card; the disease's name, on Mẫu 07 with its code."""
    old, new = form_values(CT07, CASE, FACTS), form_values(MAU07, CASE, FACTS)
    assert (old["birth"], old["leave_from"], old["leave_to"], old["days"]) == (
        "07/01/1981",
        "27/02/2022",
        "07/03/2022",
        "9",
    )
    assert old["social_insurance"] == "0161000001 / DN4010161000001"
    assert old["diagnosis_treatment"] == "COVID-19, vi rút được xác định\nĐiều trị ngoại trú"
    assert new["icd10_diagnosis_treatment"] == "U07.1 – COVID-19, vi rút được xác định\nĐiều trị ngoại trú"
    assert (new["citizen_id"], new["id_issued_on"], new["examined_on"]) == (
        "001181000001",
        "10/05/2021",
        "27/02/2022",
    )
    assert "citizen_id" not in old
    assert "examined_on" not in old


def test_what_does_not_apply_is_blank() -> None:
    """Year of birth alone, no card, no identity number: the year, one number, nothing."""
    case = dataclasses.replace(
        CASE, birth=Birth(1981), health_insurance_card="", citizen_id="", id_issued_on=None
    )
    values = form_values(MAU07, case, FACTS)
    assert (values["birth"], values["social_insurance"], values["citizen_id"], values["id_issued_on"]) == (
        "1981",
        "0161000001",
        "",
        "",
    )
    assert (values["father"], values["mother"]) == ("", "")
    recovery = form_values(RECOVERY, case, FACTS)
    assert (recovery["vaccine_doses"], recovery["last_dose_on"], recovery["guardian"]) == ("0", "", "")


def test_sick_leave_bears_the_examination_day_even_if_late() -> None:
    """A late paper is dated like the examination, a re-issue truly [sick-leave, The date on the paper]."""
    late, again = (
        form_values(CT07, CASE, FACTS),
        form_values(CT07, CASE, dataclasses.replace(FACTS, is_reissue=True)),
    )
    assert (late["dated"], again["dated"]) == ("Ngày 27 tháng 02 năm 2022", "Ngày 23 tháng 11 năm 2026")
    assert (again["leave_from"], again["leave_to"]) == (late["leave_from"], late["leave_to"])


def test_a_visit_of_several_days_is_dated_by_its_last() -> None:
    """The form has the day of writing; the examination its own line [sick-leave, The date on the paper]."""
    case = dataclasses.replace(CASE, certified_on=dt.date(2022, 3, 1))
    assert form_values(CT07, case, FACTS)["dated"] == "Ngày 01 tháng 3 năm 2022"
    assert form_values(MAU07, case, FACTS)["examined_on"] == "27/02/2022"
    assert (
        form_values(CT07, case, dataclasses.replace(FACTS, is_reissue=True))["dated"]
        == "Ngày 23 tháng 11 năm 2026"
    )


@pytest.mark.parametrize(
    ("birth", "printed"),
    [
        (Birth.on(dt.date(2015, 2, 27)), False),
        (Birth.on(dt.date(2015, 2, 28)), True),
        (Birth(2014), False),
        (Birth(2015), True),
        (Birth(1981), False),
    ],
)
def test_parents_are_printed_below_seven(birth: Birth, printed: bool) -> None:
    """Below 7 when examined, a mere year counting as its last day; for older patients the lines are blank."""
    case = dataclasses.replace(CASE, birth=birth, father_name="Nguyễn Văn Thí", mother_name="Trần Thị Dụ")
    values = form_values(MAU07, case, FACTS)
    assert (values["father"], values["mother"]) == (
        ("Nguyễn Văn Thí", "Trần Thị Dụ") if printed else ("", "")
    )


def test_a_childs_recovery_names_who_answers_for_it() -> None:
    """Below 16 there is a line for father and mother, and the paper has the trait; for an adult neither."""
    child = dataclasses.replace(
        CASE, birth=Birth.on(dt.date(2006, 2, 28)), father_name="Nguyễn Văn Thí", mother_name="Trần Thị Dụ"
    )
    grown = dataclasses.replace(child, birth=Birth.on(dt.date(2006, 2, 27)))
    assert [form_values(RECOVERY, case, FACTS)["guardian"] for case in (child, grown)] == [
        "Nguyễn Văn Thí, Trần Thị Dụ",
        "",
    ]
    assert [form_traits(RECOVERY, case, FACTS) for case in (child, grown)] == [{Trait.FOR_CHILD}, set()]
    assert form_traits(CT07, child, FACTS) == set()


def test_recovery_says_at_home_where_the_rule_is_for_home_alone() -> None:
    """A rule for other settings too gives a title without a place; a line of its own says where."""
    home, wide = frozenset({CareSetting.HOME}), frozenset(CareSetting)
    titles = {
        settings: form_values(RECOVERY, CASE, dataclasses.replace(FACTS, care_settings=settings))["subject"]
        for settings in (home, wide)
    }
    assert (
        titles[home]
        == titles[wide] + " tại nhà"
        == "Khỏi bệnh và hoàn thành thời gian cách ly, điều trị COVID-19 tại nhà"
    )
    in_hospital = form_values(
        RECOVERY,
        dataclasses.replace(CASE, care_setting=CareSetting.HOSPITAL),
        dataclasses.replace(FACTS, care_settings=wide),
    )
    assert (in_hospital["subject"], in_hospital["care_place"]) == (titles[wide], "bệnh viện")


def test_who_tested_is_no_method() -> None:
    """Method of the first test and performer of the last are fields of their own."""
    values = form_values(RECOVERY, CASE, FACTS)
    assert (values["test_method"], values["last_test_by"]) == ("test nhanh kháng nguyên", "nhân viên y tế")


@pytest.mark.parametrize(
    ("acting", "head_title", "own_title", "printed"),
    [
        (None, "", "", ("TRƯỞNG TRẠM Y TẾ", "")),
        (None, "Giám đốc", "", ("GIÁM ĐỐC", "")),
        (DelegationKind.DEPUTY, "Trưởng trạm", "Phó Trưởng trạm", ("KT. TRƯỞNG TRẠM", "PHÓ TRƯỞNG TRẠM")),
        (DelegationKind.DEPUTY, "", "", ("KT. TRƯỞNG TRẠM Y TẾ", "PHÓ TRƯỞNG TRẠM Y TẾ")),
        (DelegationKind.AUTHORISED, "Trưởng trạm", "Y sĩ", ("TUQ. TRƯỞNG TRẠM", "Y SĨ")),
        (DelegationKind.AUTHORISED, "", "", ("TUQ. TRƯỞNG TRẠM Y TẾ", "NGƯỜI ĐƯỢC UỶ QUYỀN")),
    ],
)
def test_a_delegate_signs_below_the_heads_title(
    acting: DelegationKind | None, head_title: str, own_title: str, printed: tuple[str, str]
) -> None:
    """KT. or TUQ. before the head's title, the delegate's below [NĐ 30/2020/NĐ-CP Annex I]."""
    facts = dataclasses.replace(FACTS, acting=acting, head_title=head_title, own_title=own_title)
    for design in (CT07, MAU07, RECOVERY):
        values = form_values(design, CASE, facts)
        assert (values["signed_as"], values["own_title"]) == (
            ("", "") if acting is None and design is not RECOVERY else printed
        )
        assert (Trait.IS_DELEGATED in form_traits(design, CASE, facts)) is (acting is not None)


@pytest.mark.parametrize("diagnosis", ["U07.1 - COVID-19", "u071: COVID-19", "COVID-19"])
def test_a_diagnosis_with_its_code_is_not_given_it_twice(diagnosis: str) -> None:
    """Mẫu 07 prints code and name, once each [rules, A-DIAGNOSIS]."""
    values = form_values(MAU07, dataclasses.replace(CASE, diagnosis=diagnosis), FACTS)
    assert values["icd10_diagnosis_treatment"] == "U07.1 – COVID-19\nĐiều trị ngoại trú"
    assert (
        form_values(CT07, dataclasses.replace(CASE, diagnosis=diagnosis), FACTS)["diagnosis_treatment"]
        == f"{diagnosis}\nĐiều trị ngoại trú"
    )


def test_a_code_alone_is_printed_by_its_name() -> None:
    """Both forms name the disease if only its code was written, or nothing [rules, A-DIAGNOSIS]."""
    for diagnosis in ("", "U07.1", "u07.1."):
        case = dataclasses.replace(CASE, diagnosis=diagnosis)
        assert form_values(MAU07, case, FACTS)["icd10_diagnosis_treatment"].startswith(
            "U07.1 – COVID-19, vi rút được xác định\n"
        )
        assert form_values(CT07, case, FACTS)["diagnosis_treatment"].startswith(
            "COVID-19, vi rút được xác định\n"
        )


def test_recovery_bears_the_day_it_is_issued() -> None:
    """A recovery is an administrative paper: place and true day, the decision whose criterion is met."""
    values = form_values(RECOVERY, CASE, FACTS)
    assert values["dated"] == "Hà Nội, ngày 23 tháng 11 năm 2026"
    assert (values["decision_no"], values["decision_on"]) == ("250/QĐ-BYT", "28/01/2022")
    assert (values["test_method"], values["care_place"], values["last_test_result"]) == (
        "test nhanh kháng nguyên",
        "nhà",
        "âm tính",
    )


@pytest.mark.parametrize(
    ("result", "performer", "no_negative", "printed"),
    [
        (cases.TestResult.NEGATIVE, cases.TestPerformer.HEALTH_WORKER, False, "âm tính"),
        (
            cases.TestResult.POSITIVE,
            cases.TestPerformer.HEALTH_WORKER,
            True,
            "dương tính – không có kết quả âm tính",
        ),
        (cases.TestResult.NEGATIVE, cases.TestPerformer.SELF, True, "không có kết quả âm tính"),
        (None, None, True, "không có kết quả âm tính"),
        (None, None, False, "không có kết quả âm tính"),
    ],
)
def test_recovery_by_day_count_says_so(
    result: cases.TestResult | None, performer: cases.TestPerformer | None, no_negative: bool, printed: str
) -> None:
    """Without a valid negative test it says "không có kết quả âm tính" [rules, W-NO-NEGATIVE]."""
    case = dataclasses.replace(CASE, last_test_result=result, last_test_by=performer)
    assert (
        form_values(RECOVERY, case, dataclasses.replace(FACTS, no_negative=no_negative))["last_test_result"]
        == printed
    )


@pytest.mark.parametrize("sex", list(Sex))
@pytest.mark.parametrize("setting", list(CareSetting))
@pytest.mark.parametrize("performer", list(cases.TestPerformer))
def test_every_code_has_words(sex: Sex, setting: CareSetting, performer: cases.TestPerformer) -> None:
    """No code of the record reaches the paper as a code."""
    values = form_values(
        RECOVERY, dataclasses.replace(CASE, sex=sex, care_setting=setting, last_test_by=performer), FACTS
    )
    assert values["sex"] in {"Nam", "Nữ", "Chưa xác định"}
    assert not {values["care_place"], values["last_test_by"]} & {"home", "centre", "hospital", "self", ""}


def test_dates_in_words_follow_decree_30() -> None:
    """Days below 10 and months 1 and 2 get a leading zero, other months none."""
    assert date_in_words(dt.date(2022, 1, 9)) == "ngày 09 tháng 01 năm 2022"
    assert date_in_words(dt.date(2022, 2, 10)) == "ngày 10 tháng 02 năm 2022"
    assert date_in_words(dt.date(2022, 3, 1)) == "ngày 01 tháng 3 năm 2022"


def test_code_is_grouped_once() -> None:
    """Four groups of four, whether it came grouped or not, in capitals."""
    assert grouped_code("7k2m9qxp4tvba1cd") == grouped_code("7K2M-9QXP-4TVB-A1CD") == "7K2M-9QXP-4TVB-A1CD"


def test_design_with_a_field_nobody_knows_is_broken() -> None:
    """A design cannot have a field that no case has."""
    design = dataclasses.replace(CT07, fields={**CT07.fields, "blood_group": Need.OPTIONAL})
    with pytest.raises(Broken, match="design_fields"):
        form_values(design, CASE, FACTS)
