"""How commands reach a running service: address and key come from options, the environment or the demo."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import typer

from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, complain, complain_each, reported

DEMO_CREDENTIALS = Path("var/demo/credentials.json")
_TIMEOUT = httpx2.Timeout(30, read=300)


def _demo() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(DEMO_CREDENTIALS.read_text())
    except (OSError, ValueError):
        return {}
    return found


def address_of(url: str | None) -> str:
    """The service that a command talks to."""
    found: str = url or os.environ.get("CERTSVC_URL") or _demo().get("base_url", "http://127.0.0.1:8000")
    return found


@contextmanager
def service(url: str | None, key: str | None) -> Iterator[httpx2.Client]:
    """A client of the service; whatever goes wrong is reported and ends the command."""
    demo, base = _demo(), address_of(url)
    token = key or os.environ.get("CERTSVC_KEY") or demo.get("keys", {}).get("insurer", "")
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with (
            reported(),
            httpx2.Client(base_url=base, headers=headers, timeout=_TIMEOUT, trust_env=False) as client,
        ):
            yield client
    except httpx2.HTTPError as error:
        complain(f"Không kết nối được {base}.", f"Cannot reach {base}: {type(error).__name__}.")
        raise typer.Exit(CANNOT_NOW) from error


def expect(response: httpx2.Response) -> httpx2.Response:
    """The response, if it is a good one; a problem document is reported and ends the command."""
    if response.is_success:
        return response
    response.read()
    problem = problem_of(response)
    complain(problem["message_vi"], problem["message_en"])
    complain_each(problem.get("errors", []))
    raise typer.Exit(CANNOT_NOW if is_cannot_now(response) else SAYS_NO)


def problem_of(response: httpx2.Response) -> dict[str, Any]:
    """The problem document of a bad response; made from the status if something else than the service
    responded.
    """
    status = response.status_code
    made = {
        "code": f"http_{status}",
        "message_vi": f"Máy chủ trả lời HTTP {status}.",
        "message_en": f"The server answered HTTP {status}.",
    }
    try:
        found = response.json()
    except ValueError:
        return made
    return made | found if isinstance(found, dict) else made


def is_cannot_now(response: httpx2.Response) -> bool:
    """Whether a bad response says nothing about the question itself: no good key, too many calls, a failing
    server.
    """
    return response.is_server_error or response.status_code in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.TOO_MANY_REQUESTS,
    )
