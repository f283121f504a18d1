"""A signed-in browser at the console, and what it sends."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from certsvc.models import Role
from tests.support.accounts import signed_in
from tests.support.every_route import OWNER
from tests.support.rig import Rig


@asynccontextmanager
async def at_console(
    rig: Rig, role: Role = Role.FACILITY, facility: str | None = OWNER
) -> AsyncIterator[httpx2.AsyncClient]:
    """A signed-in browser that asks for pages."""
    async with signed_in(rig, role, None if role is not Role.FACILITY else facility) as browser:
        browser.headers["Accept"] = "text/html"
        yield browser


async def send(browser: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    """Post a form of ours."""
    return await browser.post(path, data={"csrf_token": browser.headers["X-CSRF-Token"], **fields})


async def hand_in(browser: httpx2.AsyncClient, data: bytes, **fields: str) -> httpx2.Response:
    """Send a file, by default as a dry run."""
    form = {"csrf_token": browser.headers["X-CSRF-Token"], "dry_run": "true", "late_reason": "late", **fields}
    return await browser.post("/staff/batches", data=form, files={"file": ("cases.csv", data)})


def addresses(page: httpx2.Response, below: str) -> list[str]:
    """A page's links to things of one kind."""
    return re.findall(rf'href="({below}/[0-9a-f-]{{36}})"', page.text)
