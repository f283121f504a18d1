"""One invented patient at the desk, as entered in the form for one case; all days are in 2022."""

CARD = "001188000042|012345678|Trần Thị Quét|05091988|Nữ|Số 12, Phúc Xá, Hà Nội|10052021"
"""What a scanner types from her card."""

TYPED = {
    "social_insurance_no": "0100000042",
    "employer": "Công ty May Thí Dụ",
    "visit_no": "42",
    "practitioner_licence": "000002/HNO-CCHN",
}
"""What the nurse adds for a sick leave."""

LEAVE = {
    "papers": "sick_leave",
    "case_id": "TH-42",
    "citizen_id": CARD,
    **TYPED,
    "examined_on": "06/02/2022",
    "positive_on": "06/02/2022",
    "isolation_from": "06/02/2022",
    "isolation_to": "13/02/2022",
    "icd10": "U07.1",
    "diagnosis": "COVID-19, vi rút được xác định",
    "treatment": "Điều trị ngoại trú, cách ly tại nhà",
    "care_setting": "Tại nhà",
}

BOTH = LEAVE | {
    "papers": "both",
    "address": "Số 12, Phúc Xá, Hà Nội",
    "test_method": "Test nhanh kháng nguyên",
    "test_place": "Trạm Y tế Phúc Xá",
    "last_test_on": "13/02/2022",
    "last_test_result": "Âm tính",
    "last_test_by": "Nhân viên y tế",
    "outcome": "Khỏi bệnh",
}
