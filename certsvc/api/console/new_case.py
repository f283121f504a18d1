"""`/staff/new`: one case on one page, checked as it is filled in; its papers are seen before requested."""

import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.case_fields import Fault
from certsvc.api.console.one_case import (
    GROUPS,
    LABELS,
    LATE_REASONS,
    LEAVE_DAYS,
    SELDOM,
    Entry,
    Papers,
    Start,
    by_shown_field,
    read_entry,
)
from certsvc.api.console.staff import Staff, StaffForm
from certsvc.api.problems import status_of
from certsvc.callers.keys import require_scope
from certsvc.callers.sessions import SignedIn
from certsvc.clock import day_in_hanoi
from certsvc.errors import Broken, CertsvcError, InputError
from certsvc.issuing.requests.previewing import Foreseen, foresee, look_over, picture
from certsvc.issuing.requests.single import rejected
from certsvc.issuing.terms import Terms
from certsvc.models import Facility, Kind, Practitioner, Scope
from certsvc.records import Finding
from certsvc.resources import Resources
from certsvc.store import registry

router = APIRouter(prefix="/staff/new", include_in_schema=False)

FORM_HEADERS = HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval';"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""For the form alone: WebAssembly for the QR reader, and the camera."""

_CASE_ID_CHARS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
Word = Annotated[str, Form(max_length=20)]


