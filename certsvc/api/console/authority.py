"""`/staff/stations/…/authority`: who may sign for a station, and whether its head approves first; kept by its
head, or an admin.
"""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.problems import status_of
from certsvc.callers.sessions import SignedIn
from certsvc.clock import day_in_hanoi
from certsvc.errors import InputError
from certsvc.issuing.approval.approving import set_requirement
from certsvc.issuing.approval.delegating import (
    Authority,
    add_delegation,
    bad_authority,
    bad_period,
    require_keeper,
    withdraw_delegation,
)
from certsvc.models import DelegationKind
from certsvc.resources import Resources
from certsvc.store import registry

router = APIRouter(prefix="/staff/stations/{facility_code}/authority", include_in_schema=False)
_Typed = Annotated[str, Form(max_length=300)]
_NOTHING = dict.fromkeys(("licence", "kind", "document", "granted_by", "valid_from", "valid_to"), "")
_WHOLE_STATION = "station"
"""The form's choice instead of a licence, for the station as a whole."""


@router.get("")
async def look(facility_code: str, request: Request, res: Res, now: Now, staff: Staff) -> Response:
    """What is on record, and forms to change it."""
    return await _page(request, facility_code, res=res, now=now, staff=staff)


async def _page(
    request: Request,
    facility_code: str,
    *,
    res: Resources,
    now: dt.datetime,
    staff: SignedIn,
    typed: dict[str, str] | None = None,
    error: InputError | None = None,
) -> Response:
    today = day_in_hanoi(now)
    async with res.db.read() as session:
        await require_keeper(session, facility_code, caller=staff.caller, now=now)
        people = await registry.list_practitioners(session, facility_codes=[facility_code])
        station = await registry.find_facility(session, facility_code)
        delegations = await registry.list_delegations(session, facility_codes=[facility_code])
    return pages.render(
        request,
        "staff_authority.html",
        status=status_of(error) if error else 200,
        headers=HEADERS,
        staff=staff,
        station=station,
        people=[person for person in people if person.is_registered_on(today)],
        delegations=delegations,
        today=today,
        typed=typed or _NOTHING,
        error=error,
    )


@router.post("")
async def add(
    facility_code: str,
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    *,
    licence: _Typed = "",
    kind: _Typed = DelegationKind.AUTHORISED,
    document: _Typed = "",
    granted_by: _Typed = "",
    valid_from: _Typed = "",
    valid_to: _Typed = "",
) -> Response:
    """Enter an authority; the form shows what is wrong with it."""
    typed = {
        "licence": licence,
        "kind": kind,
        "document": document,
        "granted_by": granted_by,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    whose = None if licence == _WHOLE_STATION else licence
    async with res.db.read() as session:
        await require_keeper(session, facility_code, caller=staff.caller, now=now, of_station=whose is None)
    try:
        days = _read_day(valid_from), _read_day(valid_to) if valid_to else None
        authority = Authority(
            facility_code, whose, document.strip(), granted_by.strip(), *days, _read_kind(kind)
        )
        await add_delegation(res.db, authority, now=now)
    except InputError as error:
        return await _page(request, facility_code, res=res, now=now, staff=staff, typed=typed, error=error)
    return _back(facility_code)


def _read_day(typed: str) -> dt.date:
    """Raises InputError `bad_period`."""
    try:
        return dt.date.fromisoformat(typed)
    except ValueError as error:
        raise bad_period() from error


def _read_kind(chosen: str) -> DelegationKind:
    """Raises InputError `bad_authority`."""
    try:
        return DelegationKind(chosen)
    except ValueError as error:
        raise bad_authority() from error


@router.post("/requirement")
async def switch(facility_code: str, res: Res, now: Now, staff: StaffForm, required: _Typed = "") -> Response:
    """Whether the head approves before anything is signed: `yes`; otherwise what waits is released."""
    async with res.db.read() as session:
        await require_keeper(session, facility_code, caller=staff.caller, now=now)
    await set_requirement(
        res.db, facility_code, required=required == "yes", actor=str(staff.caller.id), now=now
    )
    await res.doorbell.ring_issue()
    return _back(facility_code)


@router.post("/{delegation_id}/withdraw")
async def withdraw(
    facility_code: str, delegation_id: uuid.UUID, res: Res, now: Now, staff: StaffForm
) -> Response:
    """End an authority at once."""
    async with res.db.read() as session:
        of_station = (await registry.get_delegation(session, delegation_id, of=facility_code)).licence is None
        await require_keeper(session, facility_code, caller=staff.caller, now=now, of_station=of_station)
    await withdraw_delegation(res.db, delegation_id, now=now)
    return _back(facility_code)


def _back(facility_code: str) -> Response:
    return RedirectResponse(f"/staff/stations/{facility_code}/authority", 303)
