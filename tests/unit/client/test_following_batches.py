"""A batch followed through interruptions, by both clients."""

import json
from typing import Any

import httpx2
import pytest

from certsvc.client import AsyncClient, Client, NotFound, Unreachable

Answer = httpx2.Response | Exception


def state(status: str, issued: int = 0) -> dict[str, Any]:
    counts = dict.fromkeys(
        (
            "rows",
            "accepted",
            "rejected",
            "none",
            "certificates",
            "existing",
            "pending",
            "failed",
            "cancelled",
        ),
        0,
    ) | {"issued": issued}
    ended = "2026-11-26T02:15:09Z" if status in {"done", "failed", "cancelled"} else None
    about: dict[str, Any] = {
        "id": "6b1f5c0e-8a53-4c55-9d3f-0a4c6f7e2d10",
        "dry_run": False,
        "format": "csv",
        "mapping": None,
        "notices": [],
        "problem": None,
    }
    return about | {
        "status": status,
        "counts": counts,
        "created_at": "2026-11-26T02:15:00Z",
        "finished_at": ended,
        "links": {},
    }


def events(*told: tuple[str, dict[str, Any]]) -> httpx2.Response:
    text = "retry: 2000\n\n: ping\n\n" + "".join(
        f"event: progress\r\ndata: {json.dumps(each)}\r\nid:{name}\r\n\r\n" for name, each in told
    )
    return httpx2.Response(
        200, text=f"{text}data: {{ broken off", headers={"Content-Type": "text/event-stream; charset=utf-8"}
    )


def asked(*states: dict[str, Any]) -> list[httpx2.Response]:
    return [httpx2.Response(200, json=each) for each in states]


class Script:
    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        found = self._answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def heard(self) -> list[str | None]:
        return [
            request.headers.get("Last-Event-ID")
            for request in self.asked
            if request.url.path.endswith("/events")
        ]


def follow(script: Script, **how: float) -> list[str]:
    with Client(
        "http://test", transport=httpx2.MockTransport(script), sleep=lambda _: None, retries=0
    ) as client:
        return [each.status for each in client.follow_batch("1", **how)]


def interrupted() -> Script:
    """A stream that ends, then a service that is away, then one that is back."""
    first = events(("1", state("reading")), ("2", state("running")))
    return Script(first, *asked(state("running")), httpx2.ConnectError("away"), events(("3", state("done"))))


def test_after_an_interruption_it_goes_on_behind_the_last_event() -> None:
    """And tells nothing twice."""
    script = interrupted()
    assert (follow(script), script.heard) == (["reading", "running", "done"], [None, "2", "2"])


async def test_so_does_the_asynchronous_one() -> None:
    async def sleep(_: float) -> None:
        pass

    script = interrupted()
    async with AsyncClient(
        "http://test", transport=httpx2.MockTransport(script), sleep=sleep, retries=0
    ) as client:
        assert [each.status async for each in client.follow_batch("1")] == ["reading", "running", "done"]
    assert script.heard == [None, "2", "2"]


@pytest.mark.parametrize("status", [404, 429, 204, 200])
def test_where_nothing_is_streamed_it_asks(status: int) -> None:
    first, second = (httpx2.Response(status) for _ in range(2))
    assert follow(Script(first, *asked(state("running")), second, *asked(state("cancelled")))) == [
        "running",
        "cancelled",
    ]


def test_a_batch_that_is_not_there_is_told() -> None:
    with pytest.raises(NotFound):
        follow(Script(httpx2.Response(404), httpx2.Response(404)))


def test_patience_ends() -> None:
    with pytest.raises(Unreachable):
        follow(Script(httpx2.ConnectError("away")), patience_s=0)


def test_events_tell_when_it_will_probably_end() -> None:
    script = Script(
        events(
            ("1", state("running") | {"estimated_end_at": "2026-11-26T02:16:00Z"}), ("2", state("done", 3))
        )
    )
    with Client("http://test", transport=httpx2.MockTransport(script)) as client:
        first, last = client.follow_batch("1")
    assert first.estimated_end_at is not None
    assert (last.estimated_end_at, last.counts.issued, last.has_ended) == (None, 3, True)


def test_waiting_gives_the_end() -> None:
    with Client(
        "http://test",
        transport=httpx2.MockTransport(Script(events(("1", state("running")), ("2", state("done"))))),
    ) as client:
        assert client.wait_for_batch("1").status == "done"


def test_who_stops_listening_closes_the_stream() -> None:
    answer = events(("1", state("reading")), ("2", state("running")))
    with Client("http://test", transport=httpx2.MockTransport(Script(answer))) as client:
        states = client.follow_batch("1")
        assert next(states).status == "reading"
        states.close()
    assert answer.is_closed
