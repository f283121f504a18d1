"""Certificates of every kind, and every one of them read by readers that are not ours: pyHanko, pdfsig,
OpenSSL, qpdf, veraPDF.
"""

import asyncio
import datetime as dt
import gc
import io
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.status import SignatureCoverageLevel

from certsvc.templates.designs import load_designs
from certsvc.verify.pdf.examining import FileKind, Limits, examine
from certsvc.verify.trust import Trust
from tests.e2e.engine_run import CERTIFICATES, ONE_OF_EACH, SCHEMES, Paper, make_run
from tests.support.conformance import broken_rules


@dataclass(frozen=True)
class Readings:
    """What each reader says of one file; `pyhanko` and `openssl` of each of its signatures."""

    ours: FileKind
    pyhanko: tuple[tuple[bool, bool, SignatureCoverageLevel | None, ModificationLevel | None], ...]
    pdfsig: str
    openssl: tuple[str, ...]
    qpdf: str


@cache
def _root(path: Path) -> Any:
    return asn1_x509.Certificate.load(pem.unarmor(path.read_bytes())[2])


@cache
def _trust(raw: bytes) -> Trust:
    return Trust.from_bytes(raw)


def _read(paper: Paper, keys: Path, trust: bytes) -> Readings:
    data = paper.path.read_bytes()
    reader = PdfFileReader(io.BytesIO(data))
    signatures = reader.embedded_regular_signatures
    return Readings(
        ours=examine(data, trust=_trust(trust), now=dt.datetime.now(dt.UTC), limits=Limits()).kind,
        pyhanko=tuple(_judged(reader, signatures, keys / "root.pem")),
        pdfsig=_said("pdfsig", "-nocert", str(paper.path)),
        openssl=tuple(_verified(data, signature, keys / "root.pem") for signature in signatures),
        qpdf=_said("qpdf", "--check", str(paper.path)),
    )


def _judged(
    reader: PdfFileReader, signatures: list[EmbeddedPdfSignature], root: Path
) -> Iterator[tuple[bool, bool, SignatureCoverageLevel | None, ModificationLevel | None]]:
    """Of each: trusted to the root with what the file itself holds, time-stamp trusted, what is covered, what
    came after.
    """
    trusted = {"trust_roots": [_root(root)], "allow_fetching": False, "revocation_mode": "require"}
    context = DocumentSecurityStore.read_dss(reader).as_validation_context(trusted)
    for signature in signatures:
        status = asyncio.run(async_validate_pdf_signature(signature, context))
        stamp = status.timestamp_validity
        yield (
            bool(status.bottom_line),
            stamp is not None and bool(stamp.trusted),
            status.coverage,
            status.modification_level,
        )


def _verified(data: bytes, signature: EmbeddedPdfSignature, root: Path) -> str:
    """What `openssl cms -verify -cades` says over the byte range, with the chain up to the root."""
    first, hole_start, hole_end, rest = (int(number) for number in signature.byte_range)
    with tempfile.NamedTemporaryFile() as cms, tempfile.NamedTemporaryFile() as content:
        Path(cms.name).write_bytes(signature.pkcs7_content)
        Path(content.name).write_bytes(data[first:hole_start] + data[hole_end : hole_end + rest])
        command = (
            f"openssl cms -verify -cades -binary -inform DER -in {cms.name} -content {content.name} -CAfile"
            f" {root} -purpose any -out /dev/null"
        )
        return subprocess.run(command.split(), capture_output=True, text=True, check=False).stderr


def _said(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{ended.stdout}{ended.stderr}\nexit {ended.returncode}"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(ONE_OF_EACH, id="one of each"),
        pytest.param(CERTIFICATES, id="all", marks=pytest.mark.long),
    ],
)
def count(request: pytest.FixtureRequest) -> int:
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="module")
def read(count: int, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Paper, Readings]]:
    papers, authorities = make_run(tmp_path_factory.mktemp("run"), is_whole=count == CERTIFICATES)
    trusts = {scheme: authority.trust().to_bytes() for scheme, authority in authorities.items()}
    keys, trust = (
        [each[paper.scheme] for paper in papers]
        for each in ({scheme: one.folder for scheme, one in authorities.items()}, trusts)
    )
    # What is imported stays: a collector that need not look at it makes pyHanko a fifth quicker.
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=gc.freeze) as readers:
        return list(zip(papers, readers.map(_read, papers, keys, trust, chunksize=8), strict=True))


