"""`/staff`: who signed in, how the stations stand, the latest batches; and the stations with their staff and
keys.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import HEADERS
from certsvc.api.console.batches import with_counts
from certsvc.api.console.staff import Staff
from certsvc.api.recent import recent_figures
from certsvc.api.schemas import practitioner_out
from certsvc.clock import day_in_hanoi
from certsvc.errors import NotFound
from certsvc.issuing.authority import is_authorised_on
from certsvc.models import ApiKey, Role, Status
from certsvc.resources import Resources
from certsvc.store import batch_lists, certificates, recalls, registry
from certsvc.store.certificates import Figure

router = APIRouter(prefix="/staff", include_in_schema=False)
_WAITING = frozenset({Status.REQUESTED, Status.SIGNING})
_SHOWN_STATIONS, _SHOWN_BATCHES = 10, 5


@dataclass(slots=True)
class Figures:
    """How a station's certificates stand; `oldest` is when the longest waiting was asked for, of those that
    are not `held` for approval.
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
            self.oldest = min((each for each in (self.oldest, figure.oldest_unheld) if each), default=None)
        elif figure.status is Status.FAILED:
            self.failed += figure.number
        else:
            self.issued += figure.number


def figures_of(rows: Iterable[Figure], names: dict[str, str]) -> list[Figures]:
    """Of each station that was ever asked for a certificate; who needs a look first: failures, then the
    longest waiting.
    """
    found: dict[str, Figures] = {}
    for row in rows:
        found.setdefault(
            row.facility_code, Figures(row.facility_code, names.get(row.facility_code, row.facility_code))
        ).add(row)
    latest = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(
        found.values(), key=lambda each: (-each.failed, each.oldest or latest, -each.issued, each.code)
    )


async def _figures(res: Resources, caller: ApiKey, *, only: str | None) -> list[Figures]:
    async with res.db.read() as session:
        rows = await certificates.figures(session, facility_code=only or caller.facility_code)
        stations = await registry.list_facilities(session, only=only or caller.facility_code)
    return figures_of(rows, {each.code: each.name for each in stations})


@router.get("")
async def home(request: Request, res: Res, now: Now, staff: Staff, *, every: bool = False) -> Response:
    """Where to begin; `every` shows all stations instead of the first few."""
    figures = await _figures(res, staff.caller, only=None)
    owner = None if staff.caller.role in (Role.ADMIN, Role.AUDITOR) else staff.caller
    async with res.db.read() as session:
        recent = await batch_lists.list_page(session, owner=owner, before=None, limit=_SHOWN_BATCHES)
        batches = await with_counts(session, recent)
        waiting = await recalls.count_waiting(session, owner=owner)
    context: dict[str, Any] = {
        "figures": figures if every else figures[:_SHOWN_STATIONS],
        "stations": len(figures),
        "totals": _totals(figures),
        "batches": batches,
        "waiting_recalls": waiting,
        "recent": await recent_figures(res, facility_code=staff.caller.facility_code, now=now),
    }
    return pages.render(request, "staff.html", headers=HEADERS, staff=staff, **context)


def _totals(figures: Sequence[Figures]) -> Figures:
    oldest = min((each.oldest for each in figures if each.oldest), default=None)
    waiting, issued, failed, held = (
        sum(getattr(each, name) for each in figures) for name in ("waiting", "issued", "failed", "held")
    )
    return Figures("", "", waiting, issued, failed, held, oldest)


@router.get("/stations")
async def list_stations(request: Request, res: Res, now: Now, staff: Staff) -> Response:
    """Every station that this caller may see, and since when and until when it may issue."""
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
    """One station: its figures, its people with the days of their registration, who may sign for it, its keys
    and until when they are good.
    """
    async with res.db.read() as session:
        station = (
            await registry.find_facility(session, facility_code)
            if staff.caller.may_see(facility_code)
            else None
        )
        if station is None:
            raise NotFound("no_such_facility", "Không có cơ sở này.", "There is no such facility.")
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
        people=[practitioner_out(each, caller=staff.caller) for each in people],
        delegations=delegations,
        is_authorised=is_authorised_on(day_in_hanoi(now), delegations),
        keeps=staff.caller.role is Role.ADMIN
        or any(each.is_head and each.licence == staff.caller.licence for each in people),
        keys=keys,
        today=day_in_hanoi(now),
        now=now,
    )
