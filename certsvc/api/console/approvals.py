"""`/staff/approvals`: what waits for a facility's head, a look at it, and the decision."""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.people import shown_person
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.paging import Cursor, cursor_behind, read_cursor_of_parts
from certsvc.api.problems import status_of
from certsvc.api.words.console import actor_of
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import InputError
from certsvc.issuing.approval import approving
from certsvc.models import Role, Scope
from certsvc.refusals import text_needed
from certsvc.resources import Resources
from certsvc.store import approvals, registry
from certsvc.store.approvals import Waiting

router = APIRouter(prefix="/staff/approvals", include_in_schema=False)
_A_PAGE, _ROWS_A_PAGE = 20, 50
_MOST_ROWS = 200_000
_Typed = Annotated[str, Form(max_length=1000)]
_Number = Annotated[int, Form(ge=0)]
_Code = Annotated[str | None, Query(max_length=5)]
_Skip = Annotated[int, Query(ge=0, le=_MOST_ROWS)]


@router.get("")
async def list_waiting(request: Request, res: Res, now: Now, staff: Staff, cursor: Cursor = None) -> Response:
    """What waits, the longest waiting first: for a station's people theirs, for others of every station."""
    after = None if cursor is None else read_cursor_of_parts(cursor)
    async with res.db.read() as session:
        found = await approvals.list_waiting(
            session, facility_code=staff.caller.facility_code, after=after, limit=_A_PAGE + 1
        )
        callers = await registry.callers_by_id(session, [waiting.asked_by for waiting in found])
    shown, last = found[:_A_PAGE], found[_A_PAGE - 1] if len(found) > _A_PAGE else None
    by_id = {str(caller_id): caller for caller_id, caller in callers.items()}
    return pages.render(
        request,
        "staff_approvals.html",
        headers=HEADERS,
        staff=staff,
        waiting=shown,
        asked_by={waiting.key: actor_of(str(waiting.asked_by), by_id) for waiting in shown},
        cursor=cursor_behind(last.since, last.key, last.facility_code) if last else None,
        may_approve=await _may_approve(res, staff, now),
    )


async def _may_approve(res: Resources, staff: SignedIn, now: dt.datetime) -> bool:
    """For the buttons alone: the use cases refuse whoever may not."""
    async with res.db.read() as session:
        return staff.caller.may(Scope.APPROVE) and await approving.may_represent(
            session, staff.caller, now=now
        )


@router.get("/{key}")
async def look(
    key: uuid.UUID,
    request: Request,
    res: Res,
    now: Now,
    staff: Staff,
    *,
    facility: _Code = None,
    skip: _Skip = 0,
) -> Response:
    """A facility's part of a batch, or one certificate (`key` is its id), with every paper that would be
    signed.
    """
    return await _page(request, key, res=res, now=now, staff=staff, facility=facility, skip=skip)


async def _page(
    request: Request,
    key: uuid.UUID,
    *,
    res: Resources,
    now: dt.datetime,
    staff: SignedIn,
    facility: str | None = None,
    skip: int = 0,
    text: str = "",
    error: InputError | None = None,
) -> Response:
    async with res.db.read() as session:
        waiting = await approving.get_waiting(session, key, caller=staff.caller, facility_code=facility)
        rows = await approvals.held_page(session, waiting, skip=skip, limit=_ROWS_A_PAGE)
        asked_by = await registry.get_caller(session, waiting.asked_by)
        station = await registry.find_facility(session, waiting.facility_code)
    behind = skip + len(rows)
    sees_asker = staff.caller.role in (Role.ADMIN, Role.AUDITOR) or staff.caller.is_of_same_holder(asked_by)
    return pages.render(
        request,
        "staff_approval.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        waiting=waiting,
        rows=[(certificate, shown_person(certificate, staff.caller, res)) for certificate in rows],
        skip=skip,
        behind=behind if behind < waiting.certificates else None,
        asked_by=actor_of(str(asked_by.id), {str(asked_by.id): asked_by}),
        station=station,
        may_approve=await _may_approve(res, staff, now),
        sees_batch=waiting.batch_id is not None and sees_asker,
        text=text,
        error=error,
    )


@router.post("/{key}/approve")
async def approve(key: uuid.UUID, res: Res, now: Now, staff: StaffForm, expected: _Number) -> Response:
    """Have it signed: as many as the page showed, else nothing."""
    require_scope(staff.caller, Scope.APPROVE)
    waiting = await _waiting(res, key, staff)
    if waiting.is_one:
        await approving.approve_certificate(res.db, key, caller=staff.caller, now=now)
    else:
        await approving.approve_batch(res.db, key, caller=staff.caller, now=now, expected=expected)
    await res.doorbell.ring_issue()
    return RedirectResponse("/staff/approvals", 303)


@router.post("/{key}/decline")
async def decline(
    key: uuid.UUID,
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    expected: _Number,
    text: _Typed = "",
) -> Response:
    """Give it up, and say why to whoever mends it."""
    require_scope(staff.caller, Scope.APPROVE)
    waiting = await _waiting(res, key, staff)
    if not (why := text.strip()):
        return await _page(request, key, res=res, now=now, staff=staff, text=text, error=text_needed())
    if waiting.is_one:
        await approving.decline_certificate(res.db, key, reason_text=why, caller=staff.caller, now=now)
    else:
        await approving.decline_batch(
            res.db, key, reason_text=why, caller=staff.caller, now=now, expected=expected
        )
    await res.doorbell.ring_issue()  # a batch may have ended
    return RedirectResponse("/staff/approvals", 303)


async def _waiting(res: Resources, key: uuid.UUID, staff: SignedIn) -> Waiting:
    async with res.db.read() as session:
        return await approving.get_waiting(session, key, caller=staff.caller)
