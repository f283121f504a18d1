"""Cases of invented people who fall ill on the day the demo runs, as the sample's stations would write them
down.

The same day gives the same cases, so that they are requested once; another day has other people.
"""

import csv
import datetime as dt
from pathlib import Path

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương")
_MIDDLES = {1: ("Văn", "Hữu", "Đức"), 2: ("Thị", "Ngọc", "Thu")}
_GIVENS = {1: ("Dũng", "Khải", "Nghĩa", "Phước", "Thuận"), 2: ("Hương", "Nhung", "Thủy", "Uyên", "Đượm")}
_EMPLOYERS = ("Công ty TNHH Ví Dụ", "Trường Tiểu học Ví Dụ", "Công ty Cổ phần May Ví Dụ", "Bưu điện Ví Dụ")
_DAYS_OFF = (7, 5, 10, 3, 7, 14, 5, 10)
"""Of one case each, counting the day of the examination."""

_FIRST_BORN, _BORN_WITHIN_DAYS = dt.date(1965, 1, 1), 13_000
_NUMBERS = 10**6


def write_cases(path: Path, day: dt.date, *, sample: Path) -> list[str]:
    """Write a case file with the sample's columns, the cases spread over its stations; returns the case ids.

    Everybody was examined on `day`, and asks for a sick leave from then on.
    """
    header = list(_rows(sample / "f0_cases.csv")[0])
    stations = [station for station in _rows(sample / "facilities.csv") if not station["active_to"]]
    staff = [person for person in _rows(sample / "practitioners.csv") if not person["registered_to"]]
    cases = [_case(place, day, stations[place % len(stations)], staff) for place in range(len(_DAYS_OFF))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(cases)
    return [case["case_id"] for case in cases]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _case(place: int, day: dt.date, station: dict[str, str], staff: list[dict[str, str]]) -> dict[str, str]:
    here = [person for person in staff if person["facility_code"] == station["facility_code"]]
    last = day + dt.timedelta(days=_DAYS_OFF[place] - 1)
    return _person(place, day) | {
        "case_id": f"DEMO-{day:%y%m%d}-{place + 1:02d}",
        "address": f"Số {place + 1}, phố Ví Dụ, Hà Nội",
        "ward_code": station["ward_code"],
        "positive_on": day.isoformat(),
        "test_method": "antigen",
        "test_place": station["name"],
        "care_setting": "home",
        "isolation_from": day.isoformat(),
        "isolation_to": last.isoformat(),
        "outcome": "active",
        "facility_code": station["facility_code"],
        "visit_no": f"{100 + place + 1}",
        "examined_on": day.isoformat(),
        "icd10": "U07.1",
        "diagnosis": "COVID-19, vi rút được xác định",
        "treatment": "Điều trị ngoại trú, cách ly tại nhà",
        "practitioner_licence": here[(place + 1) % len(here)]["licence"],
        "wants_sick_leave": "1",
        "wants_recovery": "0",
    }


def _person(place: int, day: dt.date) -> dict[str, str]:
    """Somebody of working age, whose numbers are unique among days and unlike the sample's, which begin
    differently.
    """
    turn, sex = day.toordinal() * len(_DAYS_OFF) + place, 1 + place % 2
    born = _FIRST_BORN + dt.timedelta(days=turn * 1733 % _BORN_WITHIN_DAYS)
    number = f"{turn % _NUMBERS:06d}"
    social_no = f"0199{number}"
    return {
        "full_name": " ".join(
            (_FAMILIES[turn % len(_FAMILIES)], _MIDDLES[sex][turn // 2 % 3], _GIVENS[sex][turn // 3 % 5])
        ),
        "birth_date": born.isoformat(),
        "sex": str(sex),
        "citizen_id": f"034{(born.year // 100 - 19) * 2 + sex - 1}{born:%y}{number}",
        "id_issued_on": "2021-05-10",
        "social_insurance_no": social_no,
        "health_insurance_card": f"DN401{social_no}",
        "phone": f"0800{number}",
        "employer": _EMPLOYERS[place % len(_EMPLOYERS)],
    }
