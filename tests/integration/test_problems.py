"""Every failure is a problem document; what nobody foresaw is opaque; rate limits say how much is left."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter

from certsvc.api.app import create_app
from certsvc.errors import Broken, Conflict, Forbidden, InputError, NotFound, TooMany, Unavailable
from tests.support.rig import Rig

FAMILIES = {
    InputError: 422,
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
    Broken: 500,
}


def _with(router: APIRouter, rig: Rig) -> Rig:
    """With more routes, in an application of its own."""
    app = create_app(rig.res.settings)
    app.state.resources = rig.res
    app.include_router(router)
    return replace(rig, app=app)


@pytest.mark.parametrize("family", FAMILIES)
async def test_families_have_statuses(rig: Rig, family: type[Any]) -> None:
    """With code, both messages, errors and facts as members; Retry-After where it is known."""
    router = APIRouter()

    @router.get("/fail")
    async def fail() -> None:
        raise family(
            "some_code", "Tiếng Việt", "English", errors=[{"field": "x"}], retry_after_s=7, colour="red"
        )

    answer = await _with(router, rig).call("GET", "/fail")
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (FAMILIES[family], FAMILIES[family])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "7"
    assert (problem["code"], problem["message_vi"], problem["message_en"]) == (
        "some_code",
        "Tiếng Việt",
        "English",
    )
    assert (problem["type"], problem["errors"], problem["colour"]) == (
        "urn:certsvc:problem:some_code",
        [{"field": "x"}],
        "red",
    )
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "retry_after_s" not in problem


async def test_what_nobody_foresaw_is_opaque(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    """A 500 with the request's id and nothing of ours; the log has the rest under that id."""
    router = APIRouter()

    @router.get("/crash")
    async def crash() -> None:
        raise RuntimeError("internal detail")

    answer = await _with(router, rig).call("GET", "/crash")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    for inside in ("internal detail", "RuntimeError", "Traceback", ".py"):
        assert inside not in answer.text
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.json()["request_id"] in capfd.readouterr().out


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/no/such/page", 404),
        ("DELETE", "/v1/batches", 405),
        ("GET", "/static/none.css", 404),
        ("POST", "/livez", 405),
        ("GET", "/v1/certificates/%00", 422),
    ],
)
async def test_plain_errors_are_problems_too(rig: Rig, method: str, address: str, status: int) -> None:
    """404, 405 and 422 of the framework."""
    answer = await rig.call(method, address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["message_vi"]


async def test_405_tells_every_method_of_the_address(dummy_rig: Rig) -> None:
    """Though a route of its own has each of them [RFC 9110 §15.5.6]."""
    id_ = "6b1f5c0e-8a53-4c55-9d3f-0a4c6f7e2d10"
    for address, methods in (
        (f"/v1/webhooks/{id_}", "DELETE, GET, PATCH"),
        ("/v1/mappings/ours", "DELETE, GET, PUT"),
        ("/v/0000", "GET, POST"),
    ):
        answer = await dummy_rig.call("OPTIONS", address)
        assert (answer.status_code, answer.headers["Allow"]) == (405, methods)


async def test_a_body_over_the_limit_is_413(rig: Rig) -> None:
    """Whatever it is and whoever asks, JSON or form, with or without a length."""

    async def chunks() -> Any:
        for _ in range(40):
            yield b"x" * 100_000

    for content in (b"x" * 4_000_000, chunks()):
        answer = await rig.call(
            "POST", "/v1/certificates", content=content, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_browsers_get_the_same_as_a_page(rig: Rig) -> None:
    """For `Accept: text/html` outside of /v1 a page with the words, under the same status."""
    page = await rig.call("GET", "/v/not-a-code", role=None, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Mã không đúng dạng" in page.text
    assert (await rig.call("GET", "/v1/nothing", headers={"Accept": "text/html"})).headers[
        "Content-Type"
    ] == "application/problem+json"


@pytest.mark.usefixtures("frozen_limits")
async def test_public_routes_tell_their_rate_limit(rig: Rig) -> None:
    """`RateLimit` and `RateLimit-Policy` with every answer, one less each time; past the limit 429 with
    Retry-After.
    """
    first = await rig.call("GET", "/v/0000-0000-0000-0000", role=None)
    second = await rig.call("GET", "/v/0000-0000-0000-0000", role=None)
    assert first.headers["RateLimit-Policy"] == '"public";q=300;w=60'
    assert [_left(answer) for answer in (first, second)] == [299, 298]
    async with rig.client(None) as client:
        answered = 2
        while (refused := await client.get("/v/x")).status_code == 422 and answered < 1000:
            answered += 1
        assert answered == 300
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert (await client.get("/livez")).status_code == 200
        spoofed = await client.get("/v/0000-0000-0000-0000", headers={"X-Forwarded-For": "203.0.113.9"})
        assert _left(spoofed) == 0
    assert (await rig.call("GET", "/v1/facilities")).status_code == 200


@pytest.mark.usefixtures("frozen_limits")
async def test_the_proxy_names_the_address(rig: Rig) -> None:
    """Behind one trusted proxy its entry counts, in the caller's line of X-Forwarded-For or in one of its
    own; what the caller wrote before it does not.
    """
    app = create_app(rig.res.settings.model_copy(update={"trusted_proxies": 1}))
    app.state.resources = rig.res
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    lines: list[list[str]] = [
        ["203.0.113.9"],
        ["192.0.2.6, 203.0.113.9"],
        ["192.0.2.7", "203.0.113.9"],
        ["192.0.2.8, 192.0.2.9", "203.0.113.9"],
    ]
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = [
            await client.get("/v/x", headers=[("X-Forwarded-For", line) for line in each]) for each in lines
        ]
    assert [_left(answer) for answer in answers] == [299, 298, 297, 296]


def _left(answer: httpx2.Response) -> int:
    return int(answer.headers["RateLimit"].split("r=")[1].split(";")[0])


async def test_security_headers(rig: Rig) -> None:
    """On pages, API answers and problems alike."""
    for address in ("/", "/v/0000-0000-0000-0000", "/v1/facilities", "/no/such/page", "/v1/certificates/x"):
        headers = (await rig.call("GET", address)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "noindex" in headers["X-Robots-Tag"]
        assert headers["Cache-Control"]
