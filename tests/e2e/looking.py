"""What is wrong with the pages that a browser test goes through."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAPPED = "main .btn, main .filters a, main .choice"


class Look:
    """What is wrong with each page: axe's serious findings, what is wider than the screen, what of `tapped`
    is too small to tap.
    """

    def __init__(self, page: Page, *, tapped: str = TAPPED) -> None:
        self._page, self._axe, self._tapped = page, Axe(), tapped
        self.faults: dict[str, Any] = {}

    def __call__(self, name: str) -> None:
        page = self._page
        page.wait_for_load_state("load")
        found = self._axe.run(page).response["violations"]
        worst = [
            (each["id"], each["nodes"][0]["html"])
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]
        overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        heights = page.locator(self._tapped).evaluate_all(
            "all => all.map(each => each.getBoundingClientRect().height)"
        )
        if worst or overhang > 0 or min((height for height in heights if height), default=44) < 44:
            self.faults[name] = (worst, overhang, heights)
