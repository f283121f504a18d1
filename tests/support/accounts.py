"""A person with a local account: browser, password, authenticator."""

import datetime as dt
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pyotp

from certsvc.callers.accounts import create_account
from certsvc.clock import utc_now
from certsvc.models import Role
from tests.support.rig import Rig

PASSWORD = "con mèo nằm trên mái"


@dataclass
class Person:
    """An account's owner; `now` is the service's time, and advances by a step for each code."""

    rig: Rig
    name: str
    token: str
    now: dt.datetime = field(default_factory=utc_now)
    totp: pyotp.TOTP | None = None
    recovery: list[str] = field(default_factory=list)

    def pass_time(self, seconds: float = 30) -> None:
        self.now += dt.timedelta(seconds=seconds)
        self.rig.set_clock(self.now)

    def code(self) -> str:
        """The code that the authenticator shows now."""
        assert self.totp is not None
        return self.totp.at(self.now)

    def browser(self) -> httpx2.AsyncClient:
        client = self.rig.client(role=None)
        client.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
        return client

    async def enrol(self, browser: httpx2.AsyncClient) -> httpx2.Response:
        """Open the link, scan, choose a password; the page with the recovery codes."""
        page = await browser.get("/staff/enrol", params={"token": self.token})
        assert page.status_code == 200, page.text
        found = re.search(r'<code class="text-wrap">(\w+)</code>', page.text)
        assert found
        self.totp = pyotp.TOTP(found[1])
        done = await browser.post(
            "/staff/enrol", data={"token": self.token, "password": PASSWORD, "code": self.code()}
        )
        self.recovery = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", done.text)
        return done

    async def sign_in(
        self,
        browser: httpx2.AsyncClient,
        *,
        password: str = PASSWORD,
        code: str | None = None,
        **headers: str,
    ) -> httpx2.Response:
        form = {"name": self.name, "password": password, "code": self.code() if code is None else code}
        return await browser.post("/staff/sign-in", data=form, headers=headers)


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


async def new_person(
    rig: Rig,
    name: str = "trạm y tế",
    *,
    role: Role = Role.FACILITY,
    facility: str | None = "01801",
    licence: str | None = None,
) -> Person:
    now = utc_now()
    rig.set_clock(now)
    token = await create_account(
        rig.res.db,
        name,
        role=role,
        facility_code=facility,
        holder=None,
        licence=licence,
        vault=rig.res.vault,
        now=now,
    )
    return Person(rig, name, token, now)


@asynccontextmanager
async def signed_in(rig: Rig, role: Role, facility: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser with an open session of that role; its `X-CSRF-Token` is set, and it asks for JSON."""
    person = await new_person(rig, f"{role} {facility}", role=role, facility=facility)
    async with person.browser() as browser:
        await person.enrol(browser)
        csrf = csrf_of((await browser.get("/staff")).text)
        browser.headers.update({"X-CSRF-Token": csrf, "Accept": "application/json"})
        yield browser
