"""`/v1/approvals`, and approving or declining what waits, by a facility's head or whoever is delegated that
day.
"""

import datetime as dt
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from certsvc.api.access import Approver, Now, Reader, Res
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.paging import Cursor, lead_on, read_cursor_of_parts
from certsvc.api.schemas import CertificateOut, Strict, certificate_out
from certsvc.issuing.approval import approving
from certsvc.models import ApiKey, Certificate, Role
from certsvc.resources import Resources
from certsvc.store import approvals
from certsvc.store.approvals import Waiting

router = APIRouter(prefix="/v1", tags=["approvals"])
_MAX_PAGE = 200


class ApprovalOut(BaseModel):
    """What waits together for one facility's head: its part of a batch, or a certificate requested singly."""

    facility_code: str
    batch_id: uuid.UUID | None
    certificate_id: uuid.UUID | None
    certificates: int
    sick_leave: int
    recovery: int
    days: int = Field(description="of sick leave, in all")
    event_from: dt.date = Field(description="first and last day of what the certificates are about")
    event_to: dt.date
    waiting_since: dt.datetime
    requested_as: Role = Field(description="the role of the requester")


class ApprovalPage(BaseModel):
    items: list[ApprovalOut]
    next_cursor: str | None


class Declining(Strict):
    """The reason, for whoever mends it; nobody's name or illness."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class DecisionOut(BaseModel):
    """What was decided of a batch: that facility's certificates in it that were waiting."""

    batch_id: uuid.UUID
    facility_code: str
    certificates: int


@router.get("/approvals")
async def list_approvals(
    request: Request,
    response: Response,
    res: Res,
    caller: Reader,
    *,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 50,
) -> ApprovalPage:
    """What waits, of every facility that this caller may see; the longest waiting first."""
    after = None if cursor is None else read_cursor_of_parts(cursor)
    async with res.db.read() as session:
        found = await approvals.list_waiting(
            session, facility_code=caller.facility_code, after=after, limit=limit + 1
        )
    page = found[:limit]
    next_cursor = (
        lead_on(request, response, page[-1].since, page[-1].key, page[-1].facility_code)
        if len(found) > limit
        else None
    )
    return ApprovalPage(items=[_approval(waiting) for waiting in page], next_cursor=next_cursor)


def _approval(waiting: Waiting) -> ApprovalOut:
    return ApprovalOut(
        facility_code=waiting.facility_code,
        batch_id=waiting.batch_id,
        certificate_id=waiting.key if waiting.batch_id is None else None,
        certificates=waiting.certificates,
        sick_leave=waiting.sick_leave,
        recovery=waiting.recovery,
        days=waiting.days,
        event_from=waiting.event_from,
        event_to=waiting.event_to,
        waiting_since=waiting.since,
        requested_as=waiting.asked_as,
    )


@router.post("/batches/{batch_id}/approve", response_model=DecisionOut)
async def approve_batch(batch_id: uuid.UUID, res: Res, caller: Approver, now: Now, once: Once) -> Response:
    """Have everything of a batch that waits for this facility's head signed; other facilities' certificates
    are left to theirs.
    """

    async def work() -> Response:
        number = await approving.approve_batch(res.db, batch_id, caller=caller, now=now)
        await res.doorbell.ring_issue()
        return _decided(batch_id, caller, number)

    return await once(work, caller=caller)


@router.post("/batches/{batch_id}/decline", response_model=DecisionOut)
async def decline_batch(
    batch_id: uuid.UUID, body: Declining, res: Res, caller: Approver, now: Now, once: Once
) -> Response:
    """Give up everything of a batch that waits for this facility's head: `failed`, reason `declined`. Mended
    records may be sent again.
    """

    async def work() -> Response:
        number = await approving.decline_batch(
            res.db, batch_id, reason_text=body.text, caller=caller, now=now
        )
        return _decided(batch_id, caller, number)

    return await once(work, body.text, caller=caller)


def _decided(batch_id: uuid.UUID, caller: ApiKey, number: int) -> Response:
    answer = DecisionOut(batch_id=batch_id, facility_code=caller.facility_code or "", certificates=number)
    return json_answer(answer.model_dump(mode="json"), 200)


@router.post("/certificates/{certificate_id}/approve", response_model=CertificateOut)
async def approve_certificate(
    certificate_id: uuid.UUID, res: Res, caller: Approver, now: Now, once: Once
) -> Response:
    """Have one certificate signed that waits for this facility's head; it may belong to a batch."""

    async def work() -> Response:
        certificate = await approving.approve_certificate(res.db, certificate_id, caller=caller, now=now)
        await res.doorbell.ring_issue()
        return json_answer(_certificate(certificate, caller=caller, res=res), 200)

    return await once(work, caller=caller)


@router.post("/certificates/{certificate_id}/decline", response_model=CertificateOut)
async def decline_certificate(
    certificate_id: uuid.UUID, body: Declining, res: Res, caller: Approver, now: Now, once: Once
) -> Response:
    """Give up one certificate that waits for this facility's head; it may belong to a batch."""

    async def work() -> Response:
        certificate = await approving.decline_certificate(
            res.db, certificate_id, reason_text=body.text, caller=caller, now=now
        )
        await res.doorbell.ring_issue()  # its batch may have ended
        return json_answer(_certificate(certificate, caller=caller, res=res), 200)

    return await once(work, body.text, caller=caller)


def _certificate(certificate: Certificate, *, caller: ApiKey, res: Resources) -> dict[str, Any]:
    return certificate_out(certificate, caller=caller, vault=res.vault, settings=res.settings).model_dump(
        mode="json"
    )
