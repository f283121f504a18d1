"""Mapped entities, their states and the transitions that are legal.

The row is the truth, the queue only a doorbell. Instants are aware UTC, dates are Asia/Ho_Chi_Minh.
Invariants that the database can hold are repeated as constraints: one live certificate a
(facility, case, kind), serials unique a (facility, kind, year), codes unique.
"""

from certsvc.models.answers import StoredAnswer, WrongTry
from certsvc.models.base import Entity, Instant
from certsvc.models.batches import Batch, BatchAmendment, BatchRow, ColumnMapping
from certsvc.models.certificates import CANCELLED, DECLINED, UNMARKED, Certificate, Event, SerialCounter
from certsvc.models.known import CertificateMark, Disclosure, Episode, EpisodeMark
from certsvc.models.published import StatusList, TrustList
from certsvc.models.recalls import REVOCABLE, Recall, RecalledCertificate, RecallOutcome
from certsvc.models.register import PublishedFile
from certsvc.models.registry import ApiKey, Delegation, Facility, Practitioner, SigningIdentity
from certsvc.models.rules import RuleRow
from certsvc.models.sign_in import Account, SignInTry, StaffSession
from certsvc.models.submissions import Submission
from certsvc.models.webhooks import DeliveryState, Disabled, WebhookDelivery, WebhookEndpoint
from certsvc.states import (
    LIVE,
    PUBLISHED,
    SCOPES_OF,
    BatchStatus,
    DelegationKind,
    EventType,
    Kind,
    Origin,
    RecallStatus,
    Role,
    Scope,
    Slot,
    Status,
    SubmissionState,
    WithdrawalReason,
)

__all__ = [
    "CANCELLED",
    "DECLINED",
    "LIVE",
    "PUBLISHED",
    "REVOCABLE",
    "SCOPES_OF",
    "UNMARKED",
    "Account",
    "ApiKey",
    "Batch",
    "BatchAmendment",
    "BatchRow",
    "BatchStatus",
    "Certificate",
    "CertificateMark",
    "ColumnMapping",
    "Delegation",
    "DelegationKind",
    "DeliveryState",
    "Disabled",
    "Disclosure",
    "Entity",
    "Episode",
    "EpisodeMark",
    "Event",
    "EventType",
    "Facility",
    "Instant",
    "Kind",
    "Origin",
    "Practitioner",
    "PublishedFile",
    "Recall",
    "RecallOutcome",
    "RecallStatus",
    "RecalledCertificate",
    "Role",
    "RuleRow",
    "Scope",
    "SerialCounter",
    "SignInTry",
    "SigningIdentity",
    "Slot",
    "StaffSession",
    "Status",
    "StatusList",
    "StoredAnswer",
    "Submission",
    "SubmissionState",
    "TrustList",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WithdrawalReason",
    "WrongTry",
]
