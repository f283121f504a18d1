"""Who a case is about, and when two cases are about the same person [rules, Same person].

People are found by marks, of which two cases of one person share at least one; whether they are one person,
`Patient` says. All of this is personal data: it goes into keyed digests and memory, never into logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from certsvc.records.birth import Birth

_NATIONAL_DIGITS = 11
"""84 and nine digits is 0 and nine digits."""


@dataclass(frozen=True, slots=True, repr=False)
class Patient:
    """What tells people apart: name and birth, and the numbers that stand for them, empty where unknown."""

    full_name: str
    birth: Birth
    citizen_id: str
    social_insurance_no: str
    cards: tuple[str, ...]
    phone: str

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The person in what `Case.to_json` or `to_json` wrote."""
        return cls(
            record["full_name"],
            Birth.from_json(record["birth_date"]),
            record["citizen_id"],
            record["social_insurance_no"],
            split_cards(record["health_insurance_card"]),
            record["phone"],
        )

    def to_json(self) -> dict[str, str]:
        return {
            "full_name": self.full_name,
            "birth_date": self.birth.iso,
            "citizen_id": self.citizen_id,
            "social_insurance_no": self.social_insurance_no,
            "health_insurance_card": ";".join(self.cards),
            "phone": self.phone,
        }

    @property
    def numbers(self) -> dict[str, str]:
        """Marks of the numbers that one person alone should have, with the column in which each stands."""
        marks = {f"card:{card}": "health_insurance_card" for card in self.cards}
        if self.social_insurance_no:
            marks[f"social:{self.social_insurance_no}"] = "social_insurance_no"
        if self.citizen_id:
            marks[citizen_mark(self.citizen_id)] = "citizen_id"
        return marks

    @property
    def marks(self) -> tuple[str, ...]:
        """Whoever is the same person has at least one of these marks, too."""
        return (
            *self.numbers,
            f"person:{self.full_name.casefold()}|{self.birth.year}|{_national(self.phone)}",
        )

    def is_same_person(self, other: "Patient") -> bool:
        """By a number and the name or birth with it; by name, birth and phone where the two have no common
        kind of number.
        """
        if self.is_same_by_number(other):
            return True
        has_common_kind = (self.citizen_id and other.citizen_id) or (
            self.social_insurance_no and other.social_insurance_no
        )
        return (
            not has_common_kind
            and self.is_of_same_name(other)
            and self.birth.agrees_with(other.birth)
            and _national(self.phone) == _national(other.phone)
        )

    def is_same_by_number(self, other: "Patient") -> bool:
        """Whether the citizen id or the social-insurance number is the same, and name or birth agree with
        it.
        """
        is_same_id = self.citizen_id != "" and self.citizen_id == other.citizen_id
        is_same_social_no = (
            self.social_insurance_no != "" and self.social_insurance_no == other.social_insurance_no
        )
        return (is_same_id or is_same_social_no) and (
            self.is_of_same_name(other) or self.birth.agrees_with(other.birth)
        )

    def is_of_same_name(self, other: "Patient") -> bool:
        return self.full_name.casefold() == other.full_name.casefold()

    def is_another(self, other: "Patient", *, mark: str) -> bool:
        """Whether two who share a mark are not one person: by a number's, where name or birth differ [rules,
        W-SAME-NUMBER]; by a visit's, where all that tells people apart does [rules, W-SAME-VISIT].
        """
        if mark.startswith("visit:"):
            return not self.is_same_person(other)
        return not (self.is_of_same_name(other) and self.birth.agrees_with(other.birth))


def citizen_mark(citizen_id: str) -> str:
    """The mark of a citizen id."""
    return f"id:{citizen_id}"


def split_cards(joined: str) -> tuple[str, ...]:
    """Health-insurance cards as a case has them, joined by semicolons."""
    return tuple(card for card in joined.split(";") if card)


def _national(phone: str) -> str:
    digits = phone.removeprefix("+")
    return "0" + digits[2:] if digits.startswith("84") and len(digits) == _NATIONAL_DIGITS else digits
