"""What everybody gets to see of a check, whichever way it came in.

A report is never valid by default: `Report` refuses the verdict `valid` unless the checks that the
way in demands have passed and none has failed. The JSON form is the contract's.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
"""The verdicts that a reason may stand under [verify, What the report says]."""


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


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_DONE = "not_done"


class TimeSource(StrEnum):
    """Who says when it was signed: a time-stamping authority, or only the signer."""

    TIMESTAMP = "timestamp"
    CLAIMED = "claimed"


PROOF_OF_FILE = (CheckName.GEOMETRY, CheckName.SIGNATURE, CheckName.CHAIN, CheckName.REVOCATION)
"""What a file itself must prove, besides the register and (unless a profile goes without) time-stamps."""


@dataclass(frozen=True, slots=True)
class Check:
    """One step and how it ended; `detail` is one short Vietnamese sentence without personal data."""

    name: CheckName
    outcome: Outcome
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "outcome": self.outcome, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """What one signature in a file says and proves.

    `trusted` means proven to be one of our signers; of any other signer the names are only claims.
    `covers_whole_file` is true of the last signature only: the earlier ones cover their revisions.
    `hierarchy` names the family of roots that a stranger's certificate leads to, by signatures and not by
    names; None if it leads to none we know.
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

    def to_json(self) -> dict[str, Any]:
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
    """The answer to a check. Raises Broken for a `valid` without the checks that carry it.

    `certificate` holds what this asker may see of our record, or is `None`. `as_of` is the moment whose state
    the answer tells: that of the check, or without a network that of the status list.
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
        if self.verdict is Verdict.VALID and not (
            self.reasons == (Reason.GENUINE,) and carries_valid(self.checks)
        ):
            raise Broken(
                "unproven_report", "Kết quả chưa được chứng minh.", "A report is valid only with its checks."
            )

    def to_json(self) -> dict[str, Any]:
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
    """Whether these checks allow `valid`: nothing failed, the register passed, and of a file every proof was
    made.

    Without a network a QR's claims and the status list stand in for the register; for a file nothing does.
    """
    outcomes = {check.name: check.outcome for check in checks}

    def has_passed(*names: CheckName) -> bool:
        return all(outcomes.get(name) is Outcome.PASSED for name in names)

    if Outcome.FAILED in outcomes.values():
        return False
    if any(name in outcomes for name in PROOF_OF_FILE):
        return has_passed(CheckName.REGISTER, *PROOF_OF_FILE)
    return has_passed(CheckName.REGISTER) or has_passed(CheckName.CLAIMS, CheckName.STATUS)


def describe(reason: Reason) -> dict[str, str]:
    """A reason with its texts, as the contract writes it."""
    advice = ADVICE[reason]
    return {
        "code": reason,
        "message_vi": advice.message_vi,
        "message_en": advice.message_en,
        "next_step_vi": advice.next_step_vi,
        "next_step_en": advice.next_step_en,
    }


def iso_instant(value: dt.datetime | None) -> str | None:
    """An instant as Reports write it: UTC, to the second."""
    return (
        None
        if value is None
        else value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )
