"""The examples of docs/client.md, run as they stand there, against a whole service."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.receiver import receiving
from tests.support.records import as_csv, record
from tests.support.station import Served, Station, served, set_up

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
ELSEWHERE = "https://hr.example.vn/hooks/certsvc"


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return set_up(tmp_path / "station", webhooks_allow_private=True)


def examples(receiver: str) -> str:
    """One program; at its end it opens what the receiver got, and opens it once more after a change."""
    text = PAGE.read_text(encoding="utf-8").replace(ELSEWHERE, receiver)
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    return "\n".join([*blocks, *_LISTENING, "client.close()"])


_LISTENING = (
    "import sys",
    "print('listening', flush=True)",
    "headers, body = json.loads(sys.stdin.readline())",
    "print('answered', receive(headers, body.encode()), receive(headers, body.encode() + b' '))",
)


async def _run(service: Served, receiver: Any, folder: Path) -> str:
    environment = os.environ | {
        "CERTSVC_URL": service.base_url,
        "CERTSVC_KEY": service.station.keys["insurer"],
        "PYTHONIOENCODING": "utf-8",
    }
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", examples(receiver.url)),
        cwd=folder,
        env=environment | {"PYTHONPATH": str(PAGE.parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(120):
            while not receiver.came and program.returncode is None:  # noqa: ASYNC110 - the service is another process
                await asyncio.sleep(0.05)
            came = [[each.headers, each.body.decode()] for each in receiver.came[:1]]
            out, err = await program.communicate("".join(f"{json.dumps(each)}\n" for each in came).encode())
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert (program.returncode, err.decode()) == (0, "")
    return out.decode()


async def test_the_examples_work(station: Station, tmp_path: Path) -> None:
    """A certificate, a file of cases (sent twice), checks of a good file and a changed one, a webhook and a
    forged one.
    """
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "case.json").write_text(
        json.dumps({"kind": "sick_leave", "record": record(1)}), encoding="utf-8"
    )
    (folder / "cases.csv").write_bytes(as_csv(record(2), record(3, test_method="tea leaves")))
    (folder / "changed.pdf").write_bytes(b"%PDF-1.7 of nobody")
    async with receiving() as receiver:
        with served(station) as service:
            out = await _run(service, receiver, folder)
    assert (folder / "leave.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "results.xlsx").read_bytes().startswith(b"PK")
    assert (folder / "certificates.zip").read_bytes().startswith(b"PK")
    lines = out.splitlines()
    assert any(line.startswith("done 2 / 2") for line in lines), out
    assert any(line.startswith("3 ") and record(3)["case_id"] in line for line in lines), out
    assert {"valid True", "leave.pdf valid", "changed.pdf invalid", "answered 204 400"} <= set(lines), out
