"""`/staff/rejected`: the newest rows that a rule rejected, of one station or of all that the caller sees."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff
from certsvc.api.recent import DAYS, window_start
from certsvc.errors import NotFound
from certsvc.models import Role
from certsvc.store import registry, rejections

router = APIRouter(prefix="/staff/rejected", include_in_schema=False)
_MOST = 100


@router.get("")
async def list_rejected(
    request: Request,
    res: Res,
    now: Now,
    staff: Staff,
    *,
    rule: Annotated[str, Query(max_length=40)],
    facility: Annotated[str | None, Query(max_length=5)] = None,
) -> Response:
    """Only who may see a batch is led to it: an insurer's is not its station's."""
    only = facility or staff.caller.facility_code
    if only is not None and not staff.caller.may_see(only):
        raise NotFound("no_such_facility", "Không có cơ sở này.", "There is no such facility.")
    async with res.db.read() as session:
        found = await rejections.newest(
            session, rule=rule, facility_code=only, since=window_start(now), most=_MOST
        )
        owners = await registry.callers_by_id(session, {each.owner_id for each in found})
    sees_all = staff.caller.role in (Role.ADMIN, Role.AUDITOR)
    open_batches = {
        each.batch_id for each in found if sees_all or staff.caller.is_of_same_holder(owners[each.owner_id])
    }
    return pages.render(
        request,
        "staff_rejected.html",
        headers=HEADERS,
        staff=staff,
        rule=rule,
        rows=found,
        open_batches=open_batches,
        most=_MOST,
        days=DAYS,
    )
