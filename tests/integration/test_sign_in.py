"""Local accounts and browser sessions: enrol, sign in, guess, sign out."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from certsvc.callers.accounts import (
    check_sign_in,
    create_account,
    disable_account,
    find_enrolment,
    invite,
    reset_account,
)
from certsvc.clock import utc_now
from certsvc.errors import Conflict, Forbidden, InputError, NotFound, TooMany
from certsvc.models import Account, ApiKey, Role, StaffSession
from certsvc.resources import open_vault
from tests.support.accounts import PASSWORD, csrf_of, new_person, signed_in
from tests.support.records import record
from tests.support.rig import Rig


@pytest.fixture
def rig(dummy_rig: Rig) -> Rig:
    return dummy_rig


async def test_from_the_link_to_the_greeting(rig: Rig) -> None:
    """The link once; then the recovery codes, once; the browser is signed in, as its role."""
    person = await new_person(rig)
    async with person.browser() as browser:
        done = await person.enrol(browser)
        assert len(set(person.recovery)) == 10
        assert done.headers["Cache-Control"] == "no-store"
        home = (await browser.get("/staff")).text
        assert all(word in home for word in ("trạm y tế", "Cơ sở y tế", "01801"))
        assert (await browser.get("/staff/enrol", params={"token": person.token})).status_code == 404


async def test_signing_in_takes_name_password_and_code(rig: Rig) -> None:
    """Capitals and blanks in the name do not matter; a new cookie each time; what is wrong is never told
    apart.
    """
    person = await new_person(rig)
    async with person.browser() as first, person.browser() as browser:
        await person.enrol(first)
        person.pass_time()
        person.name = "  TRẠM  Y  TẾ "
        answer = await person.sign_in(browser)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff")
        cookie = answer.headers["Set-Cookie"]
        assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
        assert "Domain" not in cookie
        assert len({*first.cookies.values(), *browser.cookies.values()}) == 2
        person.pass_time()
        told = set()
        for name, password, code in (
            ("nobody", PASSWORD, None),
            ("trạm y tế", "sai mật khẩu rồi", None),
            ("trạm y tế", PASSWORD, "000000"),
        ):
            person.name = name
            refused = await person.sign_in(browser, password=password, code=code)
            told.add((refused.status_code, refused.text.replace(f'value="{name}"', "")))
        assert len(told) == 1
        assert told.pop()[0] == 403


async def test_a_code_counts_once(rig: Rig) -> None:
    """Not twice in its half minute, nor does one before it count afterwards; not even that of the
    enrolment.
    """
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        assert (await person.sign_in(browser)).status_code == 403, "the code that enrolled"
        early = person.code()
        person.pass_time()
        assert (await person.sign_in(browser)).status_code == 303
        assert (await person.sign_in(browser)).status_code == 403
        assert (await person.sign_in(browser, code=early)).status_code == 403


async def test_a_recovery_code_counts_once(rig: Rig) -> None:
    """In place of the six digits, in capitals or small letters."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        assert (await person.sign_in(browser, code=person.recovery[0].upper())).status_code == 303
        assert (await person.sign_in(browser, code=person.recovery[0])).status_code == 403
        assert (await person.sign_in(browser, code=person.recovery[1].replace("-", ""))).status_code == 303


async def test_who_guesses_passwords_is_stopped_and_nobody_else(rig: Rig) -> None:
    """Five tries from one network in a quarter of an hour; the owner elsewhere signs in, and there too
    afterwards.
    """
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        person.pass_time()
        statuses = [
            (await person.sign_in(browser, password=f"đoán thử lần {n}")).status_code for n in range(7)
        ]
        assert statuses == [403] * 5 + [429] * 2
        closed = await person.sign_in(browser)
        assert (closed.status_code, closed.headers["Retry-After"]) == (429, "900")
        assert "đợi rồi thử lại" in closed.text
        other = await new_person(rig, "người khác")
        await other.enrol(browser)
        other.pass_time()
        assert (await other.sign_in(browser)).status_code == 303
        person.now = other.now
        person.pass_time(901)
        assert (await person.sign_in(browser)).status_code == 303


