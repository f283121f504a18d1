"""The service without its edges: a real database and queue server, the application in process, a press to
sign with.
"""

import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI

from certsvc.api.app import create_app, fresh_state
from certsvc.callers.proofs import Passwords
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.issuing.batches.reading import Steps, read_batch
from certsvc.issuing.finishing import finish_batches
from certsvc.issuing.press.producing import Press, Workbench, issue_chunk
from certsvc.resources import Resources, open_resources, workbench
from certsvc.store import batches
from tests.support.station import Station

Clock = Callable[[], dt.datetime]


@dataclass(frozen=True)
class Rig:
    """`call` makes requests as a role; the queue's work is done only when `work` is called, as the worker."""

    station: Station
    res: Resources
    app: FastAPI
    bench: Workbench
    steps: Steps

    def client(self, role: str | None = "insurer") -> httpx2.AsyncClient:
        headers = {"Accept": "application/json"} | (
            {"Authorization": f"Bearer {self.station.keys[role]}"} if role else {}
        )
        transport = httpx2.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    async def call(
        self, method: str, path: str, *, role: str | None = "insurer", **more: Any
    ) -> httpx2.Response:
        async with self.client(role) as client:
            return await client.request(method, path, **more)

    async def request(
        self, record: dict[str, str], *, kind: str = "sick_leave", role: str = "insurer", **headers: str
    ) -> httpx2.Response:
        return await self.call(
            "POST", "/v1/certificates", role=role, json={"kind": kind, "record": record}, headers=headers
        )

    async def submit(
        self, data: bytes, *, role: str = "insurer", headers: dict[str, str] | None = None, **form: str
    ) -> httpx2.Response:
        return await self.call(
            "POST", "/v1/batches", role=role, files={"file": ("cases.csv", data)}, data=form, headers=headers
        )

    def set_clock(self, now: dt.datetime) -> None:
        """Set the application's time."""
        self.app.state.clock = lambda: now

    async def read(self, *, clock: Clock = utc_now) -> None:
        """Read every batch that nobody is reading."""
        async with self.res.db.read() as session:
            unread = [batch.id for batch in await batches.unread(session, now=clock())]
        for batch_id in unread:
            await read_batch(
                self.res.db,
                batch_id,
                blobs=self.res.blobs,
                vault=self.res.vault,
                settings=self.res.settings,
                clock=clock,
                on_progress=self.res.doorbell.ring_issue,
                steps=self.steps,
            )

    async def issue(
        self, *, clock: Clock = utc_now, press: Press | None = None, only_alone: bool = False
    ) -> int:
        """Issue one chunk, through another press if one is given. Returns how many were claimed."""
        bench = self.bench if press is None else replace(self.bench, press=press)
        return await issue_chunk(bench, clock=clock, only_alone=only_alone)

    async def work(self) -> None:
        """Do all waiting work."""
        await self.read()
        while await self.issue():
            pass
        await finish_batches(self.res.db, now=utc_now())

    async def results(self, batch_id: str, *, role: str = "insurer") -> list[dict[str, Any]]:
        answer = await self.call("GET", f"/v1/batches/{batch_id}/results", role=role)
        return [json.loads(line) for line in answer.text.splitlines()]

    async def certificate(self, certificate_id: str) -> Any:
        return (await self.call("GET", f"/v1/certificates/{certificate_id}", role="admin")).json()

    async def issued(self, record: dict[str, str], *, kind: str = "sick_leave", role: str = "insurer") -> Any:
        """A certificate that was requested and issued."""
        answer = await self.request(record, kind=kind, role=role)
        assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
        await self.work()
        certificate = await self.certificate(answer.json()["id"])
        assert certificate["status"] == "issued", certificate
        return certificate


_OF_A_STATION = {"data_dir", "keys_dir", "database_url", "redis_url", "secret"}
_apps: dict[str, FastAPI] = {}
_QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""A service's own parameters take a quarter of a second of processor time per password."""


def _app(settings: Settings) -> FastAPI:
    """As `create_app` makes it for such settings, with nothing counted yet; its routes are made once a
    process, for that takes longer than most tests.
    """
    kind = settings.model_dump_json(exclude=_OF_A_STATION)
    app = _apps.get(kind) or _apps.setdefault(kind, create_app(settings))
    app.state = fresh_state(settings)
    app.state.passwords = _QUICK
    return app


@asynccontextmanager
async def rigged(station: Station, *, redis_url: str, press: Press, steps: Steps) -> AsyncIterator[Rig]:
    settings = station.settings.model_copy(update={"redis_url": redis_url})
    async with open_resources(settings) as res:
        app = _app(settings)
        app.state.resources = res
        yield Rig(station, res, app, workbench(res, press), steps)
