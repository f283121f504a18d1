"""Judging a file: what it proves by itself, combined with what our register says about its bytes.

A file is `valid` only if its bytes are a version that we published and all its own checks pass too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from certsvc.states import Status
from certsvc.verify.findings import Examination, FileKind
from certsvc.verify.reasons import WITHDRAWAL, Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Verdict, carries_valid


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """A certificate as it is in our register now: its state and, if withdrawn, the reason given."""

    status: Status
    reason: str | None = None


class NoRegister(StrEnum):
    """Why the register was not asked: it does not answer, or the check is offline."""

    UNREACHABLE = "unreachable"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The verdict on a file, with its reasons and all checks, the register's first."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]


def judge_file(examination: Examination, *, register: RegisterFacts | NoRegister | None) -> Conclusion:
    """Combine a file's facts with the register's.

    `register` is what it says, None if no version of ours has these bytes, or why it was not asked. A
    withdrawn certificate gets its state's verdict, whatever else the file proves.
    """
    checks = (_register_check(register), *examination.checks)
    if isinstance(register, RegisterFacts) and register.status is not Status.ISSUED:
        verdict, reasons = judge_status(register)
    elif examination.kind is not FileKind.OURS_INTACT:
        verdict, reasons = _verdict_of(examination.kind), examination.reasons
    elif isinstance(register, RegisterFacts) and carries_valid(checks):
        verdict, reasons = Verdict.VALID, (Reason.GENUINE,)
    else:
        verdict, reasons = _verdict_of_intact(register)
    return Conclusion(verdict, reasons, checks)


def judge_status(facts: RegisterFacts, *, for_holder: bool = False) -> tuple[Verdict, tuple[Reason, ...]]:
    """The verdict that a certificate's state gives, for codes and files alike.

    Why it was withdrawn is for its holder and for staff: everybody else hears that it was.
    """
    match facts.status:
        case Status.ISSUED:
            return Verdict.VALID, (Reason.GENUINE,)
        case Status.SUSPENDED | Status.REPLACED | Status.REVOKED:
            given = _given(facts.reason) if for_holder else ()
            return _WITHDRAWN[facts.status], (Reason.WITHDRAWN, *given)
        case Status.REQUESTED | Status.SIGNING:
            return Verdict.PENDING, (Reason.NOT_SIGNED_YET,)
        case Status.FAILED:
            return Verdict.PENDING, (Reason.FAILED,)
        case _:
            assert_never(facts.status)


_WITHDRAWN = {
    Status.SUSPENDED: Verdict.SUSPENDED,
    Status.REPLACED: Verdict.REPLACED,
    Status.REVOKED: Verdict.REVOKED,
}


def _verdict_of_intact(register: RegisterFacts | NoRegister | None) -> tuple[Verdict, tuple[Reason, ...]]:
    """A file that proves itself, but whose bytes the register does not carry to `valid`."""
    match register:
        case None:
            return Verdict.INVALID, (Reason.ALTERED_COPY,)
        case NoRegister.UNREACHABLE:
            return Verdict.CANNOT_CHECK, (Reason.REGISTER_UNREACHABLE,)
        case NoRegister.OFFLINE:
            return Verdict.CANNOT_CHECK, (Reason.OFFLINE_FILE,)
        case RegisterFacts():
            return Verdict.CANNOT_CHECK, (Reason.LIST_TOO_OLD,)
        case _:
            assert_never(register)


def _given(reason: str | None) -> tuple[Reason, ...]:
    return (Reason(reason),) if reason in WITHDRAWAL else ()


def _verdict_of(kind: FileKind) -> Verdict:
    match kind:
        case FileKind.SIGNED_BY_OTHER | FileKind.NOT_CHECKABLE | FileKind.NOT_SIGNED:
            return Verdict.UNKNOWN
        case FileKind.UNPROVEN:
            return Verdict.CANNOT_CHECK
        case _:
            return Verdict.INVALID


def _register_check(register: RegisterFacts | NoRegister | None) -> Check:
    match register:
        case RegisterFacts():
            return Check(CheckName.REGISTER, CheckOutcome.PASSED, "Tệp giống từng byte bản đã phát hành.")
        case None:
            return Check(CheckName.REGISTER, CheckOutcome.FAILED, "Không có bản phát hành nào giống tệp này.")
        case NoRegister.UNREACHABLE:
            return Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, "Không kết nối được sổ đăng ký.")
        case NoRegister.OFFLINE:
            return Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, "Kiểm tra khi không có sổ đăng ký.")
        case _:
            assert_never(register)
