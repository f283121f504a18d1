"""verify: files and codes, each checked for itself by a running service."""

import json
import time
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from certsvc.cli.client import is_cannot_now, problem_of, service
from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, say, show
from certsvc.cli.remote import AsJson, Key, Url
from certsvc.errors import CertsvcError, InputError, Unavailable
from certsvc.verify.codes import normalise_code

_SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp"})
_RETRIES = 3
_LONGEST_WAIT_S = 30


def verify(
    what: Annotated[list[str], typer.Argument(help="files (PDF or photo) or look-up codes")],
    url: Url = None,
    key: Key = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check files and codes; exit code 0 only if all are valid, 3 if nothing is wrong but some could not be checked."""
    with service(url, key) as client:
        outcomes = [_outcome(client, each) for each in what]
    if as_json:
        say(json.dumps([{"input": each} | _as_json(outcome) for each, outcome in zip(what, outcomes, strict=True)], ensure_ascii=False, indent=2))
    else:
        show(_table(what, outcomes))
    if all(_is_valid(outcome) for outcome in outcomes):
        return
    raise typer.Exit(CANNOT_NOW if all(_is_valid(outcome) or isinstance(outcome, Unavailable) for outcome in outcomes) else SAYS_NO)


def _outcome(client: httpx.Client, what: str) -> dict[str, Any] | CertsvcError:
    """The report on one file or code, or why there is none: a bad one must not lose the others."""
    try:
        response = _ask(client, what)
    except CertsvcError as error:
        return error
    if response.is_success:
        report: dict[str, Any] = response.json()
        return report
    problem = problem_of(response)
    family = Unavailable if is_cannot_now(response) else CertsvcError
    return family(problem["code"], problem["message_vi"], problem["message_en"])


def _ask(client: httpx.Client, what: str) -> httpx.Response:
    content = _content(what)
    for _ in range(_RETRIES):
        response = _send(client, what, content)
        if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return response
        asked = response.headers.get("Retry-After", "")
        time.sleep(min(int(asked) if asked.isdecimal() else 1, _LONGEST_WAIT_S))
    return _send(client, what, content)


def _send(client: httpx.Client, what: str, content: bytes | None) -> httpx.Response:
    if content is None:
        return client.post("/v1/verify", json={"code": what})
    return client.post("/v1/verify", files={"file": ("file", content)})


def _content(what: str) -> bytes | None:
    """What is in the file of this name; None for a code. Raises InputError where a file must be meant and cannot be read."""
    try:
        return Path(what).read_bytes()
    except (OSError, ValueError) as error:
        is_code = isinstance(error, FileNotFoundError | ValueError) and not _is_path(what)
        if is_code:
            return None
        raise InputError("no_such_file", "Không có tệp này hoặc không đọc được.", "No such file, or it cannot be read.") from error


def _is_path(what: str) -> bool:
    """Whether this can only be meant as a file: the address printed in a QR has slashes too, and is a code."""
    return Path(what).suffix.lower() in _SUFFIXES or ("/" in what and normalise_code(what) is None)


def _is_valid(outcome: dict[str, Any] | CertsvcError) -> bool:
    return not isinstance(outcome, CertsvcError) and outcome["verdict"] == "valid"


def _as_json(outcome: dict[str, Any] | CertsvcError) -> dict[str, Any]:
    if isinstance(outcome, CertsvcError):
        return {"error": {"code": outcome.code, "message_vi": outcome.message_vi, "message_en": outcome.message_en}}
    return outcome


def _table(what: list[str], outcomes: list[dict[str, Any] | CertsvcError]) -> Table:
    table = Table("", "verdict", "reason")
    for each, outcome in zip(what, outcomes, strict=True):
        if isinstance(outcome, CertsvcError):
            table.add_row(each, "–", f"{outcome.message_vi} / {outcome.message_en}")
        else:
            table.add_row(each, outcome["verdict"], "; ".join(reason["message_vi"] for reason in outcome["reasons"]))
    return table
