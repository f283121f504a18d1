"""Killed in the middle of its work, the service goes on and issues every certificate exactly once."""

import hashlib
import io
import json
import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from typer.testing import CliRunner

from certsvc.cli import app
from tests.support import calls
from tests.support.processes import children_named
from tests.support.records import as_csv, record
from tests.support.station import Served, Station, served, set_up

CASES = 20
CERTIFICATES = 2 * CASES
_CHECKED_EVERY = 4


@pytest.fixture
def station(tmp_path: Path) -> Station:
    """Small chunks, and little patience with the silent."""
    return set_up(tmp_path, lease_s=5, sweep_s=1, chunk_size=3)


def _file() -> bytes:
    halves = [
        record(number, facility=facility)
        for number in range(CASES)
        for facility in ("01801", "01802")[number % 2 :][:1]
    ]
    return as_csv(*halves)


def _members(service: Served, name: str) -> list[psutil.Process]:
    """The service's processes of that kind: `api`, `checks`, `press` or `worker`."""
    return children_named(f"certsvc-{name}", service.process.pid)


def _wait_for_issued(client: httpx2.Client, batch_id: str, count: int) -> int:
    """How many are issued, once there are `count`."""

    def look() -> int:
        issued: int = calls.good(client.get(f"/v1/batches/{batch_id}"))["counts"]["issued"]
        return issued if issued >= count else 0

    found: int = calls.until(look)
    return found


def _assert_issued_once(service: Served, batch_id: str) -> None:
    """Counts add up; one digest a certificate, serials 1 … n a station and kind, files as registered, and
    valid.
    """
    with service.client() as client:
        batch = calls.settled(client, batch_id)
        archive = client.get(f"/v1/batches/{batch_id}/archive.zip").content
    assert batch["status"] == "done"
    wanted = {
        "rows": CASES,
        "accepted": CASES,
        "rejected": 0,
        "none": 0,
        "certificates": CERTIFICATES,
        "issued": CERTIFICATES,
    }
    assert batch["counts"] == wanted | dict.fromkeys(
        ("existing", "pending", "awaiting_approval", "failed", "cancelled"), 0
    )
    with sqlite3.connect(service.station.settings.data_dir / "certsvc.db") as db:
        rows = db.execute(
            "SELECT id, facility_code, kind, serial, serial_sequence, pdf_sha256, status FROM certificates"
        ).fetchall()
        register = db.execute("SELECT certificate_id, sha256 FROM published_files").fetchall()
        ends = db.execute(
            "SELECT certificate_id, count(*) FROM events WHERE name = 'issued' GROUP BY certificate_id"
        ).fetchall()
    db.close()
    assert [row[6] for row in rows] == ["issued"] * CERTIFICATES
    assert sorted(register) == sorted((row[0], row[5]) for row in rows)
    assert [count for _, count in ends] == [1] * CERTIFICATES
    assert len({row[3] for row in rows}) == CERTIFICATES
    for place in {(row[1], row[2]) for row in rows}:
        numbers = sorted(row[4] for row in rows if (row[1], row[2]) == place)
        assert numbers == list(range(1, len(numbers) + 1))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened, service.client(None) as stranger:
        files = [opened.read(name) for name in opened.namelist() if name.endswith(".pdf")]
        assert {hashlib.sha256(data).hexdigest() for data in files} == {row[5] for row in rows}
        assert {calls.verdict(stranger, data) for data in files[::_CHECKED_EVERY]} == {"valid"}


def test_a_worker_killed_again_and_again_loses_nothing(station: Station) -> None:
    """kill -9 of the worker three times within a batch: another one goes on each time."""
    with served(station) as service, service.client() as client:
        batch_id = calls.submit(client, _file())["id"]
        killed: set[int] = set()
        done = 0
        for _ in range(3):
            done = _wait_for_issued(client, batch_id, done + 5)
            assert done < CERTIFICATES, "too fast to be killed in the middle"
            [worker] = calls.until(
                lambda: [each for each in _members(service, "worker") if each.pid not in killed]
            )
            worker.kill()
            killed.add(worker.pid)
        _assert_issued_once(service, batch_id)
        assert len(killed) == 3


