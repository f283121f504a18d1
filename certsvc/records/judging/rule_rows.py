"""One row of a file of dated rows: its keys, read as what they must be, and all that is wrong with them."""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from certsvc.errors import ErrorItem
from certsvc.records.case import CareSetting
from certsvc.records.cells import has_forbidden
from certsvc.records.judging.rulebook import Sureness

_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,62}[a-z0-9])")
_DECISION = re.compile(r"[0-9A-Za-zÀ-ɏḀ-ỿ/.,()& -]{3,64}")
"""Printed on the certificate, in a line of its own."""

_BOUNDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "max_days": (1, 366),
        "min_days": (1, 60),
        "first_test_day": (1, 60),
        "vaccinated_days": (1, 90),
        "other_days": (1, 90),
        "min_doses": (1, 10),
        "dose_lead_days": (0, 365),
    }
)
"""The least and the most that a count may be; anything beyond is a slip of the pen."""


def fault(row: int | None, field: str | None, vi: str, en: str, *, about: str | None = None) -> ErrorItem:
    """An item of the error `bad_rules`; `about` begins the sentence if the field does not."""
    name = (
        about
        if about is not None and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", about)
        else (field or "").rpartition(".")[2]
    )
    return ErrorItem(
        field=field, row=row, rule=None, message_vi=f"«{name}» {vi}.", message_en=f"“{name}” {en}."
    )


class RuleRow:
    """One row's values, and what is wrong with them; a bad value reads as something harmless."""

    def __init__(self, table: str, number: int, values: Mapping[str, Any], *, takes_sureness: bool) -> None:
        self._table, self._number, self._values, self._takes_sureness = table, number, values, takes_sureness
        self._asked: set[str] = set()
        self.errors: list[ErrorItem] = []

    def complain(self, key: str, vi: str, en: str) -> None:
        self.errors.append(fault(self._number, f"{self._table}.{key}", vi, en))

    def is_good(self, *keys: str) -> bool:
        return not any(error["field"] == f"{self._table}.{key}" for error in self.errors for key in keys)

    def complain_of_strangers(self) -> None:
        for key in sorted(self._values.keys() - self._asked):
            shown = key if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key) else "?"
            self.complain(
                shown, "không phải là khoá nào đã biết của bảng này", "is no key that this table has"
            )

    def _take(self, key: str) -> Any:
        self._asked.add(key)
        return self._values.get(key)

    def id(self) -> str:
        found = self._take("id")
        if not isinstance(found, str) or not _ID.fullmatch(found):
            self.complain(
                "id",
                "phải gồm 3 đến 64 ký tự a–z, 0–9, dấu chấm hoặc gạch nối",
                "must be 3 to 64 of a–z, 0–9, dot and hyphen",
            )
            return ""
        return found

    def text(self, key: str, *, most: int) -> str:
        found = self._take(key)
        text = unicodedata.normalize("NFC", found).strip() if isinstance(found, str) else ""
        if not text:
            self.complain(
                key, "còn thiếu hoặc không phải là chữ trong ngoặc kép", "is missing, or no text in quotes"
            )
        elif len(text) > most or has_forbidden(text):
            self.complain(
                key,
                f"dài hơn {most} ký tự hoặc có ký tự điều khiển",
                f"has more than {most} characters, or control characters",
            )
        return text

    def decision(self) -> str:
        text = self.text("decision", most=64)
        if text and self.is_good("decision") and not _DECISION.fullmatch(text):
            self.complain(
                "decision",
                "phải là số quyết định như in trên giấy («604/QĐ-BYT»)",
                "must be the decision's number as printed (“604/QĐ-BYT”)",
            )
        return text

    def day(self, key: str) -> dt.date:
        found = self.optional_day(key)
        if found is None and self.is_good(key):
            self.complain(key, "còn thiếu", "is missing")
        return found or dt.date.min

    def optional_day(self, key: str) -> dt.date | None:
        found = self._take(key)
        if isinstance(found, dt.date) and not isinstance(found, dt.datetime):
            return found
        if found is not None:
            self.complain(
                key,
                "phải là một ngày, viết 2026-12-31 không có ngoặc kép",
                "must be a day, written 2026-12-31 without quotes",
            )
        return None

    def days(self) -> dict[str, dt.date | None]:
        """`valid_from` and `valid_to`."""
        first, last = self.day("valid_from"), self.optional_day("valid_to")
        if last is not None and last < first:
            self.complain("valid_to", "ở trước valid_from", "is before valid_from")
        return {"valid_from": first, "valid_to": last}

    def count(self, key: str) -> int:
        found = self.optional_count(key)
        if found is None and self.is_good(key):
            self.complain(key, "còn thiếu", "is missing")
        return found or 0

    def optional_count(self, key: str) -> int | None:
        found = self._take(key)
        least, most = _BOUNDS[key]
        if found is None or (
            isinstance(found, int) and not isinstance(found, bool) and least <= found <= most
        ):
            return found
        self.complain(
            key,
            f"phải là một số nguyên từ {least} đến {most}",
            f"must be a whole number from {least} to {most}",
        )
        return None

    def care_settings(self) -> frozenset[CareSetting]:
        found, known = self._take("care_settings"), [str(each) for each in CareSetting]
        if (
            not isinstance(found, list)
            or not found
            or any(each not in known for each in found)
            or len(set(found)) < len(found)
        ):
            words = ", ".join(known)
            self.complain(
                "care_settings",
                f"phải là danh sách, mỗi từ một lần, trong số: {words}",
                f"must be a list of some of these, each once: {words}",
            )
            return frozenset()
        return frozenset(map(CareSetting, found))

    def sureness(self) -> Sureness:
        if not self._takes_sureness:
            return Sureness.ENTERED
        try:
            return Sureness(self._take("sureness"))
        except ValueError:
            self.complain("sureness", "không phải là từ đã biết", "is no word that is known")
            return Sureness.REMEMBERED
