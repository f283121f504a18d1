"""`/staff/new`: request the papers of a case in one go, follow them until they are signed, and print the slip
for the patient.
"""

import itertools
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.case_fields import Fault, faults_of
from certsvc.api.console.new_case import Word, form_page, sent, station_of
from certsvc.api.console.one_case import Papers
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.schemas import certificate_out
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.clock import day_in_hanoi
from certsvc.errors import CertsvcError, Conflict, InputError
from certsvc.issuing.requests.single import request_certificate
from certsvc.issuing.terms import Terms
from certsvc.issuing.visibility import get_visible
from certsvc.models import Certificate, Kind, Scope, Status
from certsvc.resources import Resources
from certsvc.store import certificates
from certsvc.templates.qr import qr_svg

router = APIRouter(prefix="/staff/new", include_in_schema=False)
_MOST_PAPERS = 20
_IN_WORK = frozenset({Status.REQUESTED, Status.SIGNING})


@router.post("/issue")
async def issue_case(
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    *,
    papers: Annotated[Papers, Form()],
    facility: Word = "",
) -> Response:
    """Request each paper, and go to the page that follows them. Pressed twice it is one request: by then the
    case has its papers.
    """
    require_scope(staff.caller, Scope.ISSUE)
    station, people = await station_of(res, staff, facility)
    entry = await sent(request, papers)
    record = entry.record(facility_code=station.code, today=day_in_hanoi(now))
    terms = Terms(caller=staff.caller, now=now, late_reason=entry.late_reason)
    asked = {kind: await _ask(record, kind, terms, res) for kind in papers.kinds}
    taken = [answer for answer in asked.values() if isinstance(answer, uuid.UUID)]
    refused = {kind: answer for kind, answer in asked.items() if isinstance(answer, CertsvcError)}
    faults = {kind: faults_of(error) for kind, error in refused.items()}
    if not taken:
        first, *_ = refused.values()
        return form_page(
            request,
            staff,
            entry,
            station=station,
            people=people,
            now=now,
            faults=itertools.chain.from_iterable(faults.values()),
            error=first,
        )
    await res.doorbell.ring_issue()
    if refused:
        return await _papers_page(request, res, staff, taken[0], refused=faults)
    return RedirectResponse(f"/staff/new/{taken[0]}", 303)


async def _ask(
    record: Mapping[str, str], kind: Kind, terms: Terms, res: Resources
) -> uuid.UUID | CertsvcError:
    """The certificate, also where the very same was requested before; or why there is none."""
    try:
        certificate, _ = await request_certificate(res.db, dict(record), kind, terms=terms, vault=res.vault)
    except InputError as error:
        return error
    except Conflict as error:
        is_there = error.facts.get("is_same_content") and error.facts.get("is_alive")
        return uuid.UUID(error.facts["certificate_id"]) if is_there else error
    return certificate.id


@router.get("/{certificate_id}")
async def follow_papers(certificate_id: uuid.UUID, request: Request, res: Res, staff: Staff) -> Response:
    """Where the papers of a case stand; once they are signed, with what to hand out."""
    require_scope(staff.caller, Scope.ISSUE)
    return await _papers_page(request, res, staff, certificate_id)


async def _papers_page(
    request: Request,
    res: Resources,
    staff: SignedIn,
    certificate_id: uuid.UUID,
    *,
    refused: Mapping[Kind, Sequence[Fault]] | None = None,
) -> Response:
    async with res.db.read() as session:
        asked = await get_visible(session, certificate_id, caller=staff.caller)
        found = await certificates.list_page(
            session,
            facility_code=asked.facility_code,
            status=None,
            kind=None,
            case_id=asked.case_id,
            before=None,
            limit=_MOST_PAPERS,
        )
    newest: dict[Kind, Certificate] = {}
    for certificate in found:  # newest first
        newest.setdefault(certificate.kind, certificate)
    shown = [newest[kind] for kind in Kind if kind in newest]
    return pages.render(
        request,
        "staff_new_papers.html",
        headers=HEADERS,
        staff=staff,
        person=res.vault.open_person(asked.id, asked.record),
        papers=[
            certificate_out(paper, caller=staff.caller, vault=res.vault, settings=res.settings)
            for paper in shown
        ],
        goes_on=any(paper.status in _IN_WORK and not paper.awaits_approval for paper in shown),
        refused=refused or {},
        here=f"/staff/new/{asked.id}",
        facility_code=asked.facility_code,
    )


@router.get("/{certificate_id}/slip")
async def print_slip(certificate_id: uuid.UUID, request: Request, res: Res, staff: Staff) -> Response:
    """What the patient is handed: whose paper it is, its serial once signed, its code, and how to download
    it.
    """
    require_scope(staff.caller, Scope.ISSUE)
    async with res.db.read() as session:
        certificate = await get_visible(session, certificate_id, caller=staff.caller)
    shown = certificate_out(certificate, caller=staff.caller, vault=res.vault, settings=res.settings)
    address = shown.verify_url or ""
    return pages.render(
        request,
        "slip.html",
        headers=HEADERS,
        code=res.vault.code(certificate.id),
        address=address,
        qr=qr_svg(address.upper()),
        paper=shown,
        person=res.vault.open_person(certificate.id, certificate.record),
    )
