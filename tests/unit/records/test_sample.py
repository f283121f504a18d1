"""The sample files and made ones come out exactly as their `expected.csv` says."""

import csv
from pathlib import Path

import pytest

from certsvc.models import Kind
from certsvc.records import SeenCases, built_in, check, judge
from certsvc.records.tables import open_table
from tests import make_f0_cases as maker
from tests.unit.records.samples import SAMPLE, TODAY, KnownHistory, MemoryRegistry, told, warned

FILES = ("f0_cases.csv", "f0_cases_vi.csv", "f0_cases_vi.xlsx")


Told = dict[str, str | set[str]]


def outcomes_of(path: Path) -> list[Told]:
    registry, seen = MemoryRegistry(path.parent), SeenCases()
    found: list[Told] = []
    with open_table(path, max_rows=200_000, max_unpacked_bytes=1 << 30) as table:
        for row in table:
            checked = check(row.cells, today=TODAY, registry=registry, notices=row.notices)
            assert seen.find(checked) is None
            judgement = judge(checked, history=KnownHistory(), rules=built_in())
            found.append(
                {
                    "case_id": checked.case_id,
                    "sick_leave": told(judgement, Kind.SICK_LEAVE),
                    "recovery": told(judgement, Kind.RECOVERY),
                    "days": str(judgement[Kind.SICK_LEAVE].days or ""),
                    "warnings": {rule for rule in warned(judgement) if not rule.startswith("W-REPAIRED-")},
                }
            )
    return found


def expected_in(folder: Path) -> list[Told]:
    with (folder / "expected.csv").open(encoding="utf-8") as file:
        return [{**row, "warnings": set(filter(None, row["warnings"].split("+")))} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", FILES)
def test_sample_comes_out_as_expected(name: str) -> None:
    """Outcome per row and kind, days and warnings of the sample are those of expected.csv, in each form of it."""
    assert outcomes_of(SAMPLE / name) == expected_in(SAMPLE)


@pytest.mark.parametrize(("seed", "name"), [(1, "f0_cases_vi.csv"), (2, "f0_cases.csv"), (3, "f0_cases_vi.xlsx"), (4, "f0_cases_vi.csv")])
def test_made_cases_come_out_as_expected(seed: int, name: str, tmp_path: Path) -> None:
    """So do a thousand made cases, most of them flawed, in every form."""
    maker.write(tmp_path, maker.make(rows=1000, seed=seed, first=seed * 1000, flawed=0.7))
    assert outcomes_of(tmp_path / name) == expected_in(tmp_path)


def test_forms_hold_the_same_cases() -> None:
    """A case is the same case, to its digest, whichever form of the file it came in."""

    def digests(name: str) -> list[str]:
        registry = MemoryRegistry(SAMPLE)
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
