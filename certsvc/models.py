"""Mapped entities, their states and the transitions that are legal.

The row is the truth, the queue only a doorbell. Instants are aware UTC, dates are Asia/Ho_Chi_Minh.
Invariants that the database can hold are repeated as constraints: one live certificate a
(facility, case, kind), serials unique a (facility, kind, year), codes unique.
"""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, CheckConstraint, Enum, ForeignKey, Index, LargeBinary, MetaData, String, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import DateTime, TypeDecorator
from typing_extensions import override

from certsvc.errors import Conflict


class Kind(StrEnum):
    SICK_LEAVE = "sick_leave"
    RECOVERY = "recovery"


class Slot(StrEnum):
    """Who signs, in the order of signing [domain §1.6]."""

    PRACTITIONER = "practitioner"
    REPRESENTATIVE = "representative"
    ORGANISATION = "organisation"


class Status(StrEnum):
    """States of a certificate: requested → signing → issued → suspended | revoked | replaced, or failed."""

    REQUESTED = "requested"
    SIGNING = "signing"
    ISSUED = "issued"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    REPLACED = "replaced"
    FAILED = "failed"


LIVE = (Status.REQUESTED, Status.SIGNING, Status.ISSUED, Status.SUSPENDED)
"""States of which a case may have only one certificate of a kind."""

PUBLISHED = (Status.ISSUED, Status.SUSPENDED, Status.REVOKED, Status.REPLACED)
"""States in which bytes of ours are out in the world."""


class Role(StrEnum):
    INSURER = "insurer"
    FACILITY = "facility"
    AUDITOR = "auditor"
    ADMIN = "admin"


class BatchStatus(StrEnum):
    READING = "reading"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Instant(TypeDecorator[dt.datetime]):
    """An aware UTC instant; SQLite keeps none, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(dt.UTC)

    @override
    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=dt.UTC)


class Entity(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: Instant,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        list[str]: JSON,
        StrEnum: Enum(StrEnum, native_enum=False, length=16, values_callable=lambda e: [str(m) for m in e]),
    }


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def _within(day: dt.date, first: dt.date, last: dt.date | None) -> bool:
    return first <= day and (last is None or day <= last)


class Facility(Entity):
    """A health station or hospital that may issue; `code` is its five-digit BHXH number."""

    __tablename__ = "facilities"

    code: Mapped[str] = mapped_column(String(5), primary_key=True)
    name: Mapped[str]
    parent: Mapped[str]
    ward_code: Mapped[str] = mapped_column(String(5))
    active_from: Mapped[dt.date]
    active_to: Mapped[dt.date | None]

    def is_active_on(self, day: dt.date) -> bool:
        return _within(day, self.active_from, self.active_to)


class Practitioner(Entity):
    """Somebody licensed to examine at one facility; `role` is `head` or `practitioner`."""

    __tablename__ = "practitioners"

    licence: Mapped[str] = mapped_column(String(64), primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    full_name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    social_insurance_no: Mapped[str] = mapped_column(String(10))
    registered_from: Mapped[dt.date]
    registered_to: Mapped[dt.date | None]

    __table_args__ = (CheckConstraint("role IN ('head', 'practitioner')", name="role"),)

    @property
    def is_head(self) -> bool:
        return self.role == "head"

    def is_registered_on(self, day: dt.date) -> bool:
        """Registered with BHXH as a signer on that day [rules V-PRACTITIONER]."""
        return _within(day, self.registered_from, self.registered_to)


class SigningIdentity(Entity):
    """A key that signs, and whose: an organisation (facility), or a person (by licence)."""

    __tablename__ = "identities"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"))
    licence: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str]
    certificate_der: Mapped[bytes] = mapped_column(LargeBinary)
    certificate_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    not_before: Mapped[dt.datetime]
    not_after: Mapped[dt.datetime]
    added_at: Mapped[dt.datetime]
    retired_at: Mapped[dt.datetime | None]

    def is_good(self, now: dt.datetime) -> bool:
        """Whether it may sign now."""
        return self.retired_at is None and self.not_before <= now <= self.not_after


class ApiKey(Entity):
    """A caller's key: only its digest is kept."""

    __tablename__ = "api_keys"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role]
    facility_code: Mapped[str | None] = mapped_column(ForeignKey("facilities.code"))
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]

    __table_args__ = (
        _one_of("role", Role),
        CheckConstraint("(role = 'facility') = (facility_code IS NOT NULL)", name="facility_scope"),
    )

    def may_see(self, facility_code: str) -> bool:
        """Whether that facility's certificates exist for this caller."""
        return self.facility_code is None or self.facility_code == facility_code

    def is_good(self, now: dt.datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Batch(Entity):
    """A file of cases and what becomes of it; the file lies among the blobs until the batch is done."""

    __tablename__ = "batches"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), index=True)
    facility_code: Mapped[str | None] = mapped_column(ForeignKey("facilities.code"))
    status: Mapped[BatchStatus]
    dry_run: Mapped[bool]
    late_reason: Mapped[str] = mapped_column(String(16))
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_format: Mapped[str] = mapped_column(String(16))
    problem: Mapped[dict[str, Any] | None]
    notices: Mapped[list[dict[str, Any]]]
    created_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    lease_until: Mapped[dt.datetime | None]

    __table_args__ = (_one_of("status", BatchStatus),)


