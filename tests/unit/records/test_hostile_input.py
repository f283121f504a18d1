"""Whatever comes, a row is judged and a file is read or refused: no other exception ever."""

import contextlib
import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.records import Case, Cell, check
from certsvc.records.sheets.tables import open_table
from tests.unit.records.samples import GOOD, REGISTRY, SAMPLE, TODAY, judged_row
from tests.unit.records.test_xlsx import rewritten, saved

CELLS: st.SearchStrategy[Cell] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.text(st.characters(exclude_categories=[])),
    st.sampled_from(list(GOOD.values())),
)


@given(st.dictionaries(st.sampled_from(list(GOOD)), CELLS))
def test_any_cells_are_judged(changes: dict[str, Cell]) -> None:
    """A row of anything gets its verdicts, its findings are JSON and UTF-8, and a case that passes
    round-trips.
    """
    row = check({**GOOD, **changes}, today=TODAY, registry=REGISTRY)
    verdicts = judged_row(row).values()
    for verdict in verdicts:
        for found in verdict.findings:
            "".join(map(str, found.to_json().values())).encode()
    row.case_id.encode()
    if row.case is not None:
        assert Case.from_json(row.case.to_json()) == row.case
        assert len(row.case.content_digest()) == 64


@given(
    st.sampled_from(["full_name", "employer", "address", "case_id", "diagnosis"]),
    st.sampled_from(["Phạm Bí Mật", "0912345678\u202e", "001181815160\x07"]),
)
def test_findings_never_repeat_what_a_cell_holds(column: str, secret: str) -> None:
    """Messages name columns and say what to do; a cell's content is in none."""
    findings = check({**GOOD, column: secret * 200}, today=dt.date(2022, 1, 1), registry=REGISTRY).findings
    assert column in {found.field for found in findings}
    for found in findings:
        assert secret[:8] not in found.message_vi + found.message_en


@pytest.mark.parametrize("name", ["f0_cases_vi.xlsx", "f0_cases_vi.csv"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused(name: str, data: st.DataObject, tmp_path: Path) -> None:
    """A file with bytes changed or its end missing is read as far as it goes, or refused as input."""
    content = bytearray((SAMPLE / name).read_bytes())
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / name
    path.write_bytes(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    with (
        contextlib.suppress(InputError),
        open_table(path, max_rows=1000, max_unpacked_bytes=1 << 24) as table,
    ):
        assert len(list(table)) <= 200 + 8  # a byte may turn into a line end


PARTS = (
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/worksheets/sheet2.xml",
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_inside_the_package_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """So is one whose package is whole and whose XML is not what it should be."""
    path = saved(tmp_path, [[*GOOD.values()]] * 3)
    part = data.draw(st.sampled_from(PARTS))
    with zipfile.ZipFile(path) as package:
        content = bytearray(package.read(part))
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 8))
        content[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"<c/>", b"</row>", b"-1", b"1e999", b"<!--", b"&#0;", b"9" * 5000]),
            )
        )
    parts: dict[str, Any] = {part.replace("/", "__").replace(".", "_dot_"): bytes(content)}
    with (
        contextlib.suppress(InputError),
        open_table(rewritten(path, **parts), max_rows=1000, max_unpacked_bytes=1 << 24) as table,
    ):
        assert len(list(table)) <= 4
