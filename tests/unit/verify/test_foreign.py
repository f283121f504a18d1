"""Strangers' files: intact, changed, or not checkable by us, which is never called changed."""

from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import cms

from certsvc.verify.findings import Examination
from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, CheckOutcome
from certsvc.verify.trust import Trust
from tests.unit.verify import samples

FAULTS = Path(__file__).parents[2] / "data" / "faults"
NOBODY = Trust(anchors=())


def _look(data: bytes, *, trust: Trust = NOBODY) -> Examination:
    return samples.look(data, believing=trust)


@pytest.mark.parametrize("name", ["signed", "dts", "blt-for-comparison"])
def test_document_time_stamps_are_intact(name: str) -> None:
    """PAdES B-LTA, and a mere time-stamp, which signs content with the file's digest [RFC 3161 §2.4.2]."""
    examination = _look((FAULTS / "09-foreign-lta" / f"{name}.pdf").read_bytes())
    assert (examination.kind, examination.reasons) == (FileKind.SIGNED_BY_OTHER, (Reason.SIGNED_BY_OTHER,))
    assert all(facts.intact and not facts.trusted and facts.signed_at for facts in examination.signatures)


@pytest.mark.parametrize("name", ["signed", "dts"])
def test_a_changed_file_with_a_time_stamp_is_changed(name: str) -> None:
    data = (FAULTS / "09-foreign-lta" / f"{name}.pdf").read_bytes()
    at = data.index(b"%PDF-") + 12
    assert _look(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]).kind is FileKind.TAMPERED


@pytest.mark.parametrize(
    ("name", "lacks"), [("signed", "chứng thư của người ký"), ("unknown-hash", "thuật toán")]
)
def test_what_cannot_be_checked_was_not_changed(name: str, lacks: str) -> None:
    """A CMS without the signer's certificate, a digest unknown to us: `unknown`, and what is missing."""
    examination = _look((FAULTS / "10-foreign-without-certificate" / f"{name}.pdf").read_bytes())
    assert (examination.kind, examination.reasons) == (FileKind.NOT_CHECKABLE, (Reason.NOT_CHECKABLE,))
    assert {check.outcome for check in examination.checks} == {CheckOutcome.NOT_DONE}
    assert lacks in next(check.detail for check in examination.checks if check.name is CheckName.SIGNATURE)
    assert not any(facts.intact for facts in examination.signatures)


def test_a_changed_file_is_changed_though_the_signer_is_unknown() -> None:
    """The digest needs no certificate."""
    data = (FAULTS / "10-foreign-without-certificate" / "signed.pdf").read_bytes()
    at = data.index(b"%PDF-") + 12
    assert _look(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]).kind is FileKind.TAMPERED


def test_fields_named_as_ours_are_ours() -> None:
    """A paper of ours without its certificates was changed: what we sign can be checked."""
    data = samples.genuine(1)
    start = data.index(b"/Contents <") + len(b"/Contents <")
    end = data.index(b">", start)
    info = cms.ContentInfo.load(bytes.fromhex(data[start:end].decode()))
    info["content"]["certificates"] = []
    bare = info.dump(force=True).hex().encode().ljust(end - start, b"0")
    assert _look(data[:start] + bare + data[end:]).kind is FileKind.TAMPERED


def test_a_usage_rights_signature_signs_nothing() -> None:
    """It has no field [ISO 32000-1 §12.8.2.3]: a file that has no other is not signed."""
    data = samples.unsigned()
    at = data.rindex(b"startxref")
    assert _look(data[:at] + b"% /ByteRange [0 1 2 3]\n" + data[at:]).kind is FileKind.NOT_SIGNED


def test_a_root_beside_makes_no_self_signed_file_broken() -> None:
    """For a self-signed certificate that is not a root, path building raises an error of its own."""
    data = (FAULTS / "09-foreign-lta" / "blt-for-comparison.pdf").read_bytes()
    root = samples.der_of(samples.pki(), "root")
    examination = _look(data, trust=replace(NOBODY, hierarchies={"public": (root,)}))
    assert examination.kind is FileKind.SIGNED_BY_OTHER
    assert {facts.hierarchy for facts in examination.signatures} == {None}
