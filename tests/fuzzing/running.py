"""Schemathesis' command against a running service, as one caller."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzzing.records import FACTOR, fuzzed_record
from tests.support.station import Served

_SETTINGS = Path(__file__).parent / "schemathesis.toml"
_ISSUED_WITHIN_S = 60
CALLERS: tuple[str | None, ...] = ("admin", "insurer", "facility", "auditor", None)
"""By the names of a station's keys; None has no key."""


def fuzz(served: Served, caller: str | None, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `schemathesis` with these words; its output says how to repeat every failure."""
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.fuzzing.extensions"} | _paper(served, folder)
    environment |= {"FUZZ_KEY": served.station.keys[caller]} if caller else {}
    environment |= {"FUZZ_REACHES_MOST": "1"} if caller == "admin" else {}
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(_SETTINGS),
        *words,
        f"{served.base_url}/openapi.json",
    ]
    return subprocess.run(
        command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _paper(served: Served, folder: Path) -> dict[str, str]:
    """A certificate that is issued, for the environment of `extensions.py`."""
    file = folder / "paper.pdf"
    with served.client() as client:
        asked = client.post(
            "/v1/certificates", json={"kind": "sick_leave", "record": fuzzed_record(time.time_ns() % 900_000)}
        ).raise_for_status()
        address, code = asked.headers["Location"], asked.json()["code"]
        for _ in range(_ISSUED_WITHIN_S * 5):
            if client.get(address).json()["status"] == "issued":
                break
            time.sleep(0.2)
        file.write_bytes(client.get(f"{address}/pdf").raise_for_status().content)
        return {
            "FUZZ_PAPER": str(file),
            "FUZZ_CODE": code,
            "FUZZ_GRANT": client.post(f"/v/{code}", json=FACTOR).raise_for_status().json()["grant"],
        }
