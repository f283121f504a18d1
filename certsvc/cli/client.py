"""The commands' way to a running service: address and key from options, environment, or the demo."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import typer

from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, complain

DEMO_CREDENTIALS = Path("var/demo/credentials.json")
_TIMEOUT = httpx.Timeout(30, read=300)


def _demo() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(DEMO_CREDENTIALS.read_text())
    except (OSError, ValueError):
        return {}
    return found


@contextmanager
def service(url: str | None, key: str | None) -> Iterator[httpx.Client]:
    """A client of the service; whatever goes wrong is told and ends the command."""
    demo = _demo()
    base = url or os.environ.get("CERTSVC_URL") or demo.get("base_url", "http://127.0.0.1:8000")
    token = key or os.environ.get("CERTSVC_KEY") or demo.get("keys", {}).get("insurer", "")
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
            yield client
    except httpx.HTTPError as error:
        complain(f"Không kết nối được {base}.", f"Cannot reach {base}: {type(error).__name__}.")
        raise typer.Exit(CANNOT_NOW) from error


def expect(response: httpx.Response) -> httpx.Response:
    """The answer, if it is a good one; a problem document is told and ends the command."""
    if response.is_success:
        return response
    response.read()
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    complain(problem.get("message_vi", f"HTTP {response.status_code}"), problem.get("message_en", ""))
    for each in problem.get("errors", []):
        complain(f"  - {each.get('field') or ''}: {each.get('message_vi')} / {each.get('message_en')}")
    raise typer.Exit(CANNOT_NOW if response.is_server_error or response.status_code in (401, 429) else SAYS_NO)
