"""Who wants to be told of changes, and what is to be told: endpoints and deliveries [Standard Webhooks
1.0].
"""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from certsvc.models.base import Entity, one_of

PENDING = "state = 'pending'"
"""What the partial index on what is to be sent covers; a query must say it in these words to be served by
it.
"""

TEST = "webhook.test"
"""The one event that nobody subscribes to: it is sent when asked for."""

_LOG_LENGTH = 30


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Disabled(StrEnum):
    """Why nothing is sent to an endpoint: its holder wanted it, it answered 410, it failed for days."""

    BY_REQUEST = "by_request"
    GONE = "gone"
    FAILING = "failing"


class WebhookEndpoint(Entity):
    """An address that is told of events. It belongs to the holder of the key that made it.

    `secrets` are sealed (`endpoints.Secret`). With `batch_certificates` it is also told of each certificate
    that a batch asked for, issued or failed. Nothing is sent before `paused_until`; `failing_since` is None
    while it answers well.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_keys.id"))
    url: Mapped[str]
    events: Mapped[list[str]]
    batch_certificates: Mapped[bool]
    secrets: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime]
    paused_until: Mapped[dt.datetime | None]
    failing_since: Mapped[dt.datetime | None]
    disabled_at: Mapped[dt.datetime | None]
    disabled_reason: Mapped[Disabled | None]

    __table_args__ = (
        one_of("disabled_reason", Disabled),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled"),
    )

    def disable(self, now: dt.datetime, reason: Disabled) -> None:
        self.disabled_at, self.disabled_reason = now, reason

    def enable(self) -> None:
        self.disabled_at = self.disabled_reason = self.failing_since = self.paused_until = None


class WebhookDelivery(Entity):
    """One event for one endpoint: the outbox and its log. `body` is what is sent, byte for byte at every try.

    While `pending` it is due at `next_attempt_at`; a claim moves that on, so that nobody else sends
    meanwhile, and counts the attempt, by which it is known again. Tries are spread from `started_at` on.
    `log` has the newest of them.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_endpoints.id"))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[str]
    state: Mapped[DeliveryState]
    created_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime]
    attempts: Mapped[int]
    next_attempt_at: Mapped[dt.datetime | None]
    log: Mapped[list[dict[str, Any]]]

    __table_args__ = (
        one_of("state", DeliveryState),
        CheckConstraint("(state = 'pending') = (next_attempt_at IS NOT NULL)", name="due"),
        Index(
            "ix_webhook_deliveries_due",
            "endpoint_id",
            "next_attempt_at",
            sqlite_where=text(PENDING),
            postgresql_where=text(PENDING),
        ),
        Index("ix_webhook_deliveries_newest", "endpoint_id", "created_at", "id"),
    )

    @property
    def message_id(self) -> str:
        """The `webhook-id` of every try, by which a receiver knows what it had before."""
        return f"msg_{self.id.hex}"

    def claim(self, *, lease_until: dt.datetime) -> None:
        self.attempts += 1
        self.next_attempt_at = lease_until

    def settle(
        self, state: DeliveryState, note: dict[str, Any], *, next_attempt_at: dt.datetime | None = None
    ) -> None:
        """What came of a try; `next_attempt_at` where it stays pending."""
        self.state, self.next_attempt_at = state, next_attempt_at
        self.log = [*self.log, note][-_LOG_LENGTH:]

    def replay(self, now: dt.datetime) -> None:
        """All tries again, from now on, under the same `message_id`."""
        self.state, self.started_at, self.next_attempt_at = DeliveryState.PENDING, now, now
