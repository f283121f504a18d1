"""A day at a station's desk, in a real browser: sign in, dry run, issue five hundred, mend three, revoke one
with approval, export.
"""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import sign_in
from tests.support import calls
from tests.support.records import as_csv, record
from tests.support.service import Service

_DESK = 1200
_CASES, _FIRST = 500, 8501
_WRONG = {
    8: {"positive_on": "2022-02-30"},
    260: {"practitioner_licence": "000000/XXX-CCHN"},
    499: {"isolation_to": "2022-01-13"},
}
"""By place in the file, what is wrong with three of them."""

_PATIENCE_MS = 240_000


def _case_file(folder: Path) -> Path:
    """One paper each."""
    file = folder / "ca-bệnh.csv"
    file.write_bytes(
        as_csv(
            *(record(_FIRST + place, wants_recovery="") | _WRONG.get(place, {}) for place in range(_CASES))
        )
    )
    return file


def _go_on(page: Page, button: str = "main form button[type=submit]") -> None:
    page.locator(button).first.click()
    page.wait_for_load_state("load")


def _mend(page: Page, place: int) -> None:
    """On the row's page: put right what is wrong with it."""
    right = record(_FIRST + place)
    for field in _WRONG[place]:
        page.locator(f"#{field}").fill(right[field])
    _go_on(page)


def test_a_day_at_the_desk(service: Service, opening: Opening, tmp_path: Path) -> None:
    """Two rows are mended in the dry run, one in the batch itself; in the end every case has its paper, and
    one is revoked by two people.
    """
    page, second = opening(width=_DESK, script=True), opening(width=_DESK, script=True)
    look = Look(page)
    for each in (page, second):
        sign_in(each, service)
    page.goto(f"{service.base_url}/staff/batches/new")
    page.locator("#file").set_input_files(_case_file(tmp_path))
    _go_on(page)
    issue = page.locator("form[action$='/issue'] button")
    issue.wait_for(timeout=_PATIENCE_MS)
    expect(page.locator("[data-count=rejected]")).to_have_text("3")
    look("dry run")
    page.locator("table a[href*='/rows/']").first.click()
    look("row")
    for place in sorted(_WRONG)[:2]:
        _mend(page, place)
    page.locator("main a[href$='#rows']").click()
    expect(page.locator("[data-count=rejected]")).to_have_text("1")
    issue.click()
    expect(page.locator("[data-count=issued]")).to_have_text(str(_CASES - 1), timeout=_PATIENCE_MS)
    page.locator("table a[href*='/rows/']").first.click(timeout=_PATIENCE_MS)
    _mend(page, max(_WRONG))
    expect(page.locator("[data-count=issued]")).to_have_text(str(_CASES), timeout=_PATIENCE_MS)
    expect(page.locator("[data-count=rejected]")).to_have_text("0")
    batch = page.url.partition("?")[0]
    _revoke_with_approval(page, second, service)
    page.goto(batch)
    with page.expect_download() as download:
        page.locator("a[href$='format=ct07']").click()
    with zipfile.ZipFile(download.value.path()) as exported:
        documents = b"".join(exported.read(name) for name in exported.namelist() if name.endswith(".xml"))
    assert documents.count(b"<LOAIHOSO>CT07</LOAIHOSO>") == _CASES - 1
    assert look.faults == {}


def _revoke_with_approval(page: Page, second: Page, service: Service) -> None:
    """The first paper of the batch: one person asks and it is suspended, another approves and it is
    revoked.
    """
    page.locator(".filters a", has_text="Được cấp").click()
    page.locator("table a[href^='/staff/certificates/']").first.click()
    certificate = page.url
    page.locator("a[href$='/revoke']").click()
    page.locator("#reason").select_option("wrong_person")
    page.locator("#needs_approval").check()
    _go_on(page)
    _go_on(page)
    recall = page.url
    assert "Tạm ngừng" in _state(page, certificate)
    second.goto(recall)
    _go_on(second, "form[action$='/approve'] button")
    assert "Đã thu hồi" in _state(page, certificate)
    with service.client("facility") as client:
        code = calls.good(client.get(f"/v1/certificates/{certificate.rpartition('/')[2]}"))["code"]
    page.goto(f"{service.base_url}/v/{code}")
    assert "Đã bị thu hồi" in say(page)


def _state(page: Page, certificate: str) -> str:
    page.goto(certificate)
    return page.locator("main").inner_text()
