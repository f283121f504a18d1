"""Template files to fill in: our titles, an invented example, and in spreadsheets also formats, lists to
choose from and notes.

The example asks for no certificate, so that leaving it in does no harm.
"""

import datetime as dt
import io
from collections.abc import Mapping
from functools import lru_cache

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from certsvc.records.columns import CASES, DAYS, IDENTIFIERS, Column
from certsvc.records.words import words_of
from certsvc.records.workbooks.cells import BOM, csv_row

_LAST_ROW = 200_001
_NEEDED, _OPTIONAL = "FFFFE699", "FFE2EFDA"
_EXAMPLE: Mapping[str, str | dt.date] = {
    "case_id": "VIDU-000001",
    "full_name": "Nguyễn Văn Ví Dụ",
    "birth_date": dt.date(1988, 9, 5),
    "sex": "Nam",
    "citizen_id": "001088000001",
    "id_type": "CCCD",
    "id_issued_on": dt.date(2021, 5, 10),
    "social_insurance_no": "0100000001",
    "health_insurance_card": "DN4010100000001",
    "phone": "0900000001",
    "address": "Số 1, phố Ví Dụ, Hà Nội",
    "ward_code": "00001",
    "employer": "Công ty Ví Dụ",
    "positive_on": dt.date(2022, 2, 6),
    "test_method": "Test nhanh kháng nguyên",
    "test_place": "Trạm Y tế phường",
    "last_test_on": dt.date(2022, 2, 13),
    "last_test_result": "Âm tính",
    "last_test_by": "Nhân viên y tế",
    "care_setting": "Tại nhà",
    "isolation_from": dt.date(2022, 2, 6),
    "isolation_to": dt.date(2022, 2, 13),
    "vaccine_doses": "2",
    "last_dose_on": dt.date(2021, 11, 20),
    "outcome": "Khỏi bệnh",
    "facility_code": "01801",
    "visit_no": "1",
    "examined_on": dt.date(2022, 2, 6),
    "icd10": "U07.1",
    "diagnosis": "COVID-19, vi rút được xác định",
    "treatment": "Điều trị ngoại trú, cách ly tại nhà",
    "practitioner_licence": "000001/HNO-CCHN",
    "wants_sick_leave": "Không",
    "wants_recovery": "Không",
}


def template_csv() -> bytes:
    """UTF-8 with a BOM, days as dd/mm/yyyy."""
    cells = (_EXAMPLE.get(column.name, "") for column in CASES.columns)
    example = [f"{cell:%d/%m/%Y}" if isinstance(cell, dt.date) else cell for cell in cells]
    return BOM + csv_row(column.title_vi for column in CASES.columns) + csv_row(example)


@lru_cache(maxsize=1)
def template_xlsx() -> bytes:
    """A workbook: the table, with its columns formatted and words to choose from; a sheet of notes; the
    lists.
    """
    book = Workbook()
    cases, notes, lists = book.worksheets[0], book.create_sheet("Hướng dẫn"), book.create_sheet("Danh mục")
    cases.title, cases.freeze_panes = "F0", "A2"
    notes.append(["Tên cột", "Tên trường", "Bắt buộc", "Cách ghi"])
    for number, column in enumerate(CASES.columns, 1):
        _add_column(cases, lists, number, column)
        notes.append([column.title_vi, column.name, "có" if column.is_required else "", _note(column)])
    notes.append(["", "", "", "Dòng ví dụ không yêu cầu cấp giấy nào; hãy xoá trước khi gửi."])
    _style_notes(notes)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _add_column(cases: Worksheet, lists: Worksheet, number: int, column: Column) -> None:
    letter = get_column_letter(number)
    number_format = "dd/mm/yyyy" if column.name in DAYS else "@"
    cases.column_dimensions[letter].number_format = number_format
    cases.column_dimensions[letter].width = max(14, len(column.title_vi) + 3)
    title, example = cases[f"{letter}1"], cases[f"{letter}2"]
    title.value = column.title_vi
    example.value, example.number_format = _EXAMPLE.get(column.name), number_format
    title.font, title.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    title.fill = PatternFill("solid", fgColor=_NEEDED if column.is_required else _OPTIONAL)
    if words := words_of(column.name):
        for row, word in enumerate((column.title_vi, *words), 1):
            lists[f"{letter}{row}"] = word
        choice = DataValidation(
            "list",
            formula1=f"'Danh mục'!${letter}$2:${letter}${len(words) + 1}",
            allow_blank=True,
            showErrorMessage=True,
        )
        choice.error = f"Chọn một trong: {'; '.join(words)}"
        choice.add(f"{letter}2:{letter}{_LAST_ROW}")
        cases.add_data_validation(choice)


def _note(column: Column) -> str:
    if words := words_of(column.name):
        return f"Chọn: {'; '.join(words)}"
    if column.name == "birth_date":
        return "Ngày/tháng/năm, hoặc chỉ năm"
    if column.name in DAYS:
        return "Ngày/tháng/năm"
    if column.name in IDENTIFIERS:
        return "Ghi dạng văn bản, giữ số 0 ở đầu"
    return f"Tối đa {column.max_chars} ký tự"


def _style_notes(notes: Worksheet) -> None:
    for letter, width in zip("ABCD", (28, 24, 10, 90), strict=True):
        notes.column_dimensions[letter].width = width
        notes[f"{letter}1"].font = Font(bold=True)
