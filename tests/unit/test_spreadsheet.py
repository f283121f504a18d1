"""Tables that we write: nothing in them runs, and they read back as they were."""

import csv
import datetime as dt
import io

import openpyxl
import pytest

from certsvc.records.workbooks.cells import BOM, OutCell, csv_row, harmless
from certsvc.records.workbooks.writing import xlsx_bytes

DAY = dt.date(2026, 3, 7)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(start: str) -> None:
    """What a spreadsheet would run is a text, in CSV and in XLSX."""
    evil = f'{start}HYPERLINK("http://evil.example")'
    assert harmless(evil) == f"'{evil}"
    [cell] = next(csv.reader(io.StringIO(csv_row([evil]).decode(), newline="")))
    assert cell == f"'{evil}"
    if start.isprintable():
        sheet = openpyxl.load_workbook(
            io.BytesIO(xlsx_bytes(["Tên"], [[evil]], title="x", widths=[9]))
        ).active
        assert sheet is not None
        assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", f"'{evil}")


def test_a_workbook_keeps_types() -> None:
    """Numbers are numbers, days are days as people here write them, nothing is nothing; the header is bold
    and stays in sight.
    """
    sheet = openpyxl.load_workbook(
        io.BytesIO(
            xlsx_bytes(
                ["Số", "Ngày", "Tên"], [[7, DAY, None], [8, None, "Giấy"]], title="Bảng", widths=[5, 12, 30]
            )
        )
    ).active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["Số", "Ngày", "Tên"],
        [7, dt.datetime(2026, 3, 7), None],  # noqa: DTZ001 - as openpyxl reads a day
        [8, None, "Giấy"],
    ]
    assert (sheet["B2"].number_format, sheet["A1"].font.bold, sheet.freeze_panes) == (
        "dd/mm/yyyy",
        True,
        "A2",
    )


def test_a_csv_row_is_one_record() -> None:
    """Quotes, separators and line breaks stay within their cell; days are in ISO form."""
    cells: list[OutCell] = ['a "b", c', "d\ne", 3, DAY, None]
    assert next(csv.reader(io.StringIO(csv_row(cells).decode(), newline=""))) == [
        'a "b", c',
        "d\ne",
        "3",
        "2026-03-07",
        "",
    ]
    assert (BOM + csv_row(["Mã"])).decode("utf-8-sig") == "Mã\r\n"
