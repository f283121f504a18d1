"""webhooks: who is notified of changes, at a running service."""

import datetime as dt
import json
import uuid
from typing import Annotated, Any

import typer
from rich.table import Table

from certsvc.cli.ending import say, show
from certsvc.cli.remote.batches import AsJson, Key, Url
from certsvc.cli.remote.client import expect, service
from certsvc.states import EventType

webhooks = typer.Typer(no_args_is_help=True, help="Addresses that are notified of changes.")
WebhookId = Annotated[uuid.UUID, typer.Argument(help="the webhook's id, as `webhooks list` shows it")]


def _call(method: str, path: str, url: str | None, key: str | None, **more: Any) -> Any:
    with service(url, key) as client:
        response = expect(client.request(method, f"/v1/webhooks{path}", **more))
        return response.json() if response.content else None


@webhooks.command()
def add(
    address: Annotated[str, typer.Argument(help="https:// address that takes the posts")],
    url: Url = None,
    key: Key = None,
    *,
    event: Annotated[
        list[EventType] | None, typer.Option(help="which events it gets; may be repeated (default: all)")
    ] = None,
    batch_certificates: Annotated[
        bool, typer.Option("--batch-certificates", help="each certificate of a batch too")
    ] = False,
) -> None:
    """Have changes posted to an address; prints its id and, this once, its secret."""
    body = {"url": address, "batch_certificates": batch_certificates} | ({"events": event} if event else {})
    made = _call("POST", "", url, key, json=body)
    say(f"{made['id']}  {made['secret']}")


@webhooks.command("list")
def list_webhooks(url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """Every webhook, and whether it works."""
    found = _call("GET", "", url, key)["items"]
    if as_json:
        say(json.dumps(found, indent=2))
        return
    table = Table("id", "address", "events", "state")
    for webhook in found:
        state = webhook["disabled_reason"] or (
            f"failing since {webhook['failing_since']}" if webhook["failing_since"] else "good"
        )
        table.add_row(webhook["id"], webhook["url"], " ".join(webhook["events"]), state)
    show(table)


@webhooks.command()
def log(webhook: WebhookId, url: Url = None, key: Key = None, *, as_json: AsJson = False) -> None:
    """The latest deliveries and their outcome, newest first."""
    found = _call("GET", f"/{webhook}/deliveries", url, key)["items"]
    if as_json:
        say(json.dumps(found, indent=2))
        return
    table = Table("id", "event", "state", "attempts", "last answer", "next attempt")
    for delivery in found:
        last = delivery["log"][-1] if delivery["log"] else {"error": None, "status_code": ""}
        table.add_row(
            delivery["id"],
            delivery["event"],
            delivery["state"],
            str(delivery["attempts"]),
            str(last["error"] or last["status_code"]),
            delivery["next_attempt_at"] or "",
        )
    show(table)


@webhooks.command("test")
def send_test(webhook: WebhookId, url: Url = None, key: Key = None) -> None:
    """Send a test; `webhooks log` shows the outcome."""
    say(_call("POST", f"/{webhook}/test", url, key)["id"])


@webhooks.command()
def rotate(
    webhook: WebhookId,
    url: Url = None,
    key: Key = None,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=168, help="for how long the previous secret signs too")
    ] = 24,
) -> None:
    """Change the secret; prints the new one, this once."""
    say(_call("POST", f"/{webhook}/rotate", url, key, json={"overlap_s": overlap_hours * 3600})["secret"])


@webhooks.command()
def replay(
    webhook: WebhookId,
    url: Url = None,
    key: Key = None,
    delivery: Annotated[
        str | None, typer.Option(help="one delivery, as `webhooks log` shows it (default: all that failed)")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, help="how far to look back for failures")] = 72,
) -> None:
    """Send again what failed."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    body = {"delivery_id": delivery} if delivery else {"failed_since": since.isoformat()}
    say(str(_call("POST", f"/{webhook}/replay", url, key, json=body)["replayed"]))


@webhooks.command()
def enable(webhook: WebhookId, url: Url = None, key: Key = None) -> None:
    """Send again to an address that was disabled."""
    _call("PATCH", f"/{webhook}", url, key, json={"enabled": True})
    say("Đã bật. / Enabled.")


@webhooks.command()
def remove(webhook: WebhookId, url: Url = None, key: Key = None) -> None:
    """Notify an address no longer; its log goes too."""
    _call("DELETE", f"/{webhook}", url, key)
    say("Đã xoá. / Removed.")
