"""Makes case files whose outcomes are known. All persons are invented; the same seed gives the same cases.

    python -m tests.make_f0_cases OUT_DIR [--rows 200] [--seed 1] [--first 1] [--flawed 0.15] [--living 0.1]
        [--today YYYY-MM-DD]

writes facilities.csv and practitioners.csv; the cases as f0_cases.csv (English titles, ISO dates),
f0_cases_vi.csv and f0_cases_vi.xlsx (as stations keep them: Vietnamese titles and words, dd/mm/yyyy or real
dates, decomposed names, digits without their leading zeros); and expected.csv: per case `issue`, `none` or
`reject:RULE` for each kind, the days of leave, and the warnings; several rules of one cell are joined by `+`.
W-REPAIRED-ZEROS and W-REPAIRED-UNICODE come on top of those in the Vietnamese files. Rule ids are those of
`certsvc.records.rules.catalogue`.

Living cases are those of people who are ill today, by default today in Hanoi: examined today or up to two
days before, with a leave that runs on.
"""

import argparse
import csv
import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import openpyxl

from certsvc.clock import HANOI
from certsvc.records.titles import TITLES_VI
from tests.support.f0_cases import COLUMNS, Expected, Maker, Row
from tests.support.f0_flaws import FLAWS, flawed_case

WORDS = {
    "sex": {"1": "Nam", "2": "Nữ"},
    "test_method": {"antigen": "Test nhanh kháng nguyên", "pcr": "RT-PCR"},
    "last_test_result": {"negative": "Âm tính", "positive": "Dương tính"},
    "last_test_by": {
        "health_worker": "Nhân viên y tế",
        "self_supervised": "Tự làm, có giám sát",
        "self": "Tự làm",
    },
    "care_setting": {"home": "Tại nhà", "centre": "Cơ sở thu dung", "hospital": "Bệnh viện"},
    "outcome": {
        "recovered": "Khỏi bệnh",
        "active": "Đang điều trị",
        "died": "Tử vong",
        "transferred": "Chuyển viện",
    },
    "wants_sick_leave": {"1": "Có", "0": "Không"},
    "wants_recovery": {"1": "Có", "0": "Không"},
}
DIGIT_COLUMNS = frozenset({"facility_code", "ward_code", "social_insurance_no", "citizen_id", "phone"})
NAME_COLUMNS = frozenset({"full_name", "father_name", "mother_name"})
LAST_RULE_ENDED = dt.date(2023, 10, 19)


@dataclass(frozen=True)
class CaseSet:
    """Everything the files hold."""

    stations: list[Row]
    staff: list[Row]
    cases: list[Row]
    expected: list[Expected]


def make(
    *,
    rows: int,
    seed: int,
    first: int = 1,
    flawed: float = 0.15,
    living: float = 0.0,
    today: dt.date | None = None,
) -> CaseSet:
    """Cases numbered from `first`, `flawed` of them with a flaw, each kind in turn, and `living` of them of
    people who are ill `today`.

    Raises ValueError where some are to be ill on no day, or on one that a rule of discharge covers.
    """
    if living and (today is None or today <= LAST_RULE_ENDED):
        raise ValueError("living cases need a day after the last rule of discharge")
    maker, kinds = Maker(seed, first=first), list(FLAWS)
    made: list[tuple[Row, Expected]] = []
    spoilt = ill = 0
    for place in range(rows):
        if spoilt < flawed * (place + 1):
            made.append(flawed_case(maker, first + place, kinds[spoilt % len(kinds)]))
            spoilt += 1
        elif today is not None and ill < living * (place + 1):
            made.append(maker.living_case(first + place, today=today))
            ill += 1
        else:
            made.append(maker.good_case(first + place))
            maker.remember(*made[-1])
    return CaseSet(
        maker.stations, maker.staff, [case for case, _ in made], [expected for _, expected in made]
    )


def as_kept_by_stations(case: Row) -> Row:
    """The case in Vietnamese, with what spreadsheets and keyboards do to it."""
    return {TITLES_VI[column]: _kept(column, value) for column, value in case.items()}


def _kept(column: str, value: str) -> str:
    value = WORDS.get(column, {}).get(value, value)
    if (day := _iso_day(value)) is not None:
        return f"{day:%d/%m/%Y}"
    if column in DIGIT_COLUMNS and value.isdigit():
        return value.lstrip("0") or "0"
    return unicodedata.normalize("NFD", value) if column in NAME_COLUMNS else value


def _iso_day(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if len(value) == len("2022-02-05") and value[4] == "-" else None
    except ValueError:
        return None


def write_csv(path: Path, rows: list[Row], *, delimiter: str = ",", encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


def write_xlsx(path: Path, cases: Iterable[Row]) -> None:
    """A title row, Vietnamese titles in row 3, real dates, numbers where a spreadsheet sees numbers."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách F0")
    for titles in (
        ["DANH SÁCH NGƯỜI BỆNH COVID-19 ĐIỀU TRỊ TẠI NHÀ"],
        [],
        [TITLES_VI[column] for column in COLUMNS],
    ):
        sheet.append(titles)
    for case in cases:
        sheet.append([_cell(column, value) for column, value in case.items()])
    book.save(path)


def _cell(column: str, value: str) -> str | int | dt.date | None:
    kept = _kept(column, value)
    if column in DIGIT_COLUMNS | {"vaccine_doses", "visit_no"} and kept.isdigit():
        return int(kept)
    return _iso_day(value) or kept or None


def write(out: Path, made: CaseSet) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "facilities.csv", made.stations)
    write_csv(out / "practitioners.csv", made.staff)
    write_csv(out / "f0_cases.csv", made.cases)
    write_csv(
        out / "f0_cases_vi.csv",
        [as_kept_by_stations(case) for case in made.cases],
        delimiter=";",
        encoding="utf-8-sig",
    )
    write_xlsx(out / "f0_cases_vi.xlsx", made.cases)
    write_csv(out / "expected.csv", [each.row() for each in made.expected])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--first",
        type=int,
        default=1,
        help="number of the first case; sets for one database must not share numbers",
    )
    parser.add_argument("--flawed", type=float, default=0.15)
    parser.add_argument("--living", type=float, default=0.0, help="share of people who are ill today")
    parser.add_argument(
        "--today",
        type=dt.date.fromisoformat,
        default=dt.datetime.now(HANOI).date(),
        help="the day on which they are ill",
    )
    asked = parser.parse_args()
    if asked.living and asked.today <= LAST_RULE_ENDED:
        parser.error(f"--today must lie after {LAST_RULE_ENDED}, up to which a rule of discharge holds")
    write(
        asked.out,
        make(
            rows=asked.rows,
            seed=asked.seed,
            first=asked.first,
            flawed=asked.flawed,
            living=asked.living,
            today=asked.today,
        ),
    )


if __name__ == "__main__":
    main()
