"""A whole certsvc on a free port, started like its users do: `certsvc demo`."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

_START_S = 300


@dataclass(frozen=True)
class Service:
    """A running demo; `folder` is the value of `--folder`."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "credentials.json").read_text())
        return found

    @property
    def base_url(self) -> str:
        return str(self.credentials["base_url"])

    @property
    def examples(self) -> list[dict[str, str]]:
        examples: list[dict[str, str]] = self.credentials["examples"]
        return examples

    def client(self, role: str | None = "insurer", *, address: str | None = None) -> httpx2.Client:
        """An HTTP client with that role's key (None: without), apparently at `address`. Close it."""
        headers = {"Accept": "application/json"} | (
            {"Authorization": f"Bearer {self.credentials['keys'][role]}"} if role else {}
        )
        headers |= (
            {"X-Forwarded-For": address} if address else {}
        )  # believed where CERTSVC_TRUSTED_PROXIES is 1
        return httpx2.Client(base_url=self.base_url, headers=headers, timeout=60, trust_env=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running_demo(
    folder: Path,
    *,
    port: int | None = None,
    env: dict[str, str] | None = None,
    command: Sequence[str | Path] = (sys.executable, "-m", "certsvc"),
    cwd: Path | None = None,
) -> Iterator[Service]:
    """Start the demo in `folder` and wait until it answers; stop it at the end, by its process id."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "demo", "--folder", str(folder), "--port", str(port)],
            env=os.environ | (env or {}),
            cwd=cwd,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}/readyz", log=folder / "demo.log")
            yield Service(folder, process)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait(process: subprocess.Popen[bytes], address: str, *, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the demo ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(address, trust_env=False).status_code == httpx2.codes.OK:
                return
        time.sleep(0.2)
    raise TimeoutError(f"the demo does not answer:\n{log.read_text()[-3000:]}")
