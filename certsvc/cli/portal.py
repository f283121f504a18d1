"""portal: hand certificates in at BHXH's portal, from this machine's database and keys."""

import datetime as dt
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from certsvc.cli.ending import SAYS_NO, complain, complain_each, say, show
from certsvc.cli.here import on_database
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.errors import CertsvcError, Unavailable
from certsvc.issuing.batches.exporting import Exporter
from certsvc.portal.client import Portal, accounts_of, open_client
from certsvc.portal.sending import Counter, SubmissionReport, report_of, sick_leaves_of
from certsvc.records.exchange.fields import Format
from certsvc.resources import open_vault
from certsvc.states import SubmissionState
from certsvc.store import Database, submissions

T = TypeVar("T")
portal = typer.Typer(
    no_args_is_help=True, help="Hand sick leave in at BHXH's portal; nothing is ever sent twice by itself."
)
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@portal.command()
def send(
    batch: Annotated[uuid.UUID | None, typer.Option(help="every sick leave of a batch")] = None,
    certificate: Annotated[list[uuid.UUID] | None, typer.Option(help="certificates by id")] = None,
    layout: Annotated[Format, typer.Option("--format", help="ct07-2025 or xml11")] = Format.CT07_2025,
    *,
    as_json: AsJson = False,
) -> None:
    """Send what was never sent. Exit code 1 says that something did not arrive for certain."""
    if (batch is None) == (not certificate):
        raise typer.BadParameter(
            "chọn --batch hoặc --certificate / choose --batch or --certificate", param_hint="--batch"
        )

    async def work(counter: Counter) -> list[SubmissionReport | None]:
        ids = (
            await sick_leaves_of(counter.db, batch)
            if batch is not None
            else list(dict.fromkeys(certificate or []))
        )
        return [await _send(counter, certificate_id, layout) for certificate_id in ids]

    sent = _at_the_counter(work)
    _print([report for report in sent if report is not None], as_json=as_json)
    if any(report is None or not _is_accepted(report) for report in sent):
        raise typer.Exit(SAYS_NO)


async def _send(counter: Counter, certificate_id: uuid.UUID, layout: Format) -> SubmissionReport | None:
    """Send one certificate; why it cannot be sent is printed, and the others go on."""
    try:
        return report_of(await counter.send_by_id(certificate_id, layout))
    except Unavailable:
        raise
    except CertsvcError as error:
        complain(f"{certificate_id}: {error.message_vi} / {error.message_en}")
        complain_each(error.errors)
        return None


def _is_accepted(report: SubmissionReport) -> bool:
    return report["state"] == SubmissionState.ACCEPTED


@portal.command()
def status(
    state: Annotated[SubmissionState | None, typer.Option(help="only those in that state")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """What was sent, newest first. `sending` for minutes, and `uncertain`: look at the portal, then `resend`
    what is not there.
    """

    async def work(db: Database, _: Settings) -> list[SubmissionReport]:
        async with db.read() as session:
            found = await submissions.newest(session, state=state, limit=limit)
        return [report_of(submission) for submission in found]

    _print(on_database(work), as_json=as_json)


@portal.command()
def resend(
    submission: Annotated[uuid.UUID, typer.Argument(help="as `portal status` shows it")],
    *,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="I looked at the portal: the document is not there")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send once more what may not have arrived."""
    if not confirm:
        question = (
            "Đã tra trên cổng và không thấy hồ sơ này? / Did you look at the portal, and is it not there?"
        )
        typer.confirm(question, abort=True)

    async def work(counter: Counter) -> SubmissionReport:
        return report_of(await counter.resend(submission))

    sent = _at_the_counter(work)
    _print([sent], as_json=as_json)
    if not _is_accepted(sent):
        raise typer.Exit(SAYS_NO)


def _at_the_counter(work: Callable[[Counter], Awaitable[T]]) -> T:
    async def opened(db: Database, settings: Settings) -> T:
        accounts = accounts_of(settings)
        exporter = Exporter(db, vault=open_vault(settings), settings=settings)
        async with open_client(settings) as client:
            return await work(Counter(db, exporter, Portal(client, accounts), utc_now, "operator"))

    return on_database(opened)


def _print(reports: list[SubmissionReport], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(reports, ensure_ascii=False, indent=2))
        return
    table = Table("submission", "certificate", "format", "state", "code", "transaction", "began", "")
    for report in reports:
        is_superseded = report["state"] == SubmissionState.SUPERSEDED
        table.add_row(
            report["id"],
            report["certificate_id"],
            report["format"],
            report["state"],
            report["answer_code"] or "",
            report["transaction_no"] or "",
            f"{dt.datetime.fromisoformat(report['began_at']):%Y-%m-%d %H:%M:%S}Z",
            "" if is_superseded else f"{report['message_vi']} / {report['message_en']}",
        )
    show(table)
