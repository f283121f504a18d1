"""Files of cases, the titles that senders write over their columns, and the fate of every row."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from certsvc.models.base import Entity, one_of
from certsvc.models.certificates import Certificate
from certsvc.states import BatchStatus, Kind

REJECTED = "outcome = 'rejected'"
"""What the partial index on rejected lines covers; a query must say it in these words to be served by it."""


class Batch(Entity):
    """A file of cases and what becomes of it; the file lies sealed among the blobs, and opens as long as
    there is a `file_key`.

    `place` is where in the file the table is, `mapping` the sender's own titles as they were at acceptance.
    `counts` is what its rows came to, once they are all judged (`store.batches.count_rows`).
    """

    __tablename__ = "batches"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"), index=True)
    facility_code: Mapped[str | None] = mapped_column(ForeignKey("facilities.code"))
    status: Mapped[BatchStatus]
    dry_run: Mapped[bool]
    late_reason: Mapped[str] = mapped_column(String(16))
    file_sha256: Mapped[str] = mapped_column(String(64))
    file_format: Mapped[str] = mapped_column(String(16))
    file_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    place: Mapped[dict[str, Any] | None]
    mapping: Mapped[dict[str, Any] | None]
    problem: Mapped[dict[str, Any] | None]
    notices: Mapped[list[dict[str, Any]]]
    created_at: Mapped[dt.datetime] = mapped_column(index=True)
    counts: Mapped[dict[str, Any] | None]
    finished_at: Mapped[dt.datetime | None]
    lease_until: Mapped[dt.datetime | None]

    __table_args__ = (one_of("status", BatchStatus),)


class BatchRow(Entity):
    """One row of a batch file; its lines (one a kind) say what became of it.

    `facility_code` is as the row names it, whether there is such a facility or not.
    """

    __tablename__ = "batch_rows"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    facility_code: Mapped[str | None] = mapped_column(String(5))
    outcome: Mapped[str] = mapped_column(String(16))
    rules: Mapped[list[dict[str, Any]]]
    days: Mapped[int | None]
    certificate_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("certificates.id"), index=True)
    certificate: Mapped[Certificate | None] = relationship(lazy="raise")

    __table_args__ = (
        one_of("kind", Kind),
        CheckConstraint(
            "outcome IN ('accepted', 'existing', 'rejected', 'would_issue', 'none', 'cancelled')",
            name="outcome",
        ),
        CheckConstraint(
            "(outcome IN ('accepted', 'existing')) = (certificate_id IS NOT NULL)", name="certificate"
        ),
        Index(
            "ix_batch_rows_rejected",
            "batch_id",
            "facility_code",
            sqlite_where=text(REJECTED),
            postgresql_where=text(REJECTED),
        ),
    )


class BatchAmendment(Entity):
    """What a person put in the place of a row's cells, the `version`-th time; `cells` are sealed under the
    key of the batch's file and go with it.
    """

    __tablename__ = "batch_amendments"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    cells: Mapped[bytes] = mapped_column(LargeBinary)
    by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"))
    at: Mapped[dt.datetime]

    __table_args__ = (CheckConstraint("version >= 1", name="version"),)


class ColumnMapping(Entity):
    """What a sender's own titles mean, saved once by `owner` (`ApiKey.owner`): `columns` by title, None for
    one to pass over.
    """

    __tablename__ = "column_mappings"

    owner: Mapped[str] = mapped_column(String(96), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    columns: Mapped[dict[str, Any]]
    defaults: Mapped[dict[str, Any]]
    changed_at: Mapped[dt.datetime]
