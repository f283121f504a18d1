"""Bad input gets a clear 4xx problem in both languages, never a failure of ours, and loses nothing."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.station import Station, set_up

MAX_UPLOAD, MAX_UNPACKED, MAX_ROWS = 200_000, 2_000_000, 20


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """Stations with small limits."""
    return set_up(
        tmp_path,
        max_upload_bytes=MAX_UPLOAD,
        max_unpacked_bytes=MAX_UNPACKED,
        max_rows=MAX_ROWS,
        max_pdf_bytes=150_000,
    )


def xlsx(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _bomb() -> bytes:
    """A sheet of a hundred kilobytes that unpacks to a hundred megabytes."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + b" " * 100_000_000
    )
    source, out = io.BytesIO(xlsx(list(record(1)), list(record(1).values()))), io.BytesIO()
    with (
        zipfile.ZipFile(source) as good,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bad,
    ):
        for name in good.namelist():
            bad.writestr(name, sheet if name.endswith("sheet1.xml") else good.read(name))
    return out.getvalue()


def _macros() -> bytes:
    """Told by its content type: so does every spreadsheet program."""
    source, out = io.BytesIO(xlsx(list(record(1)), list(record(1).values()))), io.BytesIO()
    with zipfile.ZipFile(source) as plain, zipfile.ZipFile(out, "w") as changed:
        for name in plain.namelist():
            changed.writestr(
                name,
                plain.read(name).replace(
                    b"openxmlformats-officedocument.spreadsheetml.sheet.main",
                    b"ms-excel.sheet.macroEnabled.main",
                ),
            )
    return out.getvalue()


HEADER = ",".join(record(1)).encode()
ENCRYPTED = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
)
BAD_FILES = {
    "empty": (b"", 422, "empty_file"),
    "header only": (HEADER + b"\n", 422, "no_rows"),
    "blank rows only": (HEADER + b"\n,,,\n\n", 422, "no_rows"),
    "header only xlsx": (xlsx(list(record(1))), 422, "no_rows"),
    "wrong columns": (b"a,b,c\n1,2,3\n", 422, "no_header"),
    "columns missing": (b"case_id,full_name,birth_date\n1,2,3\n", 422, "missing_columns"),
    "a column twice": (HEADER + b",full_name\n" + b"x," * 35 + b"x\n", 422, "duplicate_columns"),
    "latin-1": (
        "case_id,full_name,birth_date\n1,Nguyen Thi Hương Thuỷ,2".replace("ươ", "é").encode(
            "cp1258", "replace"
        ),
        415,
        "not_utf8",
    ),
    "a PDF named .csv": (b"%PDF-1.7\n1 0 obj\n", 415, "not_a_table"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), 415, "not_a_table"),
    "NUL bytes": (HEADER + b"\n" + bytes(3000) + b"x\n", 415, "not_a_table"),
    "NUL bytes alone behind the header": (HEADER + b"\n" + bytes(3000), 422, "no_rows"),
    "not a spreadsheet but a zip": (b"PK\x05\x06" + bytes(18), 415, "not_a_table"),
    "cut xlsx": (xlsx(list(record(1)), list(record(1).values()))[:2000], 422, "broken_file"),
    "encrypted": (ENCRYPTED, 422, "encrypted_file"),
    "old spreadsheet": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), 415, "not_a_table"),
    "macros": (_macros(), 422, "has_macros"),
    "zip bomb": (_bomb(), 413, "too_large_unpacked"),
    "over the upload limit": (as_csv(record(1)) + b" " * (MAX_UPLOAD + 100_000), 413, "too_large"),
}


