"""`/staff/batches/{id}/cancel`, `/resume`, `/replay`: stop a batch, once confirmed; go on with it; retry what
failed.
"""

import uuid

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.v1.batches import batch_state, ring_for_all
from certsvc.callers.keys import require_scope
from certsvc.issuing.batches.cancelling import BatchChange, change_batch
from certsvc.models import Scope

router = APIRouter(prefix="/staff/batches", include_in_schema=False)


@router.get("/{batch_id}/cancel")
async def ask_cancel(batch_id: uuid.UUID, request: Request, res: Res, staff: Staff) -> Response:
    """What cancelling would do; nothing has changed yet."""
    require_scope(staff.caller, Scope.ISSUE)
    batch = await batch_state(batch_id, res, caller=staff.caller)
    return pages.render(request, "staff_batch_cancel.html", headers=HEADERS, staff=staff, batch=batch)


@router.post("/{batch_id}/{change}")
async def change(batch_id: uuid.UUID, change: BatchChange, res: Res, now: Now, staff: StaffForm) -> Response:
    require_scope(staff.caller, Scope.ISSUE)
    await change_batch(res.db, batch_id, change, caller=staff.caller, now=now)
    await ring_for_all(batch_id, res)
    return RedirectResponse(f"/staff/batches/{batch_id}", 303)
