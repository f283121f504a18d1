"""What goes over the wire under `/v1` [api], and how it is made from entities."""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from certsvc.codes import format_code
from certsvc.config import Settings
from certsvc.models import (
    ApiKey,
    Batch,
    BatchStatus,
    Certificate,
    Facility,
    Kind,
    Practitioner,
    Role,
    Status,
    WithdrawalReason,
)
from certsvc.vault import Vault


def _without_nul(text: str) -> str:
    """PostgreSQL keeps every character but this one."""
    return text.replace("\0", "")


Text = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True), AfterValidator(_without_nul)]
RecordValue = str | int | float | bool | None
Record = Annotated[dict[Annotated[str, StringConstraints(max_length=64)], RecordValue], Field(max_length=64)]
LateReason = Literal["late", "reissue", "request"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """Problem details [RFC 9457]; `code` is stable, texts may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    message_vi: str
    message_en: str
    errors: list[dict[str, str | int | None]] = Field(
        description="each with field, row, rule, message_vi, message_en"
    )
    request_id: str | None


class CertificateRequest(Strict):
    """One certificate to issue; `record` has the columns of the case file as keys."""

    kind: Kind
    record: Record
    late_reason: LateReason = "late"


class Withdrawal(Strict):
    """Why; `other` needs a text."""

    reason: WithdrawalReason
    text: Text | None = None


class Replacement(Withdrawal):
    """Without `record` the same paper is issued again, marked "CẤP LẠI"."""

    record: Record | None = None


class CertificateOut(BaseModel):
    id: uuid.UUID
    kind: Kind
    status: Status
    serial: str | None
    code: str | None = Field(description="look-up code; auditors do not see it")
    verify_url: str | None
    slip_url: str | None = Field(description="a page to print for people without a telephone")
    facility_code: str
    case_id: str
    requested_at: dt.datetime
    signed_at: dt.datetime | None
    pdf_sha256: str | None
    level: str | None
    days: int | None
    warnings: list[str]
    awaits_approval: bool = Field(
        description="`requested`, and not signed before the facility's head has approved"
    )
    reason: str | None
    reason_text: str | None
    replaced_by: uuid.UUID | None


class CertificatePage(BaseModel):
    items: list[CertificateOut]
    next_cursor: str | None


class BatchCounts(BaseModel):
    """rows = accepted + rejected + none; certificates = issued + pending + failed + cancelled, in a dry run
    what would be issued.
    """

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
    awaiting_approval: int = Field(description="of `pending`, what waits for the facility's head")


class BatchOut(BaseModel):
    id: uuid.UUID
    status: BatchStatus
    dry_run: bool
    format: str = Field(description="csv, xlsx, ods, json or ndjson, as the file's content said")
    mapping: str | None = Field(description="the saved mapping it is read with")
    counts: BatchCounts
    notices: list[dict[str, Any]] = Field(
        description="what the file as a whole was found to be, as in `rules` of a row"
    )
    problem: dict[str, Any] | None = Field(description="why the batch failed")
    created_at: dt.datetime
    finished_at: dt.datetime | None
    links: dict[str, str]


class FacilityOut(BaseModel):
    code: str
    name: str
    parent: str
    ward_code: str
    active_from: dt.date
    active_to: dt.date | None
    requires_approval: bool = Field(description="its head approves what was asked for before it is signed")
    prints_both_copies: bool = Field(
        description="its sick leaves have a second page, the copy that it keeps (liên 1)"
    )


class PractitionerOut(BaseModel):
    licence: str
    full_name: str | None = Field(description="auditors do not see it")
    facility_code: str
    role: str
    title: str | None = Field(description="the office held there, as certificates name it")
    registered_from: dt.date
    registered_to: dt.date | None


def certificate_out(
    certificate: Certificate, *, caller: ApiKey, vault: Vault, settings: Settings
) -> CertificateOut:
    code = None if caller.role is Role.AUDITOR else format_code(vault.code(certificate.id))
    verify_url = None if code is None else f"{settings.base_url}/v/{code}"
    return CertificateOut(
        id=certificate.id,
        kind=certificate.kind,
        status=certificate.status,
        serial=certificate.serial,
        code=code,
        verify_url=verify_url,
        slip_url=None if verify_url is None else f"{verify_url}/slip",
        facility_code=certificate.facility_code,
        case_id=certificate.case_id,
        requested_at=certificate.requested_at,
        signed_at=certificate.signed_at,
        pdf_sha256=certificate.pdf_sha256,
        level=certificate.level,
        days=certificate.days,
        warnings=certificate.warnings,
        awaits_approval=certificate.awaits_approval,
        reason=certificate.reason,
        reason_text=certificate.reason_text,
        replaced_by=certificate.replaced_by_id,
    )


def batch_out(batch: Batch, counts: dict[str, int]) -> BatchOut:
    here = f"/v1/batches/{batch.id}"
    return BatchOut(
        id=batch.id,
        status=batch.status,
        dry_run=batch.dry_run,
        format=batch.file_format,
        mapping=batch.mapping["name"] if batch.mapping else None,
        counts=BatchCounts(**counts),
        notices=batch.notices,
        problem=batch.problem,
        created_at=batch.created_at,
        finished_at=batch.finished_at,
        links={
            "self": here,
            "events": f"{here}/events",
            "results": f"{here}/results",
            "archive": f"{here}/archive.zip",
        },
    )


def facility_out(facility: Facility) -> FacilityOut:
    return FacilityOut.model_validate(facility, from_attributes=True)


def practitioner_out(practitioner: Practitioner, *, caller: ApiKey) -> PractitionerOut:
    shown = PractitionerOut.model_validate(practitioner, from_attributes=True)
    return shown.model_copy(update={"full_name": None}) if caller.role is Role.AUDITOR else shown
