"""Answers about webhooks, mappings, the register of facilities and staff, and figures."""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from certsvc.client.results import DeliveryState, Kind, Open, Page, Result, Status

EventType = Annotated[
    Literal[
        "certificate.issued",
        "certificate.failed",
        "certificate.suspended",
        "certificate.reinstated",
        "certificate.revoked",
        "certificate.replaced",
        "batch.finished",
    ],
    Open,
]


class Webhook(Result):
    id: uuid.UUID
    url: str
    events: list[EventType]
    batch_certificates: bool
    enabled: bool
    disabled_reason: Annotated[Literal["by_request", "gone", "failing"], Open] | None
    disabled_at: dt.datetime | None
    failing_since: dt.datetime | None
    created_at: dt.datetime
    links: dict[str, str]


class WebhookWithSecret(Webhook):
    """`secret` is shown this once; `open_webhook` needs it."""

    secret: str


class WebhookPage(Result):
    items: list[Webhook]


class Attempt(Result):
    at: dt.datetime
    status_code: int | None
    error: str | None
    ms: int


class Delivery(Result):
    id: str
    event: str
    state: DeliveryState
    created_at: dt.datetime
    attempts: int
    next_attempt_at: dt.datetime | None
    log: list[Attempt]
    payload: dict[str, Any]


class DeliveryPage(Page[Delivery]):
    pass


class Replayed(Result):
    replayed: int


class Mapping(Result):
    name: str
    columns: dict[str, str | None]
    defaults: dict[str, str]
    changed_at: dt.datetime


class MappingPage(Result):
    items: list[Mapping]


class Facility(Result):
    code: str
    name: str
    parent: str
    ward_code: str
    active_from: dt.date
    active_to: dt.date | None
    requires_approval: bool = False
    prints_both_copies: bool = False


class FacilityPage(Result):
    items: list[Facility]


class Practitioner(Result):
    """`full_name` is None for auditors."""

    licence: str
    full_name: str | None
    facility_code: str
    role: str
    registered_from: dt.date
    registered_to: dt.date | None
    title: str | None = None


class PractitionerPage(Result):
    items: list[Practitioner]


class Design(Result):
    id: str
    kind: Kind
    title_vi: str
    title_en: str
    legal_basis: str
    valid_from: dt.date
    valid_to: dt.date | None


class DesignPage(Result):
    items: list[Design]


class Rule(Result):
    """A dated row by which cases are judged; what its table does not have is None."""

    id: str
    table: str
    valid_from: dt.date
    valid_to: dt.date | None
    basis: str
    source: str
    max_days: int | None = None
    care_settings: list[str] | None = None
    decision: str | None = None
    decided_on: dt.date | None = None
    min_days: int | None = None
    first_test_day: int | None = None
    vaccinated_days: int | None = None
    other_days: int | None = None
    min_doses: int | None = None
    dose_lead_days: int | None = None


class RulePage(Result):
    items: list[Rule]


class Disclosure(Result):
    """That a facility was told of a person's case at another; what the caller may not know is None."""

    at: dt.datetime
    rule: str
    facility_code: str
    case_id: str | None
    told_facility_code: str | None
    told_case_id: str | None


class DisclosurePage(Result):
    items: list[Disclosure]
    next_cursor: int | None


class Figure(Result):
    """How many certificates of a facility and kind are in which state."""

    facility_code: str
    kind: Kind
    status: Status
    count: int
    oldest_requested_at: dt.datetime
    awaiting_approval: int = 0


class RuleFigure(Result):
    """How many papers a rule rejected, with its message for one of its fields."""

    rule: str
    message_vi: str
    message_en: str
    count: int


class DayFigure(Result):
    day: dt.date
    issued: int
    rejected: int


class Recent(Result):
    """The last 30 days, of one facility or of all; dry runs do not count."""

    facility_code: str | None
    rules: list[RuleFigure]
    days: list[DayFigure]


class FigurePage(Result):
    items: list[Figure]
    recent: Recent


class Approval(Result):
    """What waits together for a facility's head: its part of a batch, or a certificate requested singly."""

    facility_code: str
    batch_id: uuid.UUID | None
    certificate_id: uuid.UUID | None
    certificates: int
    sick_leave: int
    recovery: int
    days: int
    event_from: dt.date
    event_to: dt.date
    waiting_since: dt.datetime
    requested_as: Annotated[Literal["insurer", "facility", "auditor", "admin"], Open]


class ApprovalPage(Page[Approval]):
    pass


class Decision(Result):
    """How many certificates of your facility in a batch were decided."""

    batch_id: uuid.UUID
    facility_code: str
    certificates: int
