"""What an attack is: a file made from a genuine one, and the answer that it must get."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from certsvc.verify.reasons import Reason
from certsvc.verify.report import CheckName, Verdict
from certsvc.verify.trust import Trust
from tests.tampering.bases import EVERY, Base


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, its first reason, and the first check of the file that fails."""

    verdict: Verdict
    reason: Reason
    check: CheckName | None = None


def invalid(reason: Reason, check: CheckName | None = None) -> Answer:
    return Answer(Verdict.INVALID, reason, check)


GENUINE = Answer(Verdict.VALID, Reason.GENUINE)
ALTERED = invalid(Reason.ALTERED_COPY)
MISPLACED = invalid(Reason.TAMPERED, CheckName.GEOMETRY)
WRONG_PLACE = invalid(Reason.TAMPERED, CheckName.CHAIN)
BROKEN = invalid(Reason.TAMPERED, CheckName.SIGNATURE)
UNSTAMPED = invalid(Reason.TAMPERED, CheckName.TIMESTAMP)
DISTRUSTED_TIME = invalid(Reason.UNTRUSTED, CheckName.TIMESTAMP)
BROKEN_ARCHIVE = invalid(Reason.TAMPERED, CheckName.ARCHIVE)
UNREADABLE = invalid(Reason.UNREADABLE)
TOO_COMPLEX = invalid(Reason.TOO_COMPLEX)
ENCRYPTED = invalid(Reason.ENCRYPTED)
NOT_OURS = Answer(Verdict.UNKNOWN, Reason.SIGNED_BY_OTHER, CheckName.CHAIN)
NOT_SIGNED = Answer(Verdict.UNKNOWN, Reason.NOT_SIGNED)
BORROWED = invalid(Reason.UNTRUSTED, CheckName.CHAIN)


def alone(answer: Answer) -> dict[Base, Answer]:
    """The answer for files of one signature: spoilt, it no longer says whose it was."""
    return {base: answer for base in EVERY if base.count == 1}


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to forge; `about` says which rule it breaks. `answers` names the bases with another answer.

    `trust` changes what the checker believes, `later` how long after signing it looks.
    """

    name: str
    about: str
    make: Callable[[Base], bytes]
    answer: Answer
    bases: tuple[Base, ...] = EVERY
    answers: Mapping[Base, Answer] = field(default_factory=dict)
    trust: Callable[[Base], Trust] = lambda base: base.trust
    later: dt.timedelta = dt.timedelta(0)

    def answer_for(self, base: Base) -> Answer:
        return self.answers.get(base, self.answer)
