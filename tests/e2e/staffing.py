"""People with a local account, in a real browser."""

import os
import subprocess
import sys
import uuid

import pyotp
from playwright.sync_api import Page

from tests.support.service import Service

PASSWORD = "con mèo nằm trên mái"


def new_link(service: Service) -> tuple[str, str]:
    """A facility's account: its name, and where its link leads."""
    name = f"trạm {uuid.uuid4().hex[:8]}"
    command = [
        sys.executable,
        "-m",
        "certsvc",
        "accounts",
        "create",
        name,
        "--role",
        "facility",
        "--facility",
        "01801",
    ]
    env = os.environ | {
        "CERTSVC_DATA_DIR": str(service.folder / "data"),
        "CERTSVC_BASE_URL": service.base_url,
    }
    return name, subprocess.run(
        command, env=env, check=True, capture_output=True, text=True
    ).stdout.splitlines()[0]


def fill(page: Page, **fields: str) -> None:
    """Type into the page's form and send it."""
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.locator("main form button[type=submit]").click()
    page.wait_for_load_state("load")


def sign_in(page: Page, service: Service) -> None:
    """With a new account, to the console."""
    _, link = new_link(service)
    page.goto(link)
    totp = pyotp.TOTP(page.locator(".own-code code").inner_text())
    fill(page, password=PASSWORD, code=totp.now())
    page.locator("main a.btn").click()
