"""JSON and NDJSON: records as rows, and what is not a record, reported row by row."""

import contextlib
import json
import tracemalloc
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certsvc.errors import InputError
from certsvc.models import Kind
from certsvc.records import check, rule_ids
from certsvc.records.sheets.tables import SheetRow, open_table
from certsvc.records.titles import TITLES_VI
from tests.unit.records.samples import GOOD, REGISTRY, TODAY
from tests.unit.records.test_tables import read, refused, saved

FORMATS = ["json", "wrapped", "ndjson"]


def written(form: str, *records: Any) -> bytes:
    """Records in one of the forms; one given as bytes is taken as it is."""
    texts = [
        record if isinstance(record, bytes) else json.dumps(record, ensure_ascii=False).encode()
        for record in records
    ]
    match form:
        case "json":
            return b"[" + b",\n".join(texts) + b"]"
        case "wrapped":
            return b'\xef\xbb\xbf {"records": [' + b",".join(texts) + b"]}\n"
        case _:
            return b"\r\n".join(texts) + b"\n\n"


def findings(row: SheetRow) -> list[str]:
    return rule_ids(check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices).findings)


def told(row: SheetRow) -> set[tuple[str | None, str]]:
    return {(notice.field, notice.rule) for notice in row.notices}


@pytest.mark.parametrize("form", FORMATS)
def test_records_read_as_the_same_case(form: str, tmp_path: Path) -> None:
    """English and Vietnamese names, truth values and counts; a record's number is its place in the file, from
    1.
    """
    typed = {**GOOD, "vaccine_doses": 3, "wants_sick_leave": True, "father_name": None}
    vietnamese = {TITLES_VI[name]: value for name, value in GOOD.items()}
    table, rows = read(saved(tmp_path, written(form, GOOD, typed, vietnamese)))
    assert table.format == ("ndjson" if form == "ndjson" else "json")
    assert [row.number for row in rows] == [1, 2, 3]
    checked = [check(row.cells, today=TODAY, registry=REGISTRY, notices=row.notices) for row in rows]
    assert [row.case for row in checked] == [check(GOOD, today=TODAY, registry=REGISTRY).case] * 3
    assert [rule_ids(row.findings) for row in checked] == [[], [], []]


@pytest.mark.parametrize("form", FORMATS)
def test_identifiers_are_strings(form: str, tmp_path: Path) -> None:
    """A number may have lost its zeros before it came: the row is rejected with the reason, nothing is
    guessed.
    """
    [row] = read(saved(tmp_path, written(form, {**GOOD, "citizen_id": 1181815160, "case_id": 17, "sex": 2})))[
        1
    ]
    assert told(row) == {("citizen_id", "V-TEXT"), ("case_id", "V-TEXT")}


@pytest.mark.parametrize("form", FORMATS)
def test_double_names_and_nested_values_reject_the_row_alone(form: str, tmp_path: Path) -> None:
    """Of two values, under one name or two names of a column, neither is preferred."""
    twice = json.dumps(GOOD).encode()[:-1] + b', "sex": "1"}'
    both = {**GOOD, TITLES_VI["sex"]: "1"}
    nested: dict[str, Any] = {**GOOD, "address": {"phường": ["Phúc Xá"]}, "employer": []}
    rows = read(saved(tmp_path, written(form, GOOD, twice, both, nested, GOOD)))[1]
    assert [told(row) for row in rows] == [
        set(),
        {(None, "V-ROW")},
        {(None, "V-ROW")},
        {("address", "V-TEXT"), ("employer", "V-TEXT")},
        set(),
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_no_record_is_a_rejected_row(form: str, tmp_path: Path) -> None:
    """It keeps its number, counts as wanting everything, and the others go on; blank records are passed
    over.
    """
    rows = read(saved(tmp_path, written(form, GOOD, 5, [GOOD], {}, {"case_id": " "}, None, "x", GOOD)))[1]
    assert [(row.number, told(row)) for row in rows] == [
        (1, set()),
        *((number, {(None, "V-ROW")}) for number in (2, 3, 6, 7)),
        (8, set()),
    ]
    assert check(rows[1].cells, today=TODAY, registry=REGISTRY, notices=rows[1].notices).wants == frozenset(
        Kind
    )


@pytest.mark.parametrize("form", FORMATS)
def test_fields_that_come_late_are_read_or_told(form: str, tmp_path: Path) -> None:
    """What a record may leave out may come with any record; an unknown name is a warning there."""
    short = {name: value for name, value in GOOD.items() if name not in ("phone", "wants_recovery")}
    late = {**GOOD, "Điện thoại": "0912345678", "Ghi chú": "x"}
    del late["phone"]
    rows = read(saved(tmp_path, written(form, *[short] * 30, late)))[1]
    assert rows[0].notices == ()
    assert (rows[-1].cells["phone"], rows[-1].cells["wants_recovery"]) == ("0912345678", "1")
    assert told(rows[-1]) == {(None, "W-COLUMN")}


def test_unknown_fields_of_the_first_records_are_told_once(tmp_path: Path) -> None:
    """As unknown columns of a table are."""
    table, [row] = read(saved(tmp_path, written("json", {**GOOD, "Ghi chú": "x"})))
    assert [notice.rule for notice in table.notices] == ["W-COLUMN"]
    assert row.notices == ()


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a":1} {"b":2}',
    ],
)
def test_a_bad_line_of_ndjson_is_one_rejected_row(line: bytes, tmp_path: Path) -> None:
    """The lines around it are intact, and are read."""
    rows = read(saved(tmp_path, written("ndjson", GOOD, line, GOOD)))[1]
    assert [(row.number, [notice.rule for notice in row.notices]) for row in rows] == [
        (1, []),
        (2, ["V-ROW"]),
        (3, []),
    ]


