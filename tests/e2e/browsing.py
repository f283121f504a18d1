"""What the browser tests share: what stands on a paper, and how a page answers."""

import csv
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import zxingcpp
from playwright.sync_api import Page

from tests.support import calls
from tests.support.service import Service

Opening = Callable[..., Page]
"""Opens a page of a given width, without JavaScript unless asked."""

_DPI = 150
_POINTS_AN_INCH = 72


@dataclass(frozen=True)
class Paper:
    """An issued certificate as its holder has it in hand, and as staff get it."""

    code: str
    pdf: bytes
    certificate: dict[str, Any]
    record: dict[str, str]

    @property
    def printed_birth_date(self) -> str:
        year, month, day = self.record["birth_date"].split("-")
        return f"{day}/{month}/{year}"

    @property
    def last4(self) -> str:
        return self.record["citizen_id"][-4:]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.pdf).hexdigest()


def find_papers(service: Service, sample: Path, *, kind: str, count: int) -> list[Paper]:
    """So many issued papers of a kind that show a whole birth date and a citizen id, with the PDF that staff
    get.
    """
    with (sample / "f0_cases.csv").open(encoding="utf-8-sig", newline="") as file:
        records = {row["case_id"]: row for row in csv.DictReader(file)}
    with service.client() as client:
        listed = calls.certificates(client, kind=kind, status="issued")
        fit = islice((each for each in listed if _shows_all(records.get(each["case_id"], {}))), count)
        return [
            Paper(each["code"], calls.pdf(client, each["id"]), each, records[each["case_id"]]) for each in fit
        ]


def _shows_all(record: dict[str, str]) -> bool:
    return bool(
        re.fullmatch(r"\d{4}-\d{2}-\d{2}", record.get("birth_date", ""))
        and re.fullmatch(r"\d{12}", record.get("citizen_id", ""))
    )


def scan(pdf: bytes) -> str:
    """The text of the QR code on the first page, as a telephone would read it off a 150-dpi print."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[0].render(scale=_DPI / _POINTS_AN_INCH).to_pil()
    finally:
        document.close()
    codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if len(codes) != 1:
        raise ValueError(f"{len(codes)} codes on the page")
    return str(codes[0].text)


def photograph(pdf: bytes, folder: Path) -> Path:
    """A picture of the first page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        path = folder / "photo.png"
        document[0].render(scale=_DPI / _POINTS_AN_INCH).to_pil().save(path)
    finally:
        document.close()
    return path


def verdict_of(page: Page) -> str:
    """The huge words of the band, of a page that has come whole."""
    page.wait_for_load_state("load")
    return " ".join((page.locator(".verdict-title").text_content() or "").split())


def say(page: Page) -> str:
    """All words of the main part of a page that has come whole, white space collapsed."""
    page.wait_for_load_state("load")
    return " ".join((page.locator("main").text_content() or "").split())


def prove(page: Page, paper: Paper, *, birth_date: str | None = None, last4: str | None = None) -> None:
    """Type the second factor into the form at hand and send it."""
    page.locator("#birth_date").fill(birth_date or paper.printed_birth_date)
    if last4 is not None:
        page.locator("#id_last4").fill(last4)
    page.locator("form[action='/my'] button[type=submit]").click()
    page.wait_for_load_state("load")


def upload(page: Page, base_url: str, file: Path) -> None:
    """Hand a file in on the check page."""
    page.goto(f"{base_url}/check")
    page.locator("#file").set_input_files(file)
    page.locator("form[method=post] button[type=submit]").click()
    page.wait_for_load_state("load")