@router.get("")
async def ask_case(
    request: Request,
    res: Res,
    now: Now,
    staff: Staff,
    *,
    papers: Papers = Papers.SICK_LEAVE,
    facility: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    """The empty form for these papers; those who may issue for every station choose one first."""
    require_scope(staff.caller, Scope.ISSUE)
    if not (staff.caller.facility_code or facility):
        async with res.db.read() as session:
            stations = await registry.list_facilities(session)
        return pages.render(
            request, "staff_new_station.html", headers=HEADERS, staff=staff, stations=stations, papers=papers
        )
    station, people = await station_of(res, staff, facility)
    today = day_in_hanoi(now)
    case_id = f"{today:%y%m%d}-{''.join(secrets.choice(_CASE_ID_CHARS) for _ in range(6))}"
    start = _start(station, people, staff, now=now, case_id=case_id)
    return form_page(
        request, staff, Entry(papers, start.texts(papers)), station=station, people=people, now=now
    )


async def station_of(res: Resources, staff: SignedIn, asked: str) -> tuple[Facility, list[Practitioner]]:
    """The station to issue for, and who may have examined there, those of today first. Raises NotFound."""
    code = staff.caller.facility_code or asked
    async with res.db.read() as session:
        station = await registry.get_facility(session, code)
        people = await registry.list_practitioners(session, facility_codes=[code])
    return station, sorted(
        people, key=lambda person: (person.registered_to is not None, person.full_name, person.licence)
    )


def _start(
    station: Facility, people: Iterable[Practitioner], staff: SignedIn, *, now: Now, case_id: str
) -> Start:
    today = day_in_hanoi(now)
    present = [person.licence for person in people if person.is_registered_on(today)]
    own = [licence for licence in present if licence == staff.caller.licence or len(present) == 1]
    return Start(today, case_id, station.code, station.name, own[0] if own else "")


def form_page(
    request: Request,
    staff: SignedIn,
    entry: Entry,
    *,
    station: Facility,
    people: list[Practitioner],
    now: Now,
    faults: Iterable[Fault] = (),
    error: CertsvcError | None = None,
) -> Response:
    by_field, rest = by_shown_field(entry, faults)
    start = _start(station, people, staff, now=now, case_id=entry.texts.get("case_id", ""))
    return pages.render(
        request,
        "staff_new.html",
        status=status_of(error) if error else 200,
        headers=FORM_HEADERS,
        staff=staff,
        entry=entry,
        groups=GROUPS,
        seldom=SELDOM,
        defaults={papers: start.texts(papers) for papers in Papers},
        faults=by_field,
        general=rest,
        is_seldom_wrong=any(by_field.get(field.name) for field in SELDOM),
        station=station,
        people=people,
        today=start.today,
        leave_days=LEAVE_DAYS,
        late_reasons=LATE_REASONS,
        error=error,
    )


async def sent(request: Request, papers: Papers) -> Entry:
    form = await request.form()
    entry = read_entry(form, papers)
    days = form.get("days")
    return entry.with_days(int(days)) if isinstance(days, str) and days in map(str, LEAVE_DAYS) else entry


@router.post("")
async def take_case(
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    *,
    papers: Annotated[Papers, Form()],
    facility: Word = "",
    step: Word = "card",
) -> Response:
    """`step=preview`: the papers as they would be, or what is wrong at each field. Any other: the form again,
    with a card's text spread over its fields.
    """
    require_scope(staff.caller, Scope.ISSUE)
    station, people = await station_of(res, staff, facility)
    entry = await sent(request, papers)
    if step != "preview":
        return form_page(request, staff, entry, station=station, people=people, now=now)
    terms = Terms(caller=staff.caller, now=now, late_reason=entry.late_reason, dry_run=True)
    record = entry.record(facility_code=station.code, today=day_in_hanoi(now))
    foreseen = await foresee(res.db, record, papers.kinds, terms=terms, vault=res.vault)
    outcomes = {paper.answer.outcome for paper in foreseen.values()}
    if not outcomes & {"would_issue", "existing"}:
        faults = _faults_of(finding for paper in foreseen.values() for finding in paper.answer.findings)
        return form_page(
            request, staff, entry, station=station, people=people, now=now, faults=faults, error=rejected([])
        )
    async with request.app.state.preview_turns:
        drawn = {kind: await _drawn(paper, terms, res) for kind, paper in foreseen.items()}
    return _preview_page(request, staff, entry, foreseen, drawn, station=station)


async def _drawn(foreseen: Foreseen, terms: Terms, res: Resources) -> bytes | CertsvcError | None:
    """A picture of the form, or why it could not be made; None where there will be no such paper."""
    if foreseen.answer.outcome != "would_issue":
        return None
    try:
        return await picture(res.db, foreseen, terms=terms, vault=res.vault, settings=res.settings)
    except CertsvcError as error:
        return error


def _preview_page(
    request: Request,
    staff: SignedIn,
    entry: Entry,
    foreseen: Mapping[Kind, Foreseen],
    drawn: Mapping[Kind, bytes | CertsvcError | None],
    *,
    station: Facility,
) -> Response:
    ready = [
        kind for kind, made in drawn.items() if made is not None and not isinstance(made, InputError | Broken)
    ]
    return pages.render(
        request,
        "staff_new_preview.html",
        headers=HEADERS,
        staff=staff,
        entry=entry,
        labels=LABELS,
        station=station,
        answers={kind: paper.answer for kind, paper in foreseen.items()},
        faults={kind: _faults_of(paper.answer.findings) for kind, paper in foreseen.items()},
        pictures={
            kind: f"data:image/png;base64,{b64encode(made).decode()}"
            for kind, made in drawn.items()
            if isinstance(made, bytes)
        },
        undrawn={kind: made for kind, made in drawn.items() if isinstance(made, CertsvcError)},
        case=next((paper.case for paper in foreseen.values() if paper.case), None),
        ready=Papers.of(ready) if ready else None,
        number=len(ready),
    )


def _faults_of(findings: Iterable[Finding]) -> list[Fault]:
    """Each once."""
    return [
        Fault(
            rule=finding.rule,
            level=finding.level,
            field=finding.field,
            message_vi=finding.message_vi,
            message_en=finding.message_en,
        )
        for finding in dict.fromkeys(findings)
    ]


@router.post("/check")
async def check_case(
    request: Request,
    res: Res,
    now: Now,
    staff: StaffForm,
    *,
    papers: Annotated[Papers, Form()],
    facility: Word = "",
) -> Response:
    """For the form's script: what is wrong so far, and the fields once a card's text was spread over them.
    Nothing is stored or drawn.
    """
    require_scope(staff.caller, Scope.ISSUE)
    entry = await sent(request, papers)
    terms = Terms(caller=staff.caller, now=now, dry_run=True)
    record = entry.record(facility_code=staff.caller.facility_code or facility, today=day_in_hanoi(now))
    found = await look_over(res.db, record, papers.kinds, terms=terms)
    return JSONResponse({"faults": _faults_of(found), "texts": entry.texts, "card_says": entry.card_says})