async def test_an_owner_at_another_address_is_not_shut_out(rig: Rig) -> None:
    """Whoever guesses at a name only closes it for his own network."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
    person.pass_time()

    async def tried(password: str, address: str) -> Any:
        return await check_sign_in(
            rig.res.db,
            name=person.name,
            password=password,
            code=person.code(),
            address=address,
            passwords=rig.app.state.passwords,
            vault=rig.res.vault,
            now=person.now,
        )

    for _ in range(5):
        with pytest.raises(Forbidden):
            await tried("đoán mò thôi mà", "192.0.2.1")
    with pytest.raises(TooMany):
        await tried(PASSWORD, "192.0.2.1")
    caller, _ = await tried(PASSWORD, "198.51.100.7")
    assert caller.facility_code == "01801"


async def test_who_has_the_password_guesses_few_codes(rig: Rig) -> None:
    """Five an hour for the name, from wherever they come; an hour later the owner signs in."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
    person.pass_time()

    async def tried(code: str, address: str) -> Any:
        return await check_sign_in(
            rig.res.db,
            name=person.name,
            password=PASSWORD,
            code=code,
            address=address,
            passwords=rig.app.state.passwords,
            vault=rig.res.vault,
            now=person.now,
        )

    for number in range(5):
        with pytest.raises(Forbidden):
            await tried("000000", f"192.0.2.{number}")
    with pytest.raises(TooMany):
        await tried(person.code(), "198.51.100.7")
    person.pass_time(3601)
    await tried(person.code(), "198.51.100.7")


async def test_weak_passwords_and_wrong_codes_do_not_enrol(rig: Rig) -> None:
    """422 at the field; the link stays good."""
    person = await new_person(rig)
    async with person.browser() as browser:
        for password, code, field in (
            ("ngắn", "000000", "password"),
            ("aaaaaaaaaaaaaaaa", "000000", "password"),
            (PASSWORD, "000000", "code"),
        ):
            refused = await browser.post(
                "/staff/enrol", data={"token": person.token, "password": password, "code": code}
            )
            assert refused.status_code == 422
            assert f'id="{field}-error"' in refused.text
        await person.enrol(browser)
        assert person.recovery


async def test_a_link_runs_out(rig: Rig) -> None:
    """After three days; a made-up one never was good."""
    person = await new_person(rig)
    async with person.browser() as browser:
        assert (await browser.get("/staff/enrol", params={"token": "x" * 43})).status_code == 404
        person.pass_time(72 * 3600)
        assert (await browser.get("/staff/enrol", params={"token": person.token})).status_code == 404


async def test_idle_and_old_sessions_end(rig: Rig) -> None:
    """Half an hour without use; ten hours in any case, however busy."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        for _ in range(20):
            person.pass_time(29.9 * 60)
            assert (await browser.get("/staff")).status_code == 200
        person.pass_time(10 * 60)
        assert (await browser.get("/staff")).status_code == 303
        await person.sign_in(browser)
        person.pass_time(30 * 60)
        assert (await browser.get("/staff")).status_code == 303


async def test_signing_out_ends_the_session(rig: Rig) -> None:
    """In the database: a copy of the cookie opens nothing."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        csrf, kept = csrf_of((await browser.get("/staff")).text), dict(browser.cookies)
        assert (
            (await browser.post("/staff/sign-out", data={"csrf_token": csrf}))
            .headers["Location"]
            .startswith("/staff/signed-out")
        )
        assert not browser.cookies
        browser.cookies.update(kept)
        assert (await browser.get("/staff")).status_code == 303


@pytest.mark.parametrize(
    ("headers", "change"),
    [
        ({}, lambda token: "0" * 64),
        ({}, lambda token: ""),
        ({"Sec-Fetch-Site": "cross-site"}, lambda token: token),
        ({"Sec-Fetch-Site": "same-site"}, lambda token: token),
        ({"Sec-Fetch-Site": "none"}, lambda token: token),
    ],
)
async def test_a_foreign_form_changes_nothing(
    rig: Rig, headers: dict[str, str], change: Callable[[str], str]
) -> None:
    """Neither without the session's token, nor sent by another site; on pages and on the API alike."""
    async with signed_in(rig, Role.ADMIN) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        out = await browser.post("/staff/sign-out", data={"csrf_token": change(token)}, headers=headers)
        asked = await browser.post(
            "/v1/certificates",
            json={"kind": "sick_leave", "record": record(1)},
            headers={"X-CSRF-Token": change(token), **headers},
        )
        assert [(each.status_code, each.json()["code"]) for each in (out, asked)] == [
            (403, "foreign_form")
        ] * 2
        assert (await browser.get("/staff")).status_code == 200
        assert (await rig.call("GET", "/v1/certificates", role="admin")).json()["items"] == []


async def test_an_origin_does_where_browsers_say_no_more(rig: Rig) -> None:
    """Without Sec-Fetch-Site the Origin must be our own; without both nothing is believed."""
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        del browser.headers["Sec-Fetch-Site"]
        own = rig.station.settings.base_url
        statuses = []
        for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}, {"Origin": own}):
            person.pass_time()
            statuses.append((await person.sign_in(browser, **origin)).status_code)
        assert statuses == [403, 403, 403, 303]


