"""What `expected.csv` says about a case file, and the same derived from a batch's results."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("sick_leave", "recovery")
_ISSUE = {"issued", "existing", "pending", "would_issue"}
_NOT_STATED = {"A-LATE", "W-REPAIRED-ZEROS", "W-REPAIRED-UNICODE"}
"""Judged when signing, or lost in a file format: no expected.csv has it."""


@dataclass(frozen=True)
class Fate:
    """Of one case: `issue`, `none` or `reject:RULE` for each kind, days of leave, warnings and repairs that
    an expected.csv states.
    """

    sick_leave: str
    recovery: str
    days: str
    warnings: frozenset[str]


def expected_in(folder: Path) -> dict[str, Fate]:
    with (folder / "expected.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["case_id"]: Fate(
            row["sick_leave"],
            row["recovery"],
            row["days"],
            frozenset(filter(None, row["warnings"].split("+"))),
        )
        for row in rows
    }


def fates_of(lines: Iterable[dict[str, Any]]) -> dict[str, Fate]:
    """By the lines of `GET /v1/batches/{id}/results`, in which every case has one of each kind."""
    cases: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for line in lines:
        assert line["kind"] not in cases[line["case_id"]]
        cases[line["case_id"]][line["kind"]] = line
    return {case_id: _fate(*(by_kind[kind] for kind in KINDS)) for case_id, by_kind in cases.items()}


def _fate(leave: dict[str, Any], recovery: dict[str, Any]) -> Fate:
    warned = {rule["id"] for line in (leave, recovery) for rule in line["rules"] if rule["level"] != "reject"}
    return Fate(_told(leave), _told(recovery), str(leave["days"] or ""), frozenset(warned - _NOT_STATED))


def _told(line: dict[str, Any]) -> str:
    if line["outcome"] in _ISSUE:
        return "issue"
    if line["outcome"] != "rejected":
        return str(line["outcome"])
    return "reject:" + "+".join(rule["id"] for rule in line["rules"] if rule["level"] == "reject")
