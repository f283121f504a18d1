"""recalls: many certificates revoked by one request, at a running service."""

import json
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from certsvc.cli.ending import reported, say, show
from certsvc.cli.remote.batches import AsJson, Key, Url
from certsvc.cli.remote.client import expect, service
from certsvc.states import Kind, RecallStatus, WithdrawalReason

recalls = typer.Typer(
    no_args_is_help=True, help="Many certificates revoked at once, with a second person's approval."
)
RecallId = Annotated[uuid.UUID, typer.Argument(help="the recall's id, as `recalls list` shows it")]
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="day of signing in Vietnam, included")]


def _call(method: str, path: str, url: str | None, key: str | None, **more: Any) -> Any:
    with service(url, key) as client:
        return expect(client.request(method, f"/v1/recalls{path}", **more)).json()


@recalls.command()
def start(
    reason: Annotated[WithdrawalReason, typer.Argument(help="why; `other` needs --text")],
    url: Url = None,
    key: Key = None,
    *,
    text: Annotated[str | None, typer.Option(help="the reason in words; nobody's name or illness")] = None,
    ids: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="a file with one certificate id a line")
    ] = None,
    batch: Annotated[
        uuid.UUID | None, typer.Option(help="all certificates that this batch asked for")
    ] = None,
    facility: Annotated[str | None, typer.Option(help="all of this facility")] = None,
    kind: Annotated[Kind | None, typer.Option(help="of these only those of a kind")] = None,
    signed_from: Day = None,
    signed_to: Day = None,
    needs_approval: Annotated[
        bool, typer.Option("--needs-approval", help="a second person must approve, however few there are")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen, change nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Revoke certificates; more than one person may revoke alone are suspended until a second one
    approves.
    """
    chosen: dict[str, Any] = {
        "batch_id": batch and str(batch),
        "facility": facility,
        "kind": kind,
        "signed_from": signed_from,
        "signed_to": signed_to,
    }
    body = {name: value for name, value in chosen.items() if value is not None} | {
        "reason": reason,
        "text": text,
        "needs_approval": needs_approval,
    }
    if ids is not None:
        with reported():
            body["certificate_ids"] = ids.read_text(encoding="utf-8").split()
    _show(_call("POST", "/preview" if dry_run else "", url, key, json=body), as_json=as_json)


@recalls.command("list")
def list_recalls(
    url: Url = None,
    key: Key = None,
    *,
    status: Annotated[RecallStatus | None, typer.Option(help="only those that stand so")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest 200, yours or for an admin all."""
    found = _call("GET", "", url, key, params={"limit": 200} | ({"status": status} if status else {}))[
        "items"
    ]
    if as_json:
        say(json.dumps(found, ensure_ascii=False, indent=2))
        return
    table = Table("id", "asked", "by", "status", "certificates", "reason")
    for recall in found:
        table.add_row(
            recall["id"],
            recall["asked_at"],
            recall["asked_by"]["caller"],
            recall["status"],
            str(recall["counts"]["certificates"]),
            recall["reason"],
        )
    show(table)


@recalls.command("show")
def show_recall(recall_id: RecallId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Where a recall stands, and what it came to."""
    _show(_call("GET", f"/{recall_id}", url, key), as_json=as_json)


@recalls.command()
def approve(recall_id: RecallId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Revoke what another person's recall has suspended."""
    _show(_call("POST", f"/{recall_id}/approve", url, key), as_json=as_json)


@recalls.command()
def decline(
    recall_id: RecallId,
    text: Annotated[str, typer.Argument(help="why not")],
    url: Url = None,
    key: Key = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Reinstate what a recall has suspended; also to take back your own."""
    _show(_call("POST", f"/{recall_id}/decline", url, key, json={"text": text}), as_json=as_json)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    say(f"{answer.get('id', 'dry run:')}  {answer['status']}")
    counts = answer.get("counts") or {"certificates": answer["count"]}
    say(*(f"  {name:<16} {number}" for name, number in {**counts, **answer["left_out"]}.items()))
