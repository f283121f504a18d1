"""One queue server a run; every test gets stations of its own."""

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from throttled import utils as throttled_time

from certsvc.issuing.batches.reading import Steps
from certsvc.issuing.press import process
from certsvc.issuing.press.producing import Press
from certsvc.logs import set_up_logging
from certsvc.queue import EmbeddedServer
from tests.support.postgres import Postgres, running_postgres
from tests.support.rig import Rig, rigged
from tests.support.stand_in_press import StandInPress
from tests.support.statements import share_compiled
from tests.support.station import Station, set_up, set_up_on


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """As every command sets it up."""
    set_up_logging(json=True)


@pytest.fixture(scope="session", autouse=True)
def _statements() -> None:
    share_compiled()


@pytest.fixture(scope="session")
def queue_server() -> Iterator[EmbeddedServer]:
    server = EmbeddedServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


_ON_BOTH = frozenset(
    {
        "test_migrations",
        "test_store",
        "test_cancelling",
        "test_same_moment",
        "test_issuing",
        "test_chunks",
        "test_results",
        "test_returned",
        "test_mappings",
        "test_uploads",
        "test_queue",
        "test_idempotency",
        "test_lists",
        "test_looking_up",
        "test_events",
        "test_sign_in",
        "test_second_factor",
        "test_portal",
        "test_webhooks",
        "test_webhook_sending",
        "test_console",
        "test_console_forms",
        "test_approving",
        "test_console_approving",
        "test_recalls",
        "test_recall_choices",
        "test_recalls_at_once",
        "test_console_recalls",
        "test_mending",
        "test_figures",
        "test_between_facilities",
    }
)
"""Modules about what the database has to hold: their tests run on SQLite and on PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in _ON_BOTH:
        metafunc.parametrize("database", ["sqlite", "postgresql"])


@pytest.fixture
def database() -> str:
    """Which database the stations have."""
    return "sqlite"


@pytest.fixture
def station(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> Iterator[Station]:
    if database == "sqlite":
        yield set_up(tmp_path)
        return
    with set_up_on(request.getfixturevalue("postgres"), tmp_path) as one:
        yield one


@pytest.fixture
def press(station: Station) -> Press:
    """The real one, in a thread of this process instead of a process of its own."""
    press_chunk = functools.partial(process.press_chunk, process.setup_of(station.settings))
    return lambda chunk: asyncio.to_thread(press_chunk, chunk)


@pytest.fixture
def steps() -> Steps:
    """How many rows of a file a transaction takes."""
    return Steps()


@pytest.fixture
async def rig(
    station: Station, queue_server: EmbeddedServer, press: Press, steps: Steps
) -> AsyncIterator[Rig]:
    async with rigged(station, redis_url=queue_server.url, press=press, steps=steps) as one:
        yield one


@pytest.fixture
async def dummy_rig(station: Station, queue_server: EmbeddedServer, steps: Steps) -> AsyncIterator[Rig]:
    """With a press that signs nothing, for what happens around it."""
    async with rigged(station, redis_url=queue_server.url, press=StandInPress(), steps=steps) as one:
        yield one


@pytest.fixture
def frozen_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rate limits for which hardly any time passes, a microsecond a look: nothing comes back while a test
    takes its own.
    """
    looks = itertools.count()
    monkeypatch.setattr(throttled_time, "now_mono_f", lambda: 1000 + next(looks) / 1_000_000)
