"""One running service with the sample issued, for all end-to-end tests of a run; a browser to look at it.

The service is that of the built wheel, installed outside the checkout.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.browsing import Opening
from tests.support.installing import build_wheel, install
from tests.support.service import Service, running_demo

expect.set_options(timeout=60_000)  # as every other wait of a page: a busy machine is no fault

_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment with the wheel and our packages, in which the checkout cannot be found."""
    return install(wheel, tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="session")
def service(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with running_demo(
        tmp_path_factory.mktemp("demo"),
        command=[installed / "certsvc"],
        cwd=elsewhere,
        env={"CERTSVC_TRUSTED_PROXIES": "1"},
    ) as running:
        yield running
    assert list(elsewhere.iterdir()) == []


@pytest.fixture(scope="session")
def sample() -> Path:
    """The folder with the sample's three shapes and what is expected of them."""
    return Path(__file__).parent.parent / "data" / "f0_sample"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("the browser tests need Debian's package chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=_ARGS)
        yield launched
        launched.close()


@pytest.fixture
def opening(browser: Browser) -> Iterator[Opening]:
    """Opens a page of a given width, without JavaScript unless asked; a refusal by the content policy fails
    the test.
    """
    contexts, refused = [], []

    def note(message: Any) -> None:
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    def open_page(*, width: int = 360, script: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 740},
            java_script_enabled=script,
            locale="vi-VN",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert refused == []
