"""Another facility's data is never visible: every route, with every kind of caller, by key and by browser."""

import httpx2
import pytest

from certsvc.callers.keys import create_key
from certsvc.clock import utc_now
from certsvc.models import SCOPES_OF, Role, Scope
from tests.support.accounts import signed_in
from tests.support.every_route import (
    BEHIND_SESSION,
    CALLS,
    OPEN,
    OTHER,
    OWNER,
    PAGES,
    Caller,
    Papers,
    faults,
    owned_papers,
    routes_of,
)
from tests.support.records import as_csv, record
from tests.support.rig import Rig

KEYS = {
    "insurer": Caller(Role.INSURER),
    "another insurer": Caller(Role.INSURER),
    f"facility {OTHER}": Caller(Role.FACILITY),
    "auditor": Caller(Role.AUDITOR),
    "facility": Caller(Role.FACILITY, owns=True),
    f"head {OWNER}": Caller(Role.FACILITY, owns=True, represents=True),
    f"head {OTHER}": Caller(Role.FACILITY, represents=True),
    "admin": Caller(Role.ADMIN),
}


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


@pytest.fixture
async def papers(rig: Rig) -> Papers:
    return await owned_papers(rig)


def test_every_route_is_known(rig: Rig) -> None:
    """A new one fails here until it is said who may make the call; what is gone is no longer listed."""
    routes = {route for route, _ in routes_of(rig.app)}
    assert routes == OPEN | PAGES | BEHIND_SESSION | CALLS.keys()


def test_the_documentation_says_where_a_key_is_needed(rig: Rig) -> None:
    """OpenAPI asks for one at exactly the calls that refuse to answer without."""
    paths = rig.app.openapi()["paths"]
    asks = {
        (method.upper(), path)
        for path, calls in paths.items()
        for method, call in calls.items()
        if call.get("security")
    }
    assert asks == CALLS.keys()


@pytest.mark.parametrize("name", KEYS)
async def test_every_key_on_every_route(rig: Rig, papers: Papers, name: str) -> None:
    """404 for another facility's, 403 for what the role may never do, else an answer; nothing of it shown to
    the other station.
    """
    async with rig.client(name) as client:
        assert await faults(rig, client, KEYS[name], papers) == []


@pytest.mark.parametrize(
    ("role", "scope"),
    [(role, scope) for role in (Role.ADMIN, Role.FACILITY) for scope in sorted(SCOPES_OF[role])],
)
async def test_every_narrowed_key_on_every_route(rig: Rig, papers: Papers, role: Role, scope: Scope) -> None:
    """One scope opens its own calls and no other; a narrowed key of the other station sees nothing either."""
    key = await create_key(
        rig.res.db,
        role=role,
        facility_code=OTHER if role is Role.FACILITY else None,
        now=utc_now(),
        scopes=[scope],
    )
    async with rig.client(None) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        assert await faults(rig, client, Caller(role, scopes=frozenset({scope})), papers) == []


@pytest.mark.parametrize(
    ("role", "facility"),
    [
        (Role.INSURER, None),
        (Role.FACILITY, OTHER),
        (Role.FACILITY, OWNER),
        (Role.AUDITOR, None),
        (Role.ADMIN, None),
    ],
)
async def test_every_session_on_every_route(
    rig: Rig, papers: Papers, role: Role, facility: str | None
) -> None:
    """A browser that signed in is told what a key of its role is told."""
    async with signed_in(rig, role, facility) as browser:
        assert await faults(rig, browser, Caller(role, owns=facility == OWNER), papers) == []


async def test_without_a_good_key_nothing_is_told(rig: Rig, papers: Papers) -> None:
    """401 with WWW-Authenticate on every call; a mistyped, truncated or foreign key is none. Pages of staff
    lead to the sign-in page.
    """
    for method, path in CALLS:
        answer = await rig.call(method, path.format(**papers.names), role=None)
        assert (answer.status_code, answer.json()["code"], answer.headers["WWW-Authenticate"]) == (
            401,
            "no_key",
            "Bearer",
        ), (method, path)
    good = rig.station.keys["admin"]
    for bad in (
        good[:-1],
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        good.swapcase(),
        "",
        "x" * 5000,
        "certsvc_é",
    ):
        headers = {"Authorization": f"Bearer {bad}".encode()}
        assert (await rig.call("GET", "/v1/certificates", role=None, headers=headers)).status_code == 401
    assert (
        await rig.call("GET", "/v1/certificates", role=None, headers={"Authorization": f"Basic {good}"})
    ).status_code == 401
    for cookie in ("", "x", "ø" * 20, "x" * 3000):
        headers = {"Cookie": f"certsvc-session={cookie}".encode()}
        assert (await rig.call("GET", "/v1/certificates", role=None, headers=headers)).status_code == 401
    for method, path in BEHIND_SESSION:
        answer = await rig.call(method, path.format(**papers.names), role="admin")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/sign-in"), (method, path)


async def test_the_other_station_cannot_ask_for_its_cases(rig: Rig, papers: Papers) -> None:
    """Neither one by one, nor in a file, nor in its name; and lists filtered by it are empty."""
    other = f"facility {OTHER}"
    one = await rig.request(record(2), role=other)
    assert one.status_code == 422
    assert "V-FACILITY" in {error["rule"] for error in one.json()["errors"]}
    named = await rig.submit(as_csv(record(79)), role=other, facility=OWNER)
    assert (named.status_code, named.json()["code"]) == (403, "not_your_facility")
    for path in ("/v1/certificates", "/v1/practitioners"):
        assert (await rig.call("GET", path, role=other, params={"facility": OWNER})).json()["items"] == []


async def test_nothing_happened_to_the_papers(rig: Rig, papers: Papers) -> None:
    """However often those tried who may not."""
    refused: dict[str, Caller] = {
        name: caller
        for name, caller in KEYS.items()
        if caller.role in {Role.INSURER, Role.AUDITOR} or caller.is_other
    }
    for name, caller in refused.items():
        async with rig.client(name) as client:
            await faults(rig, client, caller, papers)
    assert (await rig.certificate(papers.names["certificate_id"]))["status"] == "issued"
    assert SCOPES_OF[Role.AUDITOR] == {Scope.READ}


async def test_a_bearer_counts_alone(rig: Rig, papers: Papers) -> None:
    """A browser that is signed in as an admin, and shows another station's key, is that station."""
    async with signed_in(rig, Role.ADMIN) as browser:
        headers = {"Authorization": f"Bearer {rig.station.keys[f'facility {OTHER}']}"}
        answer: httpx2.Response = await browser.get(
            f"/v1/certificates/{papers.names['certificate_id']}", headers=headers
        )
        assert answer.status_code == 404
