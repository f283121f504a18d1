"""The row that numbers columns: what is one, and what of a form comes back with results."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from certsvc.issuing.batches.returned_process import Task, write_returned
from certsvc.records.columns import RESULT_TITLES
from certsvc.records.sheets.numbered_columns import numbers_columns
from certsvc.records.sheets.tables import Table
from tests.unit.records.test_headers import (
    NUMBERINGS,
    as_csv,
    as_ods,
    as_xlsx,
    assert_good,
    line,
    merged_form,
)
from tests.unit.records.test_tables import read


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_what_numbers_columns(numbering: str) -> None:
    """However it is written; columns of ours beside it say nothing."""
    assert numbers_columns([*NUMBERINGS[numbering], "KHÔNG CẤP"], but={len(NUMBERINGS[numbering])})


@pytest.mark.parametrize(
    "cells",
    [
        ["1", "2", "4"],
        ["1", "2"],
        ["2", "3", "4"],
        ["1", "2", "x y"],
        ["1", "2", "3", dt.date(2022, 1, 1)],
        ["B", "C", "D"],
        ["A", "1", "3"],
        ["(a)", "b"],
        ["(một)"],
        [1, 2, 3.5],
        [True, 2, 3, "x"],
        [],
        ["(" * 40, ")" * 40],
        ["1" * 5000, "2", "3"],
    ],
)
def test_what_numbers_no_columns(cells: list[Any]) -> None:
    """Numbers that do not count on, too few of them, anything else among them."""
    assert not numbers_columns(cells, but=())


@pytest.mark.parametrize("written", [as_xlsx, as_csv, as_ods])
def test_a_form_comes_back_with_results_and_is_read_again(written: Any, tmp_path: Path) -> None:
    """Results have their titles in the last row of titles; nothing is said of the row of numbers; sent again,
    the columns are passed over.
    """
    titles, columns = merged_form()
    sent = written(
        tmp_path, [*titles, NUMBERINGS["numbers"], line(columns), line(columns, 2, case_id="second")]
    )
    for name in ("first.xlsx", "second.xlsx"):
        table, rows = read(sent)
        assert_good(table, rows, [6, 7])
        sent = returned(sent, table, tmp_path / name)
        sheet = openpyxl.load_workbook(sent).worksheets[0]
        width = len(columns) + 1
        assert [cell.value for cell in sheet[4]][width:] == list(RESULT_TITLES)
        assert [cell.value for cell in sheet[5]][width:] in ([], [None] * len(RESULT_TITLES))
        assert [sheet.cell(row, width + 3).value for row in (6, 7)] == ["lý do 6", None]
        assert sheet.cell(7, width + 1).value == "Chưa xét"


def returned(sent: Path, table: Table, to: Path) -> Path:
    """The file with a result for row 6, and the rest not judged yet."""
    results = to.with_suffix(".json")
    results.write_text(
        json.dumps(
            {
                "row": 6,
                "case_id": "x",
                "texts": ["KHÔNG CẤP", "", "lý do 6", "", "", "", ""],
                "is_marked": True,
            }
        ),
        encoding="utf-8",
    )
    place = {
        "part": table.place.part,
        "header_row": table.place.header_row,
        "results": table.place.results,
        "first_row": table.place.first_row,
    }
    limits = {"max_rows": 100, "max_unpacked_bytes": 1 << 26}
    write_returned(
        Task(
            results=str(results),
            to=str(to),
            sent=str(sent),
            file_format=table.format,
            place=place,
            mapping=None,
            unread="Chưa xét",
            **limits,
        )
    )
    return to
