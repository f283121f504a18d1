"""Many files and codes in one call: every item its report, in order, whatever the others are."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from certsvc.api.public.bulk_form import MOST_CODES, MOST_FILES
from certsvc.records.workbooks.cells import XLSX_TYPE
from certsvc.verify.reasons import Reason
from certsvc.verify.report import VERDICTS_OF, Verdict
from tests.e2e.browsing import photograph
from tests.support.records import record
from tests.support.rig import Rig

UNKNOWN = "0000-0000-0000-0001"
BULK = "/v1/verify/batch"
Part = tuple[str, tuple[str, bytes]]


@pytest.fixture
async def papers(rig: Rig) -> list[tuple[str, bytes]]:
    """Code and PDF of a good, a revoked, a suspended and a replaced certificate."""
    found = []
    for number, change in enumerate((None, "revoke", "suspend", "replace"), 3):
        certificate = await rig.issued(record(number))
        pdf = (await rig.call("GET", f"/v1/certificates/{certificate['id']}/pdf")).content
        found.append((certificate["code"], pdf))
        if change:
            answer = await rig.call(
                "POST", f"/v1/certificates/{certificate['id']}/{change}", json={"reason": "wrong_data"}
            )
            assert answer.is_success, answer.text
    return found


async def _ask(
    rig: Rig, *parts: Part, codes: str | None = None, role: str | None = None, **params: str
) -> Any:
    form = {} if codes is None else {"codes": codes}
    return await rig.call(
        "POST", BULK, role=role, files=[*parts, ("none", ("", b""))], data=form, params=params
    )


async def _lines(rig: Rig, *parts: Part, codes: str | None = None) -> list[dict[str, Any]]:
    answer = await _ask(rig, *parts, codes=codes)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def _told(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["verdict"], line["reasons"][0]["code"]) for line in lines]


async def test_every_item_gets_its_report_in_order(
    rig: Rig, papers: list[tuple[str, bytes]], tmp_path: Path
) -> None:
    """Good, withdrawn, altered, tampered, foreign, empty, over-long and malformed ones side by side; each is
    what it would be alone.
    """
    good, revoked, suspended, replaced = (pdf for _, pdf in papers)
    tampered = good[: len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) + good[len(good) // 2 + 1 :]
    files = {
        "tốt.pdf": good,
        "thu hồi.pdf": revoked,
        "longer.pdf": good + b"\n",
        "changed.pdf": tampered,
        "note.pdf": b"hello",
        "empty.pdf": b"",
        "huge.pdf": b"%PDF-" + bytes(rig.res.settings.max_pdf_bytes),
        "photo.png": photograph(good, tmp_path).read_bytes(),
        "suspended": suspended,
        "replaced": replaced,
    }
    table = f"Tên;Mã tra cứu\nAn;{papers[0][0]}\nBình;{UNKNOWN}\nChi;xyz\nDũng;\n"
    lines = await _lines(
        rig,
        *[(f"f{at % 2}", item) for at, item in enumerate(files.items())],
        ("anything", ("ds.csv", table.encode())),
    )
    assert [line["item"] for line in lines] == list(range(1, 15))
    assert [line["source"]["name"] for line in lines] == [*files, *["ds.csv"] * 4]
    assert [(line["source"]["row"], line["source"]["code"]) for line in lines[10:]] == [
        (2, papers[0][0]),
        (3, UNKNOWN),
        (4, "xyz"),
        (5, ""),
    ]
    assert _told(lines) == [
        ("valid", "genuine"),
        ("revoked", "withdrawn"),
        ("invalid", "altered_copy"),
        ("invalid", "tampered"),
        ("invalid", "unreadable"),
        ("invalid", "unreadable"),
        ("invalid", "too_complex"),
        ("valid", "genuine"),
        ("suspended", "withdrawn"),
        ("replaced", "withdrawn"),
        ("valid", "genuine"),
        ("unknown", "no_such_code"),
        ("unknown", "malformed_code"),
        ("unknown", "malformed_code"),
    ]
    assert all(
        Verdict(line["verdict"]) in VERDICTS_OF[Reason(reason["code"])]
        for line in lines
        for reason in line["reasons"]
    )
    for line, (name, data) in list(zip(lines, files.items(), strict=False))[:4]:
        alone = (await rig.call("POST", "/v1/verify", role=None, files={"file": (name, data)})).json()
        when = {"checked_at": "", "as_of": ""}
        assert alone | when == {key: line[key] for key in alone} | when


async def test_codes_are_answered_as_alone(rig: Rig, papers: list[tuple[str, bytes]]) -> None:
    """Pasted codes and QR texts; a forger's address with a true code is forged here, too; strangers see no
    name.
    """
    code = papers[0][0]
    codes = f"{code.lower()}\n\n{rig.res.settings.base_url}/V/{code}\nhttps://evil.example/v/{code}\n"
    lines = await _lines(rig, codes=codes)
    assert _told(lines) == [("valid", "genuine"), ("valid", "genuine"), ("invalid", "forged_qr")]
    assert [line["source"] for line in lines[:2]] == [
        {"kind": "code", "name": None, "row": 1, "code": code.lower()},
        {"kind": "code", "name": None, "row": 3, "code": f"{rig.res.settings.base_url}/V/{code}"},
    ]
    alone = (await rig.call("POST", "/v1/verify", role=None, json={"code": code})).json()
    assert lines[0]["certificate"] == alone["certificate"]
    assert "holder" not in lines[0]["certificate"]


async def test_a_workbook_of_codes_is_read(rig: Rig, papers: list[tuple[str, bytes]]) -> None:
    """As a list by its field or by its name; what begins as a PDF is a paper in any field."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["Tên", "Mã"], ["An", papers[0][0]], ["Bình", UNKNOWN]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    expected = [("valid", "genuine"), ("unknown", "no_such_code")]
    assert _told(await _lines(rig, ("files", ("Nhân viên.XLSX", out.getvalue())))) == expected
    assert _told(
        await _lines(rig, ("codes", ("x", out.getvalue())), ("codes", ("paper.csv", papers[0][1])))
    ) == [*expected, ("valid", "genuine")]


