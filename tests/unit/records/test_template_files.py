"""Templates: what they offer is what we take."""

import io
from pathlib import Path

import openpyxl
import pytest

from certsvc.records import check, rule_ids
from certsvc.records.columns import CASES, IDENTIFIERS
from certsvc.records.titles import TITLES_VI
from certsvc.records.words import meaning_of
from certsvc.records.workbooks.templates import template_csv, template_xlsx
from tests.unit.records.samples import REGISTRY, TODAY, judged_row
from tests.unit.records.test_tables import read, saved


@pytest.mark.parametrize("content", [template_csv(), template_xlsx()], ids=["csv", "xlsx"])
def test_a_template_reads_back_without_findings(content: bytes, tmp_path: Path) -> None:
    """All columns, nothing unknown; the example is a good case, both papers could be issued, and it asks for
    none.
    """
    table, [row] = read(saved(tmp_path, content))
    assert (set(table.columns), table.notices) == ({column.name for column in CASES.columns}, ())
    checked = check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices)
    assert (checked.wants, checked.findings) == (frozenset(), ())
    wanted = check(
        {**row.cells, "wants_sick_leave": "Có", "wants_recovery": "Có"}, today=TODAY, registry=REGISTRY
    )
    assert {verdict.outcome: rule_ids(verdict.findings) for verdict in judged_row(wanted).values()} == {
        "issue": []
    }


def test_the_workbook_keeps_zeros_and_offers_words(tmp_path: Path) -> None:
    """Identifiers are text in every row; each list offers words that its column takes."""
    book = openpyxl.load_workbook(io.BytesIO(template_xlsx()))
    cases, lists = book["F0"], book["Danh mục"]
    letters = {
        column.name: openpyxl.utils.get_column_letter(number)
        for number, column in enumerate(CASES.columns, 1)
    }
    assert {cases.column_dimensions[letters[name]].number_format for name in IDENTIFIERS} == {"@"}
    assert {cases[f"{letters[name]}2"].data_type for name in IDENTIFIERS} == {"s"}
    offered = {
        str(choice.sqref).partition("2:")[0]: choice.formula1
        for choice in cases.data_validations.dataValidation
    }
    for name, letter in letters.items():
        words = [cell.value for cell in lists[letter][1:] if cell.value]
        assert (letter in offered) == bool(words)
        if words:
            assert offered[letter] == f"'Danh mục'!${letter}$2:${letter}${len(words) + 1}"
            assert all(meaning_of(name, word) is not None for word in words)
    assert [cell.value for cell in book["Hướng dẫn"]["A"]][1:-1] == [
        TITLES_VI[column.name] for column in CASES.columns
    ]
