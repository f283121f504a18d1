"""Rows mended in a real browser, on a telephone, without a script: in a dry run and in a batch."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import sign_in
from tests.support.mending import wrong
from tests.support.records import as_csv, record
from tests.support.service import Service

_PHONE, _PATIENCE_MS = 360, 120_000
_TAPPED = "main .btn, main input:not([type=hidden])"


def _hand_in(page: Page, service: Service, folder: Path, *records: dict[str, str], at_once: bool) -> None:
    file = folder / "ca-bệnh.csv"
    file.write_bytes(as_csv(*records))
    page.goto(f"{service.base_url}/staff/batches/new")
    page.locator("#file").set_input_files(file)
    if at_once:
        page.locator("#at-once").check()
    page.locator("main form button[type=submit]").click()


def _mend(page: Page, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"#{name}").fill(text)
    page.locator("main form button[type=submit]").click()


def test_two_rows_of_a_dry_run_are_mended_and_issued(
    service: Service, opening: Opening, tmp_path: Path
) -> None:
    """One after the other; what is still wrong is said at its field; then everything is issued."""
    page = opening(width=_PHONE, script=True)
    look = Look(page, tapped=_TAPPED)
    sign_in(page, service)
    _hand_in(page, service, tmp_path, record(7501), wrong(7502), wrong(7503, phone="12"), at_once=False)
    mend = page.locator("a", has_text="Sửa dòng này")
    mend.first.wait_for(timeout=_PATIENCE_MS)
    look("dry run")
    mend.first.click()
    look("row")
    assert page.locator("#positive_on").get_attribute("aria-invalid") == "true"
    _mend(page, positive_on="06/02/2022")
    assert "Đã sửa dòng 3" in say(page)
    look("next row")
    _mend(page, positive_on="06/02/2022")
    expect(page.locator("#phone-error")).to_be_visible()
    look("still wrong")
    _mend(page, phone="0900007503")
    assert "Đã sửa dòng 4" in say(page)
    assert mend.count() == 0
    look("mended")
    page.locator("form[action$='/issue'] button").click()
    expect(page.locator("[data-count=issued]")).to_have_text("6", timeout=_PATIENCE_MS)
    page.goto(f"{service.base_url}/staff")
    page.locator("details", has_text="Số liệu từng ngày").locator("summary").click()
    look("figures")
    assert look.faults == {}


def test_a_row_of_a_batch_is_mended_without_a_script(
    service: Service, opening: Opening, tmp_path: Path
) -> None:
    """Its papers are issued with the batch."""
    page = opening(width=_PHONE)
    sign_in(page, service)
    _hand_in(page, service, tmp_path, record(7601), wrong(7602), at_once=True)
    page.locator("a", has_text="Sửa dòng này").first.wait_for(timeout=_PATIENCE_MS)
    page.locator("a", has_text="Sửa dòng này").first.click()
    _mend(page, positive_on="06/02/2022")
    expect(page.locator("[data-count=issued]")).to_have_text("4", timeout=_PATIENCE_MS)
    assert page.locator("a", has_text="Sửa dòng này").count() == 0
