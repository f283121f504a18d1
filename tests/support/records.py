"""One invented case for which both certificates can be issued, as often as wanted."""

_STAFF = {
    "01801": ("00001", "000002/HNO-CCHN", "000001/HNO-CCHN"),
    "01802": ("00004", "000012/HNO-CCHN", "000011/HNO-CCHN"),
}
"""For each facility in the sample: ward, a practitioner's licence, the head's."""


def record(
    number: int, *, facility: str = "01801", head_examined: bool = False, **changes: str
) -> dict[str, str]:
    """Case `number`: same number, same person. `changes` replace columns."""
    ward, practitioner, head = _STAFF[facility]
    social_no = f"01{number:08d}"
    return {
        "case_id": f"TH-220206-{number:06d}",
        "full_name": "Nguyễn Thị Thử Nghiệm",
        "birth_date": "1988-09-05",
        "sex": "2",
        "citizen_id": f"001188{number:06d}",
        "id_issued_on": "2021-05-10",
        "social_insurance_no": social_no,
        "health_insurance_card": f"DN401{social_no}",
        "phone": f"09{number:08d}",
        "address": "Số 12, Phúc Xá, Hà Nội",
        "ward_code": ward,
        "employer": "Công ty CP Dược phẩm <Hà Tây> & Con",
        "positive_on": "2022-02-06",
        "test_method": "antigen",
        "test_place": "Trạm Y tế phường",
        "last_test_on": "2022-02-13",
        "last_test_result": "negative",
        "last_test_by": "health_worker",
        "care_setting": "home",
        "isolation_from": "2022-02-06",
        "isolation_to": "2022-02-13",
        "vaccine_doses": "2",
        "last_dose_on": "2021-11-20",
        "outcome": "recovered",
        "facility_code": facility,
        "visit_no": str(number),
        "examined_on": "2022-02-06",
        "icd10": "U07.1",
        "diagnosis": "COVID-19, vi rút được xác định",
        "treatment": "Điều trị ngoại trú, cách ly tại nhà",
        "practitioner_licence": head if head_examined else practitioner,
        "father_name": "",
        "mother_name": "",
        "wants_sick_leave": "1",
        "wants_recovery": "1",
    } | changes


def as_csv(*records: dict[str, str]) -> bytes:
    """A case file of these records."""
    lines = [",".join(records[0]), *(",".join(f'"{value}"' for value in each.values()) for each in records)]
    return "\n".join(lines).encode() + b"\n"
