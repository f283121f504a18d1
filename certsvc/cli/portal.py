"""portal: hand certificates in at BHXH's portal, from this machine's database and keys; see what became of
them.
"""

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
from certsvc.errors import CertsvcError, NotFound, Unavailable
from certsvc.issuing.batches.exporting import Exporter
from certsvc.models import Certificate, Kind, Submission, SubmissionState
from certsvc.portal.client import Portal, accounts_of, open_client, words_of
from certsvc.portal.sending import Counter
from certsvc.records.exchange.fields import Format
from certsvc.resources import open_vault
from certsvc.store import Database, batches, certificates, submissions

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

    async def work(counter: Counter) -> list[Submission | None]:
        ids = (
            list(dict.fromkeys(certificate or [])) if batch is None else await _sick_leaves(counter.db, batch)
        )
        return [await _send(counter, each, layout) for each in ids]

    sent = _at_the_counter(work)
    _tell([each for each in sent if each is not None], as_json=as_json)
    if any(each is None or each.state is not SubmissionState.ACCEPTED for each in sent):
        raise typer.Exit(SAYS_NO)


async def _sick_leaves(db: Database, batch: uuid.UUID) -> list[uuid.UUID]:
    """Of a batch, or what replaced them; those that are not in force too, for whoever sends the batch must be
    told that they stay behind.
    """
    async with db.read() as session:
        if await batches.find(session, batch) is None:
            raise NotFound("no_such_batch", "Không có lô này.", "There is no such batch.")
    leaves = [
        each
        async for _, each in batches.lines(db, batch)
        if each is not None and each.kind is Kind.SICK_LEAVE
    ]
    async with db.read() as session:
        return [[each, *await certificates.successors(session, each)][-1].id for each in leaves]


async def _send(counter: Counter, certificate_id: uuid.UUID, layout: Format) -> Submission | None:
    """One certificate; what cannot be sent is told, and the others go on."""
    try:
        certificate = await _find(counter.db, certificate_id)
        submission, _ = await counter.send(certificate, layout)
    except Unavailable:
        raise
    except CertsvcError as error:
        complain(f"{certificate_id}: {error.message_vi} / {error.message_en}")
        complain_each(error.errors)
        return None
    return submission


async def _find(db: Database, certificate_id: uuid.UUID) -> Certificate:
    async with db.read() as session:
        certificate = await certificates.find(session, certificate_id)
    if certificate is None:
        raise NotFound(
            "no_such_certificate", "Không có giấy chứng nhận này.", "There is no such certificate."
        )
    return certificate


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

    async def work(db: Database, _: Settings) -> list[Submission]:
        async with db.read() as session:
            return list(await submissions.newest(session, state=state, limit=limit))

    _tell(on_database(work), as_json=as_json)


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

    async def work(counter: Counter) -> Submission:
        return await counter.resend(submission)

    sent = _at_the_counter(work)
    _tell([sent], as_json=as_json)
    if sent.state is not SubmissionState.ACCEPTED:
        raise typer.Exit(SAYS_NO)


def _at_the_counter(work: Callable[[Counter], Awaitable[T]]) -> T:
    async def opened(db: Database, settings: Settings) -> T:
        accounts = accounts_of(settings)
        exporter = Exporter(db, vault=open_vault(settings), settings=settings)
        async with open_client(settings) as client:
            return await work(Counter(db, exporter, Portal(client, accounts), utc_now, "operator"))

    return on_database(opened)


def _tell(found: list[Submission], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps([_as_json(each) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("submission", "certificate", "format", "state", "code", "transaction", "began", "")
    for each in found:
        words = " / ".join(words_of(each.answer_code)) if each.state is not SubmissionState.SUPERSEDED else ""
        number, code = each.transaction_no or "", each.answer_code or ""
        table.add_row(
            str(each.id),
            str(each.certificate_id),
            each.format,
            each.state,
            code,
            number,
            f"{each.began_at:%Y-%m-%d %H:%M:%S}Z",
            words,
        )
    show(table)


def _as_json(each: Submission) -> dict[str, str | None]:
    vi, en = words_of(each.answer_code)
    return {
        "id": str(each.id),
        "certificate_id": str(each.certificate_id),
        "format": each.format,
        "state": str(each.state),
        "answer_code": each.answer_code,
        "transaction_no": each.transaction_no,
        "began_at": each.began_at.isoformat(),
        "ended_at": each.ended_at.isoformat() if each.ended_at else None,
        "message_vi": vi,
        "message_en": en,
    }
