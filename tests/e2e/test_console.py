"""The console in a real browser, on a telephone and on a desk: sign in, dry run, issue, look, revoke,
export.
"""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import sign_in
from tests.support.records import as_csv, record
from tests.support.service import Service

_PHONE, _DESK = 360, 1200
_PATIENCE_MS = 120_000
_CODE = re.compile(r"^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$")


def _case_file(folder: Path, *, first: int) -> Path:
    """Three right cases and one that no rule lets through."""
    file = folder / "ca-bệnh.csv"
    wrong = record(first + 3, positive_on="2022-13-45")
    file.write_bytes(as_csv(*(record(first + number) for number in range(3)), wrong))
    return file


def _hand_in(page: Page, service: Service, file: Path, look: Callable[[str], None] = lambda _: None) -> None:
    page.goto(f"{service.base_url}/staff")
    page.locator("a[href='/staff/batches/new']").click()
    look("new")
    page.locator("#file").set_input_files(file)
    page.locator("main form button[type=submit]").click()


def _revoke(page: Page, look: Callable[[str], None]) -> None:
    """From a certificate's page by way of the preview."""
    page.locator("a[href$='/revoke']").click()
    page.locator("#reason").select_option("wrong_person")
    look("reason")
    page.locator("main form button[type=submit]").click()
    look("preview")
    assert "Đã bị thu hồi" in say(page)
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".timeline-revoked")).to_have_count(1)
    look("revoked")


@pytest.mark.parametrize(("width", "first"), [(_PHONE, 7101), (_DESK, 7201)])
def test_from_a_file_to_a_revoked_paper(
    service: Service, opening: Opening, tmp_path: Path, width: int, first: int
) -> None:
    """The dry run shows the wrong row; the others are issued, followed live; one is found by its code,
    revoked after a preview; the rest exported.
    """
    page = opening(width=width, script=True)
    look = Look(page)
    sign_in(page, service)
    look("home")
    _hand_in(page, service, _case_file(tmp_path, first=first), look)
    issue = page.locator("form[action$='/issue'] button")
    issue.wait_for(timeout=_PATIENCE_MS)
    look("dry run")
    assert f"TH-220206-{first + 3:06d}" in say(page)
    page.locator(".filters a", has_text="Tất cả").click()
    look("all rows")
    issue.click()
    expect(page.locator("[data-count=issued]")).to_have_text("6", timeout=_PATIENCE_MS)
    page.locator("a[href$='archive.zip']").wait_for(timeout=_PATIENCE_MS)
    look("issued")
    page.locator("#rows").wait_for()
    page.locator(".filters a", has_text="Được cấp").click()
    page.locator("table a[href^='/staff/certificates/']").first.click()
    look("certificate")
    here, code = page.url, page.locator("dd", has_text=_CODE).inner_text()
    page.goto(f"{service.base_url}/staff/certificates")
    look("certificates")
    page.locator("#text").fill(code)
    page.locator("form[role=search] button").click()
    assert page.url == here
    _revoke(page, look)
    assert page.url == here
    page.goto(f"{service.base_url}/v/{code}")
    assert "Đã bị thu hồi" in say(page)
    page.goto(f"{service.base_url}/staff/batches")
    look("batches")
    page.locator("table.list a").first.click()
    with page.expect_download() as download:
        page.locator("a[href$='format=xml11']").click()
    with zipfile.ZipFile(download.value.path()) as exported:
        assert len([name for name in exported.namelist() if name.endswith(".xml")]) == 2
    page.goto(f"{service.base_url}/staff/stations")
    look("stations")
    page.locator("table.list a").first.click()
    look("station")
    page.goto(f"{service.base_url}/staff/stations/99999")
    look("problem")
    assert look.faults == {}


def test_without_scripts_it_works_too(service: Service, opening: Opening, tmp_path: Path) -> None:
    """Hand in, wait for the page to load itself again, issue, and have one suspended."""
    page = opening()
    sign_in(page, service)
    _hand_in(page, service, _case_file(tmp_path, first=7301))
    page.locator("form[action$='/issue'] button").wait_for(timeout=_PATIENCE_MS)
    page.locator("form[action$='/issue'] button").click()
    page.locator("a[href$='archive.zip']").wait_for(timeout=_PATIENCE_MS)
    page.locator(".filters a", has_text="Được cấp").click()
    page.locator("table a[href^='/staff/certificates/']").first.click()
    page.locator("a[href$='/suspend']").click()
    page.locator("#reason").select_option("fraud")
    page.locator("main form button[type=submit]").click()
    page.locator("main form button[type=submit]").click()
    expect(page.locator(".timeline-suspended")).to_have_count(1)


def test_a_file_may_be_dropped_anywhere_on_the_form(service: Service, opening: Opening) -> None:
    """The field has it then."""
    page = opening(width=_DESK, script=True)
    sign_in(page, service)
    page.goto(f"{service.base_url}/staff/batches/new")
    page.locator("form[data-drop]").evaluate("""form => {
            const dropped = new DataTransfer();
            dropped.items.add(new File(["x"], "ca.csv"));
            const options = { dataTransfer: dropped, bubbles: true, cancelable: true };
            form.dispatchEvent(new DragEvent("drop", options));
        }""")
    assert page.locator("#file").evaluate("field => field.files[0].name") == "ca.csv"
