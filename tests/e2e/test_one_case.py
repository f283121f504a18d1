"""One case at the desk, in a real browser on a telephone: a card scanned, a leave that runs forward, the
paper seen, issued and handed out.
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import sign_in
from tests.support.new_case import CARD, TYPED
from tests.support.service import Service

_PHONE, _PATIENCE_MS = 360, 120_000
_TAPPED = "main .btn, main .filters a, main select, main input:not([type=hidden])"


def _card(number: int) -> str:
    """A card of her own for each test: one person has one examination a day at a station."""
    return CARD.replace("001188000042", f"00118800{number:04d}")


def _type_the_rest(page: Page, number: int) -> None:
    page.locator("#social_insurance_no").fill(f"010000{number:04d}")
    page.locator("#employer").fill(TYPED["employer"])
    page.locator("#visit_no").fill(str(number))
    page.locator("#practitioner_licence").select_option(TYPED["practitioner_licence"])


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state("load")


@pytest.mark.parametrize("width", [_PHONE, 1200])
def test_a_leave_from_today_is_scanned_issued_and_handed_out(
    service: Service, opening: Opening, width: int
) -> None:
    """The scanner's Enter sends nothing; its seven parts stand in their fields; three fields are typed; the
    paper is signed within seconds.
    """
    page = opening(width=width, script=True)
    look = Look(page, tapped=_TAPPED)
    sign_in(page, service)
    page.locator("a", has_text="Cấp giấy cho một ca").click()
    look("empty form")
    page.locator("#citizen_id").click()
    page.keyboard.type(_card(width))
    page.keyboard.press("Enter")
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    expect(page.locator("#social_insurance_no")).to_be_focused()
    assert [page.locator(f"#{name}").input_value() for name in ("citizen_id", "birth_date", "sex")] == [
        f"00118800{width:04d}",
        "05/09/1988",
        "Nữ",
    ]
    look("scanned")
    _type_the_rest(page, width)
    page.get_by_role("button", name="3 ngày").click()
    _press(page, "Xem trước giấy")
    assert page.locator("img.preview").evaluate("each => each.naturalWidth") > 800
    assert page.locator(".field-error").count() == 0
    look("preview")
    _press(page, "Cấp 1 giấy")
    expect(page.locator("a[href$='/pdf']")).to_be_visible(timeout=_PATIENCE_MS)
    look("papers")
    with page.expect_download() as download:
        page.evaluate("document.querySelector(\"a[href$='/pdf']\").download = 'a.pdf'")
        page.locator("a[href$='/pdf']").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    page.locator("a[href$='/slip']").click()
    told = say(page)
    assert ("Trần Thị Quét" in told, "018012" in told) == (True, True)
    expect(page.get_by_role("button", name="In phiếu")).to_be_visible()
    look("slip")
    assert look.faults == {}


def test_what_is_typed_is_checked_and_kept(service: Service, opening: Opening) -> None:
    """At its field, once somebody was there; the card tells what differs; other papers bring their fields at
    once, and nothing is lost.
    """
    page = opening(width=_PHONE, script=True)
    look = Look(page, tapped=_TAPPED)
    sign_in(page, service)
    page.goto(f"{service.base_url}/staff/new")
    page.locator("#full_name").fill("Trần Thị Quýt")
    page.locator("#isolation_to").fill("35/02/2022")
    page.locator("#isolation_to").blur()
    expect(page.locator("#isolation_to-told .field-error")).to_contain_text("V-DATE-ORDER")
    assert page.locator("#employer-told .field-error").count() == 0
    page.locator("#citizen_id").fill(CARD)
    expect(page.locator("#full_name-told")).to_contain_text("Trần Thị Quét")
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quýt")
    look("differs")
    page.get_by_role("button", name="Lấy theo CCCD").click()
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    expect(page.locator("#full_name-told .field-note")).to_have_count(0)
    page.locator("[data-choose=recovery]").click()
    expect(page.locator("#employer")).to_be_hidden()
    expect(page.locator("#last_test_result")).to_have_value("Âm tính")
    expect(page.locator("#positive_on")).to_have_value("")
    page.locator("[data-choose=both]").click()
    expect(page.locator("#employer")).to_be_visible()
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    page.locator("#birth_date").fill("01012026")
    page.locator("#birth_date").blur()
    expect(page.locator("#birth_date")).to_have_value("01/01/2026")
    page.locator("#examined_on").fill("02/02/2026")
    page.locator("#examined_on").blur()
    expect(page.locator("#father_name")).to_be_visible()
    _press(page, "Xem trước giấy")
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    look("wrong")
    assert look.faults == {}


def test_without_a_script_the_form_does_the_same(service: Service, opening: Opening) -> None:
    """The scanner's Enter spreads the card, a button reckons the days, and the page follows the paper by
    itself.
    """
    page = opening(width=_PHONE)
    sign_in(page, service)
    page.goto(f"{service.base_url}/staff/new")
    page.locator("#citizen_id").fill(_card(77))
    page.locator("#citizen_id").press("Enter")
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    _type_the_rest(page, 77)
    _press(page, "3 ngày")
    expect(page.locator("#isolation_to")).not_to_have_value("")
    _press(page, "Xem trước giấy")
    _press(page, "Sửa lại")
    expect(page.locator("#employer")).to_have_value(TYPED["employer"])
    _press(page, "Xem trước giấy")
    _press(page, "Cấp 1 giấy")
    expect(page.locator("a[href$='/pdf']")).to_be_visible(timeout=_PATIENCE_MS)


@pytest.fixture
def before_a_card(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """A browser before whose camera somebody holds a citizen card."""
    code = Image.fromarray(
        zxingcpp.create_barcode(CARD, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_image(scale=8)
    ).convert("RGB")
    seen = Image.new("RGB", (1280, 960), "white")
    seen.paste(code.resize((600, 600)), (340, 180))
    frame = io.BytesIO()
    seen.save(frame, "JPEG", quality=85)
    film = tmp_path / "card.mjpeg"
    film.write_bytes(frame.getvalue() * 10)
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    args = ["--no-sandbox", "--disable-gpu", "--no-proxy-server", *camera]
    launched = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=args)
    yield launched
    launched.close()


def test_the_telephones_camera_reads_a_card(service: Service, before_a_card: Browser) -> None:
    """With its marks, whatever the letters are coded as; the camera is off again after it."""
    context = before_a_card.new_context(
        viewport={"width": _PHONE, "height": 740}, permissions=["camera"], locale="vi-VN"
    )
    page = context.new_page()
    sign_in(page, service)
    page.goto(f"{service.base_url}/staff/new")
    page.get_by_role("button", name="Quét CCCD").click()
    expect(page.locator("#full_name")).to_have_value("Trần Thị Quét")
    expect(page.locator("#citizen_id")).to_have_value("001188000042")
    expect(page.locator("#camera")).to_be_hidden()
    context.close()