def assert_clear(answer: httpx2.Response) -> dict[str, Any]:
    """A problem document that a person and a program understand."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["message_vi"]
    assert problem["message_en"]
    assert problem["message_vi"] != problem["message_en"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return problem


@pytest.mark.parametrize("name", BAD_FILES)
async def test_bad_files_are_refused_at_once(rig: Rig, name: str) -> None:
    """Each with its own reason; the batch before is unharmed and a good one after it is taken."""
    data, status, code = BAD_FILES[name]
    before = (await rig.submit(as_csv(record(1)))).json()["id"]
    answer = await rig.submit(data)
    problem = assert_clear(answer)
    assert (answer.status_code, problem["code"]) == (status, code)
    after = (await rig.submit(as_csv(record(2)))).json()["id"]
    await rig.read()
    for batch_id in (before, after):
        batch = (await rig.call("GET", f"/v1/batches/{batch_id}")).json()
        assert (batch["counts"]["pending"], batch["status"]) == (2, "running")


async def test_missing_columns_are_named(rig: Rig) -> None:
    """Every one of them, in both languages."""
    problem = assert_clear(await rig.submit(b"case_id,full_name,birth_date\n1,2,3\n"))
    assert {"sex", "facility_code", "isolation_from"} <= {error["field"] for error in problem["errors"]}
    assert all(error["message_vi"] and error["message_en"] for error in problem["errors"])


async def test_too_many_rows_fail_the_batch_and_keep_what_was_judged(rig: Rig) -> None:
    """What shows only while reading: the batch is `failed` with a problem, or refused before."""
    answer = await rig.submit(as_csv(*(record(number) for number in range(MAX_ROWS + 1))))
    if answer.status_code == 413:
        assert assert_clear(answer)["code"] == "too_many_rows"
        return
    await rig.read()
    batch = (await rig.call("GET", f"/v1/batches/{answer.json()['id']}")).json()
    assert (batch["status"], batch["problem"]["code"]) == ("failed", "too_many_rows")
    assert batch["problem"]["message_vi"]
    assert (batch["counts"]["pending"], batch["finished_at"]) == (2 * MAX_ROWS, None)
    await rig.work()
    batch = (await rig.call("GET", f"/v1/batches/{answer.json()['id']}")).json()
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["pending"]) == (
        "failed",
        2 * MAX_ROWS,
        0,
    )
    assert batch["finished_at"]


async def test_formulas_are_read_by_their_cached_values(rig: Rig) -> None:
    """And the row says so, with W-FORMULA, in both languages."""
    case = record(1)
    data = xlsx(list(case), list(case.values()))
    source, out = io.BytesIO(data), io.BytesIO()
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(out, "w") as changed:
        for name in good.namelist():
            text = good.read(name)
            if name.endswith("sheet1.xml"):
                column = get_column_letter(list(case).index("visit_no") + 1)
                start = text.index(f'<c r="{column}2"'.encode())
                end = text.index(b"</c>", start) + 4
                text = text[:start] + f'<c r="{column}2"><f>40+2</f><v>42</v></c>'.encode() + text[end:]
            changed.writestr(name, text)
    batch_id = (await rig.submit(out.getvalue())).json()["id"]
    await rig.work()
    leave = next(line for line in await rig.results(batch_id) if line["kind"] == "sick_leave")
    assert leave["outcome"] == "issued"
    assert "W-FORMULA" in {rule["id"] for rule in leave["rules"]}
    certificate = await rig.certificate(leave["certificate_id"])
    assert "W-FORMULA" in certificate["warnings"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=600),
        st.binary(max_size=300).map(lambda tail: HEADER + b"\n" + tail),
        st.binary(max_size=300).map(lambda tail: b"PK\x03\x04" + tail),
    )
)
async def test_any_bytes_are_accepted_or_clearly_refused(rig: Rig, data: bytes) -> None:
    """Random bytes, behind a good header, behind a ZIP's signature: 202 or a clear problem; reading ends in
    any case.
    """
    answer = await rig.submit(data)
    if answer.status_code != 202:
        assert_clear(answer)
        return
    await rig.read()
    batch = (await rig.call("GET", f"/v1/batches/{answer.json()['id']}")).json()
    assert batch["status"] in {"done", "running", "failed"}
    assert batch["status"] != "failed" or batch["problem"]["code"] != "internal_error"


CANARY = "Bí Mật Nghiêm Trọng"
GOOD = record(1, full_name=CANARY, phone="0987654321", citizen_id="001188777777")
BAD_BODIES: dict[str, Any] = {
    "not JSON": b"{",
    "not an object": b"[]",
    "no record": {"kind": "sick_leave"},
    "unknown kind": {"kind": "holiday", "record": GOOD},
    "extra field": {"kind": "sick_leave", "record": GOOD, CANARY: 1},
    "record is text": {"kind": "sick_leave", "record": CANARY},
    "a list inside": {"kind": "sick_leave", "record": GOOD | {"full_name": [CANARY]}},
    "an object inside": {"kind": "sick_leave", "record": GOOD | {"full_name": {CANARY: CANARY}}},
    "unknown late reason": {"kind": "sick_leave", "record": GOOD, "late_reason": CANARY},
    "too many columns": {
        "kind": "sick_leave",
        "record": GOOD | {f"column{number}": "1" for number in range(100)},
    },
    "a column of that name there is not": {"kind": "sick_leave", "record": GOOD | {"x" * 100: "1"}},
    "over-long name": {"kind": "sick_leave", "record": GOOD | {"full_name": f"{CANARY} " * 1000}},
    "control characters": {"kind": "sick_leave", "record": GOOD | {"full_name": f"{CANARY}\x00\x1b\u202e"}},
    "half a surrogate": (
        b'{"kind": "sick_leave", "record": '
        + json.dumps(GOOD)
        .replace('"visit_no": "1"', '"visit_no": "\\\\ud800"')
        .encode()
        .replace(b"\\\\", b"\\")
        + b"}"
    ),
    "half a surrogate as a column": b'{"kind": "sick_leave", "record": {"\\ud800": "1"}}',
    "not a number": (
        b'{"kind": "sick_leave", "record": {"case_id": NaN, "sex": Infinity, "vaccine_doses": 1e999,'
        b' "visit_no": -Infinity}}'
    ),
    "a huge number": b'{"kind": "sick_leave", "record": {"sex": ' + b"9" * 5000 + b"}}",
    "deep nesting": b'{"kind": "sick_leave", "record": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "empty record": {"kind": "recovery", "record": {}},
    "numbers for everything": {"kind": "recovery", "record": dict.fromkeys(GOOD, 7)},
    "truth for everything": {"kind": "recovery", "record": dict.fromkeys(GOOD, True)},
    "nothing for everything": {"kind": "recovery", "record": dict.fromkeys(GOOD)},
    "a bad date": {"kind": "sick_leave", "record": GOOD | {"birth_date": "9999-99-99"}},
    "far away dates": {
        "kind": "sick_leave",
        "record": GOOD | {"isolation_to": "9999-12-31", "positive_on": "0001-01-01"},
    },
    "over a megabyte": {"kind": "sick_leave", "record": GOOD | {"address": "x" * 2_000_000}},
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_bad_bodies_are_refused_without_echo(rig: Rig, name: str) -> None:
    """422 (or 400, 413) with a list of errors where there is one to give; what was typed does not come
    back.
    """
    body = BAD_BODIES[name]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await rig.call(
        "POST", "/v1/certificates", content=content, headers={"Content-Type": "application/json"}
    )
    problem = assert_clear(answer)
    assert problem["errors"] or answer.status_code in {400, 413}
    said = answer.text if name != "extra field" else answer.text.replace(CANARY, "", 1)
    assert CANARY not in said
    assert "0987654321" not in said
    assert "001188777777" not in said
    assert (await rig.call("GET", "/v1/certificates")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"code": 1}',
        b'{"code": "x", "qr": "y"}',
        b'{"code": "\\ud800"}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"code": "' + b"A" * 5000 + b'"}',
    ],
)
async def test_bad_questions_are_refused(rig: Rig, body: bytes) -> None:
    """`POST /v1/verify` with anything but a file, a code or a QR."""
    assert_clear(
        await rig.call(
            "POST", "/v1/verify", role=None, content=body, headers={"Content-Type": "application/json"}
        )
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty_file"), (b"hello", "not_pdf_or_image"), (b"%PDF-" + bytes(400_000), "too_large")],
)
async def test_bad_files_to_check_are_refused(rig: Rig, data: bytes, code: str) -> None:
    """Empty, no PDF, over the limit: told before anything is examined."""
    assert (
        assert_clear(await rig.call("POST", "/v1/verify", role=None, files={"file": ("x", data)}))["code"]
        == code
    )


ODD_CALLS = [
    ("GET", "/v1/certificates?limit=0"),
    ("GET", "/v1/certificates?limit=x"),
    ("GET", "/v1/certificates?status=asleep"),
    ("GET", "/v1/certificates?cursor=%F0%9F%98%80"),
    ("GET", "/v1/certificates?cursor=AAAA"),
    (
        "GET",
        "/v1/certificates?cursor=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwxMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMQ",
    ),
    ("GET", "/v1/certificates/not-an-id"),
    ("GET", "/v1/certificates/00000000-0000-0000-0000-000000000000"),
    ("GET", "/v1/batches/00000000-0000-0000-0000-000000000000"),
    ("GET", "/v1/batches/00000000-0000-0000-0000-000000000000/results?format=exe"),
    ("GET", "/v1/no/such/address"),
    ("DELETE", "/v1/certificates"),
    ("PUT", "/v/0000-0000-0000-0000"),
    ("GET", "/v/not-a-code"),
    ("GET", "/v/%00%00"),
    ("GET", "/v/" + "A" * 5000),
    ("GET", "/v/0000-0000-0000-0000/pdf"),
]


@pytest.mark.parametrize(("method", "address"), ODD_CALLS)
async def test_odd_calls_get_a_problem(rig: Rig, method: str, address: str) -> None:
    """Unknown addresses, methods, ids, cursors."""
    assert_clear(await rig.call(method, address))
