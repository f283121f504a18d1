"""Files as other programs write them, each found by somebody whom it cost a day: they are read, and come
back with their results.
"""

import json
from pathlib import Path

import openpyxl
import pytest

from certsvc.issuing.batches.returned_process import Task, write_returned
from certsvc.records.columns import RESULT_TITLES
from certsvc.records.sheets.tables import Table
from tests.unit.records.test_tables import read

FAULTS = Path(__file__).parents[2] / "data" / "faults"
FILES = {
    "01-sheetjs-xlsx-has-macros/cases.xlsx": ("xlsx", {2: "THU-0001"}),
    "02-sharedstrings-case/cases.xlsx": ("xlsx", {2: "THU-0001"}),
    "03-ods-mimetype-not-first/cases.ods": ("ods", {2: "THU-0003"}),
    "12-sep-line-row-numbers/cases.csv": ("csv", {2: "THU-0012", 3: "THU-0013"}),
    "13-ctrl-z-at-end/cases.csv": ("csv", {2: "THU-0014"}),
    "14-utf16-json/cases.json": ("json", {1: "THU-0015"}),
}


def returned(path: Path, table: Table, told: dict[int, str], tmp_path: Path) -> list[list[object]]:
    """The rows of the workbook in which a file is returned, with a word on each, as another program opens
    it.
    """
    lines = tmp_path / "results"
    texts = {row: ("KHÔNG CẤP", "", f"{case} bị từ chối", "", "", "", "") for row, case in told.items()}
    lines.write_text(
        "\n".join(
            json.dumps({"row": row, "case_id": told[row], "texts": texts[row], "is_marked": True})
            for row in told
        ),
        encoding="utf-8",
    )
    place = {
        "part": table.place.part,
        "header_row": table.place.header_row,
        "results": table.place.results,
        "first_row": table.place.first_row,
    }
    out = tmp_path / "results.xlsx"
    limits = {"max_rows": 100, "max_unpacked_bytes": 1 << 26}
    write_returned(
        Task(
            results=str(lines),
            to=str(out),
            sent=str(path),
            file_format=table.format,
            place=place,
            mapping=None,
            unread="Chưa xét",
            **limits,
        )
    )
    book = openpyxl.load_workbook(out)
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


@pytest.mark.parametrize("name", FILES)
def test_files_of_other_programs_are_read_and_given_back(name: str, tmp_path: Path) -> None:
    """Each row under the number that its sender sees, and no other; the workbook with results has the table
    and says what became of each row.
    """
    file_format, cases = FILES[name]
    table, rows = read(FAULTS / name)
    assert (table.format, {row.number: row.cells["case_id"] for row in rows}) == (file_format, cases)
    assert not [notice for row in rows for notice in row.notices]
    [titles, *lines] = returned(FAULTS / name, table, cases, tmp_path)
    assert titles[-len(RESULT_TITLES) :] == list(RESULT_TITLES)
    assert titles[0] == "case_id"
    assert [(line[0], line[-5]) for line in lines] == [
        (case, f"{case} bị từ chối") for case in cases.values()
    ]
