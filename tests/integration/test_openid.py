"""Signing in with an OpenID provider: a real one, its tokens, its sign-in page, its keys when they change."""

import base64
import datetime as dt
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from certsvc.clock import utc_now
from certsvc.errors import Forbidden
from certsvc.models import Role
from tests.support.every_route import Caller, faults, owned_papers
from tests.support.provider import OpenIdProvider, new_keys, running_provider
from tests.support.records import as_csv, record
from tests.support.rig import Rig
from tests.support.station import Station, set_up

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


async def _ask(
    rig: Rig, token: str, path: str = "/v1/certificates", method: str = "GET", **more: Any
) -> httpx2.Response:
    return await rig.call(method, path, role=None, headers={"Authorization": f"Bearer {token}"}, **more)


async def _told(rig: Rig, token: str) -> tuple[int, str | None]:
    answer = await _ask(rig, token)
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("program", ["program-insurer", "program-facility", "program-other"])
async def test_a_programs_token_opens_what_its_role_may(
    rig: Rig, provider: OpenIdProvider, program: str
) -> None:
    """RS256, ES256 and PS256; a facility's token asks for its own papers and sees nothing of the other's."""
    token, facility = provider.token(program), "01802" if program == "program-other" else "01801"
    asked = await _ask(
        rig, token, method="POST", json={"kind": "sick_leave", "record": record(1, facility=facility)}
    )
    assert asked.status_code == 202, asked.text
    seen = {
        name: (await _ask(rig, provider.token(name), asked.headers["Location"])).status_code
        for name in ("program-facility", "program-other")
    }
    assert seen == {
        "program-facility": 200 if facility == "01801" else 404,
        "program-other": 200 if facility == "01802" else 404,
    }


async def test_a_program_owns_what_its_facilitys_key_asked_for(rig: Rig, provider: OpenIdProvider) -> None:
    """Key and token are one holder's: a batch of one is the other's too; and a subject is one caller, however
    often it comes.
    """
    batch_id = (await rig.submit(as_csv(record(1)), role="facility")).json()["id"]
    for _ in range(2):
        assert (
            await _ask(rig, provider.token("program-facility"), f"/v1/batches/{batch_id}")
        ).status_code == 200
    assert (await _ask(rig, provider.token("program-other"), f"/v1/batches/{batch_id}")).status_code == 404


@pytest.mark.parametrize(
    ("program", "caller"),
    [
        ("program-insurer", Caller(Role.INSURER)),
        ("program-other", Caller(Role.FACILITY)),
        ("program-facility", Caller(Role.FACILITY, owns=True)),
        ("program-auditor", Caller(Role.AUDITOR)),
        ("program-admin", Caller(Role.ADMIN)),
    ],
)
async def test_every_token_on_every_route(
    rig: Rig, provider: OpenIdProvider, program: str, caller: Caller
) -> None:
    """A token is told what a key of its role is told; the other station's sees nothing."""
    papers = await owned_papers(rig)
    async with rig.client(role=None) as client:
        client.headers["Authorization"] = f"Bearer {provider.token(program)}"
        assert await faults(rig, client, caller, papers) == []


async def test_an_auditors_token_never_writes(rig: Rig, provider: OpenIdProvider) -> None:
    """As an auditor's key: 403 `read_only`; a token without any of our roles opens nothing."""
    answer = await _ask(
        rig,
        provider.token("program-auditor"),
        method="POST",
        json={"kind": "sick_leave", "record": record(1)},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert await _told(rig, provider.token("program-nobody")) == (403, "no_role")


async def test_tokens_for_others_and_old_ones_are_none(rig: Rig, provider: OpenIdProvider) -> None:
    """Another audience, or ten minutes and a little later: 401 `bad_token`."""
    assert await _told(rig, provider.token("program-insurer", audience="https://elsewhere.example")) == (
        401,
        "bad_token",
    )
    token = provider.token("program-insurer")
    assert await _told(rig, token) == (200, None)
    rig.set_clock(utc_now() + dt.timedelta(seconds=660))
    assert await _told(rig, token) == (401, "bad_token")
    rig.set_clock(utc_now() - dt.timedelta(seconds=120))
    assert await _told(rig, token) == (401, "bad_token"), "made in the future"


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    return header, claims


def _plain(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _odd_headers() -> list[dict[str, Any]]:
    """Members that are no text where one belongs."""
    odd: tuple[Any, ...] = ([], {}, 1, None, ["RS256"])
    return [
        {name: each}
        for name in ("kid", "alg", "typ", "crit", "b64")
        for each in odd
        if (name, each) not in (("typ", None), ("crit", None), ("b64", None))
    ]


async def test_forged_tokens_are_none(rig: Rig, provider: OpenIdProvider) -> None:
    """Unsigned, signed with the public key as a secret, with somebody else's key of the same name, with odd
    headers, changed, cut, or of another type.
    """
    token = provider.token("program-insurer")
    assert await _told(rig, token) == (200, None)
    header, claims = _parts(token)
    published = provider.public_keys()
    public = next(key for key in published if key["kid"] == header["kid"])
    secret = OctKey.import_key(json.dumps(public).encode() * 2)
    thief = KeySet.import_key_set(
        {"keys": [{**key, "kid": header["kid"]} for key in new_keys() if key["kty"] == "RSA"]}
    )
    head, body, signature = token.split(".")
    forged = {
        "unsigned": f"{_plain({'alg': 'none'})}.{body}.",
        "unsigned, in capitals": f"{_plain({**header, 'alg': 'NONE'})}.{body}.",
        "public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": header["kid"]}, claims, secret, algorithms=["HS256"]
        ),
        "a thief's key": jwt.encode({"alg": "RS256", "kid": header["kid"]}, claims, thief),
        "a key in the token": jwt.encode(
            {"alg": "RS256", "jwk": thief.as_dict(private=False)["keys"][0]}, claims, thief.keys[0]
        ),
        "another role": f"{head}.{_plain({**claims, 'role': 'admin'})}.{signature}",
        "another algorithm": f"{_plain({**header, 'alg': 'RS512'})}.{body}.{signature}",
        **{f"odd {each}": f"{_plain({**header, **each})}.{body}.{signature}" for each in _odd_headers()},
        "without signature": f"{head}.{body}.",
        "cut": token[:-8],
        "no token": "x.y.z",
        "too long": token + "A" * 20000,
    }
    wrong = {
        name: told for name, each in forged.items() if (told := await _told(rig, each)) != (401, "bad_token")
    }
    assert wrong == {}


