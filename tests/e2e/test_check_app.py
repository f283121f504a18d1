"""The check page as an app, in a real browser: scan with the camera, work without a network, many files,
names against the QR.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from certsvc.clock import HANOI
from certsvc.verify.dates import LATE, UNDATED
from tests.e2e.app_browsing import (
    DROP,
    KEPT_ADDRESSES,
    OWN_READER,
    claims_without_date,
    cut_off,
    facts_of,
    faults_of,
    launch,
    published_lists,
    title,
    type_code,
    wait_until,
)
from tests.e2e.browsing import Paper, find_papers, photograph, scan
from tests.support import calls
from tests.support.records import record
from tests.support.service import Service

_GENUINE, _GENUINE_FILE = "Mã QR thật – hãy so với giấy", "Giấy thật – còn hiệu lực"
LATE_DAYS = dict.fromkeys(("positive_on", "examined_on", "isolation_from"), "2022-03-14") | dict.fromkeys(
    ("isolation_to", "last_test_on"), "2022-03-21"
)
Opening = Callable[..., Page]


@pytest.fixture(scope="module")
def papers(service: Service, sample: Path) -> list[Paper]:
    return find_papers(service, sample, kind="sick_leave", count=3)


@pytest.fixture(scope="module")
def browser(papers: list[Paper], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium in front of whose camera the first paper is held."""
    with sync_playwright() as playwright:
        launched = launch(playwright, tmp_path_factory.mktemp("film") / "paper.mjpeg", before=papers[0].pdf)
        yield launched
        launched.close()


@pytest.fixture
def opening(browser: Browser, service: Service) -> Iterator[Opening]:
    """Opens the check page and waits until it is ready for no network; what the page's policy refuses, and
    errors, fail the test.
    """
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note(message: Any) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def open_page(*, width: int = 360, permissions: tuple[str, ...] = ("camera",)) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 740}, locale="vi-VN", permissions=list(permissions)
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{service.base_url}/check")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        expect(page.locator("#kept")).to_contain_text("Dữ liệu ngoại tuyến cập nhật lúc")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def test_the_camera_finds_the_code(opening: Opening) -> None:
    """One tap: the paper before the camera is genuine, by the register."""
    page = opening()
    page.locator("#scan").click()
    assert title(page) == _GENUINE
    assert page.locator("#result .offline-note").count() == 0
    assert page.locator("#video").evaluate("video => video.srcObject") is None
    page.locator("#again").click()
    expect(page.locator("#scan")).to_be_visible()


def test_scan_and_answer_without_a_network(opening: Opening) -> None:
    """After one visit the page opens, scans and judges with the network off, and says how old its knowledge
    is.
    """
    page = opening()
    cut_off(page)
    page.locator("#scan").click()
    assert title(page) == _GENUINE
    expect(page.locator("#result .offline-note")).to_contain_text("Dữ liệu lúc")
    assert page.locator("#result .check-passed h4").all_text_contents() == [
        "Thông tin trong mã QR Contents of the QR code",
        "Danh sách hiệu lực Status list",
    ]


def test_a_late_paper_says_both_days_with_and_without_a_network(service: Service, opening: Opening) -> None:
    """The date that it prints, to be compared, and when it was signed, which is no reason to refuse it;
    without a network the day alone.
    """
    with service.client() as staff:
        certificate = calls.issue(staff, record(7002) | LATE_DAYS)
        text = scan(calls.pdf(staff, certificate["id"]))
    signing = dt.datetime.fromisoformat(certificate["signed_at"]).astimezone(HANOI)
    page = opening()
    type_code(page, text)
    assert title(page) == _GENUINE
    assert facts_of(page) >= {("Ngày trên giấy", "14/03/2022"), ("Ký số lúc", f"{signing:%d/%m/%Y %H:%M}")}
    expect(page.locator("#result .dates-note")).to_contain_text(LATE.vi)
    cut_off(page)
    type_code(page, text)
    assert title(page) == _GENUINE
    assert facts_of(page) >= {("Ngày trên giấy", "14/03/2022"), ("Ký số lúc", f"{signing:%d/%m/%Y}")}
    expect(page.locator("#result .dates-note")).to_contain_text(LATE.vi)
    expect(page.locator("#result")).not_to_contain_text("Ngày ký")


def test_a_qr_of_before_says_without_a_network_what_it_does_not_know(
    service: Service, papers: list[Paper], opening: Opening
) -> None:
    """Claims without the paper's date, as older papers have them: genuine, the day of signing alone, and
    nobody is to refuse it for that.
    """
    start, _, claims = scan(papers[0].pdf).rpartition("/")
    earlier = claims_without_date(claims, service.folder / "keys")
    page = opening()
    cut_off(page)
    type_code(page, f"{start}/{earlier}")
    assert title(page) == _GENUINE
    assert "Ngày trên giấy" not in dict(facts_of(page))
    expect(page.locator("#result .dates-note")).to_contain_text(UNDATED.vi)
    expect(page.locator("#result .panel").first).not_to_contain_text("ngày trên giấy")


