"""XLSX: workbooks with oddities outside their cells, and tables that are moved about or left."""

import datetime as dt
import gc
import re
import traceback
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from openpyxl.xml.constants import SHEET_MAIN_NS

from certsvc.errors import InputError
from certsvc.records.sheets.tables import open_table
from tests.unit.records.test_tables import read, refused
from tests.unit.records.test_xlsx import good_row, rewritten, saved, sheet_of, with_sheet


def test_what_else_a_workbook_holds_is_no_matter(tmp_path: Path) -> None:
    """Faulty fonts and extensions that the library warns of or stumbles over do not keep cases from being
    read.
    """
    path = saved(tmp_path, [good_row(positive_on=dt.date(2022, 2, 27))])
    extension = (
        '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst><conditionalFormatting'
        ' sqref="?"/></worksheet>'
    )
    with_sheet(path, sheet_of(path).replace("</worksheet>", extension))
    with zipfile.ZipFile(path) as package:
        styles = package.read("xl/styles.xml").decode()
    faulty = re.sub('<family val="[0-9]+"', '<family val="77"', styles)
    assert faulty != styles
    rewritten(path, xl__styles_dot_xml=faulty, docProps__core_dot_xml="<broken")
    assert read(path)[1][0].cells["positive_on"] == dt.date(2022, 2, 27)


def test_strict_open_xml_is_told_to_be_saved_as_xlsx(tmp_path: Path) -> None:
    """The other namespace of ISO 29500 is not read, and not taken for an empty workbook."""
    path = saved(tmp_path, [good_row()])
    with zipfile.ZipFile(path) as package:
        book = package.read("xl/workbook.xml").decode()
    strict = book.replace(SHEET_MAIN_NS, "http://purl.oclc.org/ooxml/spreadsheetml/main")
    assert refused(rewritten(path, xl__workbook_dot_xml=strict)).code == "not_a_table"


def test_a_table_moves_between_threads_and_may_be_left_early(tmp_path: Path) -> None:
    """Opened here and read there it gives the same rows; left after the first it leaves no file open."""
    path = saved(tmp_path, [good_row() for _ in range(1000)])
    with open_table(path, max_rows=9000, max_unpacked_bytes=1 << 26) as table, ThreadPoolExecutor(1) as pool:
        assert next(iter(table)).number == 2
        assert len(pool.submit(list, table).result()) == 999
    with open_table(path, max_rows=9000, max_unpacked_bytes=1 << 26) as left:
        assert next(iter(left)).number == 2
    del left
    gc.collect()
    assert str(path) not in {opened.path for opened in psutil.Process().open_files()}


def test_neither_rows_nor_errors_show_what_cells_hold(tmp_path: Path) -> None:
    """A row's repr names no person, nor does the traceback of a file refused over a cell."""
    path = saved(tmp_path, [good_row(full_name="Bí Mật")])
    [row] = read(path)[1]
    assert "Bí Mật" not in repr(row)
    with_sheet(
        path,
        re.sub(
            '<c r="C2"[^>]*>',
            '<c r="C2" t="n"><v>Bí Mật</v></c><c r="D2" t="inlineStr">',
            sheet_of(path),
            count=1,
        ),
    )
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == "broken_file"
    assert "Bí Mật" not in "".join(traceback.format_exception(caught.value))
