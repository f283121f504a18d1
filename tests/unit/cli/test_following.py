"""A batch followed from the command line through interruptions."""

import json
from typing import Any

import httpx
import pytest

from certsvc.cli.following import states


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certsvc.cli.following._AGAIN_S", 0)


def _client(answers: list[httpx.Response | Exception], asked: list[httpx.Request]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://test")


def _state(status: str) -> dict[str, str | None]:
    return {"status": status, "finished_at": "2026-11-26T09:00:00Z" if status == "done" else None}


def _events(*states: tuple[str, str]) -> httpx.Response:
    text = "retry: 2000\n\n: ping\n\n" + "".join(f"event: x\ndata: {json.dumps(_state(status))}\nid: {name}\n\n" for name, status in states)
    return httpx.Response(200, text=text, headers={"Content-Type": "text/event-stream"})


def _followed(*answers: httpx.Response | Exception) -> tuple[list[Any], list[httpx.Request]]:
    asked: list[httpx.Request] = []
    return [state["status"] for state in states(_client(list(answers), asked), "1")], asked


def test_after_an_interruption_it_goes_on_behind_the_last_event() -> None:
    """A stream that ends, then a service that is away, then one that is back."""
    running = httpx.Response(200, json=_state("running"))
    told, asked = _followed(_events(("1", "reading"), ("2", "running")), running, httpx.ConnectError("away"), _events(("3", "done")))
    assert told == ["reading", "running", "running", "done"]
    assert [request.headers.get("last-event-id") for request in asked] == [None, None, "2", "2"]


@pytest.mark.parametrize("status", [404, 429, 204])
def test_where_nothing_is_streamed_it_asks(status: int) -> None:
    running, done = (httpx.Response(200, json=_state(word)) for word in ("running", "done"))
    told, asked = _followed(httpx.Response(status), running, httpx.Response(status), done)
    assert told == ["running", "done"]
    assert asked[-1].url.path == "/v1/batches/1"
