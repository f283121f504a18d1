"""Tables with CT07's tags as titles say what the XML says."""

import csv
import functools
import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from certsvc.errors import InputError
from certsvc.records.columns import CASES
from certsvc.records.sheets.tables import SheetRow, open_table
from tests.support.exchange import ct07, hschungtu, read, tags_of
from tests.support.records import record

RECORDS = [
    record(1),
    record(2, treatment="Nghỉ ngơi, theo dõi tại nhà"),
    record(3, icd10="U07.1", diagnosis="COVID-19 thể nhẹ"),
]
TAGS = [{**tags_of(record), "MA_CSKCB": record["facility_code"]} for record in RECORDS]


def as_csv(rows: list[dict[str, str]], *, delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_xlsx(rows: list[dict[str, str]]) -> bytes:
    """With a heading above, and days as spreadsheets keep them: as numbers."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["DANH SÁCH GIẤY NGHỈ"])
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append([int(cell) if tag in ("TU_NGAY", "DEN_NGAY") else cell for tag, cell in row.items()])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_json(rows: list[dict[str, str]]) -> bytes:
    return json.dumps(rows).encode()


def cells(rows: list[SheetRow]) -> list[dict[str, object]]:
    return [{name: cell for name, cell in row.cells.items() if cell is not None} for row in rows]


@pytest.mark.parametrize(
    "written",
    [as_csv, functools.partial(as_csv, delimiter=";"), as_xlsx, as_json],
    ids=["csv", "semicolons", "xlsx", "json"],
)
def test_a_row_says_what_its_dossier_says(
    written: Callable[[list[dict[str, str]]], bytes], tmp_path: Path
) -> None:
    """In every column that CT07 has anything for, and without a warning."""
    rows = read(written(TAGS), tmp_path)
    assert cells(rows) == cells(read(hschungtu(*(ct07(tags_of(record)) for record in RECORDS)), tmp_path))
    assert [row.notices for row in rows] == [()] * len(RECORDS)


def test_a_mapping_may_give_the_facility(tmp_path: Path) -> None:
    """The tags have none; without a column of its own and without a mapping the header is refused, and the
    error says so.
    """
    path = tmp_path / "cases"
    path.write_bytes(as_csv([tags_of(record) for record in RECORDS]))
    with pytest.raises(InputError) as caught, open_table(path, max_rows=10, max_unpacked_bytes=1 << 20):
        pass
    assert (caught.value.code, [item["field"] for item in caught.value.errors]) == (
        "missing_columns",
        ["MA_CSKCB"],
    )
    given = CASES.mapped({}, defaults={"facility_code": "01801"})
    with open_table(path, max_rows=10, max_unpacked_bytes=1 << 20, layout=given) as table:
        assert {row.cells["facility_code"] for row in table} == {"01801"}


def test_vietnamese_without_marks_is_no_tag(tmp_path: Path) -> None:
    """Unknown titles stay unknown, with a word on what they may mean."""
    path = tmp_path / "cases"
    path.write_bytes(
        as_csv([{tag.replace("_", " ").capitalize(): cell for tag, cell in row.items()} for row in TAGS])
    )
    with pytest.raises(InputError) as caught, open_table(path, max_rows=10, max_unpacked_bytes=1 << 20):
        pass
    assert "full_name" in {item["field"] for item in caught.value.errors}


def test_a_tag_that_only_later_records_have_is_read(tmp_path: Path) -> None:
    """As a column of ours would be."""
    rows = [{tag: cell for tag, cell in TAGS[0].items() if tag != "MA_THE"}] * 30
    last = read(as_json([*rows, TAGS[0]]), tmp_path)[-1]
    assert (last.cells["health_insurance_card"], last.notices) == (TAGS[0]["MA_THE"], ())


def test_findings_name_our_columns(tmp_path: Path) -> None:
    """A formula in a tag's cell is reported under the column that it fills."""
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(TAGS)))
    column = list(TAGS[0]).index("DON_VI") + 1
    book.worksheets[0].cell(3, column).value = "=A1"
    out = io.BytesIO()
    book.save(out)
    first, *_ = read(out.getvalue(), tmp_path)
    assert [(found.rule, found.field) for found in first.notices] == [("W-FORMULA", "employer")]


def test_days_and_codes_are_read_as_from_a_dossier(tmp_path: Path) -> None:
    """A visit of several days is dated by its last, days written in two ways are one day, and a diagnosis is
    not given its code twice.
    """
    more = {
        "NGAY_KCB": "20220206",
        "NGAY_CHUNG_TU": "2022-02-08",
        "CHANDOAN_DIEUTRI": "U07.1 - COVID-19\nNghỉ ngơi",
    }
    rows = read(as_csv([{**TAGS[0], **more}, {**TAGS[1], **more, "NGAY_CHUNG_TU": "06/02/2022"}]), tmp_path)
    assert [(row.cells["examined_on"], row.cells.get("certified_on")) for row in rows] == [
        ("20220206", "2022-02-08"),
        ("20220206", None),
    ]
    assert {(row.cells["icd10"], row.cells["diagnosis"], row.cells["treatment"]) for row in rows} == {
        ("U07.1", "COVID-19", "Nghỉ ngơi")
    }
