"""Files of dated rows, in TOML: an operator's next decision, and what comes with the service.

Nothing of a file is taken unless all of it is good. Every error says its place: the number of the row in its
table, and the key.
"""

import datetime as dt
import functools
import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from certsvc.errors import InputError
from certsvc.records.case import CareSetting
from certsvc.records.cells import has_forbidden
from certsvc.records.judging.rulebook import DatedRow, DischargeRule, LeaveCeiling, Rulebook, Sureness

MAX_BYTES = 1 << 20
_MOST_ROWS = 200
_MAX_BASIS = 500
_ID = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,62}[a-z0-9])")
_DECISION = re.compile(r"[0-9A-Za-zÀ-ɏḀ-ỿ/.,()& -]{3,64}")
"""Printed on the certificate, in a line of its own."""

_PLACE = re.compile(r"at line (\d+), column (\d+)")
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
"""The least and the most that a count may be; beyond that it is a slip of the pen."""


@functools.cache
def built_in() -> Rulebook:
    """The rows that come with the service, and no others."""
    return read_rules(files(__package__).joinpath("rules.toml").read_bytes(), is_built_in=True)


def read_rules(data: bytes, *, is_built_in: bool = False) -> Rulebook:
    """The rows of a file, in its order.

    Raises InputError `bad_rules`, listing in `errors` everything that is wrong. Whether rows fit to others
    that hold already `rule_changes` says.
    """
    tables = _parse(data)
    errors = [
        _item(None, None, "không phải là bảng nào đã biết", "is no table that is known", about=name)
        for name in tables
        if name not in _READERS
    ]
    rows: list[DatedRow] = []
    for name, reader in _READERS.items():
        for number, values in enumerate(_rows_of(tables, name, errors), 1):
            row = _Row(name, number, values, takes_sureness=is_built_in)
            read = reader(row)
            row.complain_of_strangers()
            errors += row.errors
            rows.append(read)
    if not rows and not errors:
        errors.append(_item(None, None, "không có dòng nào", "has no rows", about="rules"))
    if errors:
        raise bad_rules(errors)
    return Rulebook.of(rows)


def bad_rules(errors: Sequence[Mapping[str, Any]]) -> InputError:
    return InputError(
        "bad_rules",
        "Tệp quy định chưa đúng; không dòng nào được ghi.",
        "The file of rules is not right; no row was taken.",
        errors=errors,
    )


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise bad_rules([_item(None, None, "lớn hơn 1 MB", "is larger than 1 MB", about="rules")])
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise bad_rules(
            [_item(None, None, "không ở bảng mã UTF-8", "is not UTF-8", about="rules")]
        ) from error
    except (ValueError, RecursionError) as error:
        at = _PLACE.search(str(error))
        vi, en = (
            (f" ở dòng {at[1]}, cột {at[2]} của tệp", f" at line {at[1]}, column {at[2]} of the file")
            if at
            else ("", "")
        )
        raise bad_rules(
            [_item(None, None, f"sai cú pháp TOML{vi}", f"is not TOML{en}", about="rules")]
        ) from error


def _rows_of(tables: Mapping[str, Any], name: str, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = tables.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        errors.append(_item(None, None, f"phải viết là [[{name}]]", f"is written [[{name}]]", about=name))
        return []
    if len(found) > _MOST_ROWS:
        errors.append(
            _item(None, None, f"có hơn {_MOST_ROWS} dòng", f"has more than {_MOST_ROWS} rows", about=name)
        )
        return []
    return found


def _item(
    row: int | None, field: str | None, vi: str, en: str, *, about: str | None = None
) -> dict[str, Any]:
    """An item of an error; `about` is what the sentence begins with, where it is not the field."""
    name = (
        about
        if about is not None and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", about)
        else (field or "").rpartition(".")[2]
    )
    return {
        "field": field,
        "row": row,
        "rule": None,
        "message_vi": f"«{name}» {vi}.",
        "message_en": f"“{name}” {en}.",
    }


class _Row:
    """One row's values, and what is wrong with them; a bad value reads as something harmless."""

    def __init__(self, table: str, number: int, values: Mapping[str, Any], *, takes_sureness: bool) -> None:
        self._table, self._number, self._values, self._takes_sureness = table, number, values, takes_sureness
        self._asked: set[str] = set()
        self.errors: list[dict[str, Any]] = []

    def complain(self, key: str, vi: str, en: str) -> None:
        self.errors.append(_item(self._number, f"{self._table}.{key}", vi, en))

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


def _leave_ceiling(row: _Row) -> LeaveCeiling:
    return LeaveCeiling(
        id=row.id(),
        **_of_days(row),
        max_days=row.count("max_days"),
        basis=row.text("basis", most=_MAX_BASIS),
        sureness=row.sureness(),
    )


def _of_days(row: _Row) -> dict[str, Any]:
    return dict(row.days())


def _discharge_rule(row: _Row) -> DischargeRule:
    rule = DischargeRule(
        id=row.id(),
        **_of_days(row),
        care_settings=row.care_settings(),
        min_days=row.count("min_days"),
        first_test_day=row.count("first_test_day"),
        vaccinated_days=row.count("vaccinated_days"),
        other_days=row.count("other_days"),
        min_doses=row.count("min_doses"),
        dose_lead_days=row.count("dose_lead_days"),
        decision=row.decision(),
        decided_on=row.day("decided_on"),
        basis=row.text("basis", most=_MAX_BASIS),
        sureness=row.sureness(),
    )
    _complain_of_order(row, rule)
    return rule


def _complain_of_order(row: _Row, rule: DischargeRule) -> None:
    """What is good by itself and makes no sense together."""
    if row.is_good("decided_on", "valid_from") and rule.decided_on > rule.valid_from:
        row.complain(
            "decided_on",
            "ở sau valid_from: quyết định có hiệu lực sớm nhất từ ngày ký",
            "is after valid_from: no decision holds before it is signed",
        )
    for less, more in (
        ("min_days", "vaccinated_days"),
        ("vaccinated_days", "other_days"),
        ("first_test_day", "other_days"),
    ):
        if row.is_good(less, more) and getattr(rule, less) > getattr(rule, more):
            row.complain(more, f"ít hơn {less}", f"is less than {less}")


_READERS: Mapping[str, Callable[[_Row], DatedRow]] = MappingProxyType(
    {"leave_ceilings": _leave_ceiling, "discharge_rules": _discharge_rule}
)
