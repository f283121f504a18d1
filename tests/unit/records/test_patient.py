"""When two cases are about one person [rules, Same person]."""

import datetime as dt
from typing import Any

import pytest

from certsvc.records import Birth, Patient

BORN = Birth.on(dt.date(1981, 1, 17))


def patient(**changes: Any) -> Patient:
    known: dict[str, Any] = {
        "full_name": "Lê An",
        "birth": BORN,
        "citizen_id": "001181815160",
        "social_insurance_no": "0161623617",
        "cards": ("DN4010161623617",),
        "phone": "0912345678",
    }
    return Patient(**known | changes)


@pytest.mark.parametrize(
    ("changes", "is_same", "is_same_by_number"),
    [
        ({}, True, True),
        ({"citizen_id": ""}, True, True),
        ({"citizen_id": "001181815161"}, True, True),
        ({"social_insurance_no": "0161623618"}, True, True),
        ({"full_name": "Lê Bình"}, True, True),
        ({"birth": Birth(1982)}, True, True),
        ({"full_name": "Lê Bình", "birth": Birth(1982)}, False, False),
        ({"citizen_id": "001181815161", "social_insurance_no": "0161623618"}, False, False),
        ({"citizen_id": "", "social_insurance_no": ""}, True, False),
        (
            {
                "citizen_id": "",
                "social_insurance_no": "",
                "birth": Birth(1981),
                "full_name": "LÊ AN",
                "phone": "+84912345678",
            },
            True,
            False,
        ),
        ({"citizen_id": "", "social_insurance_no": "", "phone": "0912345679"}, False, False),
        ({"citizen_id": "", "social_insurance_no": "", "full_name": "Lê Bình"}, False, False),
        ({"citizen_id": "001181815161", "social_insurance_no": ""}, False, False),
    ],
)
def test_who_is_the_same_person(changes: dict[str, Any], is_same: bool, is_same_by_number: bool) -> None:
    """By a number with name or birth; by name, birth and phone where there is no common kind of number. It
    holds both ways, and they share a mark.
    """
    one, other = patient(), patient(**changes)
    assert one.is_same_person(other) is other.is_same_person(one) is is_same
    assert one.is_same_by_number(other) is other.is_same_by_number(one) is is_same_by_number
    assert not is_same or set(one.marks) & set(other.marks)


def test_a_patient_is_read_back() -> None:
    """From its own JSON, cards and a year alone as well."""
    one = patient(birth=Birth(1981), cards=("DN4010161623617", "TE101KT12345678"))
    assert Patient.from_json(one.to_json()) == one
    assert "Lê" not in repr(one)
