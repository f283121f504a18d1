"""What the tests of the check page's app share: a paper before a camera, the network cut off, lists published
anew.
"""

import io
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pypdfium2
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from certsvc.signing.claims import sign_claims
from certsvc.signing.keyring import Keyring
from certsvc.trust.anchors import read_claim_keys
from certsvc.verify.claims import find_claims
from tests.e2e.browsing import verdict_of

_PUBLISHED_WITHIN_S = 120
_FRAMES = 10
DROP = """(zone, bytes) => {
    const carried = new DataTransfer();
    carried.items.add(new File([Uint8Array.from(bytes)], "a.pdf", { type: "application/pdf" }));
    zone.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""
KEPT_ADDRESSES = """(async () => {
    const stores = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const kept = await Promise.all(stores.map((store) => store.keys()));
    return kept.flat().map((each) => new URL(each.url).pathname);
})()"""
OWN_READER = """text => {
    globalThis.BarcodeDetector = class {
        static getSupportedFormats = async () => ["qr_code"];
        detect = async () => [{ rawValue: text }];
    };
}"""


def frame(pdf: bytes) -> bytes:
    """What a camera sees that is held over the QR of a print, as a JPEG."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].render(scale=150 / 72).to_pil().convert("RGB")
    [code] = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    corner, size = code.position.top_left, code.position.bottom_right.x - code.position.top_left.x
    seen = page.crop(
        (corner.x - size // 2, corner.y - size // 4, corner.x + 3 * size // 2, corner.y + 5 * size // 4)
    )
    out = io.BytesIO()
    seen.resize((1280, 960), Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
    return out.getvalue()


def launch(playwright: Playwright, film: Path, *, before: bytes) -> Browser:
    """A Chromium in front of whose camera a paper is held; `film` is the file for it."""
    film.write_bytes(frame(before) * _FRAMES)
    camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    args = [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--no-proxy-server",
        *camera,
    ]
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=args)


def faults_of(page: Page) -> list[Any]:
    """Serious findings of axe, and by how many pixels the page is wider than the screen."""
    findings = Axe().run(page).response["violations"]
    overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    worst = [
        (each["id"], each["nodes"][0]["html"])
        for each in findings
        if each["impact"] in {"serious", "critical"}
    ]
    return [*worst, *([overhang] if overhang > 0 else [])]


def type_code(page: Page, text: str) -> None:
    page.locator("#code").fill(text)
    page.get_by_role("button", name="Kiểm tra mã").click()


def title(page: Page) -> str:
    expect(page.locator("#result .verdict")).to_be_visible()
    return verdict_of(page)


def facts_of(page: Page) -> set[tuple[str, str]]:
    """What the card says of the paper: the Vietnamese names of its lines, with their values."""
    rows = [
        (row.locator("dt").text_content() or "", row.locator("dd").text_content() or "")
        for row in page.locator("#result .fact").all()
    ]
    names = [row.locator("dt .en").text_content() or "" for row in page.locator("#result .fact").all()]
    return {
        (name.removesuffix(english).strip(), value.strip())
        for (name, value), english in zip(rows, names, strict=True)
    }


def claims_without_date(text: str, keys_dir: Path) -> str:
    """The same claims as papers had them that were printed before the QR held their date; signed with the
    service's key.
    """
    [known], [key] = read_claim_keys(keys_dir), Keyring(keys_dir).claim_keys()
    claims = find_claims(text, [known])
    assert claims is not None
    former = replace(claims, commitment=None, former_commitment=bytes(16), dated_on=None)
    return sign_claims(former, key)


def cut_off(page: Page) -> None:
    """No network, and the page opened anew."""
    page.context.set_offline(True)
    page.goto(page.url)
    expect(page.locator("#no-network")).to_be_visible()
    expect(page.locator("#kept")).to_contain_text("Dữ liệu ngoại tuyến cập nhật lúc")


def published_lists(client: httpx2.Client) -> list[str]:
    """The status lists as they are published now, by their digests."""
    numbers = client.get("/.well-known/certsvc.json").json()["issuers"][0]["status_lists"]["lists"]
    return [client.get(f"/status/{number}").headers["ETag"] for number in numbers]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PUBLISHED_WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, "the list was not published anew"
        time.sleep(0.5)
