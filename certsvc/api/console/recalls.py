"""`/staff/recalls`: which there are and what came of each, and approving or declining what waits for a second
person.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.new_recall import Chosen
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.paging import Cursor, cursor_behind, read_cursor
from certsvc.api.problems import status_of
from certsvc.api.v1.recall_schemas import Declination, recall_out, recalled_out
from certsvc.api.v1.recalls import owner_seen_by
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import InputError
from certsvc.issuing.withdrawing import recalling
from certsvc.issuing.withdrawing.recalling import get_recall
from certsvc.models import RecallOutcome, RecallStatus, Scope
from certsvc.refusals import text_needed
from certsvc.resources import Resources
from certsvc.store import recalls

router = APIRouter(prefix="/staff/recalls", include_in_schema=False)
_A_PAGE = 50
_Typed = Annotated[str, Form(max_length=1000)]


@router.get("")
async def list_recalls(
    request: Request,
    res: Res,
    staff: Staff,
    *,
    status: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> Response:
    """The recalls of the caller's organisation, newest first; admins and auditors see all."""
    async with res.db.read() as session:
        found = await recalls.list_page(
            session,
            owner=owner_seen_by(staff.caller),
            status=RecallStatus(status) if status in set(RecallStatus) else None,
            before=None if cursor is None else read_cursor(cursor),
            limit=_A_PAGE + 1,
        )
        shown = [recall_out(detail) for detail in await recalls.in_detail(session, found[:_A_PAGE])]
    behind = cursor_behind(shown[-1].asked_at, shown[-1].id) if len(found) > _A_PAGE else None
    return pages.render(
        request,
        "staff_recalls.html",
        headers=HEADERS,
        staff=staff,
        recalls=shown,
        chosen_status=status,
        cursor=behind,
    )


@router.get("/{recall_id}")
async def read_recall(
    recall_id: uuid.UUID,
    request: Request,
    res: Res,
    staff: Staff,
    *,
    show: RecallOutcome | None = None,
    cursor: Cursor = None,
) -> Response:
    """One recall: who asked for it and why, the outcome for each certificate, and what this person may do."""
    return await _recall_page(request, recall_id, res=res, staff=staff, show=show, cursor=cursor)


async def _recall_page(
    request: Request,
    recall_id: uuid.UUID,
    *,
    res: Resources,
    staff: SignedIn,
    show: RecallOutcome | None = None,
    cursor: str | None = None,
    error: InputError | None = None,
) -> Response:
    async with res.db.read() as session:
        recall, asked_by = await get_recall(session, recall_id, caller=staff.caller)
        [detail] = await recalls.in_detail(session, [recall])
        shown = recall_out(detail)
        before = None if cursor is None else read_cursor(cursor)
        found = await recalls.certificates_page(
            session, recall_id, outcome=show, before=before, limit=_A_PAGE + 1
        )
    last = found[_A_PAGE - 1].certificate if len(found) > _A_PAGE else None
    return pages.render(
        request,
        "staff_recall.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        recall=shown,
        chosen=Chosen.kept(shown.chosen),
        certificates=[recalled_out(recalled) for recalled in found[:_A_PAGE]],
        show=show,
        cursor=cursor_behind(last.requested_at, last.id) if last else None,
        may_decide=recall.status is RecallStatus.WAITING and staff.caller.may(Scope.WITHDRAW),
        is_second=recall.may_be_approved_by(staff.caller, asked_by=asked_by),
        error=error,
    )


@router.post("/{recall_id}/approve")
async def approve(recall_id: uuid.UUID, res: Res, now: Now, staff: StaffForm) -> Response:
    require_scope(staff.caller, Scope.WITHDRAW)
    await recalling.approve(res.db, recall_id, caller=staff.caller, now=now)
    return RedirectResponse(f"/staff/recalls/{recall_id}", 303)


@router.post("/{recall_id}/decline")
async def decline(
    recall_id: uuid.UUID, request: Request, res: Res, now: Now, staff: StaffForm, text: _Typed = ""
) -> Response:
    """By whoever asked, it takes the recall back."""
    require_scope(staff.caller, Scope.WITHDRAW)
    try:
        why = Declination.model_validate({"text": text})
    except ValidationError:
        return await _recall_page(request, recall_id, res=res, staff=staff, error=text_needed())
    await recalling.decline(res.db, recall_id, text=why.text, caller=staff.caller, now=now)
    return RedirectResponse(f"/staff/recalls/{recall_id}", 303)
