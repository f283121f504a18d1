"""`/staff/certificates/{id}/{change}`: withdraw a certificate after a look at what that will change; or open
its look-up code again.
"""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.new_recall import Asked, Chosen, preview_page
from certsvc.api.console.people import shown_person
from certsvc.api.console.reasons import read_reason
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.problems import status_of
from certsvc.api.schemas import Withdrawal
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.errors import InputError
from certsvc.issuing.reopening import reopen_code
from certsvc.issuing.visibility import get_visible
from certsvc.issuing.withdrawing import changes
from certsvc.issuing.withdrawing.changes import Change
from certsvc.models import Certificate, Scope, WithdrawalReason
from certsvc.resources import Resources

router = APIRouter(prefix="/staff/certificates", include_in_schema=False)
_Typed = Annotated[str, Form(max_length=1000)]


@router.get("/{certificate_id}/{change}")
async def ask_reason(
    certificate_id: uuid.UUID, change: Change, request: Request, res: Res, now: Now, staff: Staff
) -> Response:
    """Ask why. A change that the state does not allow is refused here already."""
    require_scope(staff.caller, Scope.WITHDRAW)
    return await _reason_page(request, certificate_id, change, res=res, now=now, staff=staff)


async def _reason_page(
    request: Request,
    certificate_id: uuid.UUID,
    change: Change,
    *,
    res: Resources,
    now: dt.datetime,
    staff: SignedIn,
    typed: tuple[str, str] = ("", ""),
    error: InputError | None = None,
) -> Response:
    after = await changes.preview(
        res.db, certificate_id, change, reason=WithdrawalReason.OTHER, text=None, caller=staff.caller, now=now
    )
    reason, text = typed
    return pages.render(
        request,
        "staff_change.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        certificate=after,
        person=shown_person(after, staff.caller, res),
        change=change,
        reason=reason,
        text=text,
        error=error,
    )


@router.post("/{certificate_id}/reopen-code")
async def reopen(certificate_id: uuid.UUID, res: Res, now: Now, staff: StaffForm) -> Response:
    """At once and without a preview, for it only forgets wrong tries."""
    require_scope(staff.caller, Scope.WITHDRAW)
    await reopen_code(res.db, certificate_id, caller=staff.caller, now=now)
    return RedirectResponse(f"/staff/certificates/{certificate_id}#history", 303)


@router.post("/{certificate_id}/{change}")
async def make_change(
    certificate_id: uuid.UUID,
    change: Change,
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    reason: _Typed = "",
    text: _Typed = "",
    needs_approval: _Typed = "",
    confirmed: _Typed = "",
) -> Response:
    """Show what will change; then, `confirmed` on that page, change it. With `needs_approval` it is a recall
    of one certificate.
    """
    require_scope(staff.caller, Scope.WITHDRAW)
    try:
        asked = read_reason(change, reason, text)
    except InputError as error:
        return await _reason_page(
            request, certificate_id, change, res=res, now=now, staff=staff, typed=(reason, text), error=error
        )
    if needs_approval == "yes" and change is Change.REVOKE:
        wanted = Asked(asked.reason, asked.text, needs_approval=True)
        return await preview_page(request, Chosen((str(certificate_id),)), res=res, staff=staff, asked=wanted)
    if confirmed != "yes":
        return await _preview_page(request, certificate_id, change, asked, res=res, now=now, staff=staff)
    changed = await _changed(certificate_id, change, asked, res=res, now=now, staff=staff)
    return RedirectResponse(f"/staff/certificates/{changed.id}", 303)


async def _changed(
    certificate_id: uuid.UUID,
    change: Change,
    asked: Withdrawal,
    *,
    res: Resources,
    now: dt.datetime,
    staff: SignedIn,
) -> Certificate:
    """The certificate after its change, or its successor."""
    reason, text = asked.reason, asked.text
    if change is not Change.REPLACE:
        return await changes.change(
            res.db, certificate_id, change, reason=reason, text=text, caller=staff.caller, now=now
        )
    successor = await changes.replace(
        res.db,
        certificate_id,
        reason=reason,
        text=text,
        record=None,
        caller=staff.caller,
        now=now,
        vault=res.vault,
    )
    await res.doorbell.ring_issue()
    return successor


async def _preview_page(
    request: Request,
    certificate_id: uuid.UUID,
    change: Change,
    asked: Withdrawal,
    *,
    res: Resources,
    now: dt.datetime,
    staff: SignedIn,
) -> Response:
    async with res.db.read() as session:
        before = await get_visible(session, certificate_id, caller=staff.caller)
    after = await changes.preview(
        res.db, certificate_id, change, reason=asked.reason, text=asked.text, caller=staff.caller, now=now
    )
    return pages.render(
        request,
        "staff_change_preview.html",
        headers=HEADERS,
        staff=staff,
        before=before,
        after=after,
        person=shown_person(after, staff.caller, res),
        change=change,
        asked=asked,
    )
