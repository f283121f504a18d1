"""An employer with many papers, in a real browser: drop, read the table, save it; without JavaScript."""

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from certsvc.verify.reasons import Reason
from tests.e2e.browsing import Opening, Paper, find_papers, photograph, say
from tests.support import calls
from tests.support.records import record
from tests.support.service import Service

_UNKNOWN = "0000-0000-0000-0001"
_REVOKED = 5301


@pytest.fixture(scope="module")
def papers(service: Service, sample: Path) -> list[Paper]:
    return find_papers(service, sample, kind="sick_leave", count=3)


@pytest.fixture(scope="module")
def handed_in(service: Service, papers: list[Paper], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two good papers and a photo, one altered, one revoked, one that is no paper, and a list with a good and
    an unknown code.
    """
    folder = tmp_path_factory.mktemp("many")
    with service.client() as staff:
        certificate = calls.issue(staff, record(_REVOKED))
        revoked = calls.pdf(staff, certificate["id"])
        calls.good(staff.post(f"/v1/certificates/{certificate['id']}/revoke", json={"reason": "fraud"}))
    contents = {
        "An.pdf": papers[0].pdf,
        "Bình.pdf": papers[1].pdf,
        "đã sửa.pdf": papers[0].pdf + b"\n",
        "thu hồi.pdf": revoked,
        "=ghi chú.pdf": b"hello",
        "danh sách.csv": f"STT;Mã tra cứu\n1;{papers[2].code}\n2;{_UNKNOWN}\n".encode("utf-8-sig"),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [*(folder / name for name in contents), photograph(papers[2].pdf, folder)]


def _hand_in(
    page: Page, service: Service, files: list[Path], *, codes: str = "", output: str = "page"
) -> None:
    page.goto(f"{service.base_url}/check/many")
    page.locator("#files").set_input_files(files)
    page.locator("#codes").fill(codes)
    page.locator(f"#output-{output}").check()


def _send(page: Page) -> None:
    page.locator("form[action='/check/many'] button[type=submit]").click()
    page.wait_for_load_state("load")


def _rows(page: Page) -> list[tuple[str, str]]:
    """What each line is about, and how it looks."""
    rows = page.locator("table.many tbody tr")
    found = rows.evaluate_all(
        "all => all.map(row => [row.querySelector('th').innerText.split('\\n')[0].trim(), row.className])"
    )
    return [(source, look) for source, look in found]


def test_many_files_and_a_list_become_one_table(
    service: Service, papers: list[Paper], handed_in: list[Path], opening: Opening
) -> None:
    """Figures on top, what needs a look first and in colour and words, with reason and next step; the photo
    counts as a code does.
    """
    page = opening(width=1280)
    _hand_in(page, service, handed_in, codes=f"{papers[1].code}\nkhông phải mã")
    _send(page)
    assert page.locator(".count strong").all_text_contents() == ["5", "3", "2"]
    rows = [(source, look.removeprefix("many-")) for source, look in _rows(page)]
    assert rows == [
        ("đã sửa.pdf", "bad"),
        ("thu hồi.pdf", "bad"),
        (_UNKNOWN, "bad"),
        ("=ghi chú.pdf", "none"),
        ("không phải mã", "none"),
        ("An.pdf", "good"),
        ("Bình.pdf", "good"),
        (papers[2].code, "good"),
        ("photo.png", "good"),
        (papers[1].code, "good"),
    ]
    words = say(page)
    for text in (
        "Đã bị thu hồi",
        "hiện không còn hiệu lực",
        "Không nhận giấy này",
        papers[0].record["full_name"].upper(),
    ):
        assert text in words
    assert papers[2].record["full_name"].upper() not in words


def test_the_table_is_saved_from_the_page(
    service: Service, handed_in: list[Path], opening: Opening, tmp_path: Path
) -> None:
    """As XLSX and CSV, without a script and without a second request: all lines in the order they were handed
    in.
    """
    page = opening()
    _hand_in(page, service, handed_in)
    _send(page)
    saved = {}
    for ending in ("xlsx", "csv"):
        with page.expect_download() as download:
            page.locator(f"a[download$='.{ending}']").click()
        assert download.value.suggested_filename == f"ket-qua-kiem-tra.{ending}"
        saved[ending] = tmp_path / f"table.{ending}"
        download.value.save_as(saved[ending])
    sheet = openpyxl.load_workbook(saved["xlsx"]).active
    assert sheet is not None
    verdicts = ["valid", "valid", "invalid", "revoked", "invalid", "valid", "unknown", "valid"]
    titles = [cell.value for cell in sheet[1]]
    assert [
        sheet.cell(row, titles.index("verdict") + 1).value for row in range(2, sheet.max_row + 1)
    ] == verdicts
    assert sheet.cell(6, 2).value == "'=ghi chú.pdf"
    with saved["csv"].open(encoding="utf-8-sig", newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)] == verdicts


def test_the_file_alone_is_a_choice(service: Service, papers: list[Paper], opening: Opening) -> None:
    """Codes only, the field of files left empty: the form gives the CSV at once."""
    page = opening()
    _hand_in(page, service, [], codes=papers[0].code, output="csv")
    with page.expect_download() as download:
        _send(page)
    assert "Mã thật – hãy so với giấy" in Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_an_empty_form_says_what_is_missing(service: Service, opening: Opening) -> None:
    """An error summary that leads to both fields; nothing is checked."""
    page = opening()
    _hand_in(page, service, [])
    _send(page)
    assert "Chưa có tệp hay mã nào" in say(page)
    assert page.locator(".error-summary a").evaluate_all("all => all.map(each => each.hash)") == [
        "#files",
        "#codes",
    ]


def test_an_answer_leads_to_its_reason(service: Service, papers: list[Paper], opening: Opening) -> None:
    """From one paper's page, from the footer and from the table's lines; every reason has its place."""
    page = opening()
    page.goto(f"{service.base_url}/v/{papers[0].code}")
    page.locator("a[href='/reasons#genuine']").click()
    page.wait_for_url("**/reasons#genuine")
    assert set(page.locator(".reason").evaluate_all("all => all.map(each => each.id)")) == set(Reason)
    page.goto(f"{service.base_url}/check")
    page.locator("main a[href='/check/many']").click()
    assert page.locator("footer a[href='/reasons']").is_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_are_accessible_and_fit(
    service: Service, handed_in: list[Path], opening: Opening, width: int
) -> None:
    """No serious or critical finding of axe, nothing wider than the screen, and what is tapped is large
    enough.
    """
    page, axe, faults = opening(width=width, script=True), Axe(), dict[str, Any]()

    def look(name: str) -> None:
        page.wait_for_load_state("load")
        worst = [
            (each["id"], each["nodes"][0]["html"])
            for each in axe.run(page).response["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        heights = page.locator("main .btn, main .choice, main textarea, main input[type=file]").evaluate_all(
            "all => all.map(each => each.clientHeight)"
        )
        if worst or overhang > 0 or min(heights, default=44) < 44:
            faults[name] = (worst, overhang, heights)

    page.goto(f"{service.base_url}/check/many")
    look("form")
    _send(page)
    look("refused")
    _hand_in(page, service, handed_in)
    _send(page)
    look("table")
    page.goto(f"{service.base_url}/reasons#tampered")
    look("reasons")
    assert faults == {}
