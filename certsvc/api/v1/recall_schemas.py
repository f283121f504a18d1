"""The bodies of `/v1/recalls`, and how they are made from entities."""

import datetime as dt
import uuid
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from certsvc.api.schemas import Strict, Text, Withdrawal
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.recalling import LeftOut, Plan
from certsvc.models import ApiKey, Kind, Origin, RecallOutcome, RecallStatus, Role, Status
from certsvc.store.recalls import Choice, RecallDetail, Recalled

_MOST_IDS = 3000
"""As many as fit into a body; a batch, or a station and days, may be more (`recalling.MOST`)."""
_NAMED = 200
"""A preview names so many of those it leaves out, and counts them all."""


class RecallChoice(Withdrawal):
    """Which certificates (by ids, or a batch's, or by facility, kind and days of signing in Vietnam, both
    included), and why.
    """

    certificate_ids: Annotated[list[uuid.UUID], Field(default_factory=list, max_length=_MOST_IDS)]
    batch_id: uuid.UUID | None = None
    facility: Annotated[str, StringConstraints(pattern="^[0-9]{1,20}$")] | None = None
    kind: Kind | None = None
    signed_from: dt.date | None = None
    signed_to: dt.date | None = None
    needs_approval: bool = Field(
        False, description="a second person must approve, however few certificates there are"
    )

    def order(self, *, expected_count: int | None = None) -> recalling.Order:
        choice = Choice(
            tuple(self.certificate_ids),
            self.batch_id,
            self.facility,
            self.kind,
            self.signed_from,
            self.signed_to,
        )
        return recalling.Order(
            choice, self.reason, self.text, needs_approval=self.needs_approval, expected_count=expected_count
        )


class RecallRequest(RecallChoice):
    expected_count: int | None = Field(
        None, ge=0, description="what a preview counted: if the number has changed, nothing is done"
    )


class Declination(Strict):
    """Why a recall is declined."""

    text: Annotated[Text, Field(min_length=1)]


class LeftOutOut(BaseModel):
    certificate_id: uuid.UUID
    serial: str | None
    why: LeftOut


class RecallPreview(BaseModel):
    """What a recall would do now."""

    status: RecallStatus = Field(
        description="`revoked`: at once; `waiting`: suspended until a second person approves"
    )
    count: int
    by_kind: dict[Kind, int]
    by_status: dict[Status, int] = Field(description="as they are now: issued, or suspended already")
    left_out: dict[LeftOut, int] = Field(description="how many of the chosen cannot be revoked, by why")
    left_out_certificates: list[LeftOutOut] = Field(description=f"the first {_NAMED} of them")
    revoke_alone: int = Field(description="up to so many are revoked without a second person")


class CallerOut(BaseModel):
    """Who did something: a caller's name in logs, never a person's."""

    caller: str
    origin: Origin
    role: Role
    facility_code: str | None


class RecallCounts(BaseModel):
    """certificates = waiting + revoked + reinstated + unchanged."""

    certificates: int
    waiting: int
    revoked: int
    reinstated: int
    unchanged: int = Field(
        description=(
            "left as they were by the decision: suspended before a recall that was declined, or changed"
            " meanwhile"
        )
    )


class RecallOut(BaseModel):
    id: uuid.UUID
    status: RecallStatus
    reason: str
    text: str | None
    chosen: dict[str, str] = Field(
        description="`batch_id`, or `facility`, `kind`, `signed_from`, `signed_to`; empty: by ids"
    )
    counts: RecallCounts
    left_out: dict[LeftOut, int] = Field(description="how many of the chosen could not be revoked, by why")
    asked_by: CallerOut
    asked_at: dt.datetime
    decided_by: CallerOut | None = Field(
        description="the second person, or whoever took it back; null where nobody had to approve"
    )
    decided_at: dt.datetime | None
    decision_text: str | None
    links: dict[str, str]


class RecallPage(BaseModel):
    items: list[RecallOut]
    next_cursor: str | None


class RecalledOut(BaseModel):
    certificate_id: uuid.UUID
    serial: str | None
    kind: Kind
    facility_code: str
    before: Status = Field(description="its state when the recall was asked for")
    outcome: RecallOutcome
    status: Status = Field(description="its state now")


class RecalledPage(BaseModel):
    items: list[RecalledOut]
    next_cursor: str | None


def preview_out(plan: Plan, *, revoke_alone: int) -> RecallPreview:
    return RecallPreview(
        status=RecallStatus.WAITING if plan.waits else RecallStatus.REVOKED,
        count=len(plan.taken),
        by_kind=dict(plan.by_kind),
        by_status=dict(plan.by_status),
        left_out=dict(plan.by_cause),
        left_out_certificates=[
            LeftOutOut(certificate_id=candidate.id, serial=candidate.serial, why=why)
            for candidate, why in plan.left_out[:_NAMED]
        ],
        revoke_alone=revoke_alone,
    )


def recall_out(detail: RecallDetail) -> RecallOut:
    recall, counts, asked_by, decided_by = detail
    here = f"/v1/recalls/{recall.id}"
    return RecallOut(
        id=recall.id,
        status=recall.status,
        reason=recall.reason,
        text=recall.text,
        chosen=recall.chosen,
        counts=RecallCounts(
            certificates=sum(counts.values()),
            **{str(outcome): counts.get(outcome, 0) for outcome in RecallOutcome},
        ),
        left_out={LeftOut(why): number for why, number in recall.left_out.items()},
        asked_by=_caller_out(asked_by),
        asked_at=recall.asked_at,
        decided_by=None if decided_by is None else _caller_out(decided_by),
        decided_at=recall.decided_at,
        decision_text=recall.decision_text,
        links={"self": here, "certificates": f"{here}/certificates"},
    )


def _caller_out(caller: ApiKey) -> CallerOut:
    return CallerOut(
        caller=caller.prefix, origin=caller.origin, role=caller.role, facility_code=caller.facility_code
    )


def recalled_out(recalled: Recalled) -> RecalledOut:
    row, certificate = recalled
    return RecalledOut(
        certificate_id=certificate.id,
        serial=certificate.serial,
        kind=certificate.kind,
        facility_code=certificate.facility_code,
        before=row.before,
        outcome=row.outcome,
        status=certificate.status,
    )
