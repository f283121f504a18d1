"""Who signs for a facility: written authorities, and whether its head approves first; on this machine's
database.
"""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from certsvc.cli.ending import say, show
from certsvc.cli.here import facilities, on_database
from certsvc.clock import day_in_hanoi, utc_now
from certsvc.config import Settings
from certsvc.issuing.approval.approving import set_requirement
from certsvc.issuing.approval.delegating import Authority, add_delegation, set_copies, withdraw_delegation
from certsvc.states import DelegationKind
from certsvc.store import Database, registry

delegations = typer.Typer(
    no_args_is_help=True,
    help=(
        "Written authorities: who signs for a facility in its head's place, which stations may issue at all."
    ),
)
_DAY = ["%Y-%m-%d"]
_AUTHORISED = DelegationKind.AUTHORISED
_SIGNS = {DelegationKind.DEPUTY: "KT.", DelegationKind.AUTHORISED: "TUQ."}
DelegationId = Annotated[uuid.UUID, typer.Argument(help="as `delegations list` shows it")]


@delegations.command("add")
def add(
    facility: Annotated[str, typer.Option(help="five-digit code of the facility")],
    document: Annotated[str, typer.Option(help="number of the written authority")],
    granted_by: Annotated[str, typer.Option(help="who granted it: the office, such as a Trung tâm Y tế")],
    valid_from: Annotated[dt.datetime, typer.Option("--from", formats=_DAY, help="first day")],
    valid_to: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=_DAY, help="last day (default: until it is withdrawn)"),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            help="who represents the facility; without it the station as a whole may issue and stamp"
        ),
    ] = None,
    kind: Annotated[
        DelegationKind,
        typer.Option(help="how they sign: `deputy` KT. (ký thay), `authorised` TUQ. (thừa uỷ quyền)"),
    ] = _AUTHORISED,
) -> None:
    """Enter an authority; its number is shown."""
    days = valid_from.date(), valid_to.date() if valid_to else None
    authority = Authority(facility, licence, document.strip(), granted_by.strip(), *days, kind)

    async def work(db: Database, _: Settings) -> uuid.UUID:
        return (await add_delegation(db, authority, now=utc_now())).id

    say(str(on_database(work)))


@delegations.command("list")
def list_all(facility: Annotated[str | None, typer.Option(help="of this facility only")] = None) -> None:
    """Every authority, and whether it is in force today."""

    async def work(db: Database, _: Settings) -> Table:
        table = Table("id", "facility", "licence", "signs", "document", "granted by", "from", "to", "state")
        today = day_in_hanoi(utc_now())
        codes = None if facility is None else [facility]
        async with db.read() as session:
            for delegation in await registry.list_delegations(session, facility_codes=codes):
                state = delegation.state_on(today)
                withdrawn = f" {delegation.withdrawn_at:%Y-%m-%d}" if delegation.withdrawn_at else ""
                table.add_row(
                    str(delegation.id),
                    delegation.facility_code,
                    delegation.licence or "(cả trạm / the station)",
                    _SIGNS[delegation.kind] if delegation.licence else "",
                    delegation.document,
                    delegation.granted_by,
                    str(delegation.valid_from),
                    str(delegation.valid_to or ""),
                    f"{state.replace('_', ' ')}{withdrawn}",
                )
        return table

    show(on_database(work))


@delegations.command("withdraw")
def withdraw(
    delegation: DelegationId,
    *,
    by_mistake: Annotated[
        bool, typer.Option("--by-mistake", help="it was entered by mistake: as if it had never been there")
    ] = False,
) -> None:
    """End an authority now."""

    async def work(db: Database, _: Settings) -> None:
        await withdraw_delegation(db, delegation, now=utc_now(), by_mistake=by_mistake)

    on_database(work)
    say("Đã thu hồi. / Withdrawn.")


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


@facilities.command("approval")
def approval(
    facility: Annotated[str, typer.Argument(help="five-digit code of the facility")],
    switch: Annotated[Switch, typer.Argument(help="`off` lets go what waits")],
) -> None:
    """Whether a facility's head approves what was asked for before anything is signed."""

    async def work(db: Database, _: Settings) -> int:
        return await set_requirement(
            db, facility, required=switch is Switch.ON, actor="operator", now=utc_now()
        )

    released = on_database(work)
    say(f"Đã ghi; {released} giấy thôi chờ duyệt. / Done; {released} certificates wait for approval no more.")


@facilities.command("copies")
def copies(
    facility: Annotated[str, typer.Argument(help="five-digit code of the facility")],
    switch: Annotated[
        Switch,
        typer.Argument(
            help="`on`: a second page, the copy to keep (liên 1); `off`: the worker's copy alone (liên 2)"
        ),
    ],
) -> None:
    """Whether a facility's sick leaves are printed in both copies."""

    async def work(db: Database, _: Settings) -> None:
        await set_copies(db, facility, both=switch is Switch.ON)

    on_database(work)
    say("Đã ghi. / Done.")