def test_the_run_has_every_design_variant_and_scheme(count: int, read: list[tuple[Paper, Readings]]) -> None:
    """Both ways to fill, both kinds of examiner, first issue and re-issue of each design under each
    scheme.
    """
    assert len(read) == count
    met = Counter((paper.scheme, paper.design_id, paper.head_examined, paper.is_reissue) for paper, _ in read)
    assert set(met) == {
        (scheme, design.id, head, reissue)
        for scheme in SCHEMES
        for design in load_designs()
        for head in (True, False)
        for reissue in (True, False)
    }
    assert {(paper.head_examined, paper.signatures) for paper, _ in read} == {(False, 3), (True, 2)}
    assert {(paper.scheme, paper.is_fast) for paper, _ in read} == {
        (scheme, is_fast) for scheme in SCHEMES for is_fast in (True, False)
    }


def test_our_own_check_finds_every_file_intact(read: list[tuple[Paper, Readings]]) -> None:
    """The whole of `verify`, on each one."""
    for paper, readings in read:
        assert readings.ours is FileKind.OURS_INTACT, paper


def test_pyhanko_trusts_every_signature(read: list[tuple[Paper, Readings]]) -> None:
    """Against the root alone, with the revocation answers the file holds; each time-stamped; nothing but
    signing came after.
    """
    for paper, readings in read:
        assert len(readings.pyhanko) == paper.signatures
        *earlier, last = readings.pyhanko
        assert last == (True, True, SignatureCoverageLevel.ENTIRE_FILE, ModificationLevel.NONE), paper
        assert set(earlier) <= {
            (True, True, SignatureCoverageLevel.ENTIRE_REVISION, ModificationLevel.FORM_FILLING)
        }, paper


def test_pdfsig_finds_every_signature_valid(read: list[tuple[Paper, Readings]]) -> None:
    """And the last one over the total document."""
    for paper, readings in read:
        assert readings.pdfsig.count("Signature #") == paper.signatures, paper
        assert readings.pdfsig.count("Signature Validation: Signature is Valid.") == paper.signatures, paper
        assert readings.pdfsig.count("Total document signed") == 1, paper
        assert readings.pdfsig.index("Total document signed") > readings.pdfsig.rindex("Signature #"), paper


def test_openssl_verifies_every_extracted_cms(read: list[tuple[Paper, Readings]]) -> None:
    """`openssl cms -verify -cades` over the signed ranges."""
    for paper, readings in read:
        assert len(readings.openssl) == paper.signatures
        assert all("Verification successful" in said for said in readings.openssl), (paper, readings.openssl)


def test_qpdf_finds_no_error(read: list[tuple[Paper, Readings]]) -> None:
    """Cross-references, objects and streams are sound; not even a warning."""
    for paper, readings in read:
        assert readings.qpdf.endswith("exit 0"), (paper, readings.qpdf)
        assert "No syntax or stream encoding errors found" in readings.qpdf, paper
        assert "WARNING" not in readings.qpdf, (paper, readings.qpdf)


def test_files_of_every_kind_conform_to_pdf_a_and_pdf_ua(
    read: list[tuple[Paper, Readings]], tmp_path: Path
) -> None:
    """PDF/A-3a and PDF/UA-1 by veraPDF: the first one of each design, variant and way to fill, signed with
    whatever scheme.
    """
    chosen = {
        (paper.design_id, paper.head_examined, paper.is_reissue, paper.is_fast): paper
        for paper, _ in reversed(read)
    }
    found = broken_rules({paper.path.stem: paper.path.read_bytes() for paper in chosen.values()}, tmp_path)
    assert {name: rules for name, rules in found.items() if rules} == {}
