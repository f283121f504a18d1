"""What a call does when the service is away, busy or refuses: it is repeated where that is safe, and fails in
one family.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from certsvc.client import (
    AsyncClient,
    Client,
    Conflict,
    InvalidRequest,
    NoAccess,
    NotFound,
    ServiceError,
    ServiceFailure,
    TooMany,
    Unreachable,
    UnreadableAnswer,
)

Answer = httpx2.Response | Exception
STATS: dict[str, Any] = {"items": [], "recent": {"facility_code": None, "rules": [], "days": []}}
MAPPING = {"name": "ours", "columns": {}, "defaults": {}, "changed_at": "2026-11-26T02:15:09Z"}
DELIVERY = {
    "id": "msg_1",
    "event": "webhook.test",
    "state": "pending",
    "created_at": "2026-11-26T02:15:09Z",
    "attempts": 0,
    "next_attempt_at": None,
    "log": [],
    "payload": {},
}


class Script:
    """Answers one after the other; `asked` and `pauses` are what came of it."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[httpx2.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **more: Any) -> Client:
        return Client(
            "http://test/under",
            "a key",
            transport=httpx2.MockTransport(self),
            sleep=self.pauses.append,
            **more,
        )


def problem(
    status: int, code: str = "some_code", headers: dict[str, str] | None = None, **more: Any
) -> httpx2.Response:
    document = {
        "type": "urn:x",
        "title": "t",
        "detail": "d",
        "status": status,
        "code": code,
        "message_vi": "Tiếng Việt",
        "message_en": "English",
    }
    return httpx2.Response(status, json=document | {"errors": [], "request_id": "r1"} | more, headers=headers)


FAMILIES = {
    400: InvalidRequest,
    413: InvalidRequest,
    422: InvalidRequest,
    401: NoAccess,
    403: NoAccess,
    404: NotFound,
    409: Conflict,
    500: ServiceFailure,
}


@pytest.mark.parametrize(("status", "family"), FAMILIES.items())
def test_a_refusal_is_one_exception(status: int, family: type[ServiceError]) -> None:
    """With everything that the problem tells, and not asked again."""
    script = Script(problem(status, "a_code", errors=[{"field": "x"}], certificate_id="7"))
    with script.client() as client, pytest.raises(family) as caught:
        client.get_stats()
    failure = caught.value
    assert (failure.status, failure.code, failure.message_vi, failure.message_en) == (
        status,
        "a_code",
        "Tiếng Việt",
        "English",
    )
    assert (failure.errors, failure.request_id, failure.facts) == (
        ({"field": "x"},),
        "r1",
        {"certificate_id": "7"},
    )
    assert (len(script.asked), script.pauses) == (1, [])


@pytest.mark.parametrize("content", [b"<html>Bad gateway</html>", b"[1]", b""])
def test_where_something_else_answers_the_status_is_told(content: bytes) -> None:
    with (
        Script(httpx2.Response(418, content=content)).client() as client,
        pytest.raises(InvalidRequest) as caught,
    ):
        client.get_stats()
    assert (caught.value.code, caught.value.facts) == ("http_418", {})


@pytest.mark.parametrize(
    "content", [b"<html>Please sign in to this network</html>", b'{"items": [{"facility_code": "nobody"}]}']
)
def test_a_good_status_with_other_content_is_no_result(content: bytes) -> None:
    """Nor is the content in the message."""
    with (
        Script(httpx2.Response(200, content=content)).client() as client,
        pytest.raises(UnreadableAnswer) as caught,
    ):
        client.get_stats()
    assert "nobody" not in str(caught.value)


@pytest.mark.parametrize(
    "obstacle",
    [
        httpx2.ConnectError("x"),
        httpx2.ReadTimeout("x"),
        *(httpx2.Response(status) for status in (429, 502, 503, 504)),
    ],
)
def test_what_passes_is_waited_out(obstacle: Answer) -> None:
    script = Script(obstacle, httpx2.Response(200, json=STATS))
    with script.client() as client:
        assert client.get_stats() == []
    assert len(script.pauses) == 1


def test_as_long_as_the_service_says() -> None:
    """And not at all where that is longer than anybody waits."""
    script = Script(problem(503, headers={"Retry-After": "7"}), problem(429, headers={"Retry-After": "3600"}))
    with script.client() as client, pytest.raises(TooMany) as caught:
        client.get_stats()
    assert (script.pauses, caught.value.retry_after_s) == ([7.0], 3600.0)


def test_tries_are_counted() -> None:
    """The pauses grow; the last failure is raised."""
    script = Script(*(httpx2.ConnectError("x") for _ in range(4)))
    with script.client() as client, pytest.raises(Unreachable) as caught:
        client.get_stats()
    assert (len(script.asked), caught.value.code, caught.value.status) == (4, "unreachable", None)
    assert all(
        low <= pause <= high
        for pause, (low, high) in zip(script.pauses, [(0.25, 0.5), (0.5, 1), (1, 2)], strict=True)
    )
    alone = Script(httpx2.ConnectError("x"))
    with alone.client(retries=0) as client, pytest.raises(Unreachable):
        client.get_stats()


