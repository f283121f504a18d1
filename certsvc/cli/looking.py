"""designs and doctor: commands that look and tell."""

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from certsvc.blobs import Blobs
from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, WRONG_USAGE, complain, run, say, settings_from_environment, show, told
from certsvc.config import Settings
from certsvc.errors import CertsvcError
from certsvc.resources import utc_now
from certsvc.store import Database, registry, webhooks
from certsvc.templates.designs import find_design, load_designs
from certsvc.trusting import build_trust

designs = typer.Typer(no_args_is_help=True, help="The form designs.")
_EXPIRES_SOON = dt.timedelta(days=30)
_LOW_DISK_BYTES = 1024**3


@designs.command("list")
def list_designs() -> None:
    """Which designs there are and when they apply."""
    table = Table("design", "title", "from", "to", "legal basis")
    with told():
        for design in load_designs():
            table.add_row(design.id, design.title_vi, str(design.valid_from), str(design.valid_to or ""), design.legal_basis)
    show(table)


@designs.command("preview")
def preview(
    design_id: Annotated[str, typer.Argument(help="as `designs list` shows it")],
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the PNG to write (default: the design's name)")] = None,
    head: Annotated[bool, typer.Option("--head", help="the variant for a head who examined himself")] = False,
) -> None:
    """A PNG of a design with invented values."""
    from certsvc.templates.preview import preview_png  # noqa: PLC0415 - WeasyPrint takes its time to load

    with told():
        design = find_design(design_id)
        if design is None:
            complain("Không có mẫu này.", "There is no such design.")
            raise typer.Exit(WRONG_USAGE)
        output = output or Path(f"{design.id.replace('/', '-')}.png")
        output.write_bytes(preview_png(design, head_examined=head))
    say(str(output))


@designs.command("check")
def check(folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="the design's folder")]) -> None:
    """What is wrong with a design, with its line."""
    from certsvc.templates.inspecting import check_design  # noqa: PLC0415 - WeasyPrint takes its time to load

    with told():
        problems = check_design(folder)
    for problem in problems:
        say(f"{problem.file}:{problem.line}: {problem.message_vi} / {problem.message_en}")
    if problems:
        raise typer.Exit(SAYS_NO)
    say("Mẫu tốt. / The design is sound.")


def doctor() -> None:
    """What is missing or about to expire, in plain words; exit code 3 where something must be done."""
    settings = settings_from_environment()

    async def examine() -> list[str]:
        return [finding async for finding in _findings(settings)]

    findings = run(examine())
    for finding in findings:
        say(f"- {finding}")
    if findings:
        raise typer.Exit(CANNOT_NOW)
    say("Mọi thứ đều ổn. / All is well.")


async def _findings(settings: Settings) -> AsyncIterator[str]:
    try:
        async for finding in _database_findings(settings):
            yield finding
    except CertsvcError as error:
        yield f"{error.message_vi} / {error.message_en}"
    try:
        await Blobs(settings.obstore_url).check()
    except CertsvcError as error:
        yield f"{error.message_vi} / {error.message_en}"
    free = (await asyncio.to_thread(shutil.disk_usage, settings.data_dir if settings.data_dir.exists() else Path())).free
    if free < _LOW_DISK_BYTES:
        yield f"Đĩa chỉ còn {free // 1024**2} MB. / Only {free // 1024**2} MB of disk are free."


async def _database_findings(settings: Settings) -> AsyncIterator[str]:
    db = Database(settings.sqlalchemy_url)
    try:
        await db.check_schema()
        async for finding in _identity_findings(db, settings):
            yield finding
    finally:
        await db.close()


async def _identity_findings(db: Database, settings: Settings) -> AsyncIterator[str]:
    now = utc_now()
    async with db.read() as session:
        facilities = await registry.list_facilities(session)
        identities = [row for row in await registry.list_identities(session) if row.retired_at is None]
        disabled = await webhooks.count_disabled(session)
    build_trust(settings, identities)
    if disabled:
        yield f"{disabled} webhook bị tắt vì bên nhận không phản hồi. / {disabled} webhooks are disabled, for nobody answers them: `certsvc webhooks list`."
    sealed = {row.facility_code for row in identities if row.licence is None and row.not_after > now}
    for facility in facilities:
        if facility.is_active_on(now.date()) and facility.code not in sealed:
            yield f"Cơ sở {facility.code} chưa có con dấu số. / Facility {facility.code} has no seal to sign with."
    for row in identities:
        if row.not_after < now + _EXPIRES_SOON:
            whose = row.licence or "con dấu / seal"
            yield f"Khoá {row.id} ({row.facility_code}, {whose}) hết hạn {row.not_after:%d/%m/%Y}. / This key expires then."
