"""Two health stations ready to work in a folder of their own: database, P-256 keys, staff, callers' keys."""

import asyncio
import atexit
import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from certsvc.callers.keys import create_key
from certsvc.config import Settings, Signatures
from certsvc.issuing.press.process import setup_of
from certsvc.issuing.press.warming import compile_ahead
from certsvc.issuing.registering import import_facilities, import_practitioners
from certsvc.models import Role
from certsvc.store import Database
from certsvc.trust.identities import add_identity, open_keyring
from tests.support import pki as pkis
from tests.support.postgres import Postgres
from tests.support.service import free_port

_SAMPLE = Path(__file__).parent.parent / "data" / "f0_sample"
STATIONS = ("01801", "01802")
_SECRET = "a secret that only tests may know, of more than 32 bytes"
_START_S = 300


@dataclass(frozen=True)
class Station:
    """Settings of the folder; `keys` by role, `facility 01802` for the other station's, `head 01801` and
    `head 01802` for who approves.
    """

    settings: Settings
    keys: dict[str, str]


def settings_for(folder: Path, **changes: Any) -> Settings:
    wanted: dict[str, Any] = {
        "data_dir": folder / "data",
        "keys_dir": pkis.shared().folder,
        "secret": _SECRET,
    } | changes
    return Settings(**wanted)


def set_up(folder: Path, **changes: Any) -> Station:
    """A copy of the stations, made once a process, in `folder`; `changes` are settings. Not within an event
    loop.
    """
    shutil.copytree(_template(changes.get("keys_dir")), folder, dirs_exist_ok=True)
    return Station(settings_for(folder, **changes), json.loads((folder / "keys.json").read_text()))


@functools.cache
def _template(keys_dir: Path | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="certsvc-station-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    keys = asyncio.run(_fill(settings_for(folder, **_of_keys(keys_dir))))
    (folder / "keys.json").write_text(json.dumps(keys))
    return folder


def _of_keys(keys_dir: Path | None) -> dict[str, Any]:
    return {"keys_dir": keys_dir} if keys_dir else {}


@contextlib.contextmanager
def set_up_on(server: Postgres, folder: Path, **changes: Any) -> Iterator[Station]:
    """The same stations on a PostgreSQL database of their own, which is dropped at the end. Not within an
    event loop.
    """
    template, keys = _database_template(server, changes.get("keys_dir"))
    name = server.create(template)
    try:
        (folder / "data").mkdir(parents=True)
        yield Station(settings_for(folder, database_url=server.url(name), **changes), keys)
    finally:
        server.drop(name)


@functools.cache
def _database_template(server: Postgres, keys_dir: Path | None) -> tuple[str, dict[str, str]]:
    name = server.create()
    with tempfile.TemporaryDirectory() as folder:
        return name, asyncio.run(
            _fill(settings_for(Path(folder), database_url=server.url(name), **_of_keys(keys_dir)))
        )


async def _fill(settings: Settings) -> dict[str, str]:
    now = pkis.utc_now()
    db = Database(settings.sqlalchemy_url)
    try:
        await db.migrate()
        await import_facilities(db, _SAMPLE / "facilities.csv", actor="operator", now=now)
        await import_practitioners(db, _SAMPLE / "practitioners.csv")
        for entry in open_keyring(settings).entries():
            await add_identity(
                db,
                settings.keys_dir / entry.file,
                facility_code=entry.facility_code,
                licence=entry.licence,
                settings=settings,
                now=now,
            )
        keys = {
            str(role): await create_key(
                db, role=role, facility_code=STATIONS[0] if role is Role.FACILITY else None, now=now
            )
            for role in Role
        }
        other = await create_key(db, role=Role.FACILITY, facility_code=STATIONS[1], now=now)
        second = await create_key(
            db, role=Role.INSURER, facility_code=None, now=now, holder="another insurer"
        )
        renewed = await create_key(db, role=Role.INSURER, facility_code=None, now=now)
        heads = zip(STATIONS, (pkis.HEAD, "000011/HNO-CCHN"), strict=True)
        of_heads = {
            f"head {code}": await create_key(
                db, role=Role.FACILITY, facility_code=code, licence=licence, now=now
            )
            for code, licence in heads
        }
        return (
            keys
            | of_heads
            | {f"facility {STATIONS[1]}": other, "another insurer": second, "renewed insurer": renewed}
        )
    finally:
        await db.close()


@functools.cache
def _bases(signatures: Signatures) -> Path:
    """What a worker compiles before its first certificate, made once per process."""
    folder = Path(tempfile.mkdtemp(prefix="certsvc-bases-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    compile_ahead(signatures, folder)
    return folder


@dataclass(frozen=True)
class Served:
    """A `certsvc serve` that responds."""

    station: Station
    process: "subprocess.Popen[bytes]"
    base_url: str

    def client(self, role: str | None = "insurer") -> httpx2.Client:
        headers = {"Accept": "application/json"} | (
            {"Authorization": f"Bearer {self.station.keys[role]}"} if role else {}
        )
        return httpx2.Client(base_url=self.base_url, headers=headers, timeout=60, trust_env=False)


@contextlib.contextmanager
def served(station: Station) -> Iterator[Served]:
    """Start `certsvc serve` and wait until it answers; stop it at the end, where the test has not done so.
    Its designs are compiled already.
    """
    shutil.copytree(_bases(station.settings.signatures), setup_of(station.settings).bases, dirs_exist_ok=True)
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    settings = station.settings.model_copy(update={"base_url": base_url})
    with (settings.data_dir / "serve.log").open("ab") as log:
        command = [sys.executable, "-m", "certsvc", "serve", "--port", str(port)]
        process = subprocess.Popen(
            command, env=os.environ | settings.as_environment(), stdout=log, stderr=log
        )
        try:
            _wait(process, base_url)
            yield Served(station, process, base_url)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(process: "subprocess.Popen[bytes]", base_url: str) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{base_url}/readyz", trust_env=False).status_code == httpx2.codes.OK:
                return
        time.sleep(0.1)
    raise TimeoutError(f"`certsvc serve` does not answer; it ended with {process.poll()}")