async def test_the_table_comes_as_csv_and_xlsx(rig: Rig, papers: list[tuple[str, bytes]]) -> None:
    """By `format` or by `Accept`, as a file, with the same rows; a name that is a formula is a text."""
    parts: list[Part] = [("files", ("=1+1.pdf", papers[0][1])), ("files", ("b.pdf", b"no"))]
    by_format = await _ask(rig, *parts, codes=UNKNOWN, format="csv")
    assert by_format.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert by_format.headers["Content-Disposition"] == 'attachment; filename="ket-qua-kiem-tra.csv"'
    header, *rows = csv.reader(io.StringIO(by_format.content.decode("utf-8-sig"), newline=""))
    assert header[:5] == ["STT", "Tệp hoặc danh sách", "Dòng", "Mã tra cứu", "Kết quả"]
    assert [(row[1], row[3], row[4]) for row in rows] == [
        ("", UNKNOWN, "Không có mã này"),
        ("'=1+1.pdf", "", "Giấy thật – còn hiệu lực"),
        ("b.pdf", "", "Không kiểm tra được tệp"),
    ]
    by_accept = await rig.call(
        "POST", BULK, role=None, files=parts, data={"codes": UNKNOWN}, headers={"Accept": XLSX_TYPE}
    )
    assert by_accept.headers["Content-Type"] == XLSX_TYPE
    sheet = openpyxl.load_workbook(io.BytesIO(by_accept.content)).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == header
    assert [[str(sheet.cell(at, column).value or "") for column in (1, 2, 4, 5)] for at in (2, 3, 4)] == [
        [row[0], row[1], row[3], row[4]] for row in rows
    ]
    assert sheet["B3"].data_type == "s"


