"""Mapped entities, their states and the transitions that are legal.

The row is the truth, the queue only a doorbell. Instants are aware UTC, dates are Asia/Ho_Chi_Minh.
Invariants that the database can hold are repeated as constraints: one live certificate a
(facility, case, kind), serials unique a (facility, kind, year), codes unique.
"""

from certsvc.models.answers import StoredAnswer, WrongTry
from certsvc.models.base import Entity, Instant
from certsvc.models.batches import Batch, BatchRow
from certsvc.models.certificates import Certificate, Episode, Event, PublishedFile, SerialCounter
from certsvc.models.published import StatusList, TrustList
from certsvc.models.registry import ApiKey, Facility, Practitioner, SigningIdentity
from certsvc.models.states import LIVE, PUBLISHED, BatchStatus, Kind, Role, Slot, Status, SubmissionState
from certsvc.models.submissions import Submission

__all__ = [
    "LIVE",
    "PUBLISHED",
    "ApiKey",
    "Batch",
    "BatchRow",
    "BatchStatus",
    "Certificate",
    "Entity",
    "Episode",
    "Event",
    "Facility",
    "Instant",
    "Kind",
    "Practitioner",
    "PublishedFile",
    "Role",
    "SerialCounter",
    "SigningIdentity",
    "Slot",
    "Status",
    "StatusList",
    "StoredAnswer",
    "Submission",
    "SubmissionState",
    "TrustList",
    "WrongTry",
]