async def test_keys_change(rig: Rig, provider: OpenIdProvider) -> None:
    """A new key is fetched when its first token comes, but asked for once a minute at most; the old key is
    none then.
    """
    old = provider.token("program-insurer")
    fetched = utc_now()
    rig.set_clock(fetched)
    assert await _told(rig, old) == (200, None)
    provider.restart(new_keys())
    new = provider.token("program-insurer")
    rig.set_clock(fetched + dt.timedelta(seconds=59))
    assert await _told(rig, new) == (401, "bad_token"), "asked within the minute"
    rig.set_clock(fetched + dt.timedelta(seconds=61))
    assert await _told(rig, new) == (200, None)
    assert await _told(rig, old) == (401, "bad_token")


async def test_a_removed_key_is_forgotten(rig: Rig, provider: OpenIdProvider) -> None:
    """Ten minutes after its removal at the latest, though no token with another key came."""
    keys = new_keys()
    provider.restart(keys)
    token = provider.token("program-insurer")
    fetched = utc_now()
    rig.set_clock(fetched)
    assert await _told(rig, token) == (200, None)
    provider.restart(new_keys())
    assert await _told(rig, token) == (200, None)
    rig.set_clock(fetched + dt.timedelta(seconds=595))
    assert await _told(rig, token) == (200, None)
    rig.set_clock(fetched + dt.timedelta(seconds=602))
    assert await _told(rig, token) == (401, "bad_token")


async def test_while_the_provider_is_away(rig: Rig, provider: OpenIdProvider) -> None:
    """Tokens of known keys go on being good, API keys anyway; a certsvc that knows no keys yet says 503, in
    words.
    """
    token = provider.token("program-insurer")
    provider.stop()
    try:
        assert await _told(rig, token) == (503, "provider_unreachable")
        assert (await rig.call("GET", "/v1/certificates")).status_code == 200
        page = await rig.call("GET", "/staff/sign-in/provider", role=None, headers=HEADERS)
        assert page.status_code == 503
        assert "Máy chủ đăng nhập tạm thời không phản hồi" in page.text
    finally:
        provider.start(new_keys())
    token = provider.token("program-insurer")
    rig.set_clock(utc_now() + dt.timedelta(seconds=61))
    assert await _told(rig, token) == (200, None)
    provider.stop()
    try:
        assert await _told(rig, token) == (200, None)
    finally:
        provider.start(new_keys())


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
    assert _parts(id_token)[1]["role"] == "insurer"
    assert await _told(rig, id_token) == (401, "bad_token")


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
        odd = f"{_plain({**_parts(token)[0], 'kid': []})}.{body}.{signature}"
        for wrong in (
            "",
            odd,
            provider.token("program-insurer"),
            f"{head}.{body}.",
            f"{head}.{_plain({**_parts(token)[1], 'sid': 'x'})}.{signature}",
        ):
            assert await told(wrong) == (400, 200)
        assert await _told(rig, token) == (401, "bad_token")
        assert await told(token) == (200, 303)
        assert (await elsewhere.get("/staff")).status_code == 200


@pytest.mark.parametrize("changes", [{"oidc_acr": "mfa"}])
async def test_a_stronger_way_can_be_demanded(rig: Rig, provider: OpenIdProvider) -> None:
    """Where an `acr` is set, tokens without it open nothing."""
    assert await _told(rig, provider.token("program-insurer")) == (403, "weak_sign_in")


@pytest.mark.parametrize("changes", [{"oidc_roles": {"insurer": "auditor"}}])
async def test_the_operator_says_which_value_is_which_role(rig: Rig, provider: OpenIdProvider) -> None:
    """The map turns the provider's words into ours; what it does not name is no role."""
    answer = await _ask(
        rig,
        provider.token("program-insurer"),
        method="POST",
        json={"kind": "sick_leave", "record": record(1)},
    )
    assert answer.json()["code"] == "read_only"
    assert await _told(rig, provider.token("program-admin")) == (403, "no_role")


@pytest.mark.parametrize("changes", [{"oidc_issuer": None}])
async def test_without_a_provider_there_are_no_tokens(rig: Rig, provider: OpenIdProvider) -> None:
    """Its tokens are no keys, and the way to it is a 404."""
    assert await _told(rig, provider.token("program-insurer")) == (401, "no_key")
    assert (await rig.call("GET", "/staff/sign-in/provider", role=None)).status_code == 404