@pytest.mark.parametrize(
    ("parts", "codes", "status", "code"),
    [
        ([], None, 422, "nothing_to_check"),
        ([], " \n ", 422, "nothing_to_check"),
        ([("files", (f"{at}", b"x")) for at in range(MOST_FILES + 1)], None, 413, "too_many_files"),
        ([], f"{UNKNOWN}\n" * (MOST_CODES + 1), 413, "too_many_codes"),
        ([], "x" * (4 * 1024**2 + 1), 413, "list_too_large"),
        (
            [("codes", (f"{at}.csv", (b"x" * 1000 + b"\n") * 1000)) for at in range(5)],
            None,
            413,
            "list_too_large",
        ),
        ([("files", ("a.csv", f"{UNKNOWN}\n".encode() * (MOST_CODES + 1)))], None, 413, "too_many_rows"),
        ([("codes", ("a", b"\xff\xff"))], None, 415, "not_utf8"),
        ([("codes", ("a", b"PK\x03\x04"))], None, 422, "broken_file"),
    ],
)
async def test_too_much_is_refused_as_a_whole(
    dummy_rig: Rig, parts: list[Part], codes: str | None, status: int, code: str
) -> None:
    """A problem in both languages; on the page the form again, with the same status."""
    answer = await _ask(dummy_rig, *parts, codes=codes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message_vi"] != answer.json()["message_en"]
    page = await dummy_rig.call(
        "POST", "/check/many", role=None, files=[*parts, ("none", ("", b""))], data={"codes": codes or ""}
    )
    assert (page.status_code, "error-summary" in page.text) == (status, True)


async def test_other_bad_forms_are_refused(dummy_rig: Rig) -> None:
    """Over the limit in bytes, without a boundary, an unknown format."""
    settings = dummy_rig.res.settings
    large = [
        ("files", (str(at), bytes(16 * 1024**2)))
        for at in range(settings.max_upload_bytes // 16 // 1024**2 + 1)
    ]
    assert (await _ask(dummy_rig, *large)).json()["code"] == "too_large"
    broken = await dummy_rig.call(
        "POST", BULK, role=None, content=b"x", headers={"Content-Type": "multipart/form-data"}
    )
    assert (broken.status_code, broken.json()["code"]) == (422, "bad_form")
    assert (await _ask(dummy_rig, codes=UNKNOWN, format="pdf")).json()["code"] == "invalid_request"


@pytest.mark.usefixtures("frozen_limits")
async def test_an_address_has_an_allowance_an_hour(dummy_rig: Rig) -> None:
    """Items count, a file ten times a code; who asks for more than is left gets none of it, and learns
    when.
    """
    left = [
        int((await _ask(dummy_rig, *parts, codes=UNKNOWN)).headers["RateLimit"].split("r=")[1].split(";")[0])
        for parts in ([], [("f", ("a", b"x"))])
    ]
    assert left == [19_999, 19_988]
    many: list[Part] = [("files", (str(at), b"x")) for at in range(MOST_FILES - 1)]
    statuses = [(await _ask(dummy_rig, *many)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 200]
    refused = await _ask(dummy_rig, codes="\n".join([UNKNOWN] * 100))
    assert (refused.status_code, refused.json()["code"]) == (429, "allowance_spent")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert (await _ask(dummy_rig, codes=UNKNOWN)).status_code == 200
    assert (await dummy_rig.call("GET", f"/v/{UNKNOWN}", role=None)).status_code == 200


async def test_the_description_tells_it(dummy_rig: Rig) -> None:
    """OpenAPI has the form, the three formats, and a line as a Report with two keys more."""
    document = (await dummy_rig.call("GET", "/openapi.json")).json()
    operation = document["paths"][BULK]["post"]
    assert set(operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]) == {
        "files",
        "codes",
    }
    assert set(operation["responses"]["200"]["content"]) == {"application/x-ndjson", "text/csv", XLSX_TYPE}
    line = document["components"]["schemas"]["BulkLine"]["properties"]
    assert set(line) == {"item", "source", *document["components"]["schemas"]["ReportOut"]["properties"]}


async def test_the_page_shows_the_same(rig: Rig, papers: list[tuple[str, bytes]]) -> None:
    """Counts, the lines that need a look first, and the table within the page; as a file where the form asks
    for one.
    """
    parts: list[Part] = [("files", ("tốt.pdf", papers[0][1])), ("files", ("thu hồi.pdf", papers[1][1]))]
    page = await rig.call(
        "POST",
        "/check/many",
        role=None,
        files=parts,
        data={"codes": UNKNOWN, "output": "page"},
        headers={"Accept": "text/html"},
    )
    assert page.status_code == 200
    places = [page.text.index(text) for text in (UNKNOWN, "thu hồi.pdf", "tốt.pdf")]
    assert places == sorted(places)
    assert "Kết quả kiểm tra 3 giấy" in page.text
    file = await rig.call(
        "POST",
        "/check/many",
        role=None,
        files=parts,
        data={"output": "xlsx"},
        headers={"Accept": "text/html"},
    )
    assert file.headers["Content-Type"] == XLSX_TYPE
    reasons = await rig.call("GET", "/reasons", role=None)
    assert all(f'id="{reason}"' in reasons.text for reason in Reason)
