"""Answers about recalls."""

import datetime as dt
import uuid
from typing import Annotated, Literal

from certsvc.client.results import Kind, Open, Page, Result, Status

RecallStatus = Annotated[Literal["waiting", "revoked", "declined"], Open]
RecallOutcome = Annotated[Literal["waiting", "revoked", "reinstated", "unchanged"], Open]
LeftOut = Annotated[
    Literal["not_issued", "already_revoked", "already_replaced", "under_recall", "not_yours"], Open
]


class LeftOutCertificate(Result):
    """A chosen certificate that cannot be revoked, and why."""

    certificate_id: uuid.UUID
    serial: str | None
    why: LeftOut


class RecallPreview(Result):
    """What a recall would do: `revoked` at once, or `waiting` for a second person; the first of what it
    leaves out, by name.
    """

    status: RecallStatus
    count: int
    by_kind: dict[Kind, int]
    by_status: dict[Status, int]
    left_out: dict[LeftOut, int]
    left_out_certificates: list[LeftOutCertificate]
    revoke_alone: int


class Caller(Result):
    """Who did something: a caller's name in logs, never a person's."""

    caller: str
    origin: Annotated[Literal["key", "oidc", "account"], Open]
    role: Annotated[Literal["insurer", "facility", "auditor", "admin"], Open]
    facility_code: str | None


class RecallCounts(Result):
    """certificates = waiting + revoked + reinstated + unchanged."""

    certificates: int
    waiting: int
    revoked: int
    reinstated: int
    unchanged: int


class Recall(Result):
    """`chosen` is empty where ids were given; `decided_by` is None while it waits, and where nobody had to
    approve.
    """

    id: uuid.UUID
    status: RecallStatus
    reason: str
    text: str | None
    chosen: dict[str, str]
    counts: RecallCounts
    left_out: dict[LeftOut, int]
    asked_by: Caller
    asked_at: dt.datetime
    decided_by: Caller | None
    decided_at: dt.datetime | None
    decision_text: str | None
    links: dict[str, str]


class RecallPage(Page[Recall]):
    pass


class RecalledCertificate(Result):
    """Its state before the recall and now, and the recall's outcome for it."""

    certificate_id: uuid.UUID
    serial: str | None
    kind: Kind
    facility_code: str
    before: Status
    outcome: RecallOutcome
    status: Status


class RecalledPage(Page[RecalledCertificate]):
    pass
