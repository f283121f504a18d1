"""The service under attack: a station's ordinary certificates, keys of two callers, a file large enough to
stall on.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from tests.benchmarks.site import Site, one_wish_each, write_cases

_ISSUED_ROWS, _DRY_ROWS = 100, 15_000
_READY_S = 300


@dataclass(frozen=True)
class Target:
    """What attackers know, and a code and a PDF of honest people."""

    site: Site
    folder: Path
    codes: list[str]
    pdf: bytes
    issued_batch: str
    dry_batch: str

    @property
    def base_url(self) -> str:
        return self.site.service.base_url

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    def key(self, role: str = "insurer") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.site.service.station.keys[role]}"}

    def spooled_bytes(self) -> int:
        """What the service's processes hold in temporary files that no folder names any more."""
        parent = psutil.Process(self.site.service.process.pid)
        return sum(
            size
            for process in [parent, *parent.children(recursive=True)]
            for size in _spooled(process.pid).values()
        )


def _spooled(pid: int) -> Mapping[str, int]:
    found = {}
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            name = str(link.readlink())
            if name.startswith("/tmp/") and "(deleted)" in name:
                found[name] = link.stat().st_size
    except OSError:
        return found
    return found


async def prepare(site: Site, folder: Path) -> Target:
    """Issue some certificates and judge a large dry run."""
    async with httpx2.AsyncClient(
        base_url=site.service.base_url,
        headers={"Authorization": f"Bearer {site.service.station.keys['insurer']}"},
        timeout=60,
        trust_env=False,
    ) as client:
        issued = await submit(client, write_cases(folder / "few.csv", one_wish_each(_ISSUED_ROWS).cases))
        dry = await submit(
            client,
            write_cases(folder / "many.csv", one_wish_each(_DRY_ROWS, first=10**5).cases),
            dry_run="true",
        )
        await finished(client, issued)
        await finished(client, dry)
        lines = (await client.get(f"/v1/batches/{issued}/results?format=ndjson")).text.splitlines()
        found = [line for line in map(_parsed, lines) if line["outcome"] == "issued"]
        pdf = (await client.get(f"/v1/certificates/{found[0]['certificate_id']}/pdf")).content
        return Target(site, folder, [str(line["code"]) for line in found], pdf, issued, dry)


async def submit(client: httpx2.AsyncClient, path: Path, **fields: str) -> str:
    data = await asyncio.to_thread(path.read_bytes)
    answer = await client.post("/v1/batches", files={"file": (path.name, data)}, data=fields)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def finished(client: httpx2.AsyncClient, batch: str, *, within_s: float = _READY_S) -> float:
    """Seconds until a batch has ended. Raises TimeoutError."""
    started = time.perf_counter()
    while (await client.get(f"/v1/batches/{batch}")).json()["finished_at"] is None:
        if time.perf_counter() - started > within_s:
            raise TimeoutError
        await asyncio.sleep(0.25)
    return time.perf_counter() - started


def _parsed(line: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(line)
    return found
