"""Commands on this machine's database: imports, API keys, signing identities, erasure."""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from certsvc.callers.keys import create_key, revoke_key
from certsvc.cli.ending import run, say, settings_from_environment, show
from certsvc.clock import HANOI, utc_now
from certsvc.config import Settings
from certsvc.files.blobs import Blobs
from certsvc.issuing import registering
from certsvc.issuing.erasing import erase_files
from certsvc.states import SCOPES_OF, Role, Scope
from certsvc.store import Database, registry
from certsvc.trust.identities import add_identity, retire_identity, rotate_identity

T = TypeVar("T")
facilities = typer.Typer(no_args_is_help=True, help="Health stations that may issue.")
practitioners = typer.Typer(no_args_is_help=True, help="Who may sign there.")
keys = typer.Typer(no_args_is_help=True, help="API keys: shown once, stored hashed.")
identities = typer.Typer(no_args_is_help=True, help="Signing identities.")
certificates = typer.Typer(no_args_is_help=True, help="Certificates that were issued.")
CsvFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV file")]
Facility = Annotated[str | None, typer.Option(help="five-digit code of the facility")]
Licence = Annotated[
    str | None,
    typer.Option(
        help="licence of the facility's practitioner whose own it is; heads and delegates approve by it"
    ),
]


def refuse_odd_facility(role: Role, facility: str | None) -> None:
    if (role is Role.FACILITY) != (facility is not None):
        wrong = (
            "vai trò facility cần --facility, vai trò khác thì không / role facility needs --facility, other"
            " roles have none"
        )
        raise typer.BadParameter(wrong, param_hint="--facility")


def on_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    settings = settings_from_environment()

    async def opened() -> T:
        db = Database(settings.sqlalchemy_url)
        try:
            await db.check_schema()
            return await work(db, settings)
        finally:
            await db.close()

    return run(opened())


@facilities.command("import")
def import_facilities(file: CsvFile) -> None:
    """Insert or update facilities from a CSV file."""

    async def work(db: Database, _: Settings) -> int:
        return await registering.import_facilities(db, file, actor="operator", now=utc_now())

    say(f"{on_database(work)} cơ sở / facilities")


@practitioners.command("import")
def import_practitioners(file: CsvFile) -> None:
    """Insert or update practitioners from a CSV file."""

    async def work(db: Database, _: Settings) -> int:
        return await registering.import_practitioners(db, file)

    say(f"{on_database(work)} người hành nghề / practitioners")


@keys.command("create")
def create(
    role: Annotated[Role, typer.Option()],
    facility: Facility = None,
    holder: Annotated[
        str | None,
        typer.Option(
            help=(
                "whose key it is; keys of one holder own the same batches (default: the facility, or the"
                " role)"
            )
        ),
    ] = None,
    scopes: Annotated[
        str | None,
        typer.Option(
            help=(
                "what it may do, of read, issue, withdraw, approve, with commas between (default: all of its"
                " role)"
            )
        ),
    ] = None,
    expires: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="last day on which it is good, in Hanoi (default: never expires)"
        ),
    ] = None,
    licence: Licence = None,
) -> None:
    """Make an API key and show it, once."""
    refuse_odd_facility(role, facility)
    expires_at = (expires + dt.timedelta(days=1)).replace(tzinfo=HANOI) if expires else None
    narrowed = _read_scopes(scopes) if scopes is not None else None

    async def work(db: Database, _: Settings) -> str:
        return await create_key(
            db,
            role=role,
            facility_code=facility,
            now=utc_now(),
            scopes=narrowed,
            expires_at=expires_at,
            holder=holder,
            licence=licence,
        )

    say(on_database(work))


def _read_scopes(typed: str) -> list[Scope]:
    try:
        return [Scope(name.strip()) for name in typed.split(",")]
    except ValueError as error:
        wrong = f"phạm vi là {', '.join(Scope)} / scopes are {', '.join(Scope)}"
        raise typer.BadParameter(wrong, param_hint="--scopes") from error


