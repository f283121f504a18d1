"""Checks forked from a zygote that the service keeps, not the examiner: found at its address, found again
where it has died.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from certsvc.processes.examiner import Examiner
from certsvc.processes.zygote_link import Zygote
from certsvc.verify.findings import FileKind
from certsvc.verify.trust import Trust
from tests.integration.test_file_checks import MEMORY
from tests.support import calls
from tests.support.processes import children_named
from tests.unit.verify import samples

_SERVICE = """
import sys, time
from certsvc.processes.family import Member, keep_running, listening
from certsvc.processes.confined import Bounds
from certsvc.processes.zygote import serve_next

def check():
    serve_next(listener, Bounds(10, int(sys.argv[2])))
    return 0

with listening() as (listener, address):
    with open(sys.argv[1], "w") as file:
        file.write(str(address))
    keep_running([Member("test-checks", check), Member("test-head", lambda: time.sleep(600), is_head=True)])
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[subprocess.Popen[bytes], Path]]":
    """The service and the address of its zygote."""
    told = tmp_path_factory.mktemp("family") / "address"
    process = subprocess.Popen([sys.executable, "-c", _SERVICE, str(told), str(MEMORY)])
    calls.until(lambda: told.exists() and told.read_text())
    yield process, Path(told.read_text())
    process.terminate()
    process.wait(timeout=30)


async def _kind(examiner: Examiner, data: bytes) -> FileKind:
    return (await examiner.examine(data, trust=samples.trust(), now=samples.now())).kind


async def test_files_are_checked_and_the_next_examiner_finds_a_zygote_too(
    service: "tuple[subprocess.Popen[bytes], Path]",
) -> None:
    """One after the other: a zygote ends with the examiner that it served."""
    for _ in range(2):
        async with Examiner(timeout_s=10, memory_bytes=MEMORY, zygote=service[1]) as examiner:
            assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT
            assert await _kind(examiner, samples.unsigned()) is FileKind.NOT_SIGNED


async def test_a_killed_zygote_is_found_again(service: "tuple[subprocess.Popen[bytes], Path]") -> None:
    """Whoever asks next waits for its successor."""
    async with Examiner(timeout_s=10, memory_bytes=MEMORY, zygote=service[1]) as examiner:
        assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT
        [zygote] = children_named("test-checks", service[0].pid)
        zygote.kill()
        await asyncio.to_thread(psutil.wait_procs, [zygote], timeout=10)
        assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT


async def test_a_check_under_way_when_the_zygote_is_killed_is_asked_for_again(
    service: "tuple[subprocess.Popen[bytes], Path]",
) -> None:
    """Not a word against the file."""
    async with Examiner(timeout_s=10, memory_bytes=MEMORY, zygote=service[1]) as examiner:
        assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT
        [zygote] = children_named("test-checks", service[0].pid)
        zygote.suspend()
        check = asyncio.create_task(_kind(examiner, samples.genuine(1)))
        await asyncio.sleep(0.5)
        assert not check.done()
        zygote.kill()
        assert await check is FileKind.OURS_INTACT


async def test_a_zygote_that_takes_no_more_requests_is_left(
    service: "tuple[subprocess.Popen[bytes], Path]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is alive; the next one answers."""
    fork = Zygote.fork
    refused: list[Zygote] = []

    async def fork_by_the_next_one(zygote: Zygote, trust: Trust | None) -> socket.socket:
        if not refused:
            refused.append(zygote)
        if zygote in refused:
            raise BrokenPipeError
        return await fork(zygote, trust)

    monkeypatch.setattr(Zygote, "fork", fork_by_the_next_one)
    async with Examiner(timeout_s=10, memory_bytes=MEMORY, zygote=service[1]) as examiner:
        assert await _kind(examiner, samples.genuine(1)) is FileKind.OURS_INTACT
    assert not refused[0].is_alive
