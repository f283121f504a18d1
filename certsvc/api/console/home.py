"""`/staff`: how the stations stand, the latest batches; and the stations with their staff and keys."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.staff import Staff
from certsvc.api.recent import recent_figures
from certsvc.api.schemas import batch_out, practitioner_out
from certsvc.clock import day_in_hanoi
from certsvc.issuing.authority import is_authorised_on
from certsvc.models import ApiKey, Role, Status
from certsvc.refusals import no_such_facility
from certsvc.resources import Resources
from certsvc.store import batch_lists, certificates, recalls, registry
from certsvc.store.certificates import Figure

router = APIRouter(prefix="/staff", include_in_schema=False)
_WAITING = frozenset({Status.REQUESTED, Status.SIGNING})
_SHOWN_STATIONS, _SHOWN_BATCHES = 10, 5


@dataclass(slots=True)
class Figures:
    """How many of a station's certificates stand where; `oldest` is when the longest waiting one was
    requested, of those not `held` for approval.
    """

    code: str
    name: str
    waiting: int = 0
    issued: int = 0
    failed: int = 0
    held: int = 0
    oldest: dt.datetime | None = None

    @property
    def total(self) -> int:
        return self.waiting + self.issued + self.failed + self.held

    def add(self, figure: Figure) -> None:
        if figure.status in _WAITING:
            self.waiting += figure.number - figure.held
            self.held += figure.held
            self.oldest = min(filter(None, (self.oldest, figure.oldest_unheld)), default=None)
        elif figure.status is Status.FAILED:
            self.failed += figure.number
        else:
            self.issued += figure.number


def figures_of(rows: Iterable[Figure], names: dict[str, str]) -> list[Figures]:
    """Of each station that was ever asked for a certificate; those that need a look first: failures, then
    long waits.
    """
    found: dict[str, Figures] = {}
    for row in rows:
        found.setdefault(
            row.facility_code, Figures(row.facility_code, names.get(row.facility_code, row.facility_code))
        ).add(row)
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(
        found.values(),
        key=lambda station: (-station.failed, station.oldest or latest, -station.issued, station.code),
    )


async def _figures(res: Resources, caller: ApiKey, *, only: str | None) -> list[Figures]:
    async with res.db.read() as session:
        rows = await certificates.figures(session, facility_code=only or caller.facility_code)
        stations = await registry.list_facilities(session, only=only or caller.facility_code)
    return figures_of(rows, {station.code: station.name for station in stations})


@router.get("")
async def home(request: Request, res: Res, now: Now, staff: Staff, *, every: bool = False) -> Response:
    """Where to begin; `every` shows all stations instead of the first few."""
    figures = await _figures(res, staff.caller, only=None)
    owner = None if staff.caller.role in (Role.ADMIN, Role.AUDITOR) else staff.caller
    async with res.db.read() as session:
        recent = await batch_lists.list_page(session, owner=owner, before=None, limit=_SHOWN_BATCHES)
        batches = await batch_lists.with_counts(session, recent)
        waiting = await recalls.count_waiting(session, owner=owner)
    return pages.render(
        request,
        "staff.html",
        headers=HEADERS,
        staff=staff,
        figures=figures if every else figures[:_SHOWN_STATIONS],
        stations=len(figures),
        totals=_totals(figures),
        batches=[batch_out(batch, counts) for batch, counts in batches],
        waiting_recalls=waiting,
        recent=await recent_figures(res, facility_code=staff.caller.facility_code, now=now),
    )


def _totals(figures: Sequence[Figures]) -> Figures:
    return Figures(
        "",
        "",
        waiting=sum(station.waiting for station in figures),
        issued=sum(station.issued for station in figures),
        failed=sum(station.failed for station in figures),
        held=sum(station.held for station in figures),
        oldest=min((station.oldest for station in figures if station.oldest), default=None),
    )


@router.get("/stations")
async def list_stations(request: Request, res: Res, now: Now, staff: Staff) -> Response:
    """Every station that this caller may see, and from when to when it may issue."""
    async with res.db.read() as session:
        stations = await registry.list_facilities(session, only=staff.caller.facility_code)
    return pages.render(
        request,
        "staff_stations.html",
        headers=HEADERS,
        staff=staff,
        stations=stations,
        today=day_in_hanoi(now),
    )


@router.get("/stations/{facility_code}")
async def read_station(facility_code: str, request: Request, res: Res, now: Now, staff: Staff) -> Response:
    """One station: its figures, its people and when they are registered, who may sign for it, its keys and
    until when they are good.
    """
    async with res.db.read() as session:
        if not staff.caller.may_see(facility_code):
            raise no_such_facility()
        station = await registry.get_facility(session, facility_code)
        people = await registry.list_practitioners(session, facility_codes=[facility_code])
        delegations = await registry.list_delegations(session, facility_codes=[facility_code])
        keys = await registry.list_identities(session, facility_codes=[facility_code])
    return pages.render(
        request,
        "staff_station.html",
        headers=HEADERS,
        staff=staff,
        station=station,
        figures=await _figures(res, staff.caller, only=facility_code),
        recent=await recent_figures(res, facility_code=facility_code, now=now),
        people=[practitioner_out(person, caller=staff.caller) for person in people],
        delegations=delegations,
        is_authorised=is_authorised_on(day_in_hanoi(now), delegations),
        keeps=staff.caller.role is Role.ADMIN
        or any(person.is_head and person.licence == staff.caller.licence for person in people),
        keys=keys,
        today=day_in_hanoi(now),
        now=now,
    )
