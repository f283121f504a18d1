"""People with a local account in a real browser: set up, sign in, sign out; on a telephone and on a desk."""

import datetime as dt
from typing import Any

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from certsvc.clock import utc_now
from tests.e2e.browsing import Opening
from tests.e2e.staffing import PASSWORD, fill, new_link
from tests.support.service import Service

_PHONE, _DESK = 360, 1200


@pytest.mark.parametrize("width", [_PHONE, _DESK])
def test_from_the_link_to_signing_out(service: Service, opening: Opening, width: int) -> None:
    """All pages on the way are axe-clean and as wide as the screen; forms work, and nothing but the session's
    cookie is set.
    """
    page, axe, faults = opening(width=width, script=True), Axe(), dict[str, Any]()

    def look(name: str) -> None:
        page.wait_for_load_state("load")  # a click does not wait for the style sheets
        worst = [
            (each["id"], each["nodes"][0]["html"])
            for each in axe.run(page).response["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        heights = page.locator("main .btn, main input:not([type=hidden])").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect().height)"
        )
        if worst or overhang > 0 or min(heights, default=44) < 44:
            faults[name] = (worst, overhang, heights)

    name, link = new_link(service)
    page.goto(link)
    look("enrol")
    totp = pyotp.TOTP(page.locator(".own-code code").inner_text())
    fill(page, password="ngắn", code="123456")
    assert page.locator("#password-error").is_visible()
    look("weak password")
    fill(page, password=PASSWORD, code=totp.now())
    assert page.locator("main li code").count() == 10
    look("recovery codes")
    recovery = page.locator("main li code").first.inner_text()
    page.locator("main a.btn").click()
    expect(page).to_have_url(f"{service.base_url}/staff")
    expect(page.locator("main")).to_contain_text("01801", use_inner_text=True)
    look("home")
    page.locator("main form button").click()
    expect(page.locator("main")).to_contain_text("Bạn đã đăng xuất", use_inner_text=True)
    look("signed out")
    page.goto(f"{service.base_url}/staff")
    assert page.url == f"{service.base_url}/staff/sign-in"
    look("sign in")
    fill(page, name=name, password=PASSWORD, code="000000")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert page.locator("#name").input_value() == name
    assert page.locator("#password").input_value() == ""
    look("refused")
    fill(page, password=PASSWORD, code=recovery)
    assert page.url == f"{service.base_url}/staff"
    assert [(each["name"], each["httpOnly"], each["sameSite"]) for each in page.context.cookies()] == [
        ("certsvc-session", True, "Lax")
    ]
    page.goto(f"{service.base_url}/staff/enrol?token=used")
    look("no such link")
    assert faults == {}


def test_without_scripts_it_works_too(service: Service, opening: Opening) -> None:
    """Set up and sign in with a code of the next half minute."""
    page = opening()
    name, link = new_link(service)
    page.goto(link)
    totp = pyotp.TOTP(page.locator(".own-code code").inner_text())
    fill(page, password=PASSWORD, code=totp.now())
    page.context.clear_cookies()
    page.goto(f"{service.base_url}/staff/sign-in")
    fill(page, name=name, password=PASSWORD, code=totp.at(utc_now() + dt.timedelta(seconds=30)))
    assert page.url == f"{service.base_url}/staff"
