"""What the service answers, typed.

Members that a newer service adds are ignored. New words in a list, such as a further status, are accepted as
they are, so a `match` over them needs a default case.
"""

import datetime as dt
import uuid
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

T = TypeVar("T")


def _or_new_word(value: Any, known: ValidatorFunctionWrapHandler) -> Any:
    try:
        return known(value)
    except ValidationError:
        if isinstance(value, str):
            return value
        raise


Open = WrapValidator(_or_new_word)

Kind = Annotated[Literal["sick_leave", "recovery"], Open]
Status = Annotated[
    Literal["requested", "signing", "issued", "suspended", "revoked", "replaced", "failed"], Open
]
BatchStatus = Annotated[Literal["reading", "running", "done", "cancelled", "failed"], Open]
RowOutcome = Annotated[
    Literal["issued", "existing", "pending", "rejected", "failed", "cancelled", "would_issue", "none"], Open
]
Verdict = Annotated[
    Literal["valid", "revoked", "suspended", "replaced", "pending", "invalid", "unknown", "cannot_check"],
    Open,
]
DeliveryState = Annotated[Literal["pending", "delivered", "failed"], Open]


class Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Page(Result, Generic[T]):
    """Some of what was asked for; `next_cursor` leads to the next page."""

    items: list[T]
    next_cursor: str | None


class Certificate(Result):
    """`code` exists from acceptance (auditors do not see it), `serial` from signing.

    With `awaits_approval` it is `requested`, and not signed before its facility's head has approved.
    """

    id: uuid.UUID
    kind: Kind
    status: Status
    serial: str | None
    code: str | None
    verify_url: str | None
    slip_url: str | None
    facility_code: str
    case_id: str
    requested_at: dt.datetime
    signed_at: dt.datetime | None
    pdf_sha256: str | None
    level: str | None
    days: int | None
    warnings: list[str]
    awaits_approval: bool = False
    reason: str | None
    reason_text: str | None
    replaced_by: uuid.UUID | None


class CertificatePage(Page[Certificate]):
    pass


class BatchCounts(Result):
    rows: int
    accepted: int
    rejected: int
    none: int
    certificates: int
    issued: int
    existing: int
    pending: int
    failed: int
    cancelled: int
    awaiting_approval: int = 0


class Batch(Result):
    """`problem` says why it failed, `notices` what was found about the file as a whole."""

    id: uuid.UUID
    status: BatchStatus
    dry_run: bool
    format: str
    mapping: str | None
    counts: BatchCounts
    notices: list[dict[str, Any]]
    problem: dict[str, Any] | None
    created_at: dt.datetime
    finished_at: dt.datetime | None
    links: dict[str, str]

    @property
    def has_ended(self) -> bool:
        return self.finished_at is not None


class BatchProgress(Batch):
    estimated_end_at: dt.datetime | None = None


class RowRule(Result):
    """What a rule found in a row; `level` is A to warn, R to reject, and so on (docs/rules.md)."""

    id: str
    level: str
    field: str | None
    message_vi: str
    message_en: str


class RowResult(Result):
    """The fate of one row for one kind; `row` is the sheet's row as its user sees it, `status` the
    certificate's today.
    """

    row: int
    case_id: str
    kind: Kind
    outcome: RowOutcome
    rules: list[RowRule]
    awaits_approval: bool = False
    reason: str | None
    status: Status | None = None
    certificate_id: uuid.UUID | None
    serial: str | None
    code: str | None
    days: int | None
    verify_url: str | None


class RowFate(Result):
    """What became of one row; `version` is how often it was mended."""

    row: int
    version: int
    mended_at: dt.datetime | None
    results: list[RowResult]


class Row(RowFate):
    """`record` are its cells, None for auditors and where the file is no longer kept."""

    record: dict[str, str] | None


class Reason(Result):
    code: str
    message_vi: str
    message_en: str
    next_step_vi: str
    next_step_en: str


class Check(Result):
    name: str
    outcome: Annotated[Literal["passed", "failed", "not_done"], Open]
    detail: str


class CertificateView(Result):
    """What this asker may see of a certificate.

    `dated_on` is the date that the paper bears, `signed_at` when it was signed (`signed_on` that day in
    Hanoi): late papers differ, and are good. Older services do not have the last two.
    """

    kind: Annotated[Literal["sick_leave", "recovery", "station_certificate"], Open]
    serial_tail: str | None
    facility: str
    dated_on: dt.date | None = None
    signed_on: dt.date | None
    signed_at: dt.datetime | None = None
    initials: str | None
    serial: str | None = None
    holder: str | None = None
    leave_from: dt.date | None = None
    leave_to: dt.date | None = None
    days: int | None = None


class Signature(Result):
    """One signature of a file; unless `trusted`, the names are only claims."""

    slot: Annotated[Literal["practitioner", "representative", "organisation"], Open] | None
    signer: str
    organisation: str
    issuer_ca: str
    signed_at: dt.datetime | None
    time_source: Annotated[Literal["timestamp", "claimed"], Open] | None
    level: Annotated[Literal["B-B", "B-T", "B-LT"], Open] | None
    intact: bool
    trusted: bool
    covers_whole_file: bool
    hierarchy: str | None = None


class Report(Result):
    """The answer to a check: only `verdict == "valid"` means that the paper is good."""

    verdict: Verdict
    reasons: list[Reason]
    checked_at: dt.datetime
    as_of: dt.datetime
    checks: list[Check]
    certificate: CertificateView | None
    signatures: list[Signature]

    @property
    def is_valid(self) -> bool:
        return self.verdict == "valid"


class Proven(Report):
    """The answer to whoever gave the birth date; with an id number's last four digits also a grant."""

    grant: str | None
    pdf_url: str | None
    successor_url: str | None


class Source(Result):
    """How the sender knows an item."""

    kind: Annotated[Literal["file", "code"], Open]
    name: str | None
    row: int | None
    code: str | None


class NumberedReport(Report):
    """The report on one of many; `item` counts from 1."""

    item: int
    source: Source
