"""Reports: complete texts, the contract's shape, and no `valid` without its proofs."""

import datetime as dt
import json
import unicodedata

import pytest

from certsvc.errors import Broken
from certsvc.models import Slot
from certsvc.verify.reasons import ADVICE, WITHDRAWAL, Reason
from certsvc.verify.report import (
    PROOF_OF_FILE,
    Check,
    CheckName,
    CheckOutcome,
    Report,
    SignatureFacts,
    TimeSource,
    Verdict,
)

AT = dt.datetime(2026, 11, 23, 7, 30, tzinfo=dt.UTC)
PROOFS = tuple(
    Check(name, CheckOutcome.PASSED) for name in (CheckName.REGISTER, *PROOF_OF_FILE, CheckName.TIMESTAMP)
)
CONTRACT = {
    "genuine", "wrong_data", "wrong_person", "not_entitled", "fraud", "key_compromise", "lost", "other",
    "withdrawn", "not_signed_yet", "failed",
    "no_such_code", "malformed_code", "altered_copy", "tampered", "forged_qr", "leads_elsewhere",
    "signed_by_other",
    "not_checkable", "not_signed", "no_qr_found",
    "unreadable", "encrypted", "too_complex", "register_unreachable", "list_too_old", "offline_file",
}  # fmt: skip


def test_every_reason_of_the_contract_has_its_words() -> None:
    """No code without a text, no text without a code, four different sentences each."""
    assert set(Reason) >= CONTRACT
    assert set(Reason) - CONTRACT == {"untrusted", "busy", "other_issuer"}
    assert set(ADVICE) == set(Reason)
    assert set(Reason) > WITHDRAWAL
    for advice in ADVICE.values():
        texts = (advice.message_vi, advice.message_en, advice.next_step_vi, advice.next_step_en)
        assert all(
            text.endswith(".") and len(text) < 160 and unicodedata.is_normalized("NFC", text)
            for text in texts
        )
        assert not advice.message_vi.isascii()
        assert advice.message_en.isascii()
    assert len({advice.message_vi for advice in ADVICE.values()}) == len(Reason)


def test_json_has_exactly_the_members_of_the_contract() -> None:
    """The shape that clients rely on, made of plain JSON values."""
    facts = SignatureFacts(
        Slot.ORGANISATION,
        "Trạm",
        "Trạm",
        "CA",
        AT,
        TimeSource.TIMESTAMP,
        "B-LT",
        intact=True,
        trusted=True,
        covers_whole_file=True,
    )
    report = Report(Verdict.VALID, (Reason.GENUINE,), AT, PROOFS, {"kind": "recovery"}, (facts,))
    document = json.loads(json.dumps(report.to_json()))
    assert list(document) == [
        "verdict",
        "reasons",
        "checked_at",
        "as_of",
        "checks",
        "certificate",
        "signatures",
    ]
    assert list(document["reasons"][0]) == [
        "code",
        "message_vi",
        "message_en",
        "next_step_vi",
        "next_step_en",
    ]
    assert document["checks"][0] == {"name": "register", "outcome": "passed", "detail": ""}
    assert (document["verdict"], document["checked_at"], document["certificate"]) == (
        "valid",
        "2026-11-23T07:30:00Z",
        {"kind": "recovery"},
    )
    assert document["signatures"] == [
        {
            "slot": "organisation", "signer": "Trạm", "organisation": "Trạm", "issuer_ca": "CA",
            "signed_at": "2026-11-23T07:30:00Z",
            "time_source": "timestamp", "level": "B-LT", "intact": True, "trusted": True,
            "covers_whole_file": True, "hierarchy": None,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("missing", [CheckName.REGISTER, *PROOF_OF_FILE])
def test_valid_needs_every_proof(missing: CheckName) -> None:
    """If one proof is missing, failed or not done, `valid` is refused."""
    others = tuple(check for check in PROOFS if check.name is not missing)
    for checks in (
        others,
        (*others, Check(missing, CheckOutcome.FAILED)),
        (*others, Check(missing, CheckOutcome.NOT_DONE)),
    ):
        with pytest.raises(Broken):
            Report(Verdict.VALID, (Reason.GENUINE,), AT, checks)


@pytest.mark.parametrize(
    ("reasons", "checks"),
    [
        ((), PROOFS),
        ((Reason.GENUINE,), ()),
        ((Reason.TAMPERED,), PROOFS),
        ((Reason.GENUINE,), (*PROOFS, Check(CheckName.STATUS, CheckOutcome.FAILED))),
    ],
)
def test_valid_is_never_the_default(reasons: tuple[Reason, ...], checks: tuple[Check, ...]) -> None:
    """No reason, no checks, another reason, or any failed check: not valid."""
    with pytest.raises(Broken):
        Report(Verdict.VALID, reasons, AT, checks)


def test_a_code_needs_only_the_register() -> None:
    """Looking up a code proves no file, and says so by leaving those checks out."""
    checks = (Check(CheckName.REGISTER, CheckOutcome.PASSED),)
    assert Report(Verdict.VALID, (Reason.GENUINE,), AT, checks).verdict is Verdict.VALID
