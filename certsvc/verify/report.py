"""The answer to a check as everybody sees it, whatever was checked.

A report is never valid by default: `Report` refuses the verdict `valid` unless the checks required for what
was checked have passed and none has failed. The JSON form is the contract's.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict

from certsvc.errors import Broken
from certsvc.states import Slot
from certsvc.verify.reasons import ADVICE, WITHDRAWAL, Reason


class Verdict(StrEnum):
    VALID = "valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    REPLACED = "replaced"
    PENDING = "pending"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    CANNOT_CHECK = "cannot_check"


VERDICTS_OF: Mapping[Reason, tuple[Verdict, ...]] = {
    Reason.GENUINE: (Verdict.VALID,),
    **{
        reason: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED)
        for reason in Reason
        if reason in WITHDRAWAL
    },
    Reason.WITHDRAWN: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    **dict.fromkeys((Reason.NOT_SIGNED_YET, Reason.FAILED), (Verdict.PENDING,)),
    **dict.fromkeys(
        (
            Reason.NO_SUCH_CODE,
            Reason.MALFORMED_CODE,
            Reason.LEADS_ELSEWHERE,
            Reason.SIGNED_BY_OTHER,
            Reason.NOT_CHECKABLE,
            Reason.NOT_SIGNED,
            Reason.NO_QR_FOUND,
        ),
        (Verdict.UNKNOWN,),
    ),
    **dict.fromkeys(
        (Reason.ALTERED_COPY, Reason.TAMPERED, Reason.UNTRUSTED, Reason.FORGED_QR), (Verdict.INVALID,)
    ),
    **dict.fromkeys((Reason.UNREADABLE, Reason.ENCRYPTED, Reason.TOO_COMPLEX), (Verdict.INVALID,)),
    **dict.fromkeys(
        (
            Reason.REGISTER_UNREACHABLE,
            Reason.LIST_TOO_OLD,
            Reason.OFFLINE_FILE,
            Reason.BUSY,
            Reason.OTHER_ISSUER,
        ),
        (Verdict.CANNOT_CHECK,),
    ),
}
"""The verdicts that a reason may explain [verify, What the report says]."""


class CheckName(StrEnum):
    REGISTER = "register"
    GEOMETRY = "geometry"
    SIGNATURE = "signature"
    CHAIN = "chain"
    REVOCATION = "revocation"
    TIMESTAMP = "timestamp"
    ARCHIVE = "archive"
    CLAIMS = "claims"
    STATUS = "status"


class CheckOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_DONE = "not_done"


class TimeSource(StrEnum):
    """Who states the time of signing: a time-stamping authority, or only the signer."""

    TIMESTAMP = "timestamp"
    CLAIMED = "claimed"


PROOF_OF_FILE = (CheckName.GEOMETRY, CheckName.SIGNATURE, CheckName.CHAIN, CheckName.REVOCATION)
"""What a file itself must prove, besides the register and (if the profile has them) time-stamps."""


class CheckJson(TypedDict):
    name: CheckName
    outcome: CheckOutcome
    detail: str


class SignatureJson(TypedDict):
    slot: Slot | None
    signer: str
    organisation: str
    issuer_ca: str
    signed_at: str | None
    time_source: TimeSource | None
    level: str | None
    intact: bool
    trusted: bool
    covers_whole_file: bool
    hierarchy: str | None


class ReasonJson(TypedDict):
    code: Reason
    message_vi: str
    message_en: str
    next_step_vi: str
    next_step_en: str


class ReportJson(TypedDict):
    """The Report of the HTTP contract; what `certificate` holds depends on what the asker may see."""

    verdict: Verdict
    reasons: list[ReasonJson]
    checked_at: str | None
    as_of: str | None
    checks: list[CheckJson]
    certificate: dict[str, Any] | None
    signatures: list[SignatureJson]


@dataclass(frozen=True, slots=True)
class Check:
    """One step and its outcome; `detail` is one short Vietnamese sentence without personal data."""

    name: CheckName
    outcome: CheckOutcome
    detail: str = ""

    def to_json(self) -> CheckJson:
        return {"name": self.name, "outcome": self.outcome, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """What one signature in a file says and proves.

    `trusted` means proven to be by one of our signers; for any other signer the names are only claims.
    `covers_whole_file` is true for the last signature only: earlier ones cover their revisions. `hierarchy`
    names the hierarchy to which a stranger's certificate leads, by signatures and not by names; None if it
    leads to none that we know.
    """

    slot: Slot | None
    signer: str
    organisation: str
    issuer_ca: str
    signed_at: dt.datetime | None
    time_source: TimeSource | None
    level: str | None
    intact: bool
    trusted: bool
    covers_whole_file: bool
    hierarchy: str | None = None

    def to_json(self) -> SignatureJson:
        return {
            "slot": self.slot,
            "signer": self.signer,
            "organisation": self.organisation,
            "issuer_ca": self.issuer_ca,
            "signed_at": iso_instant(self.signed_at),
            "time_source": self.time_source,
            "level": self.level,
            "intact": self.intact,
            "trusted": self.trusted,
            "covers_whole_file": self.covers_whole_file,
            "hierarchy": self.hierarchy,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a check. Raises Broken for a `valid` without the checks that justify it.

    `certificate` holds what this asker may see of our record, or is None. `as_of` is the moment for which the
    answer holds: that of the check or, offline, that of the status list.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    checked_at: dt.datetime
    checks: tuple[Check, ...]
    certificate: Mapping[str, Any] | None = None
    signatures: tuple[SignatureFacts, ...] = ()
    as_of: dt.datetime | None = None

    def __post_init__(self) -> None:
        if not self.reasons:
            raise Broken("report_without_reason", "Kết quả thiếu lý do.", "A report needs a reason.")
        is_proven = self.reasons == (Reason.GENUINE,) and carries_valid(self.checks)
        if self.verdict is Verdict.VALID and not is_proven:
            en = "A report is valid only with its checks."
            raise Broken("unproven_report", "Kết quả chưa được chứng minh.", en)

    def to_json(self) -> ReportJson:
        """The Report of the HTTP contract, ready for JSON."""
        return {
            "verdict": self.verdict,
            "reasons": [describe(reason) for reason in self.reasons],
            "checked_at": iso_instant(self.checked_at),
            "as_of": iso_instant(self.as_of or self.checked_at),
            "checks": [check.to_json() for check in self.checks],
            "certificate": None if self.certificate is None else dict(self.certificate),
            "signatures": [facts.to_json() for facts in self.signatures],
        }


def carries_valid(checks: Iterable[Check]) -> bool:
    """Whether these checks allow `valid`: none failed, the register's passed, and all a file needs passed.

    Offline, a QR's claims and the status list replace the register; for a file, nothing does.
    """
    outcomes = {check.name: check.outcome for check in checks}

    def has_passed(*names: CheckName) -> bool:
        return all(outcomes.get(name) is CheckOutcome.PASSED for name in names)

    if CheckOutcome.FAILED in outcomes.values():
        return False
    if any(name in outcomes for name in PROOF_OF_FILE):
        return has_passed(CheckName.REGISTER, *PROOF_OF_FILE)
    return has_passed(CheckName.REGISTER) or has_passed(CheckName.CLAIMS, CheckName.STATUS)


def describe(reason: Reason) -> ReasonJson:
    """A reason with its texts, as the contract has it."""
    advice = ADVICE[reason]
    return {
        "code": reason,
        "message_vi": advice.message_vi,
        "message_en": advice.message_en,
        "next_step_vi": advice.next_step_vi,
        "next_step_en": advice.next_step_en,
    }


def iso_instant(value: dt.datetime | None) -> str | None:
    """An instant as in Reports: UTC, to the second."""
    if value is None:
        return None
    return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
