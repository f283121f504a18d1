"""A station whose head approves, in a real browser: what was sent waits, the head looks and approves, it is signed."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Page

from tests.e2e.browsing import Opening, say
from tests.e2e.looking import Look
from tests.e2e.staffing import fill
from tests.support.calls import good, settled, submit, until
from tests.support.records import as_csv, record
from tests.support.service import Service

STATION, HEAD, EXAMINER = "01805", "000041/HNO-CCHN", "000042/HNO-CCHN"
"""One that no other test of this service sends cases for."""
_PHONE, _DESK = 360, 1200


def _run(service: Service, *words: str) -> str:
    env = os.environ | {"CERTSVC_DATA_DIR": str(service.folder / "data"), "CERTSVC_BASE_URL": service.base_url}
    return subprocess.run([sys.executable, "-m", "certsvc", *words], env=env, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def approving(service: Service) -> Iterator[Service]:
    """The service, with that one station asking its head."""
    _run(service, "facilities", "approval", STATION, "on")
    yield service
    _run(service, "facilities", "approval", STATION, "off")


def _sign_in_as_head(page: Page, service: Service) -> None:
    name = f"trưởng trạm {uuid.uuid4().hex[:8]}"
    page.goto(_run(service, "accounts", "create", name, "--role", "facility", "--facility", STATION, "--licence", HEAD).splitlines()[0])
    totp = pyotp.TOTP(page.locator(".own-code code").inner_text())
    fill(page, password="con mèo nằm trên mái", code=totp.now())
    page.locator("main a.btn").click()


@pytest.mark.parametrize(("width", "script", "first"), [(_PHONE, False, 8101), (_DESK, True, 8201)])
def test_the_head_approves_a_batch_and_it_is_signed(approving: Service, opening: Opening, width: int, first: int, *, script: bool) -> None:
    """Two cases of the insurer's file wait; the head leaves out one certificate with a reason, and approves the rest."""
    ward = record(1)["ward_code"]
    cases = [record(first + number, facility="01801", facility_code=STATION, practitioner_licence=EXAMINER, ward_code=ward) for number in range(2)]
    with approving.client() as insurer:
        batch_id = submit(insurer, as_csv(*cases))["id"]
        counts = until(lambda: (found := good(insurer.get(f"/v1/batches/{batch_id}")))["status"] == "running" and found["counts"])
        assert (counts["issued"], counts["awaiting_approval"]) == (0, 4)
        page = opening(width=width, script=script)
        look = Look(page)
        _sign_in_as_head(page, approving)
        look("home")
        page.locator("a[href='/staff/approvals']").click()
        look("what waits")
        page.locator(f"table a[href^='/staff/approvals/{batch_id}']").click()
        look("the batch")
        page.locator("table a[href^='/staff/approvals/']").first.click()
        look("one certificate")
        page.locator("#text").fill("sai ngày khám")
        page.locator("form[action$='/decline'] button").click()
        page.locator(f"table a[href^='/staff/approvals/{batch_id}']").click()
        assert "Duyệt 3 giấy" in say(page)
        page.locator("form[action$='/approve'] button").click()
        assert "Không có gì chờ duyệt" in say(page)
        look("nothing waits")
        batch = settled(insurer, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["failed"]) == ("done", 3, 1)
    page.goto(f"{approving.base_url}/staff/stations/{STATION}")
    look("station")
    assert look.faults == {}