GOOD_BYTES = json.dumps(GOOD).encode()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[]", "no_header"),
        (b"{}", "no_header"),
        (b'[{"a": 1}]', "no_header"),
        (b'[{"case_id": "1", "full_name": "x"}]', "missing_columns"),
        (b"[" + GOOD_BYTES, "broken_json"),
        (b"[" + GOOD_BYTES + b", {]", "broken_json"),
        (b"[" + GOOD_BYTES + b"] x", "broken_json"),
        (b'{"records": [' + GOOD_BYTES + b'], "page": 2}', "broken_json"),
        (b"[{" + b'"a":[' * 100_000, "broken_json"),
        (b'[{"case_id": "' + b"x" * (2 << 20) + b'"}]', "broken_json"),
        (b'{"case_id": "' + b"x" * (2 << 20) + b'"}', "broken_json"),
        (b'[{"case_id": NaN}]', "broken_json"),
        (b'[{"case_id": "\xff"}]', "broken_json"),
        (b'[{"case_id": 1' + b"0" * 5000 + b"}]", "broken_json"),
        (b'[{"case_id"\x00: 1}]', "broken_json"),
    ],
)
def test_what_is_no_list_of_records_is_refused(content: bytes, code: str, tmp_path: Path) -> None:
    """Malformed JSON, brackets, texts and numbers without end; what follows the records is not passed
    over.
    """
    error = refused(saved(tmp_path, content))
    assert error.code == code
    assert error.__cause__ is None


def test_earlier_records_stand_where_a_file_breaks_off(tmp_path: Path) -> None:
    """The error says where; a hundred records before it were read."""
    path = saved(tmp_path, b"[" + b",".join([GOOD_BYTES] * 100))
    with open_table(path, max_rows=1000, max_unpacked_bytes=1 << 24) as table:
        rows = iter(table)
        seen = list(islice(rows, 100))
        with pytest.raises(InputError) as caught:
            next(rows)
    assert (len(seen), caught.value.code) == (100, "broken_json")
    assert "100" in caught.value.message_vi


@pytest.mark.parametrize("count", [5_000, pytest.param(20_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", FORMATS)
def test_a_long_file_is_never_held(form: str, count: int, tmp_path: Path) -> None:
    """Memory does not grow with the records."""
    path = saved(tmp_path, written(form, *[GOOD_BYTES] * count))
    tracemalloc.start()
    try:
        with open_table(path, max_rows=100_000, max_unpacked_bytes=1 << 30) as table:
            assert sum(1 for _ in table) == count
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_read_or_refused(form: str, data: st.DataObject, tmp_path: Path) -> None:
    """Whatever bytes are changed, the file is read as far as it goes, or refused as input."""
    content = bytearray(written(form, GOOD, GOOD))
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 8))
        content[at : at + length] = data.draw(
            st.one_of(
                st.binary(max_size=4), st.sampled_from([b"{", b"]", b"null", b'"', b"\\ud800", b"1e999"])
            )
        )
    with (
        contextlib.suppress(InputError),
        open_table(saved(tmp_path, bytes(content)), max_rows=1000, max_unpacked_bytes=1 << 24) as table,
    ):
        for row in table:
            findings(row)


@pytest.mark.parametrize(
    ("before", "blank"), [("[", "{},"), ("", "\n"), ("", "{}\n")], ids=["array", "blank lines", "empty lines"]
)
def test_blank_records_come_to_an_end(before: str, blank: str, tmp_path: Path) -> None:
    """As blank rows of other files do: some are passed over, not as many as a file can hold."""
    record = json.dumps(dict(GOOD))
    start = f"{before}{record}{',' if before else chr(10)}"
    end = record + ("]" if before else "")
    assert [row.number for row in read(saved(tmp_path, start + blank * 100_000 + end))[1]] == [1, 100_002]
    assert refused(saved(tmp_path, start + blank * 200_000 + end)).code == "too_many_rows"
