"""A station whose head approves, in a real browser: what was sent waits, the head looks and approves, it is
signed.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

import httpx2
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
    env = os.environ | {
        "CERTSVC_DATA_DIR": str(service.folder / "data"),
        "CERTSVC_BASE_URL": service.base_url,
    }
    return subprocess.run(
        [sys.executable, "-m", "certsvc", *words], env=env, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def approving(service: Service) -> Iterator[Service]:
    """The service, with that one station asking its head."""
    _run(service, "facilities", "approval", STATION, "on")
    yield service
    _run(service, "facilities", "approval", STATION, "off")


def _sign_in_as_head(page: Page, service: Service) -> None:
    name = f"trưởng trạm {uuid.uuid4().hex[:8]}"
    page.goto(
        _run(
            service,
            "accounts",
            "create",
            name,
            "--role",
            "facility",
            "--facility",
            STATION,
            "--licence",
            HEAD,
        ).splitlines()[0]
    )
    totp = pyotp.TOTP(page.locator(".own-code code").inner_text())
    fill(page, password="con mèo nằm trên mái", code=totp.now())
    page.locator("main a.btn").click()


def _send(insurer: httpx2.Client, *, first: int) -> str:
    """Two cases of that station in the insurer's file; none of their papers is signed."""
    changes = {"facility_code": STATION, "practitioner_licence": EXAMINER}
    batch_id: str = submit(insurer, as_csv(*(record(first + number) | changes for number in range(2))))["id"]
    counts = until(
        lambda: (
            (found := good(insurer.get(f"/v1/batches/{batch_id}")))["status"] == "running" and found["counts"]
        )
    )
    assert (counts["issued"], counts["awaiting_approval"]) == (0, 4)
    return batch_id


def _approve_all_but_one(page: Page, batch_id: str, look: Callable[[str], None] = lambda _: None) -> None:
    """The head leaves out one certificate with a reason, and approves the rest."""
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


def test_the_head_approves_a_batch_and_it_is_signed(approving: Service, opening: Opening) -> None:
    """On a telephone; what was left out has failed, and the batch is done."""
    page = opening(width=_PHONE, script=True)
    look = Look(page)
    with approving.client() as insurer:
        batch_id = _send(insurer, first=8101)
        _sign_in_as_head(page, approving)
        look("home")
        _approve_all_but_one(page, batch_id, look)
        batch = settled(insurer, batch_id)
    assert (batch["status"], batch["counts"]["issued"], batch["counts"]["failed"]) == ("done", 3, 1)
    page.goto(f"{approving.base_url}/staff/stations/{STATION}")
    look("station")
    page.locator("a[href$='/authority']").click()
    look("authority")
    assert look.faults == {}


def test_without_scripts_it_works_too(approving: Service, opening: Opening) -> None:
    """Whoever follows the batch on the command line is told for whom it waits."""
    page = opening(width=_DESK)
    with approving.client() as insurer:
        batch_id = _send(insurer, first=8201)
        words = [
            "batch",
            "watch",
            batch_id,
            "--url",
            approving.base_url,
            "--key",
            approving.credentials["keys"]["insurer"],
        ]
        command = [sys.executable, "-m", "certsvc", *words]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as following:
            assert following.stderr is not None
            assert "4 giấy chờ trưởng trạm duyệt" in following.stderr.readline()
            _sign_in_as_head(page, approving)
            _approve_all_but_one(page, batch_id)
            assert settled(insurer, batch_id)["counts"]["issued"] == 3
            assert following.wait(60) == 1  # one has failed