def test_a_post_is_repeated_under_its_key() -> None:
    """Also while the first try is still running; the next call has another key."""
    script = Script(
        httpx2.ReadError("x"),
        problem(409, "still_running"),
        *(httpx2.Response(202, json=DELIVERY) for _ in range(2)),
    )
    with script.client() as client:
        client.send_test("1")
        client.send_test("1")
    keys = [request.headers["Idempotency-Key"] for request in script.asked]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    """Under the same key: what it told would be lost."""

    def broken() -> Any:
        yield b'{"id": '
        raise httpx2.ReadError("x")

    script = Script(httpx2.Response(202, content=broken()), httpx2.Response(202, json=DELIVERY))
    with script.client() as client:
        assert client.send_test("1").id == "msg_1"
    assert len({request.headers["Idempotency-Key"] for request in script.asked}) == 1


def test_a_file_is_sent_whole_again(tmp_path: Path) -> None:
    """From its beginning; by name, and not by folder."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(b"%PDF of a test")
    script = Script(httpx2.ReadError("x"), problem(422))
    with script.client() as client, pytest.raises(InvalidRequest):
        client.verify_file(path)
    assert [b"%PDF of a test" in request.content for request in script.asked] == [True, True]
    assert b'filename="paper.pdf"' in script.asked[0].content


def test_a_try_that_is_counted_is_made_once() -> None:
    script = Script(httpx2.ReadError("x"))
    with script.client() as client, pytest.raises(Unreachable):
        client.prove("0123", "1990-05-14")
    assert len(script.asked) == 1


def test_what_a_lost_try_removed_is_removed() -> None:
    """While a first 404 is told."""
    script = Script(httpx2.ReadError("x"), problem(404), problem(404))
    with script.client() as client:
        client.remove_mapping("ours")
        with pytest.raises(NotFound):
            client.remove_mapping("ours")


def test_addresses_are_quoted_below_the_base() -> None:
    script = Script(httpx2.Response(200, json=MAPPING))
    with script.client() as client:
        client.get_mapping("a/b?c")
    assert script.asked[0].url.raw_path == b"/under/v1/mappings/a%2Fb%3Fc"


def test_newer_members_and_words_are_borne() -> None:
    """A service may know more than its client."""
    delivery = DELIVERY | {"state": "postponed", "colour": "red"}
    with Script(httpx2.Response(202, json=delivery)).client() as client:
        assert str(client.send_test("1").state) == "postponed"


@pytest.mark.parametrize("breaks", [False, True])
def test_a_saved_file_is_whole(tmp_path: Path, breaks: bool) -> None:
    """Or there is none, and what was there before stays."""

    def content() -> Any:
        yield b"some"
        if breaks:
            raise httpx2.ReadError("x")
        yield b"thing"

    path = tmp_path / "archive.zip"
    path.write_bytes(b"before")
    with Script(httpx2.Response(200, content=content())).client() as client:
        if breaks:
            with pytest.raises(Unreachable):
                client.save_batch_archive("1", path)
        else:
            assert client.save_batch_archive("1", path) == path
    assert path.read_bytes() == (b"before" if breaks else b"something")
    assert [each.name for each in tmp_path.iterdir()] == ["archive.zip"]


def _pages() -> tuple[httpx2.Response, ...]:
    def page(number: int, cursor: str | None) -> httpx2.Response:
        return httpx2.Response(
            200, json={"items": [DELIVERY | {"id": f"msg_{number}"}], "next_cursor": cursor}
        )

    return page(1, "c1"), page(2, "c2"), page(3, None)


def test_pages_are_asked_for_as_they_are_needed() -> None:
    script = Script(*_pages())
    with script.client() as client:
        items = client.list_deliveries("1", page_size=1)
        assert (next(items).id, next(items).id, len(script.asked)) == ("msg_1", "msg_2", 2)
        assert [item.id for item in items] == ["msg_3"]
    assert [request.url.params.get("cursor") for request in script.asked] == [None, "c1", "c2"]


async def test_the_asynchronous_client_does_the_same(tmp_path: Path) -> None:
    """Waits, repeats, pages, saves."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    script = Script(httpx2.ConnectError("x"), *_pages(), httpx2.Response(200, content=b"PK"), problem(404))
    async with AsyncClient(
        "http://test", "a key", transport=httpx2.MockTransport(script), sleep=sleep
    ) as client:
        assert [item.id async for item in client.list_deliveries("1")] == ["msg_1", "msg_2", "msg_3"]
        assert (await client.save_batch_archive("1", tmp_path / "a.zip")).read_bytes() == b"PK"
        with pytest.raises(NotFound):
            await client.get_batch("1")
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "call", [lambda client: client.get_stats(), lambda client: list(client.list_deliveries("1"))]
)
async def test_the_synchronous_client_works_within_a_running_loop(call: Callable[[Client], object]) -> None:
    """As in a notebook."""
    with Script(httpx2.Response(200, json=STATS | {"next_cursor": None})).client() as client:
        assert call(client) == []