@pytest.mark.parametrize("name", ["press", "checks", "api"])
def test_who_is_killed_is_replaced(station: Station, name: str) -> None:
    """kill -9 of what fills and signs, of what checks are forked from, of who answers: the batch still ends
    well, its files are valid.
    """
    with served(station) as service, service.client() as client:
        batch_id = calls.submit(client, _file())["id"]
        done = _wait_for_issued(client, batch_id, 5)
        others = {each: _members(service, each) for each in {"api", "press", "worker"} - {name}}
        [member] = _members(service, name)
        member.kill()
        [successor] = calls.until(
            lambda: [each for each in _members(service, name) if each.pid != member.pid]
        )
        calls.until(lambda: _answers(client))
        assert done < CERTIFICATES, "too fast to be killed in the middle"
        _assert_issued_once(service, batch_id)
        assert _members(service, name) == [successor]
        assert {each: _members(service, each) for each in others} == others


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx2.TransportError:
        return False


def test_a_killed_service_leaves_nobody_behind_and_goes_on(station: Station) -> None:
    """kill -9 of the whole service: worker, queue and checkers end too; started again in the same folder it
    finishes.
    """
    with served(station) as service, service.client() as client:
        batch_id = calls.submit(client, _file())["id"]
        _wait_for_issued(client, batch_id, 5)
        family = psutil.Process(service.process.pid).children(recursive=True)
        assert len(family) >= 3
        service.process.kill()
        gone, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []
        assert len(gone) == len(family)
    with served(station) as service:
        _assert_issued_once(service, batch_id)


def test_cancelled_killed_and_resumed_it_issues_everything_once(station: Station) -> None:
    """From the command line: cancelled in the middle, kill -9 of the whole service, started again,
    resumed.
    """
    with served(station) as service, service.client() as client:
        batch_id = calls.submit(client, _file())["id"]
        _wait_for_issued(client, batch_id, 5)
        cancelled = _changed(service, "cancel", batch_id)
        assert cancelled["status"] == "cancelled"
        assert cancelled["counts"]["cancelled"] > 0
        family = psutil.Process(service.process.pid).children(recursive=True)
        service.process.kill()
        assert psutil.wait_procs(family, timeout=20)[1] == []
    with served(station) as service, service.client() as client:

        def finished() -> Any:
            batch = calls.good(client.get(f"/v1/batches/{batch_id}"))
            counts = batch["counts"]
            assert counts["certificates"] == sum(
                counts[name] for name in ("issued", "pending", "failed", "cancelled")
            )
            return batch if batch["finished_at"] else None

        batch = calls.until(finished)
        assert (batch["status"], batch["counts"]["pending"]) == ("cancelled", 0)
        assert _changed(service, "resume", batch_id)["status"] in ("reading", "running")
        _assert_issued_once(service, batch_id)


def _changed(service: Served, change: str, batch_id: str) -> Any:
    """The batch as `certsvc batch CHANGE` prints it."""
    words = [
        "batch",
        change,
        batch_id,
        "--url",
        service.base_url,
        "--key",
        service.station.keys["insurer"],
        "--json",
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_polite_end_is_clean(station: Station) -> None:
    """SIGTERM in the middle of a batch: exit code 0 within seconds, no child left; nothing is lost, nor done
    twice.
    """
    with served(station) as service, service.client() as client:
        batch_id = calls.submit(client, _file())["id"]
        _wait_for_issued(client, batch_id, 5)
        family = psutil.Process(service.process.pid).children(recursive=True)
        started = time.monotonic()
        service.process.terminate()
        assert service.process.wait(timeout=40) == 0
        assert time.monotonic() - started < 30
        assert psutil.wait_procs(family, timeout=5)[1] == []
    log = (station.settings.data_dir / "serve.log").read_text()
    assert "Traceback" not in log
    with served(station) as service:
        _assert_issued_once(service, batch_id)
