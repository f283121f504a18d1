"""Recalls: many certificates revoked by one request, and what became of each of them."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.errors import Conflict, Forbidden
from certsvc.models.base import Entity, one_of
from certsvc.models.registry import ApiKey
from certsvc.states import RecallStatus, Status

WAITING = "outcome = 'waiting'"
"""What the partial index on certificates under a waiting recall covers; a query must say it in these words to
be served by it.
"""

REVOCABLE = (Status.ISSUED, Status.SUSPENDED)
"""States out of which a certificate can be revoked (`Certificate.revoke`)."""


class RecallOutcome(StrEnum):
    """What a recall came to for one certificate; `unchanged` where the decision left it as it was."""

    WAITING = "waiting"
    REVOKED = "revoked"
    REINSTATED = "reinstated"
    UNCHANGED = "unchanged"


class Recall(Entity):
    """One request to revoke a set of certificates for one reason.

    `chosen` says how they were chosen, `left_out` how many of the chosen could not be revoked, by why. Where
    nobody had to approve it, it was decided at once by nobody: `decided_by_id` is None.
    """

    __tablename__ = "recalls"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    status: Mapped[RecallStatus]
    reason: Mapped[str] = mapped_column(String(32))
    text: Mapped[str | None]
    chosen: Mapped[dict[str, Any]]
    left_out: Mapped[dict[str, Any]]
    asked_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"))
    asked_at: Mapped[dt.datetime]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_keys.id"))
    decided_at: Mapped[dt.datetime | None]
    decision_text: Mapped[str | None]

    __table_args__ = (
        one_of("status", RecallStatus),
        CheckConstraint("(status = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "status <> 'revoked' OR decided_by_id IS NULL OR decided_by_id <> asked_by_id",
            name="second_person",
        ),
        Index("ix_recalls_newest", "asked_at", "id"),
    )

    def may_be_approved_by(self, caller: ApiKey, *, asked_by: ApiKey) -> bool:
        """Whether the caller is a second person, as far as can be known (`ApiKey.is_same_person`)."""
        return not caller.is_same_person(asked_by)

    def approve(self, now: dt.datetime, *, by: ApiKey, asked_by: ApiKey) -> None:
        """Raises Conflict `recall_decided`, Forbidden `second_person_needed`."""
        self._require_waiting()
        if not self.may_be_approved_by(by, asked_by=asked_by):
            raise Forbidden(
                "second_person_needed",
                "Người yêu cầu thu hồi không được tự duyệt; cần một người khác.",
                "Who asked for a recall cannot approve it; a second person must.",
            )
        self.status, self.decided_at, self.decided_by_id = RecallStatus.REVOKED, now, by.id

    def decline(self, now: dt.datetime, *, by: ApiKey, text: str) -> None:
        """Whoever asked may do so too, and so takes it back. Raises Conflict `recall_decided`."""
        self._require_waiting()
        self.status, self.decided_at, self.decided_by_id, self.decision_text = (
            RecallStatus.DECLINED,
            now,
            by.id,
            text,
        )

    def _require_waiting(self) -> None:
        if self.status is not RecallStatus.WAITING:
            raise Conflict(
                "recall_decided",
                "Đợt thu hồi này đã được quyết định hoặc đã thực hiện; hãy xem lại kết quả.",
                "This recall was decided or done already; look at what came of it.",
                status_now=str(self.status),
            )


class RecalledCertificate(Entity):
    """A certificate of a recall: its state `before`, and what came of it. While that is `waiting`, no other
    recall and no single change touches it.
    """

    __tablename__ = "recalled_certificates"

    recall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recalls.id"), primary_key=True)
    certificate_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("certificates.id"), primary_key=True)
    before: Mapped[Status]
    outcome: Mapped[RecallOutcome]

    __table_args__ = (
        CheckConstraint("before IN ('issued', 'suspended')", name="before"),
        one_of("outcome", RecallOutcome),
        Index(
            "uq_recalled_certificates_waiting",
            "certificate_id",
            unique=True,
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
    )