class BatchRow(Entity):
    """One row of a batch file; its lines (one a kind) say what became of it."""

    __tablename__ = "batch_rows"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    outcome: Mapped[str] = mapped_column(String(16))
    rules: Mapped[list[dict[str, Any]]]
    days: Mapped[int | None]
    certificate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("certificates.id"), index=True)
    certificate: Mapped["Certificate | None"] = relationship(lazy="raise")

    __table_args__ = (
        _one_of("kind", Kind),
        CheckConstraint("outcome IN ('accepted', 'existing', 'rejected', 'would_issue', 'none', 'cancelled')", name="outcome"),
        CheckConstraint("(outcome IN ('accepted', 'existing')) = (certificate_id IS NOT NULL)", name="certificate"),
    )


class Certificate(Entity):
    """One certificate of one case: what was asked for, where it stands, what was published.

    `record` is the encrypted case; `person` a blind index of whom it is about; `code_index` and
    `token_index` are keyed digests of the look-up secrets, which are derived, never stored.
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
    leave_from: Mapped[dt.date | None]
    leave_to: Mapped[dt.date | None]
    days: Mapped[int | None]
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
    requested_at: Mapped[dt.datetime]
    signed_at: Mapped[dt.datetime | None]
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    pdf_bytes: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
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
        UniqueConstraint("facility_code", "kind", "serial_year", "serial_sequence", name="uq_certificates_serial"),
        Index("ix_certificates_work", "status", "priority", "requested_at"),
        Index("ix_certificates_person", "person", "kind"),
        Index("ix_certificates_newest", "requested_at", "id"),
        _one_of("kind", Kind),
        _one_of("status", Status),
        CheckConstraint(
            "status NOT IN ('issued', 'suspended', 'revoked', 'replaced') OR (serial IS NOT NULL AND pdf_sha256 IS NOT NULL AND signed_at IS NOT NULL)",
            name="published",
        ),
        CheckConstraint("(status = 'signing') = (lease_token IS NOT NULL)", name="lease"),
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
            raise Conflict("already_numbered", "Giấy đã có số seri.", "The certificate has a serial already.")
        self.serial, self.serial_year, self.serial_sequence = serial, year, sequence

    def release(self, now: dt.datetime, *, retry_at: dt.datetime | None = None) -> None:
        """Give an unfinished claim back, to be taken again from `retry_at` on."""
        self._move(Status.REQUESTED, now, legal_from=(Status.SIGNING,))
        self.lease_token = None
        self.lease_until = retry_at

    def mark_issued(self, now: dt.datetime, *, signed_at: dt.datetime, sha256: str, size: int, level: str, design: str, warnings: list[str]) -> None:
        self._move(Status.ISSUED, now, legal_from=(Status.SIGNING,))
        self.signed_at, self.pdf_sha256, self.pdf_bytes = signed_at, sha256, size
        self.level, self.design, self.warnings = level, design, warnings
        self.lease_token = self.lease_until = None

    def fail(self, now: dt.datetime, reason: str, text: str | None = None) -> None:
        self._move(Status.FAILED, now, legal_from=(Status.REQUESTED, Status.SIGNING))
        self.reason, self.reason_text = reason, text
        self.lease_token = self.lease_until = None

    def revoke(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.REVOKED, now, legal_from=(Status.ISSUED, Status.SUSPENDED))
        self.reason, self.reason_text = reason, text

    def suspend(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.SUSPENDED, now, legal_from=(Status.ISSUED,))
        self.reason, self.reason_text = reason, text

    def reinstate(self, now: dt.datetime) -> None:
        self._move(Status.ISSUED, now, legal_from=(Status.SUSPENDED,))
        self.reason = self.reason_text = None

    def replace(self, now: dt.datetime, reason: str, text: str | None) -> None:
        self._move(Status.REPLACED, now, legal_from=(Status.ISSUED, Status.SUSPENDED))
        self.reason, self.reason_text = reason, text


class SerialCounter(Entity):
    """The last sequence number given, per facility, kind and year of signing; never goes back."""

    __tablename__ = "serial_counters"

    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Episode(Entity):
    """An illness that a file told us of and that was not over: what R-REINFECTION asks for."""

    __tablename__ = "episodes"

    facility_code: Mapped[str] = mapped_column(ForeignKey("facilities.code"), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(64), index=True)
    positive_on: Mapped[dt.date]


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


class PublishedFile(Entity):
    """The digest register: SHA-256 of every version of a certificate that we ever published."""

    __tablename__ = "published_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), index=True)
    certificate: Mapped[Certificate] = relationship(lazy="raise")
    published_at: Mapped[dt.datetime]


class StoredAnswer(Entity):
    """An answer kept under a caller's `Idempotency-Key`; `status` is empty while the call still runs."""

    __tablename__ = "stored_answers"

    caller_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(index=True)


class WrongTry(Entity):
    """A wrong second factor against a code, known or not [api.md §3: 5 an hour, 20 in all]."""

    __tablename__ = "wrong_tries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    code_index: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[dt.datetime]
