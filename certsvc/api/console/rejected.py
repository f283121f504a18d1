"""`/staff/rejected`: the newest rows that a rule rejected, of one station or of all that the caller sees."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff
from certsvc.api.recent import DAYS, window_start
from certsvc.models import Role
from certsvc.refusals import no_such_facility
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
    """Links to a batch only for those who may see it: an insurer's batch is not its station's."""
    only = facility or staff.caller.facility_code
    if only is not None and not staff.caller.may_see(only):
        raise no_such_facility()
    async with res.db.read() as session:
        found = await rejections.newest(
            session, rule=rule, facility_code=only, since=window_start(now), most=_MOST
        )
        owners = await registry.callers_by_id(session, {row.owner_id for row in found})
    sees_all = staff.caller.role in (Role.ADMIN, Role.AUDITOR)
    open_batches = {
        row.batch_id for row in found if sees_all or staff.caller.is_of_same_holder(owners[row.owner_id])
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