@keys.command("list")
def list_keys() -> None:
    """Every key by its prefix; the keys themselves are not kept."""

    async def work(db: Database, _: Settings) -> Table:
        table = Table(
            "prefix",
            "role",
            "facility",
            "licence",
            "holder",
            "scopes",
            "created",
            "last used",
            "expires",
            "revoked",
        )
        async with db.read() as session:
            for key in await registry.list_keys(session):
                instants = (key.created_at, key.last_used_at, key.expires_at, key.revoked_at)
                about = (
                    key.prefix,
                    key.role,
                    key.facility_code or "",
                    key.licence or "",
                    key.holder,
                    " ".join(key.scopes or sorted(SCOPES_OF[key.role])),
                )
                table.add_row(*about, *(f"{at:%Y-%m-%d %H:%M}" if at else "" for at in instants))
        return table

    show(on_database(work))


@keys.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="the key's first part, as `keys list` shows it")],
) -> None:
    """Make a key useless, now."""

    async def work(db: Database, _: Settings) -> None:
        await revoke_key(db, prefix, now=utc_now())

    on_database(work)
    say("Đã thu hồi. / Revoked.")


@identities.command("list")
def list_identities() -> None:
    """Who signs, until when, and where the key lies."""

    async def work(db: Database, _: Settings) -> Table:
        table = Table("id", "facility", "licence", "valid to", "retired", "source")
        async with db.read() as session:
            for row in await registry.list_identities(session):
                retired = f"{row.retired_at:%Y-%m-%d}" if row.retired_at else ""
                table.add_row(
                    str(row.id),
                    row.facility_code,
                    row.licence or "(con dấu / seal)",
                    f"{row.not_after:%Y-%m-%d}",
                    retired,
                    row.source,
                )
        return table

    show(on_database(work))


@identities.command("add")
def add(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="PKCS#12 file below CERTSVC_KEYS_DIR; it stays where it is"
        ),
    ],
    facility: Annotated[str, typer.Option(help="five-digit code of the facility")],
    licence: Annotated[
        str | None, typer.Option(help="licence of the person; without it the key is the facility's seal")
    ] = None,
) -> None:
    """Take a key into use."""

    async def work(db: Database, settings: Settings) -> uuid.UUID:
        return (
            await add_identity(
                db, file, facility_code=facility, licence=licence, settings=settings, now=utc_now()
            )
        ).id

    say(str(on_database(work)))


@identities.command("rotate")
def rotate(
    identity: Annotated[
        uuid.UUID, typer.Argument(help="the identity to retire, as `identities list` shows it")
    ],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="PKCS#12 file that takes its place")
    ],
) -> None:
    """Put a new key in an identity's place."""

    async def work(db: Database, settings: Settings) -> uuid.UUID:
        return (await rotate_identity(db, identity, file, settings=settings, now=utc_now())).id

    say(str(on_database(work)))


@identities.command("retire")
def retire(identity: Annotated[uuid.UUID, typer.Argument(help="as `identities list` shows it")]) -> None:
    """Sign nothing more with it; what it signed stays verifiable."""

    async def work(db: Database, _: Settings) -> None:
        await retire_identity(db, identity, now=utc_now())

    on_database(work)
    say("Đã ngừng dùng. / Retired.")


@certificates.command("erase")
def erase(
    certificate: Annotated[uuid.UUID, typer.Argument(help="the certificate's id")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase the PDF of a certificate for good, and the files it was asked for in; that it was issued stays
    known.
    """
    if not yes:
        typer.confirm(
            "Xoá vĩnh viễn tệp PDF của giấy này? / Erase this certificate's PDF for good?", abort=True
        )

    async def work(db: Database, settings: Settings) -> int:
        return await erase_files(
            db, certificate, blobs=Blobs(settings.obstore_url), actor="operator", now=utc_now()
        )

    say(f"{on_database(work)} tệp / files")
