"""Flawless invented F0 cases, past illnesses and people who are ill now, with the expected outcomes."""

import datetime as dt
import random
from dataclasses import dataclass, field

Row = dict[str, str]

FAMILIES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Phan",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Ngô",
    "Dương",
    "Lý",
    "Đinh",
    "Tạ",
)
MIDDLES = {1: ("Văn", "Hữu", "Đức", "Quốc", "Xuân"), 2: ("Thị", "Ngọc", "Thu", "Diệu", "Hồng")}
GIVENS = {
    1: ("Hùng", "Dũng", "Khải", "Nghĩa", "Phước", "Lẫm", "Ổn"),
    2: ("Hương", "Nhung", "Thủy", "Uyên", "Ưng", "Bưởi", "Đượm"),
}
EMPLOYERS = (
    "Công ty TNHH Thương mại và Dịch vụ Đông Đô",
    "Trường Tiểu học Ngọc Hà",
    (
        'Chi nhánh Công ty TNHH Một thành viên Vận tải & Xây dựng "Sông Hồng" – Xí nghiệp cơ giới số 3, Khu'
        " công nghiệp Bắc Thăng Long, huyện Đông Anh, thành phố Hà Nội"
    ),
    "Công ty CP Dược phẩm <Hà Tây> & Con",
)
STREETS = ("Số 12", "Ngõ 105, ngách 8/3", "P1204 nhà CC7", "Thôn Thượng")
WARDS = (
    ("00001", "Phúc Xá"),
    ("00004", "Trúc Bạch"),
    ("00061", "Hàng Bạc"),
    ("00244", "Bạch Đằng"),
    ("00307", "Định Công"),
    ("00619", "Phú Diễn"),
    ("00673", "Ngọc Hồi"),
    ("10015", "Chúc Sơn"),
)
COLUMNS = (
    "case_id",
    "full_name",
    "birth_date",
    "sex",
    "citizen_id",
    "id_issued_on",
    "social_insurance_no",
    "health_insurance_card",
    "phone",
    "address",
    "ward_code",
    "employer",
    "positive_on",
    "test_method",
    "test_place",
    "last_test_on",
    "last_test_result",
    "last_test_by",
    "care_setting",
    "isolation_from",
    "isolation_to",
    "vaccine_doses",
    "last_dose_on",
    "outcome",
    "facility_code",
    "visit_no",
    "examined_on",
    "icd10",
    "diagnosis",
    "treatment",
    "practitioner_licence",
    "father_name",
    "mother_name",
    "wants_sick_leave",
    "wants_recovery",
)
_GOOD = dict.fromkeys(COLUMNS, "") | {
    "id_issued_on": "2021-05-10",
    "care_setting": "home",
    "outcome": "recovered",
    "icd10": "U07.1",
    "diagnosis": "COVID-19, vi rút được xác định",
    "treatment": "Điều trị ngoại trú, cách ly tại nhà",
}
"""What all good cases have in common."""


@dataclass
class Expected:
    """The expected outcome of one case; a rejection is given by its rule."""

    case_id: str
    sick_leave: str
    recovery: str
    days: int | None
    warnings: list[str] = field(default_factory=list)

    def reject_both(self, rule: str) -> None:
        self.sick_leave = self.recovery = f"reject:{rule}"
        self.days, self.warnings = None, []

    def reject_leave(self, rule: str) -> None:
        self.sick_leave, self.days = f"reject:{rule}", None

    def reject_recovery(self, rule: str) -> None:
        self.recovery, self.warnings = f"reject:{rule}", []

    def warn(self, rule: str) -> None:
        self.warnings.append(rule)

    def row(self) -> Row:
        days = "" if self.days is None else str(self.days)
        return {
            "case_id": self.case_id,
            "sick_leave": self.sick_leave,
            "recovery": self.recovery,
            "days": days,
            "warnings": "+".join(self.warnings),
        }


