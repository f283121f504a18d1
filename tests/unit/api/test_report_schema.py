"""The described Report is the written one: no key more, none less, no other values."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from certsvc.api.public.report_schema import ProvenOut, ReportOut
from certsvc.models import Slot
from certsvc.verify.reasons import Reason
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
DAYS = {"dated_on": "2022-03-14", "signed_on": "2026-11-23", "signed_at": "2026-11-22T17:30:00Z"}
STRANGER = {
    "kind": "station_certificate",
    "serial_tail": "0042",
    "facility": "Trạm Y tế Thử Nghiệm",
    **DAYS,
    "initials": "T. V. N.",
}
HOLDER = STRANGER | {
    "kind": "recovery",
    "serial": "00042",
    "holder": "Trần Văn Nghiệm",
    "leave_from": "2026-11-16",
    "leave_to": "2026-11-22",
    "days": 7,
}
OURS = SignatureFacts(
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
THEIRS = SignatureFacts(
    None, "Người lạ", "", "", None, None, None, intact=True, trusted=False, covers_whole_file=False
)
PROOFS = tuple(Check(name, CheckOutcome.PASSED, "Đạt.") for name in (CheckName.REGISTER, *PROOF_OF_FILE))


def _report(certificate: dict[str, Any] | None = None) -> Report:
    return Report(Verdict.VALID, (Reason.GENUINE,), AT, PROOFS, certificate, (OURS, THEIRS))


@pytest.mark.parametrize(
    "certificate",
    [
        None,
        STRANGER,
        STRANGER | dict.fromkeys(["serial_tail", "initials", *DAYS]),
        HOLDER,
        HOLDER | {"days": None},
    ],
)
def test_a_report_reads_as_described_and_nothing_is_lost(certificate: dict[str, Any] | None) -> None:
    """Every key is described, and every described value is written as it was."""
    document = _report(certificate).to_json()
    described = ReportOut.model_validate(document, extra="forbid")
    assert described.model_dump(mode="json", exclude_unset=True) == document


@pytest.mark.parametrize(
    "more",
    [
        {"grant": "g", "pdf_url": "https://example.vn/p", "successor_url": None},
        dict.fromkeys(["grant", "pdf_url", "successor_url"]),
    ],
)
def test_a_proven_report_has_three_keys_more(more: dict[str, str | None]) -> None:
    """With the second factor: they are always there, and a plain report has none of them."""
    document = _report(HOLDER).to_json() | more
    assert (
        ProvenOut.model_validate(document, extra="forbid").model_dump(mode="json", exclude_unset=True)
        == document
    )
    with pytest.raises(ValidationError):
        ReportOut.model_validate(document, extra="forbid")
    with pytest.raises(ValidationError):
        ProvenOut.model_validate(_report(HOLDER).to_json(), extra="forbid")


@pytest.mark.parametrize("key", _report().to_json())
def test_every_key_of_a_report_is_required(key: str) -> None:
    """A client may rely on each of them."""
    with pytest.raises(ValidationError):
        ReportOut.model_validate({name: value for name, value in _report().to_json().items() if name != key})


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_and_verdict_is_described(reason: Reason) -> None:
    """The codes in the schema are the service's own."""
    for verdict in set(Verdict) - {Verdict.VALID}:
        document = Report(verdict, (reason,), AT, ()).to_json()
        assert ReportOut.model_validate(document, extra="forbid").reasons[0].code is reason