async def test_a_browser_uses_the_api_as_its_role(rig: Rig) -> None:
    """What a session asks for is its facility's: the station's key reads it, and the other way round."""
    async with signed_in(rig, Role.FACILITY, "01801") as browser:
        asked = await browser.post("/v1/certificates", json={"kind": "sick_leave", "record": record(1)})
        assert asked.status_code == 202, asked.text
        assert (await rig.call("GET", asked.headers["Location"], role="facility")).status_code == 200
        assert (await rig.call("GET", asked.headers["Location"], role="facility 01802")).status_code == 404
        refused = await browser.get("/v1/certificates", headers={"Authorization": "Bearer nonsense"})
        assert refused.status_code == 401, "a key that is shown counts alone"


async def test_reset_and_disabled_accounts(rig: Rig) -> None:
    """Both sign out everywhere; a reset one has a new link, and neither password, authenticator nor recovery
    codes of before.
    """
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        old = person.recovery[0]
        person.token = await reset_account(rig.res.db, person.name, vault=rig.res.vault, now=person.now)
        assert (await browser.get("/staff")).status_code == 303
        assert (await person.sign_in(browser, code=old)).status_code == 403
        await person.enrol(browser)
        assert (await browser.get("/staff")).status_code == 200
        await disable_account(rig.res.db, person.name, now=person.now)
        assert (await browser.get("/staff")).status_code == 303
        person.pass_time()
        assert (await person.sign_in(browser)).status_code == 403
    with pytest.raises(NotFound, match="no_such_account"):
        await disable_account(rig.res.db, "nobody", now=person.now)


@pytest.mark.parametrize(
    ("name", "facility", "family", "code"),
    [
        ("", "01801", InputError, "bad_account_name"),
        ("x", "99999", InputError, "unknown_facility"),
        ("Trạm Y Tế", "01801", Conflict, "account_known"),
    ],
)
async def test_accounts_that_cannot_be(
    rig: Rig, name: str, facility: str, family: type[Exception], code: str
) -> None:
    """Without a name, at a facility that is not there, or of a name that is taken, whatever its capitals."""
    person = await new_person(rig)
    with pytest.raises(family, match=code):
        await create_account(
            rig.res.db,
            name,
            role=Role.FACILITY,
            facility_code=facility,
            holder=None,
            vault=rig.res.vault,
            now=person.now,
        )


async def test_the_database_holds_nothing_that_opens(rig: Rig) -> None:
    """Neither cookie, password, authenticator's secret nor recovery codes; and no caller's digest is a
    key's.
    """
    person = await new_person(rig)
    async with person.browser() as browser:
        await person.enrol(browser)
        cookies = list(browser.cookies.values())
    async with rig.res.db.read() as session:
        rows = [
            *(await session.scalars(select(Account))),
            *(await session.scalars(select(StaffSession))),
            *(await session.scalars(select(ApiKey))),
        ]
    kept = repr(
        [{name: value for name, value in vars(row).items() if not name.startswith("_")} for row in rows]
    )
    assert person.totp is not None
    for secret in (
        *cookies,
        PASSWORD,
        person.totp.secret,
        person.token,
        *(code.replace("-", "") for code in person.recovery),
    ):
        assert secret not in kept
    account = next(row for row in rows if isinstance(row, Account))
    assert (
        open_vault(rig.station.settings)
        .open_secret("accounts.totp_secret:trạm y tế", account.totp_secret)
        .decode()
        == person.totp.secret
    )


async def test_an_account_is_written_down_once_a_minute_at_most(rig: Rig) -> None:
    """The last use of a key, too: many calls in a minute are one note."""

    async def last_used() -> dt.datetime | None:
        async with rig.res.db.read() as session:
            return (await session.scalars(select(ApiKey).where(ApiKey.role == Role.ADMIN))).one().last_used_at

    start = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
    noted = []
    for seconds in (0, 30, 59, 61, 90):
        rig.set_clock(start + dt.timedelta(seconds=seconds))
        assert (await rig.call("GET", "/v1/designs", role="admin")).status_code == 200
        noted.append(await last_used())
    assert [None if at is None else (at - start).total_seconds() for at in noted] == [0, 0, 0, 61, 61]


async def test_an_invitation_stands_until_somebody_enrols(rig: Rig) -> None:
    """The first makes the account, each gives a new link; who was disabled gets none."""

    async def invited() -> str | None:
        return await invite(rig.res.db, "demo", role=Role.INSURER, vault=rig.res.vault, now=utc_now())

    first, second = await invited(), await invited()
    assert first is not None
    assert second is not None
    with pytest.raises(NotFound):
        await find_enrolment(rig.res.db, first, vault=rig.res.vault, now=utc_now())
    found = await find_enrolment(rig.res.db, second, vault=rig.res.vault, now=utc_now())
    assert found.name == "demo"
    await disable_account(rig.res.db, "demo", now=utc_now())
    assert await invited() is None
