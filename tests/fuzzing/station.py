"""A station to be fuzzed: who fronts it is believed, webhooks stay on this machine, keys are RSA as BHXH
wants them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keys_dev.make import KeyType
from tests.support import pki
from tests.support.postgres import running_postgres
from tests.support.station import Served, Station, served, set_up, set_up_on


@contextmanager
def running_station(folder: Path, *, database: str = "sqlite") -> Iterator[Served]:
    """Served, with a worker; `database` is `sqlite` or `postgresql`."""
    settings = {
        "trusted_proxies": 1,
        "webhooks_allow_private": True,
        "keys_dir": pki.shared(KeyType.RSA_2048).folder,
    }
    with _station(folder, database, settings) as station, served(station) as service:
        yield service


@contextmanager
def _station(folder: Path, database: str, settings: dict[str, Any]) -> Iterator[Station]:
    if database == "sqlite":
        yield set_up(folder, **settings)
        return
    with running_postgres() as server, set_up_on(server, folder, **settings) as station:
        yield station
