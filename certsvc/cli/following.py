"""A batch followed from afar: events where the service tells them, questions where it does not, patience where it is away."""

import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx

from certsvc.cli.client import expect

_AGAIN_S = 1.0
_PATIENCE_S = 60.0
_SILENCE = httpx.Timeout(30, read=45)
"""Three heartbeats."""


def states(client: httpx.Client, batch_id: str) -> Iterator[dict[str, Any]]:
    """The batch whenever it has changed, the last time at its end; raises httpx.HTTPError where the service stays away for a minute."""
    heard, answered = "", time.monotonic()
    while True:
        try:
            for event_id, state in _listen(client, batch_id, heard=heard):
                heard, answered = event_id, time.monotonic()
                yield state
                if state["finished_at"]:
                    return
            state = _ask(client, batch_id)
        except httpx.TransportError:
            if time.monotonic() - answered > _PATIENCE_S:
                raise
        else:
            answered = time.monotonic()
            yield state
            if state["finished_at"]:
                return
        time.sleep(_AGAIN_S)


def _listen(client: httpx.Client, batch_id: str, *, heard: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each event's id and data, until the stream ends; none where the service, or a proxy before it, does not stream."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": heard} if heard else {})
    with client.stream("GET", f"/v1/batches/{batch_id}/events", headers=headers, timeout=_SILENCE) as stream:
        if stream.status_code != HTTPStatus.OK or not stream.headers.get("content-type", "").startswith("text/event-stream"):
            return
        fields: dict[str, str] = {}
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields.get("id", heard), json.loads(fields["data"])
                fields = {}


def _ask(client: httpx.Client, batch_id: str) -> dict[str, Any]:
    state: dict[str, Any] = expect(client.get(f"/v1/batches/{batch_id}")).json()
    return state
