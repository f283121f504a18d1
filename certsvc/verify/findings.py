"""The result of examining a file, and the exception with which a step ends the examination."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypedDict

from certsvc.states import Slot
from certsvc.verify.reasons import Reason
from certsvc.verify.report import (
    Check,
    CheckJson,
    CheckName,
    CheckOutcome,
    SignatureFacts,
    SignatureJson,
    TimeSource,
)


class FileKind(StrEnum):
    """What a file turned out to be."""

    OURS_INTACT = "ours_intact"
    TAMPERED = "tampered"
    UNTRUSTED = "untrusted"
    UNPROVEN = "unproven"
    SIGNED_BY_OTHER = "signed_by_other"
    NOT_CHECKABLE = "not_checkable"
    NOT_SIGNED = "not_signed"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    TOO_COMPLEX = "too_complex"


REASON_OF: dict[FileKind, Reason] = {
    FileKind.TAMPERED: Reason.TAMPERED,
    FileKind.UNTRUSTED: Reason.UNTRUSTED,
    FileKind.UNPROVEN: Reason.LIST_TOO_OLD,
    FileKind.SIGNED_BY_OTHER: Reason.SIGNED_BY_OTHER,
    FileKind.NOT_CHECKABLE: Reason.NOT_CHECKABLE,
    FileKind.NOT_SIGNED: Reason.NOT_SIGNED,
    FileKind.UNREADABLE: Reason.UNREADABLE,
    FileKind.ENCRYPTED: Reason.ENCRYPTED,
    FileKind.TOO_COMPLEX: Reason.TOO_COMPLEX,
}
"""The reason that follows from the file alone; an intact one of ours is still looked up in the register."""

STEPS = (CheckName.GEOMETRY, CheckName.SIGNATURE, CheckName.TIMESTAMP, CheckName.CHAIN, CheckName.REVOCATION)
"""The checks that a file goes through, in the order shown."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file we are willing to examine."""

    max_bytes: int = 20 * 1024**2
    max_fields: int = 2000


class Refused(Exception):
    """A step ended the examination: what the file is, which check failed, and why (in Vietnamese)."""

    def __init__(
        self,
        kind: FileKind,
        check: CheckName | None,
        detail: str,
        *,
        signatures: tuple[SignatureFacts, ...] = (),
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.check = check
        self.detail = detail
        self.signatures = signatures


class ExaminationJson(TypedDict):
    """An examination as it travels between processes."""

    kind: FileKind
    checks: list[CheckJson]
    signatures: list[SignatureJson]


@dataclass(frozen=True, slots=True)
class Examination:
    """The facts that a file proves by itself; `judging` combines them with the register."""

    kind: FileKind
    checks: tuple[Check, ...]
    signatures: tuple[SignatureFacts, ...] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """None for an intact file of ours: only the register can say that it is genuine."""
        return () if self.kind is FileKind.OURS_INTACT else (REASON_OF[self.kind],)

    @classmethod
    def refused(cls, refusal: Refused, *, passed: Mapping[CheckName, str]) -> Self:
        """The checks that had passed, the one that failed, and those that were not reached."""
        steps = (*STEPS, CheckName.ARCHIVE) if refusal.check is CheckName.ARCHIVE else STEPS
        checks = tuple(_check(name, passed, refusal) for name in steps)
        return cls(refusal.kind, checks, refusal.signatures)

    @classmethod
    def stopped(cls, kind: FileKind, detail: str) -> Self:
        """An examination that ended before any check."""
        return cls.refused(Refused(kind, None, detail), passed={})

    def to_json(self) -> ExaminationJson:
        return {
            "kind": self.kind,
            "checks": [check.to_json() for check in self.checks],
            "signatures": [facts.to_json() for facts in self.signatures],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`. Raises ValueError, KeyError or TypeError for anything else."""
        checks = tuple(
            Check(CheckName(item["name"]), CheckOutcome(item["outcome"]), str(item["detail"]))
            for item in document["checks"]
        )
        return cls(FileKind(document["kind"]), checks, tuple(_facts(item) for item in document["signatures"]))


def _check(name: CheckName, passed: Mapping[CheckName, str], refusal: Refused) -> Check:
    if name is refusal.check:
        return Check(name, CheckOutcome.FAILED, refusal.detail)
    if name in passed:
        return Check(name, CheckOutcome.PASSED, passed[name])
    return Check(name, CheckOutcome.NOT_DONE, refusal.detail if refusal.check is None else "")


def _facts(item: Mapping[str, Any]) -> SignatureFacts:
    signed_at, source, slot = item["signed_at"], item["time_source"], item["slot"]
    return SignatureFacts(
        slot=None if slot is None else Slot(slot),
        signer=str(item["signer"]),
        organisation=str(item["organisation"]),
        issuer_ca=str(item["issuer_ca"]),
        signed_at=None if signed_at is None else dt.datetime.fromisoformat(signed_at),
        time_source=None if source is None else TimeSource(source),
        level=None if item["level"] is None else str(item["level"]),
        intact=item["intact"] is True,
        trusted=item["trusted"] is True,
        covers_whole_file=item["covers_whole_file"] is True,
        hierarchy=None if item["hierarchy"] is None else str(item["hierarchy"]),
    )
