"""Guard, worker and clerk in a real browser: scan, prove, download, check; with JavaScript off where people
act.
"""

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.browsing import Opening, Paper, find_papers, photograph, prove, say, scan, upload, verdict_of
from tests.support import calls
from tests.support.records import record
from tests.support.service import Service

_GENUINE_FILE = "Giấy thật – còn hiệu lực"
_GENUINE_QR, _GENUINE_CODE = "Mã QR thật – hãy so với giấy", "Mã thật – hãy so với giấy"
_PHONE, _DESK = 360, 1200
_UNKNOWN = "0000-0000-0000-0001"
_numbers = itertools.count(5001)


@pytest.fixture(scope="module")
def papers(service: Service, sample: Path) -> list[Paper]:
    return find_papers(service, sample, kind="sick_leave", count=4)


@pytest.fixture(scope="module")
def recovery(service: Service, sample: Path) -> Paper:
    return find_papers(service, sample, kind="recovery", count=1)[0]


def test_a_scan_leads_to_verdict_and_pdf(service: Service, papers: list[Paper], opening: Opening) -> None:
    """The QR of a print opens the green page; birth date and last four give the very file that staff get."""
    paper, page = papers[0], opening()
    address = scan(paper.pdf)
    assert address.lower().startswith(service.base_url.lower() + "/v/")
    page.goto(address)
    assert verdict_of(page) == _GENUINE_QR
    assert page.locator(".verdict-good").is_visible()
    assert paper.record["full_name"].upper() not in say(page).upper()
    prove(page, paper, last4=paper.last4)
    assert paper.record["full_name"].upper() in say(page)
    with page.expect_download() as download:
        page.locator("a[href*='/pdf?grant=']").click()
    data = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(data).hexdigest() == paper.sha256 == paper.certificate["pdf_sha256"]
    assert download.value.suggested_filename == f"{paper.certificate['serial']}.pdf"


def test_the_verdict_stands_on_the_first_screen(papers: list[Paper], opening: Opening) -> None:
    """Two seconds: on a telephone of 360 by 740 pixels verdict and what to do are seen without scrolling."""
    page = opening()
    page.goto(scan(papers[0].pdf))
    box = page.locator(".verdict-order").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740


def test_a_recovery_paper_does_not_tell_the_illness(recovery: Paper, opening: Opening) -> None:
    """Before the second factor it is only a health station's certificate."""
    page = opening()
    page.goto(scan(recovery.pdf))
    words = page.content()
    assert "Giấy xác nhận của Trạm Y tế" in words
    assert "COVID" not in words
    prove(page, recovery)
    assert "khỏi bệnh" in say(page)


def test_the_worker_s_page(service: Service, papers: list[Paper], opening: Opening) -> None:
    """Code in small letters, birth date from a number pad: name, dates, time-line; the last four come later
    and open the PDF.
    """
    paper, page = papers[1], opening()
    page.goto(f"{service.base_url}/my")
    page.locator("#code").fill(f" {paper.code.lower().replace('-', ' ')} ")
    prove(page, paper, birth_date=paper.printed_birth_date.replace("/", ""))
    assert paper.record["full_name"].upper() in say(page)
    events = page.locator(".timeline li").all_text_contents()
    assert "Đã tiếp nhận yêu cầu" in events[0]
    assert "Đã ký và cấp giấy" in events[-1]
    assert page.locator("a[href*='/pdf?grant=']").count() == 0
    page.locator("#id_last4").fill(paper.last4)
    page.locator("form[action='/my'] button[type=submit]").click()
    with page.expect_download() as download:
        page.locator("a[href*='/pdf?grant=']").click()
    assert Path(download.value.path()).read_bytes() == paper.pdf


def test_a_wrong_birth_date_opens_nothing(service: Service, papers: list[Paper], opening: Opening) -> None:
    """403 with the code kept and the birth date not; the summary has the focus; nothing personal is said."""
    paper, page = papers[2], opening(script=True)
    page.goto(f"{service.base_url}/my?code={paper.code}")
    with page.expect_response("**/my") as response:
        prove(page, paper, birth_date="01/01/1900")
    assert response.value.status == 403
    assert page.locator("#code").input_value() == paper.code
    assert page.locator("#birth_date").input_value() == ""
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert paper.record["full_name"].upper() not in say(page).upper()


