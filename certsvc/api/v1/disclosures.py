"""`/v1/disclosures`: when a facility was told that a person is known at another [rules, Between
facilities].
"""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from certsvc.api.access import Reader, Res
from certsvc.api.v1.certificates import MAX_PAGE
from certsvc.models import ApiKey, Disclosure
from certsvc.store import disclosures

router = APIRouter(prefix="/v1", tags=["registry"])


class DisclosureOut(BaseModel):
    at: dt.datetime
    rule: str = Field(description="whose finding told of it: A-OVERLAP or R-REINFECTION")
    facility_code: str = Field(description="who asked for a certificate, and was told")
    case_id: str | None = Field(description="the case it was asked for; null for the other facility")
    told_facility_code: str | None = Field(
        description="whose case it was told of; null for who was told, which learns no more than that"
    )
    told_case_id: str | None = Field(description="that case; null for who was told")


class DisclosurePage(BaseModel):
    items: list[DisclosureOut]
    next_cursor: int | None = Field(description="the `cursor` of what came before these; null at the end")


@router.get("/disclosures")
async def list_disclosures(
    res: Res,
    caller: Reader,
    cursor: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> DisclosurePage:
    """Newest first. A facility sees what it was told and what was told of its cases, each without the other's
    case.
    """
    async with res.db.read() as session:
        found = await disclosures.list_page(
            session, facility_code=caller.facility_code, before=cursor, limit=limit + 1
        )
    page = found[:limit]
    return DisclosurePage(
        items=[_out(disclosure, caller=caller) for disclosure in page],
        next_cursor=page[-1].id if len(found) > limit else None,
    )


def _out(disclosure: Disclosure, *, caller: ApiKey) -> DisclosureOut:
    is_asker = caller.may_see(disclosure.facility_code)
    is_other = caller.may_see(disclosure.told_facility_code)
    return DisclosureOut(
        at=disclosure.at,
        rule=disclosure.rule,
        facility_code=disclosure.facility_code,
        case_id=disclosure.case_id if is_asker else None,
        told_facility_code=disclosure.told_facility_code if is_other else None,
        told_case_id=disclosure.told_case_id if is_other else None,
    )
