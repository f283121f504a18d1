"""Signing in on the page of an OpenID provider: a real one, its sessions, and how they end."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from certsvc.clock import utc_now
from certsvc.errors import Forbidden
from tests.support.provider import OpenIdProvider, running_provider
from tests.support.records import record
from tests.support.rig import Rig
from tests.support.station import Station, set_up
from tests.support.tokens import answer_to, ask_with, encoded, parts_of

BASE_URL = "http://127.0.0.1:8000"
HEADERS = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with running_provider(BASE_URL) as running:
        yield running


@pytest.fixture
def changes() -> dict[str, Any]:
    """Settings beyond what a certsvc is told of the provider."""
    return {}


@pytest.fixture
def station(tmp_path: Path, provider: OpenIdProvider, changes: dict[str, Any]) -> Station:
    return set_up(tmp_path, **(provider.settings | changes))


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@asynccontextmanager
async def _come_back(
    rig: Rig, provider: OpenIdProvider, person: str
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.Response]]:
    """A browser that went to the provider and came back, and what it was answered."""
    async with rig.client(role=None) as browser:
        browser.headers.update(HEADERS)
        left = await browser.get("/staff/sign-in/provider")
        yield (
            browser,
            await browser.get(provider.sign_in(left.headers["Location"], person).removeprefix(BASE_URL)),
        )


async def test_a_person_signs_in_and_out(rig: Rig, provider: OpenIdProvider) -> None:
    """With PKCE, state and nonce; then greeted by name, with role and facility; out again, here and at the
    provider.
    """
    async with rig.client(role=None) as browser:
        browser.headers.update(HEADERS | {"Sec-Fetch-Site": "same-origin"})
        assert (await browser.get("/staff")).headers["Location"] == "/staff/sign-in"
        left = await browser.get("/staff/sign-in/provider")
        asked = parse_qs(urlsplit(left.headers["Location"]).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert {"state", "nonce", "code_challenge"} <= set(asked)
        back = provider.sign_in(left.headers["Location"], "an")
        came = await browser.get(back.removeprefix(BASE_URL))
        assert (came.status_code, came.headers["Location"]) == (303, "/staff")
        home = (await browser.get("/staff")).text
        assert all(word in home for word in ("An Thử Nghiệm", "Cơ sở y tế", "01801"))
        assert (await browser.get("/v1/facilities")).json()["items"][0]["code"] == "01801"
        csrf = home.split('name="csrf_token" value="')[1].split('"')[0]
        session = dict(browser.cookies)
        out = await browser.post("/staff/sign-out", data={"csrf_token": csrf})
        said = (await browser.get(out.headers["Location"])).text
        assert f"{provider.issuer}/session/end?client_id=certsvc" in said
        browser.cookies.update(session)
        assert (await browser.get("/staff")).status_code == 303, "the session is gone, not only the cookie"


@pytest.mark.parametrize(
    ("person", "word"),
    [
        ("nobody", "chưa được cấp vai trò"),
        ("both", "nhiều vai trò"),
        ("elsewhere", "không ghi cơ sở y tế nào"),
    ],
)
async def test_who_has_no_place_here_gets_no_session(
    rig: Rig, provider: OpenIdProvider, person: str, word: str
) -> None:
    """No role of ours, two of them, a facility that we do not know: told in words."""
    async with _come_back(rig, provider, person) as (browser, answer):
        assert answer.status_code == 403
        assert word in answer.text
        assert (await browser.get("/staff")).status_code == 303


async def test_a_role_among_others_is_found(rig: Rig, provider: OpenIdProvider) -> None:
    """Providers send lists; what is not ours does not count."""
    async with _come_back(rig, provider, "chi") as (browser, answer):
        assert answer.status_code == 303
        assert "Kiểm tra, giám sát" in (await browser.get("/staff")).text


async def test_only_the_browser_that_left_may_come_back(rig: Rig, provider: OpenIdProvider) -> None:
    """A code in another browser, with another state, from another issuer, or a second time: no session."""
    async with rig.client(role=None) as browser, rig.client(role=None) as other:
        left = await browser.get("/staff/sign-in/provider")
        back = provider.sign_in(left.headers["Location"], "mai").removeprefix(BASE_URL)
        assert (await other.get(back)).status_code == 403, "no cookie"
        await other.get("/staff/sign-in/provider")
        assert (await other.get(back)).status_code == 403, "another journey"
        journey = dict(browser.cookies)
        assert (await browser.get(back.replace("state=", "state=x"))).status_code == 403
        browser.cookies.update(journey)
        assert (await browser.get(back.split("&iss=")[0] + "&iss=https://evil.example")).status_code == 403
        browser.cookies.update(journey)
        assert (await browser.get(back)).status_code == 303
        browser.cookies.update(journey)
        assert (await browser.get(back)).status_code == 403, "a code is good once"


async def _code(rig: Rig, provider: OpenIdProvider) -> tuple[str, dict[str, str]]:
    """A code that somebody got at the provider, and what his browser took along."""
    async with rig.client(role=None) as browser:
        left = await browser.get("/staff/sign-in/provider")
        journey = rig.res.vault.open_journey(browser.cookies["certsvc-journey"])
    assert journey is not None
    return parse_qs(urlsplit(provider.sign_in(left.headers["Location"], "mai")).query)["code"][0], journey


@pytest.mark.parametrize("wrong", ["nonce", "verifier"])
async def test_a_code_belongs_to_its_journey(rig: Rig, provider: OpenIdProvider, wrong: str) -> None:
    """With another's nonce, or another's proof of having left, it stands for nothing."""
    assert rig.res.provider is not None
    code, journey = await _code(rig, provider)
    mixed = {"nonce": journey["nonce"], "verifier": journey["verifier"]} | {wrong: "x" * 43}
    with pytest.raises(Forbidden, match="sign_in_failed"):
        await rig.res.provider.redeem(code, **mixed, now=utc_now())


async def test_an_id_token_is_no_access_token(rig: Rig, provider: OpenIdProvider) -> None:
    """It names the client as its audience; where an audience of our own is set, that is none of ours."""
    code, journey = await _code(rig, provider)
    id_token = provider.redeem(code, verifier=journey["verifier"])
    assert parts_of(id_token)[1]["role"] == "insurer"
    assert await answer_to(rig, id_token) == (401, "bad_token")


async def test_the_provider_ends_a_session(rig: Rig, provider: OpenIdProvider) -> None:
    """Somebody who signs out there is signed out here: that browser, no other; only by a logout token, and
    that is good for nothing else.
    """
    there = httpx2.Cookies()
    async with rig.client(role=None) as browser, _come_back(rig, provider, "mai") as (elsewhere, _):
        browser.headers.update(HEADERS)
        left = await browser.get("/staff/sign-in/provider")
        await browser.get(
            provider.sign_in(left.headers["Location"], "mai", cookies=there).removeprefix(BASE_URL)
        )

        async def told(token: str) -> tuple[int, int]:
            answer = await rig.call(
                "POST", "/staff/back-channel-sign-out", role=None, data={"logout_token": token}
            )
            return answer.status_code, (await browser.get("/staff")).status_code

        token = provider.sign_out(there)
        head, body, signature = token.split(".")
        odd = f"{encoded({**parts_of(token)[0], 'kid': []})}.{body}.{signature}"
        for wrong in (
            "",
            odd,
            provider.token("program-insurer"),
            f"{head}.{body}.",
            f"{head}.{encoded({**parts_of(token)[1], 'sid': 'x'})}.{signature}",
        ):
            assert await told(wrong) == (400, 200)
        assert await answer_to(rig, token) == (401, "bad_token")
        assert await told(token) == (200, 303)
        assert (await elsewhere.get("/staff")).status_code == 200


@pytest.mark.parametrize("changes", [{"oidc_acr": "mfa"}])
async def test_a_stronger_way_can_be_demanded(rig: Rig, provider: OpenIdProvider) -> None:
    """Where an `acr` is set, tokens without it open nothing."""
    assert await answer_to(rig, provider.token("program-insurer")) == (403, "weak_sign_in")


@pytest.mark.parametrize("changes", [{"oidc_roles": {"insurer": "auditor"}}])
async def test_the_operator_says_which_value_is_which_role(rig: Rig, provider: OpenIdProvider) -> None:
    """The map turns the provider's words into ours; what it does not name is no role."""
    answer = await ask_with(
        rig,
        provider.token("program-insurer"),
        method="POST",
        json={"kind": "sick_leave", "record": record(1)},
    )
    assert answer.json()["code"] == "read_only"
    assert await answer_to(rig, provider.token("program-admin")) == (403, "no_role")


@pytest.mark.parametrize("changes", [{"oidc_issuer": None}])
async def test_without_a_provider_there_are_no_tokens(rig: Rig, provider: OpenIdProvider) -> None:
    """Its tokens are no keys, and the way to it is a 404."""
    assert await answer_to(rig, provider.token("program-insurer")) == (401, "no_key")
    assert (await rig.call("GET", "/staff/sign-in/provider", role=None)).status_code == 404