class Maker:
    """Makes cases one after another out of one source of chance; the stations and their staff are always the
    same.

    Sets of cases that begin with other numbers are about other people, so that one database takes several.
    `clean` are the cases that ask for both certificates and get them; a later row may be about one of these
    people.
    """

    def __init__(self, seed: int, *, first: int = 1) -> None:
        self.rng = random.Random(0)
        self.clean: list[tuple[Row, Expected]] = []
        self._taken: set[tuple[str, str]] = set()
        self.stations = [self._station(number, ward, name) for number, (ward, name) in enumerate(WARDS)]
        self.staff = [self._member(number, place) for number in range(len(WARDS)) for place in range(3)]
        closed = self.stations[0] | {
            "facility_code": "01899",
            "name": "Trạm Y tế Phúc Xá (cũ)",
            "active_to": "2021-12-31",
        }
        self.stations.append(closed)
        self.staff.append(self.staff[0] | {"licence": "000991/HNO-CCHN", "facility_code": "01899"})
        self.rng = random.Random(f"{seed}:{first}")

    def remember(self, case: Row, expected: Expected) -> None:
        """Keep a good case for later rows about the same person."""
        if case["wants_sick_leave"] == case["wants_recovery"] == "1":
            self.clean.append((case, expected))

    def name(self, sex: int) -> str:
        return " ".join(map(self.rng.choice, (FAMILIES, MIDDLES[sex], GIVENS[sex])))

    def fresh(self, purpose: str, width: int) -> str:
        """Digits that nobody else has for that purpose."""
        while True:
            digits = f"{self.rng.randrange(10**width):0{width}d}"
            if (purpose, digits) not in self._taken:
                self._taken.add((purpose, digits))
                return digits

    def _station(self, number: int, ward: str, name: str) -> Row:
        code = f"01{801 + number:03d}"
        return {
            "facility_code": code,
            "name": f"Trạm Y tế {name}",
            "parent": "Trung tâm Y tế Hà Nội",
            "ward_code": ward,
            "active_from": "2020-01-01",
            "active_to": "",
        }

    def _member(self, number: int, place: int) -> Row:
        """The head, a practitioner, and a practitioner whose registration has ended."""
        return {
            "licence": f"{number * 10 + place + 1:06d}/HNO-CCHN",
            "full_name": self.name(self.rng.choice((1, 2))),
            "facility_code": self.stations[number]["facility_code"],
            "role": "head" if place == 0 else "practitioner",
            "social_insurance_no": "01" + self.fresh("bhxh", 8),
            "registered_from": "2020-01-01",
            "registered_to": "2021-12-31" if place == 2 else "",
        }

    def good_case(self, number: int) -> tuple[Row, Expected]:
        """A case for which everything requested can be issued."""
        rng, sex = self.rng, self.rng.choice((1, 2))
        born = dt.date(1958, 1, 1) + dt.timedelta(days=rng.randrange(16_000))
        positive = dt.date(2022, 2, 5) + dt.timedelta(days=rng.randrange(50))
        doses, dosed_on = rng.choice(((0, ""), (1, "2021-09-14"), (2, "2021-11-20"), (3, "2022-01-12")))
        length = rng.choice((7, 7, 8, 10) if doses >= 2 else (7, 9, 14))
        end = positive + dt.timedelta(days=length)
        is_negative = length not in {10, 14} or rng.random() < 0.5
        at = rng.randrange(len(WARDS))
        station, signer = self.stations[at], self.staff[at * 3 + rng.randrange(2)]
        wants_leave = rng.random() < 0.6
        wants_recovery = not wants_leave or rng.random() < 0.7
        social_no = "01" + self.fresh("bhxh", 8)
        case = _GOOD | {
            "case_id": f"HN-{positive:%y%m%d}-{number:06d}",
            "full_name": self.name(sex),
            "birth_date": born.isoformat(),
            "sex": str(sex),
            "citizen_id": f"001{(born.year // 100 - 19) * 2 + sex - 1}{born:%y}{self.fresh('cccd', 6)}",
            "social_insurance_no": social_no,
            "health_insurance_card": f"DN401{social_no}" if rng.random() < 0.7 else "",
            "phone": "09" + self.fresh("phone", 8),
            "address": f"{rng.choice(STREETS)}, {WARDS[at][1]}, Hà Nội",
            "ward_code": station["ward_code"],
            "employer": rng.choice(EMPLOYERS),
            "positive_on": positive.isoformat(),
            "test_method": rng.choice(("antigen", "pcr")),
            "test_place": station["name"],
            "last_test_on": end.isoformat(),
            "last_test_result": "negative" if is_negative else "positive",
            "last_test_by": rng.choice(("health_worker", "self_supervised")),
            "isolation_from": positive.isoformat(),
            "isolation_to": end.isoformat(),
            "vaccine_doses": str(doses),
            "last_dose_on": dosed_on,
            "facility_code": station["facility_code"],
            "visit_no": str(number),
            "examined_on": positive.isoformat(),
            "practitioner_licence": signer["licence"],
            "wants_sick_leave": "1" if wants_leave else "0",
            "wants_recovery": "1" if wants_recovery else "0",
        }
        warnings = ["W-NO-NEGATIVE"] if wants_recovery and not is_negative else []
        leave, recovery = ("issue" if wanted else "none" for wanted in (wants_leave, wants_recovery))
        return case, Expected(case["case_id"], leave, recovery, length + 1 if wants_leave else None, warnings)

    def living_case(self, number: int, *, today: dt.date) -> tuple[Row, Expected]:
        """A case of somebody who is ill: examined on that day or up to two days before, with a leave that
        runs on after it.

        No rule of discharge covers the end of that leave, which is true of days after 19/10/2023.
        """
        case, _ = self.good_case(number)
        start = today - dt.timedelta(days=self.rng.choice((0, 0, 1, 2)))
        end = start + dt.timedelta(days=self.rng.choice((4, 6, 9, 13, 29)))
        case |= dict.fromkeys(("positive_on", "examined_on", "isolation_from"), start.isoformat())
        case |= dict.fromkeys(("last_test_on", "last_test_result", "last_test_by"), "")
        case |= {
            "case_id": f"HN-{today:%y%m%d}-{number:06d}",
            "isolation_to": end.isoformat(),
            "outcome": "active",
        }
        case |= {"wants_sick_leave": "1", "wants_recovery": self.rng.choice("0001")}
        expected = Expected(case["case_id"], "issue", "none", (end - start).days + 1)
        if case["wants_recovery"] == "1":
            expected.reject_recovery("R-OUTCOME+R-NOT-OVER+R-NO-RULE")
        return case, expected
