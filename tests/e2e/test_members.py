"""What each process of a running service knows."""

from io import FileIO
from pathlib import Path

import psutil

from tests.support import calls
from tests.support.processes import children, held_still
from tests.support.records import record
from tests.support.station import Served, served, set_up


def test_only_api_and_worker_know_the_services_secret(tmp_path: Path) -> None:
    """Not in environment or memory of the parent, of presses and of what checks are forked from, once each
    has done some work.
    """
    with served(set_up(tmp_path)) as service, service.client() as client:
        paper = calls.issue(client, record(1))
        assert calls.verdict(client, calls.pdf(client, paper["id"])) == "valid"
        secret = service.station.settings.secret
        assert secret is not None
        knowing = {
            name
            for name, process in _processes(service).items()
            if _holds(process, secret.get_secret_value().encode())
        }
        assert knowing == {"certsvc-api", "certsvc-worker"}


def test_the_true_environment_is_open_to_nobody_but_the_parent(tmp_path: Path) -> None:
    """Members have read it, or must not; the parent keeps it for their successors."""
    with served(set_up(tmp_path)) as service:
        holding = {
            name
            for name, process in _processes(service).items()
            if any("memfd:environment" in file for file in _open_files(process))
        }
        assert holding == {"parent"}


def _processes(service: Served) -> dict[str, psutil.Process]:
    members = {name: each for name, each in children(service.process.pid) if name.startswith("certsvc-")}
    assert set(members) == {"certsvc-api", "certsvc-checks", "certsvc-press", "certsvc-worker"}
    return members | {"parent": psutil.Process(service.process.pid)}


def _holds(process: psutil.Process, secret: bytes) -> bool:
    """Whether it lies anywhere in what the process can read and write."""
    here = Path(f"/proc/{process.pid}")
    if secret in (here / "environ").read_bytes():
        return True
    with held_still(process), (here / "mem").open("rb", buffering=0) as memory:
        areas = [line.split() for line in (here / "maps").read_text().splitlines()]
        return any(_lies_in(memory, area[0], secret) for area in areas if area[1].startswith("rw"))


def _lies_in(memory: FileIO, area: str, secret: bytes) -> bool:
    start, end = (int(each, 16) for each in area.split("-"))
    memory.seek(start)
    return secret in memory.read(end - start)


def _open_files(process: psutil.Process) -> list[str]:
    with held_still(process):
        return [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
