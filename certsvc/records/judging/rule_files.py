"""Files of dated rows, in TOML: an operator's next decision, and what comes with the service.

Nothing of a file is taken unless all of it is good. Every error says its place: the number of the row in its
table, and the key.
"""

import functools
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from certsvc.errors import ErrorItem, InputError
from certsvc.records.judging.rule_rows import RuleRow, fault
from certsvc.records.judging.rulebook import DatedRow, DischargeRule, LeaveCeiling, Rulebook

MAX_BYTES = 1 << 20
_MOST_ROWS = 200
_MAX_BASIS = 500
_PLACE = re.compile(r"at line (\d+), column (\d+)")


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
        fault(None, None, "không phải là bảng nào đã biết", "is no table that is known", about=name)
        for name in tables
        if name not in _READERS
    ]
    rows: list[DatedRow] = []
    for name, reader in _READERS.items():
        for number, values in enumerate(_rows_of(tables, name, errors), 1):
            row = RuleRow(name, number, values, takes_sureness=is_built_in)
            read = reader(row)
            row.complain_of_strangers()
            errors += row.errors
            rows.append(read)
    if not rows and not errors:
        errors.append(fault(None, None, "không có dòng nào", "has no rows", about="rules"))
    if errors:
        raise bad_rules(errors)
    return Rulebook.of(rows)


def bad_rules(errors: Sequence[ErrorItem]) -> InputError:
    return InputError(
        "bad_rules",
        "Tệp quy định chưa đúng; không dòng nào được ghi.",
        "The file of rules is not right; no row was taken.",
        errors=errors,
    )


def _parse(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise bad_rules([fault(None, None, "lớn hơn 1 MB", "is larger than 1 MB", about="rules")])
    try:
        return tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise bad_rules(
            [fault(None, None, "không ở bảng mã UTF-8", "is not UTF-8", about="rules")]
        ) from error
    except (ValueError, RecursionError) as error:
        at = _PLACE.search(str(error))
        vi, en = (
            (f" ở dòng {at[1]}, cột {at[2]} của tệp", f" at line {at[1]}, column {at[2]} of the file")
            if at
            else ("", "")
        )
        raise bad_rules(
            [fault(None, None, f"sai cú pháp TOML{vi}", f"is not TOML{en}", about="rules")]
        ) from error


def _rows_of(tables: Mapping[str, Any], name: str, errors: list[ErrorItem]) -> list[dict[str, Any]]:
    found = tables.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        errors.append(fault(None, None, f"phải viết là [[{name}]]", f"is written [[{name}]]", about=name))
        return []
    if len(found) > _MOST_ROWS:
        errors.append(
            fault(None, None, f"có hơn {_MOST_ROWS} dòng", f"has more than {_MOST_ROWS} rows", about=name)
        )
        return []
    return found


def _leave_ceiling(row: RuleRow) -> LeaveCeiling:
    return LeaveCeiling(
        id=row.id(),
        **_of_days(row),
        max_days=row.count("max_days"),
        basis=row.text("basis", most=_MAX_BASIS),
        sureness=row.sureness(),
    )


def _of_days(row: RuleRow) -> dict[str, Any]:
    return dict(row.days())


def _discharge_rule(row: RuleRow) -> DischargeRule:
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


def _complain_of_order(row: RuleRow, rule: DischargeRule) -> None:
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


_READERS: Mapping[str, Callable[[RuleRow], DatedRow]] = MappingProxyType(
    {"leave_ceilings": _leave_ceiling, "discharge_rules": _discharge_rule}
)
