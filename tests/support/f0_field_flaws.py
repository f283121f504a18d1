"""Flaws in fields, which cost a row both certificates, and fields that only look wrong."""

import datetime as dt

from tests.support.f0_cases import WARDS, Row
from tests.support.f0_flaw import Flaw, Spoil


def bad_field(rule: str, *changes: Row) -> tuple[str, Spoil]:
    """A flaw in one field, because of which both certificates are rejected."""

    def spoil(flaw: Flaw) -> None:
        flaw.pick(*changes)
        flaw.expected.reject_both(rule)

    return rule, spoil


def wrong_dates(flaw: Flaw) -> None:
    before = flaw.later(-1)
    flaw.pick(
        {"isolation_to": before},
        {"last_test_on": before, "last_test_result": "negative"},
        {"last_test_on": "2099-01-01", "last_test_result": "negative"},
        {"isolation_from": ""},
        {"isolation_to": ""},
        {"positive_on": ""},
    )
    flaw.expected.reject_both("V-DATE-ORDER")


def wrong_signer(flaw: Flaw) -> None:
    """A licence of nobody, of another station, or whose registration has ended."""
    here = int(flaw.case["facility_code"]) - 1801
    other = (here + 1) % len(WARDS)
    flaw.case["practitioner_licence"] = flaw.maker.rng.choice(
        ("999999/HNO-CCHN", f"{other * 10 + 1:06d}/HNO-CCHN", f"{here * 10 + 3:06d}/HNO-CCHN")
    )
    flaw.expected.reject_both("V-PRACTITIONER")


def without_social_no(flaw: Flaw) -> None:
    """Neither a social-insurance number nor a card that contains it; a recovery needs none."""
    flaw.case |= {"social_insurance_no": "", "health_insurance_card": ""}
    flaw.expected.reject_leave("V-SOCIAL-NO")


def social_no_on_the_card(flaw: Flaw) -> None:
    flaw.case |= {
        "health_insurance_card": f"DN401{flaw.case['social_insurance_no']}",
        "social_insurance_no": "",
    }
    flaw.expected.warn("W-REPAIRED-SOCIAL-NO")


def scanned_card(flaw: Flaw) -> None:
    """The text of the citizen card's QR in place of the number."""
    case = flaw.case
    born, issued = (dt.date.fromisoformat(case[column]) for column in ("birth_date", "id_issued_on"))
    parts = (
        case["citizen_id"],
        "",
        case["full_name"],
        f"{born:%d%m%Y}",
        "Nam" if case["sex"] == "1" else "Nữ",
        case["address"],
        f"{issued:%d%m%Y}",
    )
    case |= {"citizen_id": "|".join(parts), "id_issued_on": ""}
    flaw.expected.warn("W-REPAIRED-CCCD-QR")


def foreign_number(flaw: Flaw) -> None:
    """The CCCD of the other sex, or of somebody a year younger."""
    number = flaw.case["citizen_id"]
    other_sex = f"{number[:3]}{int(number[3]) ^ 1}{number[4:]}"
    other_year = f"{number[:4]}{(int(number[4:6]) + 1) % 100:02d}{number[6:]}"
    flaw.pick({"citizen_id": other_sex}, {"citizen_id": other_year})
    flaw.expected.warn("W-CITIZEN-MISMATCH")


def foreign_card(flaw: Flaw) -> None:
    flaw.case["health_insurance_card"] = f"DN40101{flaw.maker.fresh('bhxh', 8)}"
    flaw.expected.warn("W-CARD-MISMATCH")


def old_code(flaw: Flaw) -> None:
    flaw.case["icd10"] = "B34.2"
    flaw.expected.warn("W-ICD-OLD")


def found_ill_later(flaw: Flaw) -> None:
    """Examined and isolated three days before the test."""
    start = flaw.later(-3)
    flaw.case |= {"isolation_from": start, "examined_on": start}
    flaw.expected.days = (flaw.expected.days or 0) + 3
    flaw.expected.warn("W-BEFORE-POSITIVE")


def unusual_identity(flaw: Flaw) -> None:
    """Rare, but correct; numbers remain unique to a person."""
    tail, year = flaw.case["social_insurance_no"][-6:], flaw.case["birth_date"][:4]
    flaw.pick(
        {"birth_date": year},
        {"citizen_id": f"112{tail}"},
        {"citizen_id": f"B1{tail}"},
        {"citizen_id": "", "id_issued_on": ""},
        {"full_name": "Jean-Luc D'Anh"},
        {"sex": "3"},
        {"phone": "+84 912.345.678"},
    )


FIELD_FLAWS: dict[str, Spoil] = dict(
    (
        bad_field("V-NAME", {"full_name": "  "}, {"full_name": "Nguyễn Văn 4"}),
        bad_field(
            "V-BIRTH",
            *(
                {"birth_date": text}
                for text in ("1990-02-30", "31/04/1988", "2099-01-01", "hai mươi", "01/02/90")
            ),
        ),
        bad_field("V-SEX", {"sex": "9"}, {"sex": "x"}),
        bad_field(
            "V-SOCIAL-NO",
            *(
                {"social_insurance_no": text, "health_insurance_card": ""}
                for text in ("0000000000", "01ABC45678", "012345678901")
            ),
        ),
        bad_field(
            "V-CITIZEN-ID", *({"citizen_id": text} for text in ("00118500O123", "12345678901234", "98123"))
        ),
        bad_field(
            "V-CARD",
            *(
                {"health_insurance_card": text}
                for text in ("DN9010123456789", "DN40101234567", "dn4010123456789")
            ),
        ),
        bad_field("V-PHONE", {"phone": "12-34-56"}, {"phone": "12345678"}),
        ("V-DATE-ORDER", wrong_dates),
        bad_field(
            "V-FACILITY",
            {"facility_code": "99999"},
            {"facility_code": "01899", "practitioner_licence": "000991/HNO-CCHN"},
        ),
        ("V-PRACTITIONER", wrong_signer),
        bad_field("V-ICD10", {"icd10": ""}, {"icd10": "COVID"}, {"icd10": "U7.1"}),
        bad_field(
            "V-ENCODING", {"employer": "C«ng ty Cæ phÇn May"}, {"employer": "Công ty M\u0430y Sông Hồng"}
        ),
        bad_field("V-BROKEN-ID", {"visit_no": "2.10123E+11"}, {"practitioner_licence": "2.10123E+11"}),
    ),
    **{
        "NO-SOCIAL-NO": without_social_no,
        "W-REPAIRED-SOCIAL-NO": social_no_on_the_card,
        "W-REPAIRED-CCCD-QR": scanned_card,
        "W-CITIZEN-MISMATCH": foreign_number,
        "W-CARD-MISMATCH": foreign_card,
        "W-ICD-OLD": old_code,
        "W-BEFORE-POSITIVE": found_ill_later,
        "OK-IDENTITY": unusual_identity,
    },
)
