"""What an examination of a file found, and how a step says that it must not go on."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from certsvc.states import Slot
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, Outcome, SignatureFacts, TimeSource


class Kind(StrEnum):
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


REASON_OF: dict[Kind, Reason] = {
    Kind.TAMPERED: Reason.TAMPERED,
    Kind.UNTRUSTED: Reason.UNTRUSTED,
    Kind.UNPROVEN: Reason.LIST_TOO_OLD,
    Kind.SIGNED_BY_OTHER: Reason.SIGNED_BY_OTHER,
    Kind.NOT_CHECKABLE: Reason.NOT_CHECKABLE,
    Kind.NOT_SIGNED: Reason.NOT_SIGNED,
    Kind.UNREADABLE: Reason.UNREADABLE,
    Kind.ENCRYPTED: Reason.ENCRYPTED,
    Kind.TOO_COMPLEX: Reason.TOO_COMPLEX,
}
"""The reason that a file alone gives; an intact one of ours still asks the register."""

STEPS = (CheckName.GEOMETRY, CheckName.SIGNATURE, CheckName.TIMESTAMP, CheckName.CHAIN, CheckName.REVOCATION)
"""The checks that a file goes through, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file we are willing to look at."""

    max_bytes: int = 20 * 1024**2
    max_fields: int = 2000


class Refused(Exception):
    """A step ended the examination: what the file is, which check failed, and why in Vietnamese."""

    def __init__(
        self, kind: Kind, check: CheckName | None, detail: str, *, signatures: tuple[SignatureFacts, ...] = ()
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.check = check
        self.detail = detail
        self.signatures = signatures


@dataclass(frozen=True, slots=True)
class Examination:
    """The facts that a file proves by itself; `judging` joins them with the register."""

    kind: Kind
    checks: tuple[Check, ...]
    signatures: tuple[SignatureFacts, ...] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Empty for an intact file of ours: only the register can say that it is genuine."""
        return () if self.kind is Kind.OURS_INTACT else (REASON_OF[self.kind],)

    @classmethod
    def refused(cls, refusal: Refused, *, passed: Mapping[CheckName, str]) -> Self:
        """The checks that passed before, the one that failed, and those that were not reached."""
        steps = (*STEPS, CheckName.ARCHIVE) if refusal.check is CheckName.ARCHIVE else STEPS
        checks = tuple(_check(name, passed, refusal) for name in steps)
        return cls(refusal.kind, checks, refusal.signatures)

    @classmethod
    def stopped(cls, kind: Kind, detail: str) -> Self:
        """An examination that broke off before it could say anything."""
        return cls.refused(Refused(kind, None, detail), passed={})

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "checks": [check.to_json() for check in self.checks],
            "signatures": [facts.to_json() for facts in self.signatures],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The examination that `to_json` wrote. Raises ValueError, KeyError or TypeError if it is none."""
        checks = tuple(
            Check(CheckName(item["name"]), Outcome(item["outcome"]), str(item["detail"]))
            for item in document["checks"]
        )
        return cls(Kind(document["kind"]), checks, tuple(_facts(item) for item in document["signatures"]))


def _check(name: CheckName, passed: Mapping[CheckName, str], refusal: Refused) -> Check:
    if name is refusal.check:
        return Check(name, Outcome.FAILED, refusal.detail)
    if name in passed:
        return Check(name, Outcome.PASSED, passed[name])
    return Check(name, Outcome.NOT_DONE, refusal.detail if refusal.check is None else "")


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
