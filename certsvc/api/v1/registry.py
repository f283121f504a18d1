"""`/v1/facilities`, `/v1/practitioners`, `/v1/designs`, `/v1/rules`, `/v1/stats`: lists and figures."""

import datetime as dt
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from certsvc.api.access import Now, Reader, Res
from certsvc.api.recent import Recent, recent_figures
from certsvc.api.schemas import FacilityOut, PractitionerOut, facility_out, practitioner_out
from certsvc.issuing.rulebooks import load_rulebook
from certsvc.models import Kind, Status
from certsvc.records import CareSetting
from certsvc.records.judging.rulebook import DatedRow, Sureness, table_of, to_json
from certsvc.store import certificates, registry
from certsvc.templates.designs import load_designs

router = APIRouter(prefix="/v1", tags=["registry"])


class DesignOut(BaseModel):
    id: str
    kind: Kind
    title_vi: str
    title_en: str
    legal_basis: str
    valid_from: dt.date
    valid_to: dt.date | None


class RuleOut(BaseModel):
    """A dated row; what its table does not have is null. What each means: docs/rules.md."""

    id: str
    table: Literal["leave_ceilings", "discharge_rules"]
    valid_from: dt.date
    valid_to: dt.date | None
    basis: str
    source: Literal["built_in", "operator"] = Field(description="whether it came with the service")
    max_days: int | None = None
    care_settings: list[CareSetting] | None = None
    decision: str | None = None
    decided_on: dt.date | None = None
    min_days: int | None = None
    first_test_day: int | None = None
    vaccinated_days: int | None = None
    other_days: int | None = None
    min_doses: int | None = None
    dose_lead_days: int | None = None


class Figure(BaseModel):
    facility_code: str
    kind: Kind
    status: Status
    count: int
    oldest_requested_at: dt.datetime
    awaiting_approval: int = Field(description="of `count`, what waits for the facility's head")


class FacilityPage(BaseModel):
    items: list[FacilityOut]


class PractitionerPage(BaseModel):
    items: list[PractitionerOut]


class DesignPage(BaseModel):
    items: list[DesignOut]


class RulePage(BaseModel):
    items: list[RuleOut]


class FigurePage(BaseModel):
    items: list[Figure]
    recent: Recent = Field(description="of the last 30 days; dry runs do not count")


@router.get("/facilities")
async def list_facilities(res: Res, caller: Reader) -> FacilityPage:
    async with res.db.read() as session:
        found = await registry.list_facilities(session, only=caller.facility_code)
    return FacilityPage(items=[facility_out(facility) for facility in found])


@router.get("/practitioners")
async def list_practitioners(res: Res, caller: Reader, facility: str | None = None) -> PractitionerPage:
    only = facility or caller.facility_code
    if only is not None and not caller.may_see(only):
        return PractitionerPage(items=[])
    async with res.db.read() as session:
        found = await registry.list_practitioners(session, facility_codes=None if only is None else [only])
    return PractitionerPage(items=[practitioner_out(practitioner, caller=caller) for practitioner in found])


@router.get("/designs")
async def list_designs(_caller: Reader) -> DesignPage:
    designs = load_designs()
    return DesignPage(items=[DesignOut.model_validate(design, from_attributes=True) for design in designs])


@router.get("/rules")
async def list_rules(res: Res, _caller: Reader) -> RulePage:
    """The dated rows by which cases are judged now. In each table the row counts that began last before the
    event, unless it has ended.
    """
    async with res.db.read() as session:
        rulebook = await load_rulebook(session)
    return RulePage(items=[_rule(row) for row in rulebook.rows])


def _rule(row: DatedRow) -> RuleOut:
    source = "operator" if row.sureness is Sureness.ENTERED else "built_in"
    return RuleOut.model_validate({"table": table_of(row), "source": source, **to_json(row)})


@router.get("/stats")
async def read_stats(res: Res, caller: Reader, now: Now, facility: str | None = None) -> FigurePage:
    """How many certificates are in which state, per facility and kind; what rules rejected and what was
    issued lately. A facility of others has no figures.
    """
    only = facility or caller.facility_code
    if only is not None and not caller.may_see(only):
        only = ""  # nobody's
    async with res.db.read() as session:
        found = await certificates.figures(session, facility_code=only)
    return FigurePage(
        items=[_figure(figure) for figure in found],
        recent=await recent_figures(res, facility_code=only, now=now),
    )


def _figure(found: certificates.Figure) -> Figure:
    return Figure(
        facility_code=found.facility_code,
        kind=found.kind,
        status=found.status,
        count=found.number,
        oldest_requested_at=found.oldest,
        awaiting_approval=found.held,
    )