def test_what_is_no_date_costs_no_try(service: Service, papers: list[Paper], opening: Opening) -> None:
    """Six slips of the finger at the form are 422, and the code is still open afterwards."""
    paper, page = papers[3], opening()
    for _ in range(6):
        page.goto(f"{service.base_url}/my?code={paper.code}")
        with page.expect_response("**/my") as response:
            prove(page, paper, birth_date="hôm qua")
        assert response.value.status == 422
    assert page.locator("#birth_date").get_attribute("aria-invalid") == "true"
    prove(page, paper)
    assert paper.record["full_name"].upper() in say(page)


@pytest.mark.parametrize(
    ("change", "title", "tone"),
    [
        ("revoke", "Đã bị thu hồi", "bad"),
        ("suspend", "Tạm ngừng hiệu lực", "wait"),
        ("replace", "Đã được thay thế", "wait"),
    ],
)
def test_a_withdrawn_paper_says_so_and_why(
    service: Service, opening: Opening, change: str, title: str, tone: str
) -> None:
    """Title and colour for a stranger, and why for its holder, who gets no PDF, but of a replaced paper the
    way to the new one.
    """
    number = next(_numbers)
    with service.client() as staff:
        certificate = calls.issue(staff, record(number))
        changed = calls.good(
            staff.post(f"/v1/certificates/{certificate['id']}/{change}", json={"reason": "wrong_data"})
        )
    page = opening()
    page.goto(f"{service.base_url}/v/{certificate['code']}")
    assert verdict_of(page) == title
    assert page.locator(f".verdict-{tone}").is_visible()
    assert "ghi sai" not in say(page)
    assert "Thử Nghiệm".upper() not in say(page).upper()
    page.locator("#birth_date").fill("05/09/1988")
    page.locator("form[action='/my'] button[type=submit]").click()
    assert "NGUYỄN THỊ THỬ NGHIỆM" in say(page)
    assert "ghi sai" in say(page)
    assert page.locator("a[href*='/pdf?grant=']").count() == 0
    successor = page.locator("a[href^='/my?code=']").get_attribute("href") if change == "replace" else None
    assert successor == (f"/my?code={changed['code']}" if change == "replace" else None)


@pytest.mark.parametrize(
    "shape",
    [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("0", "o").replace("1", "l")],
)
def test_a_typed_code_leads_to_its_answer(
    service: Service, papers: list[Paper], opening: Opening, shape: Callable[[str], str]
) -> None:
    """Case, hyphens and letters that look like digits do not matter."""
    page = opening()
    page.goto(f"{service.base_url}/check")
    page.locator("#code").fill(shape(papers[0].code))
    page.locator("form[method=get] button[type=submit]").click()
    assert page.url.endswith(f"/v/{papers[0].code}")
    assert verdict_of(page) == _GENUINE_CODE


def test_a_code_of_nobody_is_refused(service: Service, opening: Opening) -> None:
    """A well-formed code that we never gave out: red, with the way to type it again; half a code: an error at
    its field.
    """
    page = opening()
    page.goto(f"{service.base_url}/v/{_UNKNOWN}")
    assert verdict_of(page) == "Không có mã này"
    page.locator("#code").fill("ABCD")
    page.locator("form[method=get] button[type=submit]").click()
    assert page.locator("#code-error").is_visible()
    assert page.locator("#code").input_value() == "ABCD"