def test_a_forged_code_and_a_bare_one_without_a_network(papers: list[Paper], opening: Opening) -> None:
    """Another letter in the claims: forged. A typed code says nothing without the register."""
    page, text = opening(), scan(papers[0].pdf)
    cut_off(page)
    type_code(page, text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:])
    assert title(page) == "Mã QR giả"
    page.locator("#again").click()
    type_code(page, papers[0].code)
    assert title(page) == "Chưa kiểm tra được"


def test_a_revoked_paper_is_refused_without_a_network(service: Service, opening: Opening) -> None:
    """The kept list knows what was revoked before the last visit."""
    with service.client() as staff:
        certificate = calls.issue(staff, record(7001))
        text = scan(calls.pdf(staff, certificate["id"]))
        before = published_lists(staff)
        calls.good(staff.post(f"/v1/certificates/{certificate['id']}/revoke", json={"reason": "fraud"}))
        wait_until(lambda: published_lists(staff) != before)
    page = opening()
    cut_off(page)
    type_code(page, text)
    assert title(page) == "Đã bị thu hồi"
    assert page.locator("#result .verdict-bad").is_visible()


def test_what_is_printed_is_compared_here(service: Service, papers: list[Paper], opening: Opening) -> None:
    """Code, name and days of the paper match its QR, another name does not; nothing of it is sent."""
    page, paper = opening(), papers[0]
    type_code(page, scan(paper.pdf))
    title(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    with service.client(None) as client:
        proven = client.post(f"/v/{paper.code}", json={"birth_date": paper.printed_birth_date}).json()
    printed = {"name": proven["certificate"]["holder"].lower(), "code": paper.code.lower()}
    for name, value in (
        printed
        | {
            "first_day": proven["certificate"]["leave_from"],
            "last_day": proven["certificate"]["leave_to"],
        }
    ).items():
        page.locator(f"#match-{name}").fill(value)
    page.get_by_role("button", name="So với mã QR").click()
    expect(page.locator(".match-match")).to_be_visible()
    page.locator("#match-name").fill("NGUYỄN VĂN KHÁC")
    page.get_by_role("button", name="So với mã QR").click()
    expect(page.locator(".match-no_match")).to_be_visible()
    assert sent == []


def test_a_photo_is_compared_too(papers: list[Paper], opening: Opening, tmp_path: Path) -> None:
    """With and without a network the answer on a photograph says what to compare, and offers to."""
    page = opening()
    page.locator("#file").set_input_files(photograph(papers[0].pdf, tmp_path))
    page.get_by_role("button", name="Kiểm tra tệp").click()
    assert title(page) == _GENUINE
    expect(page.locator("#match-code")).to_be_visible()
    cut_off(page)
    page.locator("#file").set_input_files(photograph(papers[0].pdf, tmp_path))
    page.get_by_role("button", name="Kiểm tra tệp").click()
    assert title(page) == _GENUINE
    expect(page.locator("#match-code")).to_be_visible()


def test_an_address_elsewhere_is_named_without_a_network(opening: Opening) -> None:
    """As with one: the host, and that it is not this service's."""
    page = opening()
    for cut in (False, True):
        if cut:
            cut_off(page)
        type_code(page, "https://example.com/menu")
        assert title(page) == "Mã QR của nơi khác"
        expect(page.locator("#result")).to_contain_text("example.com")
        page.locator("#again").click()


def test_several_files_one_after_another(papers: list[Paper], opening: Opening, tmp_path: Path) -> None:
    """A genuine PDF, a changed one, a photo, and what is no paper: each with its own answer."""
    page = opening()
    (tmp_path / "a.pdf").write_bytes(papers[0].pdf)
    (tmp_path / "b.pdf").write_bytes(papers[1].pdf + b"\n")
    (tmp_path / "d.pdf").write_text("Không phải PDF")
    page.locator("#file").set_input_files(
        [tmp_path / "a.pdf", tmp_path / "b.pdf", photograph(papers[2].pdf, tmp_path), tmp_path / "d.pdf"]
    )
    page.get_by_role("button", name="Kiểm tra tệp").click()
    rows = page.locator(".file-answers > li")
    expect(rows).to_have_count(4)
    assert [row.get_attribute("class") for row in rows.all()] == [
        "verdict-good",
        "verdict-bad",
        "verdict-good",
        "verdict-none file-refused",
    ]
    rows.nth(1).locator("summary").click()
    expect(rows.nth(1).locator(".verdict")).to_be_visible()


def test_files_without_a_network(papers: list[Paper], opening: Opening, tmp_path: Path) -> None:
    """A photo's QR is judged here; of a PDF nothing can be said, and that nothing of it was checked is."""
    page = opening()
    cut_off(page)
    (tmp_path / "a.pdf").write_bytes(papers[0].pdf)
    page.locator("#file").set_input_files([photograph(papers[2].pdf, tmp_path), tmp_path / "a.pdf"])
    page.get_by_role("button", name="Kiểm tra tệp").click()
    rows = page.locator(".file-answers > li")
    expect(rows).to_have_count(2)
    assert [row.get_attribute("class") for row in rows.all()] == ["verdict-good", "verdict-none"]
    rows.nth(1).locator("summary").click()
    expect(rows.nth(1).locator(".offline-note")).to_contain_text("Chưa kiểm tra gì trong tệp này")
    assert rows.nth(1).locator(".check-passed, .check-failed").count() == 0


def test_dropped_files_are_checked(papers: list[Paper], opening: Opening) -> None:
    page = opening()
    page.locator("#drop").evaluate(DROP, list(papers[0].pdf))
    assert title(page) == _GENUINE_FILE


def test_the_browser_s_own_reader_is_used_where_there_is_one(papers: list[Paper], opening: Opening) -> None:
    """BarcodeDetector, as on Android: no library is loaded."""
    page, text = opening(), scan(papers[1].pdf)
    page.evaluate(OWN_READER, text)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.locator("#scan").click()
    assert title(page) == _GENUINE
    assert not [address for address in loaded if "zxing" in address]


def test_a_wrong_code_is_said_where_it_is_seen(opening: Opening) -> None:
    """The field keeps what was typed, and the message is on the screen."""
    page = opening()
    type_code(page, "ABCD")
    expect(page.locator(".message-fault")).to_be_in_viewport()
    expect(page.locator("#code")).to_have_value("ABCD")


def test_a_camera_that_may_not_be_used(opening: Opening) -> None:
    """Plain words, and the other ways stay."""
    page = opening(permissions=())
    page.evaluate(
        "void (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no',"
        " 'NotAllowedError')))"
    )
    page.locator("#scan").click()
    expect(page.locator("#message")).to_contain_text("chưa được phép dùng máy ảnh")
    expect(page.locator("#code")).to_be_visible()


def test_nothing_personal_stays_in_the_browser(
    service: Service, papers: list[Paper], opening: Opening, tmp_path: Path
) -> None:
    """The worker keeps the page and the lists, and no answer on anybody's paper."""
    page = opening()
    type_code(page, papers[0].code)
    title(page)
    page.goto(scan(papers[1].pdf))
    page.goto(f"{service.base_url}/check?code={papers[0].code}")
    assert page.url.endswith(f"/v/{papers[0].code}")
    page.goto(f"{service.base_url}/check")
    kept = page.evaluate(KEPT_ADDRESSES)
    assert "/check" in kept
    assert [
        path for path in kept if not path.startswith(("/check", "/static/", "/manifest.webmanifest"))
    ] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_app_is_accessible_and_fits(
    papers: list[Paper], opening: Opening, tmp_path: Path, width: int
) -> None:
    """No serious finding of axe, nothing wider than the screen: start, answer, answer without a network,
    files.
    """
    page, faults = opening(width=width), dict[str, list[Any]]()

    def look(name: str) -> None:
        if found := faults_of(page):
            faults[name] = found
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)

    look("start")
    type_code(page, scan(papers[0].pdf))
    title(page)
    look("answer")
    page.locator("#again").click()
    (tmp_path / "a.pdf").write_bytes(papers[0].pdf)
    (tmp_path / "b.pdf").write_bytes(papers[1].pdf + b"\n")
    page.locator("#file").set_input_files([tmp_path / "a.pdf", tmp_path / "b.pdf"])
    page.get_by_role("button", name="Kiểm tra tệp").click()
    expect(page.locator(".file-answers > li")).to_have_count(2)
    look("files")
    cut_off(page)
    look("start-offline")
    type_code(page, scan(papers[0].pdf))
    title(page)
    look("answer-offline")
    assert faults == {}


def test_the_app_can_be_installed(service: Service) -> None:
    """Manifest, icons of the right sizes, and a worker whose scope is the check page; more is allowed there
    than elsewhere, and no more than needed.
    """
    with service.client(None) as client:
        manifest = client.get("/manifest.webmanifest").json()
        sizes = {
            icon["sizes"]: Image.open(io.BytesIO(client.get(icon["src"]).content)).size
            for icon in manifest["icons"]
        }
        assert sizes == {"192x192": (192, 192), "512x512": (512, 512)}
        assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
            "/check",
            "/check",
            "standalone",
        )
        assert client.get("/check/worker.js").headers["Service-Worker-Allowed"] == "/check"
        here, elsewhere = client.get("/check").headers, client.get("/my").headers
        assert "'wasm-unsafe-eval'" in here["Content-Security-Policy"]
        assert "camera=(self)" in here["Permissions-Policy"]
        assert "wasm" not in elsewhere["Content-Security-Policy"]
        assert "camera=()" in elsewhere["Permissions-Policy"]
