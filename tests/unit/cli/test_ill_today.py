"""The demo's cases of the day: leaves that run forward, without a word; the same day's are the same, another
day's other people's.
"""

import datetime as dt
from pathlib import Path

import pytest

from certsvc.cli.demo.ill_today import write_cases
from certsvc.models import Kind
from certsvc.records import Case, SeenRows, Verdict, built_in, check, judge, late_finding
from certsvc.records.sheets.tables import open_table
from tests.unit.records.samples import FileHistory, stations_of

SAMPLE = Path(__file__).parents[3] / "certsvc" / "sample"
TODAY = dt.date(2026, 12, 1)


def judged(*files: Path, today: dt.date) -> list[tuple[Case | None, Verdict]]:
    """Every row of the files, and what becomes of its sick leave beside those of the rows before."""
    stations, seen, history, found = stations_of(SAMPLE), SeenRows(), FileHistory(), []
    for file in files:
        with open_table(file, max_rows=1000, max_unpacked_bytes=1 << 30) as table:
            rows = [
                seen.look(check(row.cells, today=today, registry=stations, notices=row.notices))
                for row in table
            ]
        for row in rows:
            history.judged = (row.facility_code, row.case_id)
            found.append(
                (row.case, judge(row, history=history, rules=built_in(), today=today)[Kind.SICK_LEAVE])
            )
            if row.case is not None:
                history.add_leave(row.case)
    return found


@pytest.mark.parametrize("today", [TODAY, dt.date(2028, 2, 29), dt.date(2030, 12, 31)])
def test_everybody_gets_a_leave_that_runs_forward(today: dt.date, tmp_path: Path) -> None:
    """From the day of the examination to a later one, with nothing to be warned of, also when it is signed;
    each at another station.
    """
    ids = write_cases(tmp_path / "cases.csv", today, sample=SAMPLE)
    found = judged(tmp_path / "cases.csv", today=today)
    cases = [case for case, _ in found if case is not None]
    assert ids == [case.case_id for case in cases]
    assert len(ids) == len(set(ids)) == len({case.facility_code for case in cases}) == 8
    assert {(verdict.outcome, verdict.findings) for _, verdict in found} == {("issue", ())}
    for case in cases:
        assert case.isolation_from == case.examined_on == today < case.isolation_to
        assert late_finding(case, signed_on=today) is None


def test_a_day_has_its_own_people(tmp_path: Path) -> None:
    """Made again, a day's cases are the same to the byte; those of the days after it are other people's,
    though leaves overlap, and nobody is of the sample.
    """
    days = [TODAY + dt.timedelta(days=number) for number in range(4)]
    files = [tmp_path / f"{day}.csv" for day in days]
    ids = [
        each for day, file in zip(days, files, strict=True) for each in write_cases(file, day, sample=SAMPLE)
    ]
    assert len(set(ids)) == 8 * len(days)
    write_cases(tmp_path / "again.csv", TODAY, sample=SAMPLE)
    assert (tmp_path / "again.csv").read_bytes() == files[0].read_bytes()
    of_days = judged(SAMPLE / "f0_cases.csv", *files, today=days[-1])[-len(ids) :]
    assert {(verdict.outcome, verdict.findings) for _, verdict in of_days} == {("issue", ())}
