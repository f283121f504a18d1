"""The sample files and made ones come out exactly as their `expected.csv` says."""

import csv
from pathlib import Path

import pytest

from certsvc.models import Kind
from certsvc.records import Checked, SeenRows, built_in, check, judge
from certsvc.records.sheets.tables import open_table
from tests import make_f0_cases as maker
from tests.unit.records.samples import SAMPLE, TODAY, FileHistory, stations_of, told, warned

FILES = ("f0_cases.csv", "f0_cases_vi.csv", "f0_cases_vi.xlsx")


Told = dict[str, str | set[str]]
LOST_IN_FILES = {"W-REPAIRED-ZEROS", "W-REPAIRED-UNICODE"}
"""Repairs of what a file as stations keep it has lost: on top of what expected.csv says."""


def outcomes_of(path: Path) -> list[Told]:
    """As a batch is read: the whole file's leaves, then its recoveries."""
    registry, seen, history = stations_of(path.parent), SeenRows(), FileHistory()
    with open_table(path, max_rows=200_000, max_unpacked_bytes=1 << 30) as table:
        rows = [
            seen.look(check(row.cells, today=TODAY, registry=registry, notices=row.notices)) for row in table
        ]
    for row in rows:
        history.add(row)
    return [_outcome_of(row, history) for row in rows]


def _outcome_of(row: Checked, history: FileHistory) -> Told:
    history.judged = (row.facility_code, row.case_id)
    judgement = judge(row, history=history, rules=built_in(), today=TODAY)
    if row.case is not None and judgement[Kind.SICK_LEAVE].outcome == "issue":
        history.add_leave(row.case)
    return {
        "case_id": row.case_id,
        "sick_leave": told(judgement, Kind.SICK_LEAVE),
        "recovery": told(judgement, Kind.RECOVERY),
        "days": str(judgement[Kind.SICK_LEAVE].days or ""),
        "warnings": {rule for rule in warned(judgement) if rule not in LOST_IN_FILES},
    }


def expected_in(folder: Path) -> list[Told]:
    with (folder / "expected.csv").open(encoding="utf-8") as file:
        return [
            {**row, "warnings": set(filter(None, row["warnings"].split("+")))} for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("name", FILES)
def test_sample_comes_out_as_expected(name: str) -> None:
    """Outcome per row and kind, days and warnings of the sample are those of expected.csv, in each form of
    it.
    """
    assert outcomes_of(SAMPLE / name) == expected_in(SAMPLE)


@pytest.mark.parametrize(
    ("seed", "name"),
    [(1, "f0_cases_vi.csv"), (2, "f0_cases.csv"), (3, "f0_cases_vi.xlsx"), (4, "f0_cases_vi.csv")],
)
def test_made_cases_come_out_as_expected(seed: int, name: str, tmp_path: Path) -> None:
    """So do a thousand made cases in every form: most of them flawed, many of the rest of people who are ill
    today.
    """
    maker.write(
        tmp_path, maker.make(rows=1000, seed=seed, first=seed * 1000, flawed=0.6, living=0.3, today=TODAY)
    )
    assert outcomes_of(tmp_path / name) == expected_in(tmp_path)


def test_forms_hold_the_same_cases() -> None:
    """A case is the same case, to its digest, whichever form of the file it came in."""

    def digests(name: str) -> list[str]:
        registry = stations_of(SAMPLE)
        with open_table(SAMPLE / name, max_rows=1000, max_unpacked_bytes=1 << 30) as table:
            rows = [check(row.cells, today=TODAY, registry=registry) for row in table]
        return [row.digest for row in rows if row.case is not None]

    english, vietnamese, excel = map(digests, FILES)
    assert len(english) > 150
    assert english == vietnamese == excel


def test_row_numbers_are_those_of_the_sheet() -> None:
    """The English file starts at row 2; rows go on without gaps."""
    with open_table(SAMPLE / "f0_cases.csv", max_rows=1000, max_unpacked_bytes=1 << 30) as table:
        assert [row.number for row in table] == list(range(2, 202))
