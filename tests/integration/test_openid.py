"""Signing in with an OpenID provider: a real one, its tokens, its sign-in page, its keys when they change."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from certsvc.clock import utc_now
from certsvc.models import Role
from tests.support.every_route import Caller, faults, owned_papers
from tests.support.provider import OpenIdProvider, new_keys, running_provider
from tests.support.records import as_csv, record
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


@pytest.mark.parametrize("program", ["program-insurer", "program-facility", "program-other"])
async def test_a_programs_token_opens_what_its_role_may(
    rig: Rig, provider: OpenIdProvider, program: str
) -> None:
    """RS256, ES256 and PS256; a facility's token asks for its own papers and sees nothing of the other's."""
    token, facility = provider.token(program), "01802" if program == "program-other" else "01801"
    asked = await ask_with(
        rig, token, method="POST", json={"kind": "sick_leave", "record": record(1, facility=facility)}
    )
    assert asked.status_code == 202, asked.text
    seen = {
        name: (await ask_with(rig, provider.token(name), asked.headers["Location"])).status_code
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
            await ask_with(rig, provider.token("program-facility"), f"/v1/batches/{batch_id}")
        ).status_code == 200
    assert (
        await ask_with(rig, provider.token("program-other"), f"/v1/batches/{batch_id}")
    ).status_code == 404


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
    answer = await ask_with(
        rig,
        provider.token("program-auditor"),
        method="POST",
        json={"kind": "sick_leave", "record": record(1)},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert await answer_to(rig, provider.token("program-nobody")) == (403, "no_role")


async def test_tokens_for_others_and_old_ones_are_none(rig: Rig, provider: OpenIdProvider) -> None:
    """Another audience, or ten minutes and a little later: 401 `bad_token`."""
    assert await answer_to(rig, provider.token("program-insurer", audience="https://elsewhere.example")) == (
        401,
        "bad_token",
    )
    token = provider.token("program-insurer")
    assert await answer_to(rig, token) == (200, None)
    rig.set_clock(utc_now() + dt.timedelta(seconds=660))
    assert await answer_to(rig, token) == (401, "bad_token")
    rig.set_clock(utc_now() - dt.timedelta(seconds=120))
    assert await answer_to(rig, token) == (401, "bad_token"), "made in the future"


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
    assert await answer_to(rig, token) == (200, None)
    header, claims = parts_of(token)
    published = provider.public_keys()
    public = next(key for key in published if key["kid"] == header["kid"])
    secret = OctKey.import_key(json.dumps(public).encode() * 2)
    thief = KeySet.import_key_set(
        {"keys": [{**key, "kid": header["kid"]} for key in new_keys() if key["kty"] == "RSA"]}
    )
    head, body, signature = token.split(".")
    forged = {
        "unsigned": f"{encoded({'alg': 'none'})}.{body}.",
        "unsigned, in capitals": f"{encoded({**header, 'alg': 'NONE'})}.{body}.",
        "public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": header["kid"]}, claims, secret, algorithms=["HS256"]
        ),
        "a thief's key": jwt.encode({"alg": "RS256", "kid": header["kid"]}, claims, thief),
        "a key in the token": jwt.encode(
            {"alg": "RS256", "jwk": thief.as_dict(private=False)["keys"][0]}, claims, thief.keys[0]
        ),
        "another role": f"{head}.{encoded({**claims, 'role': 'admin'})}.{signature}",
        "another algorithm": f"{encoded({**header, 'alg': 'RS512'})}.{body}.{signature}",
        **{f"odd {each}": f"{encoded({**header, **each})}.{body}.{signature}" for each in _odd_headers()},
        "without signature": f"{head}.{body}.",
        "cut": token[:-8],
        "no token": "x.y.z",
        "too long": token + "A" * 20000,
    }
    wrong = {
        name: told
        for name, each in forged.items()
        if (told := await answer_to(rig, each)) != (401, "bad_token")
    }
    assert wrong == {}


async def test_keys_change(rig: Rig, provider: OpenIdProvider) -> None:
    """A new key is fetched when its first token comes, but asked for once a minute at most; the old key is
    none then.
    """
    old = provider.token("program-insurer")
    fetched = utc_now()
    rig.set_clock(fetched)
    assert await answer_to(rig, old) == (200, None)
    provider.restart(new_keys())
    new = provider.token("program-insurer")
    rig.set_clock(fetched + dt.timedelta(seconds=59))
    assert await answer_to(rig, new) == (401, "bad_token"), "asked within the minute"
    rig.set_clock(fetched + dt.timedelta(seconds=61))
    assert await answer_to(rig, new) == (200, None)
    assert await answer_to(rig, old) == (401, "bad_token")


async def test_a_removed_key_is_forgotten(rig: Rig, provider: OpenIdProvider) -> None:
    """Ten minutes after its removal at the latest, though no token with another key came."""
    keys = new_keys()
    provider.restart(keys)
    token = provider.token("program-insurer")
    fetched = utc_now()
    rig.set_clock(fetched)
    assert await answer_to(rig, token) == (200, None)
    provider.restart(new_keys())
    assert await answer_to(rig, token) == (200, None)
    rig.set_clock(fetched + dt.timedelta(seconds=595))
    assert await answer_to(rig, token) == (200, None)
    rig.set_clock(fetched + dt.timedelta(seconds=602))
    assert await answer_to(rig, token) == (401, "bad_token")


async def test_while_the_provider_is_away(rig: Rig, provider: OpenIdProvider) -> None:
    """Tokens of known keys go on being good, API keys anyway; a certsvc that knows no keys yet says 503, in
    words.
    """
    token = provider.token("program-insurer")
    provider.stop()
    try:
        assert await answer_to(rig, token) == (503, "provider_unreachable")
        assert (await rig.call("GET", "/v1/certificates")).status_code == 200
        page = await rig.call("GET", "/staff/sign-in/provider", role=None, headers=HEADERS)
        assert page.status_code == 503
        assert "Máy chủ đăng nhập tạm thời không phản hồi" in page.text
    finally:
        provider.start(new_keys())
    token = provider.token("program-insurer")
    rig.set_clock(utc_now() + dt.timedelta(seconds=61))
    assert await answer_to(rig, token) == (200, None)
    provider.stop()
    try:
        assert await answer_to(rig, token) == (200, None)
    finally:
        provider.start(new_keys())
