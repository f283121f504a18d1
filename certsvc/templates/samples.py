"""Invented values for trying out a design: previews, checks, tests. Nobody here is real."""

from certsvc.states import Kind
from certsvc.templates.designs import PLAIN, Design, Trait

HEAD, PRACTITIONER, FACILITY = "Đỗ Thị Mẫu", "Lý Văn Thử", "Trạm Y tế Thử Nghiệm"

SAMPLE_VALUES = {
    "address": "Số 12, ngõ 34, phố Ví Dụ, Hà Nội",
    "birth": "17/01/1981",
    "care_place": "nhà",
    "check_address": "https://kiemtra.example.vn/check",
    "citizen_id": "001181000001",
    "code": "7K2M-9QXP-4TVB-A1CD",
    "days": "9",
    "decision_no": "250/QĐ-BYT",
    "decision_on": "28/01/2022",
    "diagnosis_treatment": "COVID-19, vi rút được xác định\nĐiều trị ngoại trú, cách ly tại nhà",
    "employer": "Công ty Cổ phần May Thí Dụ",
    "examined_on": "27/02/2022",
    "facility": FACILITY,
    "full_name": "NGUYỄN THỊ VÍ DỤ",
    "guardian": "Nguyễn Văn Thí, Trần Thị Dụ",
    "head": HEAD,
    "icd10_diagnosis_treatment": (
        "U07.1 – COVID-19, vi rút được xác định\nĐiều trị ngoại trú, cách ly tại nhà"
    ),
    "id_issued_on": "10/05/2021",
    "isolation_from": "27/02/2022",
    "isolation_to": "07/03/2022",
    "last_dose_on": "12/01/2022",
    "last_test_by": "nhân viên y tế",
    "last_test_on": "07/03/2022",
    "last_test_result": "âm tính",
    "leave_from": "27/02/2022",
    "leave_to": "07/03/2022",
    "own_title": "PHÓ TRƯỞNG TRẠM Y TẾ",
    "parent": "Trung tâm Y tế Hà Nội",
    "phone": "0912000001",
    "positive_on": "27/02/2022",
    "practitioner": PRACTITIONER,
    "sex": "Nữ",
    "signed_as": "TRƯỞNG TRẠM Y TẾ",
    "social_insurance": "0161000001 / DN4010161000001",
    "subject": "Khỏi bệnh và hoàn thành thời gian cách ly, điều trị COVID-19 tại nhà",
    "test_method": "test nhanh kháng nguyên",
    "test_place": FACILITY,
    "vaccine_doses": "3",
    "verify_url": "HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123",
    "visit_no": "17/KCB",
}
"""Invented values; those that depend on the kind are in `_OF_KIND`, all others are blank."""

_OF_KIND = {
    Kind.SICK_LEAVE: {"serial": "019992600017", "dated": "Ngày 27 tháng 02 năm 2022"},
    Kind.RECOVERY: {"serial": "17/GXN-TYT", "dated": "Hà Nội, ngày 07 tháng 3 năm 2022"},
}


def sample_values(
    design: Design, *, head_examined: bool = False, traits: frozenset[Trait] = PLAIN
) -> dict[str, str]:
    """Invented values for every field of the design."""
    known = SAMPLE_VALUES | _OF_KIND[design.kind]
    if Trait.IS_DELEGATED in traits:
        known |= {"signed_as": f"KT. {known['signed_as']}"}
    unprinted = design.unprinted(head_examined=head_examined, traits=traits)
    return {name: "" if name in unprinted else known.get(name, "") for name in design.fields}
