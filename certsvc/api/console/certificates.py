"""`/staff/certificates`: find a certificate, read its whole history."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.people import shown_person
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.paging import Cursor, cursor_behind, read_cursor
from certsvc.api.schemas import certificate_out
from certsvc.api.words.console import CHANGES, actor_of
from certsvc.callers.sessions import SignedIn
from certsvc.issuing.requests.searching import search
from certsvc.issuing.visibility import get_visible
from certsvc.issuing.withdrawing.changes import Change
from certsvc.issuing.withdrawing.holding import find_holding_recall
from certsvc.models import PUBLISHED, ApiKey, Certificate, Event, Kind, Role, Scope, Status
from certsvc.store import certificates, registry

router = APIRouter(prefix="/staff/certificates", include_in_schema=False)
_A_PAGE = 50
_Choice = Annotated[str, Query(max_length=20)]
_Typed = Annotated[str, Form(max_length=1000)]


@router.get("")
async def list_certificates(
    request: Request,
    res: Res,
    staff: Staff,
    *,
    facility: _Choice = "",
    status: _Choice = "",
    kind: _Choice = "",
    signed_from: _Choice = "",
    signed_to: _Choice = "",
    cursor: Cursor = None,
) -> Response:
    """What this caller may see, newest first. An empty or unknown choice filters nothing."""
    first, last = _as_day(signed_from), _as_day(signed_to)
    chosen = {"facility": staff.caller.facility_code or facility, "status": status, "kind": kind}
    chosen |= {"signed_from": str(first or ""), "signed_to": str(last or "")}
    async with res.db.read() as session:
        found = await certificates.list_page(
            session,
            facility_code=staff.caller.facility_code or facility or None,
            status=Status(status) if status in set(Status) else None,
            kind=Kind(kind) if kind in set(Kind) else None,
            case_id=None,
            before=None if cursor is None else read_cursor(cursor),
            limit=_A_PAGE + 1,
            signed_from=first,
            signed_to=last,
        )
    shown = found[:_A_PAGE]
    behind = cursor_behind(shown[-1].requested_at, shown[-1].id) if len(found) > _A_PAGE else None
    return _list_page(request, staff, shown, chosen=chosen, cursor=behind)


def _as_day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _list_page(
    request: Request,
    staff: SignedIn,
    found: Sequence[Certificate],
    *,
    chosen: dict[str, str] | None = None,
    cursor: str | None = None,
    sought: str | None = None,
) -> Response:
    nothing = dict.fromkeys(("status", "kind", "signed_from", "signed_to"), "")
    return pages.render(
        request,
        "staff_certificates.html",
        headers=HEADERS,
        staff=staff,
        certificates=found,
        chosen=chosen or {"facility": staff.caller.facility_code or ""} | nothing,
        cursor=cursor,
        sought=sought,
    )


@router.post("/find")
async def find(request: Request, res: Res, staff: StaffForm, text: _Typed = "") -> Response:
    """By code, serial, case or citizen id. The form is posted, for what is sought is personal, and addresses
    are kept in many places.
    """
    async with res.db.read() as session:
        found = await search(session, text, caller=staff.caller, vault=res.vault) if text.strip() else []
    if len(found) == 1:
        return RedirectResponse(f"/staff/certificates/{found[0].id}", 303)
    return _list_page(request, staff, found, sought=text.strip())


@router.get("/{certificate_id}")
async def read_certificate(certificate_id: uuid.UUID, request: Request, res: Res, staff: Staff) -> Response:
    """One certificate: what it says, where it stands, all that happened to it, and what may be done."""
    async with res.db.read() as session:
        certificate = await get_visible(session, certificate_id, caller=staff.caller)
        requester = await registry.get_caller(session, certificate.requested_by_id)
        events = await certificates.events_of(session, certificate_id)
        actors = [actor for event in events if (actor := _as_id(event.actor))]
        callers = await registry.callers_by_id(session, actors)
        station = await registry.find_facility(session, certificate.facility_code)
        recall = await find_holding_recall(session, certificate_id, caller=staff.caller)
    by_actor = {str(caller_id): caller for caller_id, caller in callers.items()}
    return pages.render(
        request,
        "staff_certificate.html",
        headers=HEADERS,
        staff=staff,
        certificate=certificate_out(certificate, caller=staff.caller, vault=res.vault, settings=res.settings),
        person=shown_person(certificate, staff.caller, res),
        station=station,
        requester=actor_of(str(requester.id), {str(requester.id): requester}),
        replaces=certificate.replaces_id,
        history=[(event, actor_of(event.actor, by_actor)) for event in events],
        recall=recall,
        changes=[] if recall else _changes_open_to(staff.caller, certificate, requester),
        may_reopen=staff.caller.may(Scope.WITHDRAW) and certificate.status in PUBLISHED,
        has_file=certificate.status in PUBLISHED and not _is_erased(events),
    )


def _as_id(actor: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(actor)
    except ValueError:
        return None


def _is_erased(events: Sequence[Event]) -> bool:
    return any(event.name == "erased" for event in events)


def _changes_open_to(caller: ApiKey, certificate: Certificate, requester: ApiKey) -> list[Change]:
    """For the buttons alone: the use cases refuse whatever is not allowed."""
    if not caller.may(Scope.WITHDRAW) or (
        caller.role is Role.INSURER and not caller.is_of_same_holder(requester)
    ):
        return []
    return [change for change, doing in CHANGES.items() if certificate.status in doing.legal_from]
