"""Stations whose head approves, and authorities to sign, under test."""

import datetime as dt
import uuid
from typing import Any

import httpx2

from certsvc.clock import day_in_hanoi, utc_now
from certsvc.issuing.approval.approving import set_requirement
from certsvc.issuing.approval.delegating import Authority, add_delegation
from certsvc.models import DelegationKind
from certsvc.store import certificates
from tests.support.rig import Rig

HERE, ELSEWHERE = "01801", "01802"
HEAD, DEPUTY = f"head {HERE}", "000002/HNO-CCHN"
"""The head's key, and the licence of who may be delegated."""


async def require(rig: Rig, *codes: str, required: bool = True) -> int:
    """Turn the requirement on (or off) at these stations; returns how many certificates were released."""
    return sum(
        [
            await set_requirement(rig.res.db, code, required=required, actor="operator", now=utc_now())
            for code in codes
        ]
    )


async def delegate(
    rig: Rig,
    licence: str | None,
    *,
    first: int = 0,
    last: int | None = None,
    facility: str = HERE,
    kind: DelegationKind = DelegationKind.AUTHORISED,
) -> uuid.UUID:
    """An authority in force from `first` days after the application's today to `last` days after it."""
    today = day_in_hanoi(rig.app.state.clock())
    until = None if last is None else today + dt.timedelta(days=last)
    authority = Authority(
        facility, licence, "12/QĐ-TYT", "Trung tâm Y tế", today + dt.timedelta(days=first), until, kind
    )
    return (await add_delegation(rig.res.db, authority, now=utc_now())).id


async def decide(rig: Rig, what: str, decision: str, *, role: str = HEAD, **more: Any) -> httpx2.Response:
    """Approve or decline `batches/<id>` or `certificates/<id>`."""
    content = {"json": {"text": "sai ngày khám"}} if decision == "decline" else {}
    return await rig.call("POST", f"/v1/{what}/{decision}", role=role, **content | more)


async def waiting(rig: Rig, role: str = HEAD) -> Any:
    return (await rig.call("GET", "/v1/approvals", role=role)).json()["items"]


async def history(rig: Rig, certificate_id: str) -> list[str]:
    async with rig.res.db.read() as session:
        return [each.name for each in await certificates.events_of(session, uuid.UUID(certificate_id))]