def test_an_uploaded_pdf_is_genuine_and_a_changed_one_is_not(
    service: Service, papers: list[Paper], opening: Opening, tmp_path: Path
) -> None:
    """The published bytes: green, every check passed; one byte more or another: never."""
    page, good, longer, changed = (
        opening(),
        tmp_path / "giấy.pdf",
        tmp_path / "longer.pdf",
        tmp_path / "changed.pdf",
    )
    data = papers[0].pdf
    good.write_bytes(data)
    longer.write_bytes(data + b"\n")
    changed.write_bytes(
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
    )
    upload(page, service.base_url, good)
    assert verdict_of(page) == _GENUINE_FILE
    assert page.locator(".check-passed").count() >= 5
    assert page.locator(".check-failed").count() == 0
    assert page.locator(".signatures > li").count() >= 2
    for bad in (longer, changed):
        upload(page, service.base_url, bad)
        assert page.locator(".verdict-good").count() == 0
        assert page.locator(".verdict-bad").is_visible()


def test_a_photo_of_the_paper_is_looked_up(
    service: Service, papers: list[Paper], opening: Opening, tmp_path: Path
) -> None:
    """The QR in a picture gives the stranger's answer; what is no paper at all is an error at the field."""
    page, text = opening(), tmp_path / "note.pdf"
    upload(page, service.base_url, photograph(papers[0].pdf, tmp_path))
    assert verdict_of(page) == _GENUINE_QR
    assert papers[0].record["full_name"].upper() not in say(page).upper()
    text.write_text("Không phải PDF")
    upload(page, service.base_url, text)
    assert page.locator("#file-error").is_visible()


def test_the_slip_holds_nothing_personal(service: Service, papers: list[Paper], opening: Opening) -> None:
    """A printable slip with the code in four groups and a QR; no name, no birth date."""
    paper, page = papers[0], opening()
    page.goto(f"{service.base_url}/v/{paper.code}/slip")
    assert page.locator(".slip-groups span").all_text_contents() == paper.code.split("-")
    assert paper.record["full_name"].upper() not in say(page).upper()
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert not page.locator("footer").is_visible()


@pytest.mark.parametrize("width", [_PHONE, _DESK])
def test_every_page_is_accessible_and_fits(
    service: Service, papers: list[Paper], opening: Opening, tmp_path: Path, width: int
) -> None:
    """No serious or critical finding of axe, and nothing wider than the screen, on any page."""
    page, axe, faults = opening(width=width, script=True), Axe(), dict[str, Any]()

    def look(name: str) -> None:
        page.wait_for_load_state("load")  # a click does not wait for the style sheets
        findings = axe.run(page).response["violations"]
        worst = [
            (each["id"], each["nodes"][0]["html"])
            for each in findings
            if each["impact"] in {"serious", "critical"}
        ]
        overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if worst or overhang > 0:
            faults[name] = (worst, overhang)

    paper, base = papers[0], service.base_url
    for path in (
        "/",
        "/check",
        "/check?code=abc",
        "/my",
        f"/my?code={paper.code}",
        f"/v/{paper.code}",
        f"/v/{_UNKNOWN}",
        f"/v/{paper.code}/slip",
        "/v/abc",
        "/nowhere",
    ):
        page.goto(base + path)
        look(path)
    page.goto(scan(paper.pdf))
    look("scanned")
    prove(page, paper)
    look("name and dates")
    page.locator("#id_last4").fill(paper.last4)
    page.locator("form[action='/my'] button[type=submit]").click()
    look("download")
    page.goto(f"{base}/my?code={_UNKNOWN}")
    prove(page, paper)
    look("no match")
    for name, data in (("genuine", paper.pdf), ("altered", paper.pdf + b"\n")):
        (tmp_path / f"{name}.pdf").write_bytes(data)
        upload(page, base, tmp_path / f"{name}.pdf")
        look(name)
    assert faults == {}


def test_what_is_tapped_is_large_enough(service: Service, papers: list[Paper], opening: Opening) -> None:
    """Buttons, fields and stand-alone links are at least 44 pixels high [WCAG 2.2 §2.5.5]."""
    page = opening(script=True)
    for path in ("/", "/check", "/my", f"/v/{papers[0].code}"):
        page.goto(service.base_url + path)
        heights = page.locator("main .btn, main input:not([type=hidden]), main .door, header a").evaluate_all(
            "all => all.filter(each => each.checkVisibility()).map(each =>"
            " each.getBoundingClientRect().height)"
        )
        assert heights
        assert min(heights) >= 44
