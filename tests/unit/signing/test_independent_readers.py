"""What we seal is accepted by pdfsig, OpenSSL, qpdf and pyHanko, but not once a byte has changed."""

import asyncio
import datetime as dt
import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.ades import simulate_future_ades_lta_validation
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from keys_dev.make import KeyType
from tests.support import pki as pkis
from tests.support import sealed_sample as samples
from tests.support.sealed_sample import Sample

SCHEMES = {
    "rsa-pkcs1v15": (KeyType.RSA_2048, False),
    "rsa-pss": (KeyType.RSA_2048, True),
    "ecdsa-p256": (KeyType.P256, False),
}
CASES = [(scheme, count) for scheme in SCHEMES for count in (3, 2, 1)]


@pytest.fixture(scope="module")
def sealed() -> dict[tuple[str, int], Sample]:
    return {
        (scheme, count): samples.sealed(pkis.shared(SCHEMES[scheme][0]), count, prefer_pss=SCHEMES[scheme][1])
        for scheme, count in CASES
    }


def root(scheme: str) -> Any:
    return asn1_x509.Certificate.load(
        pkis.shared(SCHEMES[scheme][0]).root.public_bytes(serialization.Encoding.DER)
    )


def pdfsig(pdf: bytes, folder: Path) -> str:
    (folder / "file.pdf").write_bytes(pdf)
    return subprocess.run(
        ["pdfsig", "-nocert", str(folder / "file.pdf")], capture_output=True, text=True, check=False
    ).stdout


@pytest.mark.parametrize(("scheme", "count"), CASES)
def test_pdfsig_finds_every_signature_valid(
    sealed: dict[tuple[str, int], Sample], tmp_path: Path, scheme: str, count: int
) -> None:
    """All of them valid, and the last one over the total document."""
    report = pdfsig(sealed[scheme, count].pdf, tmp_path)
    assert report.count("Signature #") == count
    assert report.count("Signature Validation: Signature is Valid.") == count
    assert report.count("Total document signed") == 1
    assert report.index("Total document signed") > report.rindex("Signature #")


