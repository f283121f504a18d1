"""ODS files that are malformed, or built to exhaust or mislead."""

import contextlib
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.records.sheets.tables import open_table
from tests.support.ods import cell, content, row, sheet, write_ods
from tests.unit.records.test_ods import good
from tests.unit.records.test_tables import TITLES, VALUES, read, refused

BIG = 1 << 30


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (content(sheet(row(TITLES))), "no_rows"),
        (content(sheet(row(["a", "b"]))), "no_header"),
        (content(), "no_header"),
        ("<a><b>", "broken_file"),
        ("", "broken_file"),
        ('<table:table xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"/>', "broken_file"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + content(sheet(row(TITLES), row(VALUES))), "broken_file"),
        (content(sheet(row(TITLES), "<table:table-row table:number-rows-repeated='x'/>")), "broken_file"),
        (content(sheet(row(TITLES), "<table:table-row table:number-rows-repeated='0'/>")), "broken_file"),
        (content(sheet(row(TITLES), row([], times=1_048_576), row(VALUES))), "broken_file"),
        (content(sheet(row(TITLES), row(VALUES, times=1_048_000))), "too_many_rows"),
        (
            content(
                sheet(
                    "<table:table-row><table:table-cell"
                    " table:number-columns-repeated='99999'/></table:table-row>"
                )
            ),
            "broken_file",
        ),
        (
            content(
                sheet(
                    f"<table:table-row><table:table-cell>{sheet(row(TITLES))}</table:table-cell></table:table-row>"
                )
            ),
            "broken_file",
        ),
        (
            content(
                sheet(
                    row(TITLES),
                    "<table:table-row>"
                    + "<table:table-cell>" * 50_000
                    + "</table:table-cell>" * 50_000
                    + "</table:table-row>",
                )
            ),
            "no_rows",
        ),
        (
            content(
                sheet(
                    "<table:table-row>"
                    + "<table:table-cell office:value-type='float' office:value='1e999'/>" * 300_000
                    + "</table:table-row>"
                )
            ),
            "too_large_unpacked",
        ),
    ],
)
def test_malformed_content_is_refused(xml: str, code: str, tmp_path: Path) -> None:
    """Damaged and hostile content gives a clear code, never another exception."""
    assert refused(write_ods(tmp_path / "x", xml, packed=zipfile.ZIP_STORED)).code == code


def test_the_search_for_titles_comes_to_an_end(tmp_path: Path) -> None:
    """Over all sheets: what comes before the first row is not read without end."""
    much = "<!--" + "<" * 1_000_001 + "-->"
    xml = content(
        sheet(row(["a"]), much, name="1"), sheet(row(["a"]), much, name="2"), sheet(row(TITLES), row(VALUES))
    )
    assert (
        refused(write_ods(tmp_path / "x", xml, packed=zipfile.ZIP_STORED), max_rows=100_000).code
        == "too_large_unpacked"
    )


_SPACES = (
    "<table:table-row><table:table-cell office:value-type='string'><text:p>"
    + "<text:s text:c='32767'/>" * 5000
    + "</text:p></table:table-cell></table:table-row>"
)


@pytest.mark.parametrize(
    ("filling", "times"),
    [
        pytest.param(row(VALUES, times=1000), 100, id="rows"),
        pytest.param(
            "<table:table-row>"
            + cell("x").replace(
                "<table:table-cell", "<table:table-cell table:number-columns-repeated='16384'"
            )
            + "</table:table-row>",
            100,
            id="columns",
        ),
        pytest.param(_SPACES, 15, id="spaces"),
        pytest.param(_SPACES, 100, id="more spaces", marks=pytest.mark.long),
        pytest.param("<table:table-row>" + cell("x" * 1_000_000) + "</table:table-row>", 100, id="text"),
    ],
)
def test_bombs_of_repetition_are_never_held(filling: str, times: int, tmp_path: Path) -> None:
    """What a few bytes repeat a million times is limited as if it had been written out."""
    path = write_ods(
        tmp_path / "x", content(sheet(row(TITLES), *[filling] * times)), packed=zipfile.ZIP_STORED
    )
    tracemalloc.start()
    try:
        with contextlib.suppress(InputError):
            read(path, max_rows=2000, max_unpacked_bytes=BIG)
        assert tracemalloc.get_traced_memory()[1] < 48 << 20
    finally:
        tracemalloc.stop()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    """Content with bytes changed is read as far as it goes, or refused as input."""
    xml = bytearray(content(sheet(row(TITLES), good(), good())).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(xml))), data.draw(st.integers(0, 8))
        xml[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from([b"</table:table-row>", b"-1", b"1e999", b"<!--", b"&#0;"]),
            )
        )
    path = write_ods(tmp_path / "x", bytes(xml))
    with (
        contextlib.suppress(InputError),
        open_table(path, max_rows=1000, max_unpacked_bytes=1 << 24) as table,
    ):
        assert len(list(table)) <= 4
