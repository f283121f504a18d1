"""Certificates, with the transitions that are legal, and what hangs on them."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from certsvc.errors import Conflict
from certsvc.models.base import Entity, one_of
from certsvc.states import Kind, Status

IN_WORK = "status IN ('requested', 'signing') AND NOT awaits_approval"
"""What the partial index on certificates for workers covers; a query must say it in these words to be served
by it.
"""

HELD = "awaits_approval"
"""What the partial index on certificates that wait for their facility's head covers."""

WITHDRAWN = "status IN ('suspended', 'revoked', 'replaced')"
"""What the partial index on places in status lists covers; the same holds of it."""

SIGNED = "signed_at IS NOT NULL"
"""What the partial index on days of signing covers."""

UNMARKED = "person <> ''"
"""What the partial index on certificates from before there were marks covers; `marking` empties it."""

CANCELLED = "cancelled"
"""The reason of a `failed` certificate that was given up with its batch before anybody signed it."""

DECLINED = "declined"
"""The reason of a `failed` certificate that its facility's head did not approve."""


def _already_numbered() -> Conflict:
    return Conflict("already_numbered", "Giấy đã có số seri.", "The certificate has a serial already.")


class Certificate(Entity):
    """One certificate of one case: what was asked for, where it stands, what was published.

    `record` is the encrypted case; whom it is about, `CertificateMark` tells (`person`, an earlier blind
    index, is empty once it does); `code_index` and `token_index` are keyed digests of the look-up secrets,
    which are derived, never stored. `batch_id` is the batch that asked for it, so that a batch's progress is
    counted without its rows. `awaits_approval`: `requested`, and no worker takes it before the facility's
    head has approved. `discharge_rule` is the row that a recovery was judged by and cites, whatever rows are
    entered later. `status_list` and `status_index` are its place in the status lists, which its QR names.
    `reason` says why it was last withdrawn, reinstated or not made; `reason_text` is what a person wrote to
    it, and stands nowhere else.
    """

    __tablename__ = "certificates"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"))
    case_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind]
    revision: Mapped[int]
    status: Mapped[Status]
    serial: Mapped[str | None] = mapped_column(String(40))
    serial_year: Mapped[int | None]
    serial_sequence: Mapped[int | None]
    code_index: Mapped[str] = mapped_column(String(64), unique=True)
    token_index: Mapped[str] = mapped_column(String(64), unique=True)
    person: Mapped[str] = mapped_column(String(64))
    record: Mapped[bytes] = mapped_column(LargeBinary)
    record_digest: Mapped[str] = mapped_column(String(64))
    event_on: Mapped[dt.date]
    discharge_rule: Mapped[str | None] = mapped_column(String(64))
    leave_from: Mapped[dt.date | None]
    leave_to: Mapped[dt.date | None]
    days: Mapped[int | None]
    status_list: Mapped[int | None]
    status_index: Mapped[int | None]
    warnings: Mapped[list[str]]
    late_reason: Mapped[str] = mapped_column(String(16))
    priority: Mapped[int] = mapped_column(default=0)
    design: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[str | None] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(32))
    reason_text: Mapped[str | None]
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("certificates.id"))
    replaced_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("certificates.id"))
    is_reissue: Mapped[bool]
    requested_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"))
    batch_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batches.id"))
    requested_at: Mapped[dt.datetime]
    signed_at: Mapped[dt.datetime | None]
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_bytes: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    awaits_approval: Mapped[bool] = mapped_column(default=False)
    lease_until: Mapped[dt.datetime | None]
    lease_token: Mapped[str | None] = mapped_column(String(32))
    changed_at: Mapped[dt.datetime]

    __table_args__ = (
        UniqueConstraint("facility_code", "case_id", "kind", "revision", name="uq_certificates_natural_key"),
        Index(
            "uq_certificates_live",
            "facility_code",
            "case_id",
            "kind",
            unique=True,
            sqlite_where=text("status IN ('requested', 'signing', 'issued', 'suspended')"),
            postgresql_where=text("status IN ('requested', 'signing', 'issued', 'suspended')"),
        ),
        UniqueConstraint(
            "facility_code", "kind", "serial_year", "serial_sequence", name="uq_certificates_serial"
        ),
        UniqueConstraint("status_list", "status_index", name="uq_certificates_status_place"),
        Index(
            "ix_certificates_withdrawn",
            "status_list",
            "status_index",
            sqlite_where=text(WITHDRAWN),
            postgresql_where=text(WITHDRAWN),
        ),
        Index(
            "ix_certificates_work",
            "priority",
            "requested_at",
            "facility_code",
            "id",
            sqlite_where=text(IN_WORK),
            postgresql_where=text(IN_WORK),
        ),
        Index("ix_certificates_unmarked", "id", sqlite_where=text(UNMARKED), postgresql_where=text(UNMARKED)),
        Index("ix_certificates_newest", "requested_at", "id"),
        Index("ix_certificates_batch", "batch_id", "status", "awaits_approval"),
        Index(
            "ix_certificates_figures", "facility_code", "kind", "status", "awaits_approval", "requested_at"
        ),
        Index(
            "ix_certificates_signed",
            "facility_code",
            "signed_at",
            sqlite_where=text(SIGNED),
            postgresql_where=text(SIGNED),
        ),
        Index(
            "ix_certificates_held",
            "facility_code",
            "batch_id",
            "id",
            sqlite_where=text(HELD),
            postgresql_where=text(HELD),
        ),
        one_of("kind", Kind),
        one_of("status", Status),
        CheckConstraint(
            "status NOT IN ('issued', 'suspended', 'revoked', 'replaced') OR (serial IS NOT NULL AND"
            " pdf_sha256 IS NOT NULL AND signed_at IS NOT NULL)",
            name="published",
        ),
        CheckConstraint("(status = 'signing') = (lease_token IS NOT NULL)", name="lease"),
        CheckConstraint("NOT awaits_approval OR status = 'requested'", name="awaits_approval"),
    )

    def _move(self, to: Status, now: dt.datetime, *, legal_from: tuple[Status, ...]) -> None:
        if self.status not in legal_from:
            raise Conflict(
                "illegal_transition",
                f"Giấy chứng nhận đang ở trạng thái {self.status}, không thể chuyển sang {to}.",
                f"The certificate is {self.status}; it cannot become {to}.",
                status_now=str(self.status),
            )
        self.status = to
        self.changed_at = now

    def claim(self, now: dt.datetime, *, lease_until: dt.datetime, token: str) -> None:
        self._move(Status.SIGNING, now, legal_from=(Status.REQUESTED, Status.SIGNING))
        self.attempts += 1
        self.lease_until = lease_until
        self.lease_token = token

    def number(self, serial: str, *, year: int, sequence: int) -> None:
        """Give the serial; a certificate keeps the first it got, whatever befalls it."""
        if self.serial is not None:
            raise _already_numbered()
        self.serial, self.serial_year, self.serial_sequence = serial, year, sequence

    def place(self, status_list: int, status_index: int) -> None:
        """Give the place in the status lists; like the serial it is given once."""
        if self.status_index is not None:
            raise _already_numbered()
        self.status_list, self.status_index = status_list, status_index

    def release(self, now: dt.datetime, *, retry_at: dt.datetime | None = None) -> None:
        """Give an unfinished claim back, to be taken again from `retry_at` on."""
        self._move(Status.REQUESTED, now, legal_from=(Status.SIGNING,))
        self.lease_token = None
        self.lease_until = retry_at

    def mark_issued(
        self,
        now: dt.datetime,
        *,
        signed_at: dt.datetime,
        sha256: str,
        size: int,
        level: str,
        design: str,
        warnings: list[str],
    ) -> None:
        self._move(Status.ISSUED, now, legal_from=(Status.SIGNING,))
        self.signed_at, self.pdf_sha256, self.pdf_bytes = signed_at, sha256, size
        self.level, self.design, self.warnings = level, design, warnings
        self.lease_token = self.lease_until = None

    def fail(self, now: dt.datetime, reason: str, text: str | None = None) -> None:
        self._move(Status.FAILED, now, legal_from=(Status.REQUESTED, Status.SIGNING))
        self.reason, self.reason_text = reason, text
        self.lease_token = self.lease_until = None
        self.awaits_approval = False

    def approve(self, now: dt.datetime) -> None:
        """Let workers have it. Raises Conflict `nothing_to_approve`."""
        self._require_held()
        self.awaits_approval, self.changed_at = False, now

    def decline(self, now: dt.datetime, text: str) -> None:
        """Give it up unsigned; its case is free again. Raises Conflict `nothing_to_approve`."""
        self._require_held()
        self.fail(now, DECLINED, text)

    def _require_held(self) -> None:
        if not self.awaits_approval:
            raise nothing_to_approve()

    @property
    def is_cancelled(self) -> bool:
        return self.status is Status.FAILED and self.reason == CANCELLED

    def revoke(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.REVOKED, now, legal_from=(Status.ISSUED, Status.SUSPENDED))
        self.reason, self.reason_text = reason, text

    def suspend(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.SUSPENDED, now, legal_from=(Status.ISSUED,))
        self.reason, self.reason_text = reason, text

    def reinstate(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.ISSUED, now, legal_from=(Status.SUSPENDED,))
        self.reason, self.reason_text = reason, text

    def replace(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.REPLACED, now, legal_from=(Status.ISSUED, Status.SUSPENDED))
        self.reason, self.reason_text = reason, text


def nothing_to_approve() -> Conflict:
    return Conflict(
        "nothing_to_approve", "Không có giấy nào đang chờ duyệt ở đây.", "Nothing waits here for approval."
    )


class SerialCounter(Entity):
    """The last sequence number given, per facility, kind and year of signing; never goes back."""

    __tablename__ = "serial_counters"

    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Event(Entity):
    """What happened to a certificate, in order; only ever appended to."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), index=True)
    certificate: Mapped[Certificate] = relationship(lazy="raise")
    at: Mapped[dt.datetime]
    name: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
