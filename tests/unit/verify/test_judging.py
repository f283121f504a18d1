"""The table of verdicts: what a file proves, combined with what the register says."""

import pytest

from certsvc.models import Status
from certsvc.verify.findings import STEPS, Examination, FileKind
from certsvc.verify.judging import NoRegister, RegisterFacts, judge_file, judge_status
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Verdict

INTACT = Examination(FileKind.OURS_INTACT, tuple(Check(name, CheckOutcome.PASSED) for name in STEPS))
ISSUED = RegisterFacts(Status.ISSUED)


@pytest.mark.parametrize(
    ("register", "verdict", "reasons"),
    [
        (ISSUED, Verdict.VALID, (Reason.GENUINE,)),
        (RegisterFacts(Status.REVOKED, "fraud"), Verdict.REVOKED, (Reason.WITHDRAWN,)),
        (RegisterFacts(Status.SUSPENDED, "wrong_data"), Verdict.SUSPENDED, (Reason.WITHDRAWN,)),
        (RegisterFacts(Status.REPLACED, "lost"), Verdict.REPLACED, (Reason.WITHDRAWN,)),
        (None, Verdict.INVALID, (Reason.ALTERED_COPY,)),
        (NoRegister.UNREACHABLE, Verdict.CANNOT_CHECK, (Reason.REGISTER_UNREACHABLE,)),
        (NoRegister.OFFLINE, Verdict.CANNOT_CHECK, (Reason.OFFLINE_FILE,)),
    ],
)
def test_an_intact_file_is_what_the_register_says(
    register: RegisterFacts | NoRegister | None, verdict: Verdict, reasons: tuple[Reason, ...]
) -> None:
    """Only published bytes of an issued certificate are valid."""
    judgement = judge_file(INTACT, register=register)
    assert (judgement.verdict, judgement.reasons) == (verdict, reasons)
    assert [check.name for check in judgement.checks] == [CheckName.REGISTER, *STEPS]


@pytest.mark.parametrize(
    ("facts", "reasons"),
    [
        (RegisterFacts(Status.REVOKED, "fraud"), (Reason.WITHDRAWN, Reason.FRAUD)),
        (RegisterFacts(Status.SUSPENDED, "wrong_data"), (Reason.WITHDRAWN, Reason.WRONG_DATA)),
        (RegisterFacts(Status.REVOKED, "something new"), (Reason.WITHDRAWN,)),
        (RegisterFacts(Status.ISSUED), (Reason.GENUINE,)),
    ],
)
def test_the_holder_hears_why(facts: RegisterFacts, reasons: tuple[Reason, ...]) -> None:
    """Everybody else only that it is not in force."""
    assert judge_status(facts, for_holder=True)[1] == reasons
    assert judge_status(facts)[1] == reasons[:1]


@pytest.mark.parametrize(
    ("kind", "verdict", "reason"),
    [
        (FileKind.TAMPERED, Verdict.INVALID, Reason.TAMPERED),
        (FileKind.UNTRUSTED, Verdict.INVALID, Reason.UNTRUSTED),
        (FileKind.UNREADABLE, Verdict.INVALID, Reason.UNREADABLE),
        (FileKind.ENCRYPTED, Verdict.INVALID, Reason.ENCRYPTED),
        (FileKind.TOO_COMPLEX, Verdict.INVALID, Reason.TOO_COMPLEX),
        (FileKind.UNPROVEN, Verdict.CANNOT_CHECK, Reason.LIST_TOO_OLD),
        (FileKind.SIGNED_BY_OTHER, Verdict.UNKNOWN, Reason.SIGNED_BY_OTHER),
        (FileKind.NOT_SIGNED, Verdict.UNKNOWN, Reason.NOT_SIGNED),
    ],
)
@pytest.mark.parametrize("register", [ISSUED, None, NoRegister.OFFLINE])
def test_any_other_file_is_never_valid(
    kind: FileKind, verdict: Verdict, reason: Reason, register: RegisterFacts | NoRegister | None
) -> None:
    """Not even if the register knows its bytes."""
    judgement = judge_file(Examination.stopped(kind, ""), register=register)
    assert (judgement.verdict, judgement.reasons) == (verdict, (reason,))


@pytest.mark.parametrize(
    "missing", [CheckName.GEOMETRY, CheckName.SIGNATURE, CheckName.CHAIN, CheckName.REVOCATION]
)
def test_an_intact_file_without_a_proof_is_not_valid(missing: CheckName) -> None:
    """If a step were ever left out, the verdict would not ignore it."""
    checks = tuple(check for check in INTACT.checks if check.name is not missing)
    assert (
        judge_file(Examination(FileKind.OURS_INTACT, checks), register=ISSUED).verdict is Verdict.CANNOT_CHECK
    )


def test_withdrawn_bytes_are_withdrawn_even_if_unproven() -> None:
    """A revoked certificate whose key is revoked too says revoked, not untrusted."""
    judgement = judge_file(
        Examination.stopped(FileKind.UNTRUSTED, ""), register=RegisterFacts(Status.REVOKED, "key_compromise")
    )
    assert (judgement.verdict, judgement.reasons) == (Verdict.REVOKED, (Reason.WITHDRAWN,))


@pytest.mark.parametrize("status", list(Status))
def test_every_state_has_a_verdict(status: Status) -> None:
    """`valid` belongs to issued certificates alone."""
    verdict, reasons = judge_status(RegisterFacts(status))
    assert (verdict is Verdict.VALID) is (status is Status.ISSUED)
    assert reasons
