"""A service to be measured: the case maker's stations, RSA-2048 keys, and a file of flawless cases."""

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certsvc.callers.keys import create_key
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.issuing.registering import import_facilities, import_practitioners
from certsvc.models import Role
from certsvc.store import Database
from certsvc.trust.identities import add_identity, open_keyring
from keys_dev.make import make_pki
from tests.make_f0_cases import CaseSet, make, write_csv
from tests.support.f0_cases import Row
from tests.support.postgres import Postgres, running_postgres
from tests.support.station import Served, Station, served

_SECRET = "a secret for measuring only, of more than 32 bytes"
_SEED = 1


@dataclass(frozen=True)
class Site:
    """A running service and its database server, if it has one."""

    service: Served
    server: Postgres | None
    database: str

    @property
    def settings(self) -> Settings:
        return self.service.station.settings

    def database_bytes(self) -> int:
        if self.server is not None:
            return self.server.size(self.database)
        return sum(path.stat().st_size for path in self.settings.data_dir.glob("certsvc.db*"))

    def stored_bytes(self) -> int:
        """Everything in the blob store."""
        return sum(
            path.stat().st_size for path in (self.settings.data_dir / "blobs").rglob("*") if path.is_file()
        )


def one_wish_each(rows: int, *, first: int = 1) -> CaseSet:
    """Flawless cases that ask for one certificate each, sick leave and recovery in turn."""
    made = make(rows=rows, seed=_SEED, first=first, flawed=0)
    for number, case in enumerate(made.cases):
        case |= {"wants_sick_leave": str(1 - number % 2), "wants_recovery": str(number % 2)}
    return made


def write_cases(path: Path, cases: list[Row]) -> Path:
    write_csv(path, cases)
    return path


@contextlib.contextmanager
def running_site(
    folder: Path, *, database: str, prepare: Callable[[Settings], None] | None = None, **settings: Any
) -> Iterator[Site]:
    """Everything set up in `folder` and `certsvc serve` started; `database` is `sqlite` or `postgresql`,
    `settings` as in `Settings`.

    `prepare` may fill the database before the service starts.
    """
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_postgres(is_durable=True)) if database == "postgresql" else None
        name = server.create() if server else ""
        address = {"database_url": server.url(name)} if server else {}
        chosen = Settings(
            data_dir=folder / "data",
            keys_dir=_keys_folder(),
            secret=_SECRET,
            log_json=True,
            **address | settings,
        )
        chosen.data_dir.mkdir(parents=True)
        keys = asyncio.run(_fill(chosen, folder))
        if prepare is not None:
            prepare(chosen)
        yield Site(stack.enter_context(served(Station(chosen, keys))), server, name)


@functools.cache
def _pki() -> tempfile.TemporaryDirectory[str]:
    made, folder = one_wish_each(1), tempfile.TemporaryDirectory(prefix="certsvc-bench-keys-")
    make_pki(Path(folder.name), facilities=made.stations, practitioners=made.staff, now=utc_now())
    return folder


def _keys_folder() -> Path:
    """Made once per process, for RSA keys take time; removed at its end."""
    return Path(_pki().name)


async def _fill(settings: Settings, folder: Path) -> dict[str, str]:
    made, now = one_wish_each(1), utc_now()
    write_csv(folder / "facilities.csv", made.stations)
    write_csv(folder / "practitioners.csv", made.staff)
    db = Database(settings.sqlalchemy_url)
    try:
        await db.migrate()
        await import_facilities(db, folder / "facilities.csv", actor="operator", now=now)
        await import_practitioners(db, folder / "practitioners.csv")
        for entry in open_keyring(settings).entries():
            await add_identity(
                db,
                settings.keys_dir / entry.file,
                facility_code=entry.facility_code,
                licence=entry.licence,
                settings=settings,
                now=now,
            )
        return {
            str(role): await create_key(db, role=role, facility_code=None, now=now)
            for role in (Role.INSURER, Role.ADMIN)
        }
    finally:
        await db.close()