@pytest.mark.parametrize(("scheme", "count"), CASES)
def test_pyhanko_trusts_every_signature_with_the_files_own_material(
    sealed: dict[tuple[str, int], Sample], scheme: str, count: int
) -> None:
    """Root pinned, nothing fetched, revocation required: the DSS suffices; only form fields change."""
    reader = PdfFileReader(io.BytesIO(sealed[scheme, count].pdf))
    signatures = reader.embedded_regular_signatures
    assert len(signatures) == count
    for signature in signatures:
        context = DocumentSecurityStore.read_dss(reader).as_validation_context(
            {"trust_roots": [root(scheme)], "allow_fetching": False, "revocation_mode": "require"}
        )
        status = asyncio.run(async_validate_pdf_signature(signature, context))
        assert status.bottom_line
        assert status.docmdp_ok
        assert status.timestamp_validity is not None
        assert status.timestamp_validity.trusted
        is_last = signature is signatures[-1]
        assert status.coverage is (
            SignatureCoverageLevel.ENTIRE_FILE if is_last else SignatureCoverageLevel.ENTIRE_REVISION
        )
        assert status.modification_level is (
            ModificationLevel.NONE if is_last else ModificationLevel.FORM_FILLING
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_archive_time_stamps_could_keep_it_valid_for_years(
    sealed: dict[tuple[str, int], Sample], scheme: str
) -> None:
    """Twelve years on, with only the CAs' certificates valid, the material suffices [EN 319 102-1 §5.6]."""
    reader = PdfFileReader(io.BytesIO(sealed[scheme, 3].pdf))
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([root(scheme)]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    offline = RevocationInfoGatheringSpec(RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = PdfSignatureValidationSpec(SignatureValidationSpec(policy, revinfo_gathering_policy=offline))
    future = pkis.utc_now() + dt.timedelta(days=12 * 365)
    assert len(reader.embedded_regular_signatures) == 3
    for signature in reader.embedded_regular_signatures:
        result = asyncio.run(simulate_future_ades_lta_validation(signature, spec, future))
        assert result.ades_subindic is AdESPassed.OK, result.failure_msg


def test_another_root_is_not_trusted(sealed: dict[tuple[str, int], Sample]) -> None:
    """Intact, but by nobody whom the checker knows."""
    reader = PdfFileReader(io.BytesIO(sealed["rsa-pss", 1].pdf))
    context = ValidationContext(trust_roots=[root("ecdsa-p256")], allow_fetching=False)
    status = asyncio.run(async_validate_pdf_signature(reader.embedded_regular_signatures[0], context))
    assert status.intact
    assert not status.trusted


@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssl_verifies_the_extracted_cms(
    sealed: dict[tuple[str, int], Sample], tmp_path: Path, scheme: str
) -> None:
    """`openssl cms -verify -cades` over the signed ranges, chain up to the development root."""
    folder = pkis.shared(SCHEMES[scheme][0]).folder
    pdf = sealed[scheme, 3].pdf
    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    assert len(signatures) == 3
    for signature in signatures:
        first, length, second, rest = (int(number) for number in signature.byte_range)
        (tmp_path / "content").write_bytes(pdf[first:length] + pdf[second : second + rest])
        (tmp_path / "cms").write_bytes(signature.pkcs7_content)
        command = (
            f"openssl cms -verify -cades -binary -inform DER -in {tmp_path}/cms -content {tmp_path}/content"
            f" -CAfile {folder}/root.pem -purpose any"
        )
        result = subprocess.run(
            [*command.split(), "-out", "/dev/null"], capture_output=True, text=True, check=False
        )
        assert "Verification successful" in result.stderr, result.stderr


@pytest.mark.parametrize("count", [3, 2, 1])
def test_qpdf_finds_no_error(sealed: dict[tuple[str, int], Sample], tmp_path: Path, count: int) -> None:
    """Cross-references, objects and streams are sound."""
    (tmp_path / "file.pdf").write_bytes(sealed["ecdsa-p256", count].pdf)
    result = subprocess.run(
        ["qpdf", "--check", str(tmp_path / "file.pdf")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "No syntax or stream encoding errors found" in result.stdout


def test_a_changed_byte_breaks_every_signature_above_it(
    sealed: dict[tuple[str, int], Sample], tmp_path: Path
) -> None:
    """In base or stock all three fall, in the second signature's revision two, in the last one's tail one."""
    result = sealed["ecdsa-p256", 3]
    for place, broken in (
        (200, 3),
        (result.ends[0] + 20, 3),
        (result.ends[2] + 20, 2),
        (result.ends[3] + 20, 1),
    ):
        changed = bytearray(result.pdf)
        changed[place] ^= 1
        report = pdfsig(bytes(changed), tmp_path)
        assert (report.count("Signature #"), report.count("Signature is Valid.")) == (3, 3 - broken)


def test_a_changed_signature_value_is_invalid(sealed: dict[tuple[str, int], Sample], tmp_path: Path) -> None:
    """A flipped digit inside the last /Contents: that signature only."""
    result = sealed["ecdsa-p256", 3]
    *_, contents = re.finditer(rb"/Contents <([0-9a-f]+)>", result.pdf)
    der = bytes.fromhex(contents[1].decode())
    signature = (
        PdfFileReader(io.BytesIO(result.pdf)).embedded_regular_signatures[-1].signer_info["signature"].native
    )
    place = contents.start(1) + 2 * (der.index(signature) + 20)
    changed = bytearray(result.pdf)
    changed[place] = ord("0") if changed[place] != ord("0") else ord("1")
    assert pdfsig(bytes(changed), tmp_path).count("Signature is Valid.") == 2
