"""One queue server and one lay-out thread a run; every test gets stations of its own."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from certsvc.logs import set_up_logging
from certsvc.queue import EmbeddedServer
from tests.support.rig import Rig, rigged
from tests.support.station import Station, set_up


@pytest.fixture(scope="session", autouse=True)
def _logging() -> None:
    """As every command sets it up."""
    set_up_logging(json=True)


@pytest.fixture(scope="session")
def queue_server() -> Iterator[EmbeddedServer]:
    server = EmbeddedServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def layout() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as one:
        yield one


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return set_up(tmp_path)


@pytest.fixture
async def rig(station: Station, queue_server: EmbeddedServer, layout: Executor) -> AsyncIterator[Rig]:
    async with rigged(station, redis_url=queue_server.url, layout=layout) as one:
        yield one
