"""verify: files and codes, each checked on its own, by a running service or offline by its kept lists."""

import asyncio
import datetime as dt
import json
import time
from http import HTTPStatus
from typing import Annotated, Any

import httpx2
import typer
from rich.table import Table

from certsvc.cli.asked import content_of
from certsvc.cli.ending import CANNOT_NOW, SAYS_NO, complain, reported, say, show
from certsvc.cli.remote.batches import AsJson, Key, Url
from certsvc.cli.remote.client import address_of, is_cannot_now, problem_of, service
from certsvc.errors import CertsvcError, Unavailable
from certsvc.verify.dates import day_of, note_of, signing_of

Checked = dict[str, Any] | CertsvcError
"""A report, or why there is none."""

_RETRIES = 3
_WIDEST = 80
_LONGEST_WAIT_S = 30


def verify(
    what: Annotated[list[str], typer.Argument(help="files (PDF or photo) or look-up codes")],
    url: Url = None,
    key: Key = None,
    *,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="ask nobody: check QR texts, photos and files against what was kept at the last visit",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check files, codes and QR texts; exit code 0 only if all are valid, 3 if none is wrong but some could
    not be checked.
    """
    results = _offline(what, url) if offline else _online(what, url, key)
    if as_json:
        say(
            json.dumps(
                [{"input": item} | _as_json(result) for item, result in zip(what, results, strict=True)],
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        show(_table(what, results))
    if all(_is_valid(result) for result in results):
        return
    raise typer.Exit(
        CANNOT_NOW if all(_is_valid(result) or _is_open(result) for result in results) else SAYS_NO
    )


def _online(what: list[str], url: str | None, key: str | None) -> list[Checked]:
    """One result each; the service's lists are kept for times without a network."""
    with service(url, key) as client:
        results = [_result(client, item) for item in what]
        _keep_lists(client)
    return results


def _keep_lists(client: httpx2.Client) -> None:
    """Only a side effect of checking: nothing but lists from another signer is worth a message."""
    from certsvc.cli.keeping import folder_of, keep  # noqa: PLC0415 - reads X.509, slow to load

    try:
        keep(client, folder_of(str(client.base_url)), now=dt.datetime.now(dt.UTC))
    except CertsvcError as error:
        complain(error.message_vi, error.message_en)
    except (httpx2.HTTPError, OSError):
        return


def _offline(what: list[str], url: str | None) -> list[Checked]:
    from certsvc.cli.keeping import folder_of, load  # noqa: PLC0415
    from certsvc.cli.offline import check_each  # noqa: PLC0415 - slow to load

    now = dt.datetime.now(dt.UTC)
    with reported():
        kept = load(folder_of(address_of(url)), now=now)
        return asyncio.run(check_each(what, kept, now=now))


def _is_open(result: Checked) -> bool:
    """Whether it says neither yes nor no."""
    return isinstance(result, Unavailable) or (
        not isinstance(result, CertsvcError) and result["verdict"] == "cannot_check"
    )


def _result(client: httpx2.Client, what: str) -> Checked:
    """The report on one file or code, or why there is none: one bad item must not lose the others."""
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


def _ask(client: httpx2.Client, what: str) -> httpx2.Response:
    content = content_of(what)
    for _ in range(_RETRIES):
        response = _send(client, what, content)
        if response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return response
        asked = response.headers.get("Retry-After", "")
        time.sleep(min(int(asked) if asked.isdecimal() else 1, _LONGEST_WAIT_S))
    return _send(client, what, content)


def _send(client: httpx2.Client, what: str, content: bytes | None) -> httpx2.Response:
    if content is None:
        return client.post("/v1/verify", json={"qr" if "/" in what else "code": what})
    return client.post("/v1/verify", files={"file": ("file", content)})


def _is_valid(result: Checked) -> bool:
    return not isinstance(result, CertsvcError) and result["verdict"] == "valid"


def _as_json(result: Checked) -> dict[str, Any]:
    if isinstance(result, CertsvcError):
        return {
            "error": {
                "code": result.code,
                "message_vi": result.message_vi,
                "message_en": result.message_en,
            }
        }
    return result


def _table(what: list[str], results: list[Checked]) -> Table:
    table = Table("", "verdict", "ngày trên giấy / dated", "ký số lúc / signed", "reason")
    for item, result in zip(map(_short, what), results, strict=True):
        if isinstance(result, CertsvcError):
            table.add_row(item, "–", "–", "–", f"{result.message_vi} / {result.message_en}")
        else:
            paper, note = result["certificate"] or {}, note_of(result)
            texts = [*(reason["message_vi"] for reason in result["reasons"]), *([note.vi] if note else [])]
            table.add_row(
                item,
                result["verdict"],
                day_of(paper.get("dated_on")) or "–",
                signing_of(paper) or "–",
                " ".join(texts),
            )
    return table


def _short(what: str) -> str:
    """The long text of a QR is cut, being useless in a table; a file's name or a code is shown whole."""
    return what if len(what) <= _WIDEST or "://" not in what else f"{what[: _WIDEST - 1]}…"
