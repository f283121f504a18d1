"""batch: commands about files of cases, at a running service."""

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, complain, reported, say, show
from certsvc.cli.remote.client import expect, service
from certsvc.cli.remote.following import states

batch = typer.Typer(no_args_is_help=True, help="Files of cases.")
Url = Annotated[str | None, typer.Option(help="address of the service (CERTSVC_URL; default: the demo's)")]
Key = Annotated[str | None, typer.Option(help="API key (CERTSVC_KEY; default: the demo's insurer)")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
BatchId = Annotated[uuid.UUID, typer.Argument(help="the batch's id")]
_err = Console(stderr=True)


@batch.command()
def submit(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV, XLSX, ODS, JSON, NDJSON, CT07 or XML11 (also a ZIP of them)",
        ),
    ],
    url: Url = None,
    key: Key = None,
    *,
    mapping: Annotated[
        str | None, typer.Option(help="saved mapping of your titles (default: `default`, if there is one)")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, issue nothing")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="wait until every row is settled")] = False,
    as_json: AsJson = False,
) -> None:
    """Hand in a file of cases. With --wait exit code 1 says that rows were rejected or failed."""
    with service(url, key) as client, file.open("rb") as opened:
        form = {"dry_run": str(dry_run).lower()} | ({} if mapping is None else {"mapping": mapping})
        state = expect(client.post("/v1/batches", files={"file": ("cases", opened)}, data=form)).json()
        if wait:
            state = _follow(client, state["id"])
    (_show_end if wait else _show_batch)(state, as_json=as_json)


def _follow(client: httpx2.Client, batch_id: str) -> dict[str, Any]:
    """The batch at its end. Ctrl-C leaves it running."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[end]}"),
    )
    state: dict[str, Any] = {}
    last_held = 0
    try:
        with Progress(*columns, console=_err) as progress:
            task = progress.add_task("reading", total=None, end="")
            for state in states(client, batch_id):
                counts, end = state["counts"], state.get("estimated_end_at")
                held = counts["awaiting_approval"]
                if held and held != last_held and state["status"] != "reading":
                    _say_held(progress.console, held)
                    last_held = held
                until = f"≈ {dt.datetime.fromisoformat(end).astimezone():%H:%M:%S}" if end else ""
                ended = counts["issued"] + counts["failed"] + counts["cancelled"]
                description = (
                    "awaiting approval"
                    if held and held == counts["pending"] and state["status"] != "reading"
                    else state["status"]
                )
                progress.update(
                    task,
                    description=description,
                    total=counts["certificates"] or None,
                    completed=ended,
                    end=until,
                )
    except KeyboardInterrupt as error:
        complain(
            f"Lô vẫn chạy tiếp. Xem lại: certsvc batch watch {batch_id}",
            f"The batch goes on. Follow it again: certsvc batch watch {batch_id}",
        )
        raise typer.Exit(CANNOT_NOW) from error
    return {name: value for name, value in state.items() if name != "estimated_end_at"}


def _say_held(console: Console, held: int) -> None:
    console.print(
        f"{held} giấy chờ trưởng trạm duyệt rồi mới ký. / {held} certificates wait for the head of their"
        " facility to approve them."
    )


def _show_end(state: dict[str, Any], *, as_json: bool) -> None:
    _show_batch(state, as_json=as_json)
    if state["status"] != "done" or state["counts"]["rejected"] or state["counts"]["failed"]:
        raise typer.Exit(SAYS_NO)


@batch.command()
def watch(batch_id: BatchId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Follow a batch to its end. Exit code 1 says that rows were rejected or failed."""
    with service(url, key) as client:
        state = _follow(client, str(batch_id))
    _show_end(state, as_json=as_json)


def _show_batch(state: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(state, ensure_ascii=False, indent=2))
        return
    say(f"{state['id']}  {state['status']}{'  (dry run)' if state['dry_run'] else ''}")
    say(*(f"  {name:<12} {count}" for name, count in state["counts"].items()))
    for notice in state["notices"]:
        say(f"{notice['message_vi']} / {notice['message_en']}")
    if state["problem"]:
        say(f"{state['problem']['message_vi']} / {state['problem']['message_en']}")


@batch.command()
def status(batch_id: BatchId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Where a batch stands."""
    with service(url, key) as client:
        state = expect(client.get(f"/v1/batches/{batch_id}")).json()
    _show_batch(state, as_json=as_json)


@batch.command()
def cancel(batch_id: BatchId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Stop a batch: what nobody has begun to sign is given up."""
    _change("cancel", batch_id, url, key, as_json=as_json)


@batch.command()
def resume(batch_id: BatchId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Go on with a cancelled batch."""
    _change("resume", batch_id, url, key, as_json=as_json)


@batch.command()
def replay(batch_id: BatchId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Try again what failed in a batch, once its cause is mended."""
    _change("replay", batch_id, url, key, as_json=as_json)


def _change(change: str, batch_id: uuid.UUID, url: str | None, key: str | None, *, as_json: bool) -> None:
    with service(url, key) as client:
        state = expect(client.post(f"/v1/batches/{batch_id}/{change}")).json()
    _show_batch(state, as_json=as_json)


@batch.command()
def results(
    batch_id: BatchId,
    url: Url = None,
    key: Key = None,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write a file: CSV, or XLSX where its name says so")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What became of every row: a table, CSV or your own file as XLSX with --output, NDJSON with --json."""
    with service(url, key) as client:
        wanted = (
            "ndjson" if output is None or as_json else "xlsx" if output.suffix.lower() == ".xlsx" else "csv"
        )
        text = expect(client.get(f"/v1/batches/{batch_id}/results", params={"format": wanted})).content
    if output:
        with reported():
            output.write_bytes(text)
    elif as_json:
        say(text.decode().rstrip("\n"))
    else:
        show(_results_table(text.decode()))


def _results_table(text: str) -> Table:
    table = Table("row", "case", "kind", "outcome", "rules", "serial", "code")
    for line in map(json.loads, text.splitlines()):
        rules = "+".join(dict.fromkeys(rule["id"] for rule in line["rules"]))
        table.add_row(
            str(line["row"]),
            line["case_id"],
            line["kind"],
            line["outcome"],
            rules,
            line["serial"] or "",
            line["code"] or "",
        )
    return table


@batch.command()
def archive(
    batch_id: BatchId,
    url: Url = None,
    key: Key = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the ZIP to write (default: certificates-ID.zip)")
    ] = None,
) -> None:
    """Every signed PDF of a batch, and its results, in one ZIP."""
    output = output or Path(f"certificates-{batch_id}.zip")
    with service(url, key) as client, client.stream("GET", f"/v1/batches/{batch_id}/archive.zip") as response:
        expect(response)
        with output.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
    say(str(output))
