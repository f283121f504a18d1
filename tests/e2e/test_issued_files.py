"""Every PDF of the sample, read by tools that are not ours: pdfsig, pyHanko, pdftotext, zxing."""

import asyncio
import gc
import io
import re
import subprocess
import unicodedata
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.cli.keeping import keep, load
from certsvc.clock import utc_now
from certsvc.records.sheets.registry_files import Post, read_practitioners
from certsvc.records.sheets.tables import open_table
from certsvc.verify.offline import judge_text
from tests.support import calls
from tests.support.service import Service

CERTIFICATES = 264


@dataclass(frozen=True)
class Paper:
    """What three readers say of one file."""

    pdfsig: str
    pyhanko: tuple[tuple[bool, bool, SignatureCoverageLevel | None], ...]
    text: str
    qr: tuple[str, ...]


@cache
def _root(path: Path) -> Any:
    return asn1_x509.Certificate.load(pem.unarmor(path.read_bytes())[2])


def _read(file: Path, root: Path) -> Paper:
    report = subprocess.run(
        ["pdfsig", "-nocert", str(file)], capture_output=True, text=True, check=True
    ).stdout
    text = subprocess.run(["pdftotext", str(file), "-"], capture_output=True, text=True, check=True).stdout
    page = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray", str(file)], capture_output=True, check=True
    ).stdout
    codes = zxingcpp.read_barcodes(
        Image.open(io.BytesIO(page)), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    return Paper(report, tuple(_trusted(file, root)), _plain(text), tuple(code.text for code in codes))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _trusted(file: Path, root: Path) -> list[tuple[bool, bool, SignatureCoverageLevel | None]]:
    """Of each signature: trusted to the root with what the file itself holds, time stamp trusted,
    coverage.
    """
    reader = PdfFileReader(io.BytesIO(file.read_bytes()))
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(
        {"trust_roots": [_root(root)], "allow_fetching": False, "revocation_mode": "require"}
    )
    found = []
    for signature in reader.embedded_regular_signatures:
        status = asyncio.run(async_validate_pdf_signature(signature, context))
        stamp = status.timestamp_validity
        found.append((bool(status.bottom_line), stamp is not None and bool(stamp.trusted), status.coverage))
    return found


@pytest.fixture(scope="module")
def lines(service: Service, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The sample's certificates as a batch's results tell them, each with the `file` out of the archive."""
    with service.client() as client:
        batch, lines = calls.send(client, sample / "f0_cases.csv")
        archive = client.get(f"/v1/batches/{batch['id']}/archive.zip").content
    folder = tmp_path_factory.mktemp("archive")
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
    found = [
        line | {"file": folder / f"{line['serial']}_{line['case_id']}.pdf"}
        for line in lines
        if line["certificate_id"]
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*(line["file"].name for line in found), "results.csv"]
    )
    assert len(found) == CERTIFICATES
    return found


@pytest.fixture(
    scope="module", params=[pytest.param(5, id="some"), pytest.param(1, id="all", marks=pytest.mark.long)]
)
def papers(
    request: pytest.FixtureRequest, service: Service, lines: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], Paper]]:
    """Every fifth certificate as other programs read it, or each one."""
    lines, root = lines[:: request.param], service.folder / "keys" / "root.pem"
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=gc.freeze) as readers:
        read = list(readers.map(_read, [line["file"] for line in lines], [root] * len(lines), chunksize=8))
    return list(zip(lines, read, strict=True))


@pytest.fixture(scope="module")
def cases(sample: Path) -> dict[str, dict[str, str]]:
    with open_table(sample / "f0_cases.csv", max_rows=1000, max_unpacked_bytes=1 << 30) as table:
        return {
            str(row.cells["case_id"]): {name: str(cell or "") for name, cell in row.cells.items()}
            for row in table
        }


@pytest.fixture(scope="module")
def heads(sample: Path) -> set[str]:
    return {row.licence for row in read_practitioners(sample / "practitioners.csv") if row.role is Post.HEAD}


def test_pdfsig_finds_every_signature_valid(
    papers: list[tuple[dict[str, Any], Paper]], cases: dict[str, dict[str, str]], heads: set[str]
) -> None:
    """Three of them, two where the head examined; the last one signs the total document."""
    counts = set()
    for line, paper in papers:
        count = 2 if cases[line["case_id"]]["practitioner_licence"] in heads else 3
        counts.add(count)
        assert paper.pdfsig.count("Signature #") == count, line
        assert paper.pdfsig.count("Signature Validation: Signature is Valid.") == count, line
        last = paper.pdfsig[paper.pdfsig.rindex("Signature #") :]
        assert (
            paper.pdfsig.count("  - Total document signed") == last.count("  - Total document signed") == 1
        ), line
    assert counts == {2, 3}


def test_pyhanko_trusts_every_signature(papers: list[tuple[dict[str, Any], Paper]]) -> None:
    """Against the development root alone, with the revocation answers the file itself holds, and
    time-stamped.
    """
    for line, paper in papers:
        assert all(trusted and stamped for trusted, stamped, _ in paper.pyhanko), line
        assert paper.pyhanko[-1][2] is SignatureCoverageLevel.ENTIRE_FILE, line
        assert len(paper.pyhanko) == paper.pdfsig.count("Signature #")


def test_pdftotext_finds_what_the_record_says(
    papers: list[tuple[dict[str, Any], Paper]], cases: dict[str, dict[str, str]]
) -> None:
    """Name in capitals, serial as printed, dates dd/mm/yyyy, days."""
    for line, paper in papers:
        case = cases[line["case_id"]]
        first, last = (_printed(case[name]) for name in ("isolation_from", "isolation_to"))
        assert _plain(case["full_name"]).upper() in paper.text, line
        if line["kind"] == "sick_leave":
            assert f"Số seri: {line['serial']}" in paper.text, line
            assert f"Số ngày nghỉ: {line['days']} ngày" in paper.text, line
            assert f"(Từ ngày {first} đến hết ngày {last})" in paper.text, line
        else:
            assert f"Số: {int(line['serial'].rsplit('-')[-1])}/GXN-TYT" in paper.text, line
            assert re.search(rf"từ ngày {first} đến hết ngày {last} \(\d+ ngày\)", paper.text), line
        assert line["code"] in paper.text, line


def _printed(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


def test_the_qr_leads_to_an_answer_that_says_valid(
    service: Service, papers: list[tuple[dict[str, Any], Paper]]
) -> None:
    """At 150 dpi, one code a page, to our address, which answers anybody."""
    with service.client(None, address="198.51.100.7") as client:
        for line, paper in papers:
            [address] = paper.qr
            assert address.startswith(f"{service.base_url}/v/".upper()), line
            report = calls.good(client.get(address.replace("HTTP://", "http://")))
            assert report["verdict"] == "valid", line
            assert report["checks"][-1]["name"] == "claims", line
            assert line["serial"].endswith(report["certificate"]["serial_tail"])


def test_every_way_in_says_valid(
    service: Service, papers: list[tuple[dict[str, Any], Paper]], tmp_path: Path
) -> None:
    """The QR without a network by kept lists, the code, and the very file; all of every certificate."""
    now = utc_now()
    with service.client(None, address="198.51.100.8") as client:
        keep(client, tmp_path, now=now)
        kept = load(tmp_path, now=now)
        for number, (line, paper) in enumerate(papers):
            client.headers["X-Forwarded-For"] = (
                f"198.51.101.{number // 100}"  # a stranger may ask 300 times a minute
            )
            [address] = paper.qr
            offline = judge_text(address, kept=kept, now=now).to_json()
            assert (offline["verdict"], offline["reasons"][0]["code"]) == ("valid", "genuine"), line
            assert offline["certificate"] is not None, line
            assert line["serial"].endswith(offline["certificate"]["serial_tail"]), line
            assert (
                calls.verdict(client, line["code"])
                == calls.verdict(client, line["file"].read_bytes())
                == "valid"
            ), line
