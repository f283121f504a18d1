"""Local accounts, on this machine's database: for sites without an OpenID provider."""

from typing import Annotated

import typer
from rich.table import Table

from certsvc.callers.accounts import (
    LINK_LIFETIME,
    create_account,
    disable_account,
    enrolment_link,
    reset_account,
)
from certsvc.cli.ending import say, show
from certsvc.cli.here import Facility, Licence, on_database, refuse_odd_facility
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.resources import open_vault
from certsvc.states import Role
from certsvc.store import Database, sign_in

accounts = typer.Typer(
    no_args_is_help=True,
    help="Local accounts: people who sign in at /staff with a password and a one-time code.",
)
Name = Annotated[str, typer.Argument(help="what the person types to sign in; capitals do not matter")]


@accounts.command("create")
def create(
    name: Name,
    role: Annotated[Role, typer.Option()],
    facility: Facility = None,
    holder: Annotated[
        str | None,
        typer.Option(help="whose batches the account shares (default: the facility's, or those of the role)"),
    ] = None,
    licence: Licence = None,
) -> None:
    """Make an account and show its one-time link, once."""
    refuse_odd_facility(role, facility)

    async def work(db: Database, settings: Settings) -> str:
        vault = open_vault(settings)
        token = await create_account(
            db,
            name,
            role=role,
            facility_code=facility,
            holder=holder,
            licence=licence,
            vault=vault,
            now=utc_now(),
        )
        return enrolment_link(settings.base_url, token)

    _say_link(on_database(work))


@accounts.command("list")
def list_accounts() -> None:
    """Every account, and whether it is enrolled."""

    async def work(db: Database, _: Settings) -> Table:
        table, now = Table("name", "role", "facility", "licence", "holder", "caller", "state"), utc_now()
        async with db.read() as session:
            for account, caller in await sign_in.list_accounts(session):
                state = (
                    "disabled"
                    if not caller.is_good(now)
                    else "enrolled"
                    if account.password_hash
                    else "waits for its link"
                )
                table.add_row(
                    account.name,
                    caller.role,
                    caller.facility_code or "",
                    caller.licence or "",
                    caller.holder,
                    caller.prefix,
                    state,
                )
        return table

    show(on_database(work))


@accounts.command("reset")
def reset(name: Name) -> None:
    """Forget password, authenticator and recovery codes, sign out everywhere, and show a new link; a disabled
    account opens again.
    """

    async def work(db: Database, settings: Settings) -> str:
        return enrolment_link(
            settings.base_url, await reset_account(db, name, vault=open_vault(settings), now=utc_now())
        )

    _say_link(on_database(work))


@accounts.command("disable")
def disable(name: Name) -> None:
    """Sign out everywhere, and let nobody sign in again."""

    async def work(db: Database, _: Settings) -> None:
        await disable_account(db, name, now=utc_now())

    on_database(work)
    say("Đã khoá tài khoản. / Disabled.")


def _say_link(link: str) -> None:
    hours = int(LINK_LIFETIME.total_seconds() // 3600)
    say(
        link,
        f"Gửi liên kết này cho người dùng; nó dùng được một lần, trong {hours} giờ. / Hand this link to the"
        f" person; it works once, for {hours} hours.",
    )
