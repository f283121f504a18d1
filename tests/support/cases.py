"""An invented case, clean and typed, to be changed field by field."""

from dataclasses import replace
from typing import Any

from certsvc.records import Case
from tests.support.records import record


def make_case(**changes: Any) -> Case:
    """Case 1 of `records.record`, with fields of `Case` replaced."""
    raw = record(1)
    facts = {name: value or None for name, value in raw.items() if name.endswith("_on")}
    kept = {name: value for name, value in raw.items() if not name.startswith("wants_")}
    case = Case.from_json({**kept, **facts, "id_type": "cccd", "vaccine_doses": int(raw["vaccine_doses"])})
    return replace(case, **changes)
