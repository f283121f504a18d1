"""`/v1/recalls`: revoke many certificates by one request, with a second person's approval."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from certsvc.api.access import Now, Reader, Res, Withdrawer
from certsvc.api.idempotency import Once, json_answer
from certsvc.api.openapi import headers
from certsvc.api.paging import Cursor, lead_on, read_cursor
from certsvc.api.v1.certificates import explained
from certsvc.api.v1.recall_schemas import (
    Declination,
    RecallChoice,
    RecalledPage,
    RecallOut,
    RecallPage,
    RecallPreview,
    RecallRequest,
    preview_out,
    recall_out,
    recalled_out,
)
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.recalling import get_recall
from certsvc.models import ApiKey, RecallOutcome, RecallStatus, Role
from certsvc.resources import Resources
from certsvc.store import recalls

router = APIRouter(prefix="/v1/recalls", tags=["recalls"])
_MAX_PAGE = 200


def owner_seen_by(caller: ApiKey) -> ApiKey | None:
    """Whose recalls this caller sees: its organisation's, or None for all."""
    return None if caller.role in (Role.ADMIN, Role.AUDITOR) else caller


async def _answer(
    recall_id: uuid.UUID, *, caller: ApiKey, res: Resources, status: int = 200, **headers: str
) -> Response:
    async with res.db.read() as session:
        recall, _ = await get_recall(session, recall_id, caller=caller)
        [detail] = await recalls.in_detail(session, [recall])
    return json_answer(recall_out(detail).model_dump(mode="json"), status, **headers)


@router.post("/preview", responses={404: {}})
async def preview(body: RecallChoice, res: Res, caller: Withdrawer) -> RecallPreview:
    """What a recall would do now: how many it takes, which it leaves out and why, and whether it would wait.
    Nothing is changed.
    """
    explained(body)
    plan = await recalling.preview(
        res.db, body.order(), caller=caller, revoke_alone=res.settings.revoke_alone
    )
    return preview_out(plan, revoke_alone=res.settings.revoke_alone)


@router.post("", status_code=201, response_model=RecallOut, responses={201: headers("Location"), 404: {}})
async def start(body: RecallRequest, res: Res, caller: Withdrawer, now: Now, once: Once) -> Response:
    """Revoke certificates at once. More than one person may revoke alone are suspended at once, and wait for
    a second person's approval.
    """

    async def work() -> Response:
        explained(body)
        recall = await recalling.start(
            res.db,
            body.order(expected_count=body.expected_count),
            caller=caller,
            revoke_alone=res.settings.revoke_alone,
            now=now,
        )
        return await _answer(
            recall.id, caller=caller, res=res, status=201, location=f"/v1/recalls/{recall.id}"
        )

    return await once(work, body, caller=caller)


@router.get("")
async def list_recalls(
    request: Request,
    response: Response,
    res: Res,
    caller: Reader,
    *,
    status: RecallStatus | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 50,
) -> RecallPage:
    """What the caller's organisation asked for, newest first; admins and auditors see all."""
    before = None if cursor is None else read_cursor(cursor)
    async with res.db.read() as session:
        found = await recalls.list_page(
            session, owner=owner_seen_by(caller), status=status, before=before, limit=limit + 1
        )
        items = [recall_out(detail) for detail in await recalls.in_detail(session, found[:limit])]
    next_cursor = lead_on(request, response, items[-1].asked_at, items[-1].id) if len(found) > limit else None
    return RecallPage(items=items, next_cursor=next_cursor)


@router.get("/{recall_id}", response_model=RecallOut)
async def read_one(recall_id: uuid.UUID, res: Res, caller: Reader) -> Response:
    """Where a recall stands, and its outcome."""
    return await _answer(recall_id, caller=caller, res=res)


@router.get("/{recall_id}/certificates")
async def list_recalled(
    recall_id: uuid.UUID,
    request: Request,
    response: Response,
    res: Res,
    caller: Reader,
    *,
    outcome: RecallOutcome | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=_MAX_PAGE)] = 50,
) -> RecalledPage:
    """Its certificates, each with the outcome."""
    before = None if cursor is None else read_cursor(cursor)
    async with res.db.read() as session:
        await get_recall(session, recall_id, caller=caller)
        found = await recalls.certificates_page(
            session, recall_id, outcome=outcome, before=before, limit=limit + 1
        )
    last = found[limit - 1].certificate if len(found) > limit else None
    next_cursor = lead_on(request, response, last.requested_at, last.id) if last else None
    return RecalledPage(items=[recalled_out(recalled) for recalled in found[:limit]], next_cursor=next_cursor)


@router.post("/{recall_id}/approve", response_model=RecallOut)
async def approve(recall_id: uuid.UUID, res: Res, caller: Withdrawer, now: Now, once: Once) -> Response:
    """Revoke its certificates: by a second person of the organisation that asked, or an admin; never by
    whoever asked.
    """

    async def work() -> Response:
        await recalling.approve(res.db, recall_id, caller=caller, now=now)
        return await _answer(recall_id, caller=caller, res=res)

    return await once(work, caller=caller)


@router.post("/{recall_id}/decline", response_model=RecallOut)
async def decline(
    recall_id: uuid.UUID, body: Declination, res: Res, caller: Withdrawer, now: Now, once: Once
) -> Response:
    """Reinstate what it has suspended; whoever asked may take it back this way."""

    async def work() -> Response:
        await recalling.decline(res.db, recall_id, text=body.text, caller=caller, now=now)
        return await _answer(recall_id, caller=caller, res=res)

    return await once(work, body, caller=caller)
