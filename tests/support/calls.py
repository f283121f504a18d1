"""What tests do with a running service, over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

ENDED = {"done", "failed", "cancelled"}
_PATIENCE_S = 180


def until(look: Callable[[], Any], *, patience_s: float = _PATIENCE_S) -> Any:
    """Poll until there is a result."""
    started = time.monotonic()
    while not (seen := look()):
        waited = time.monotonic() - started
        if waited > patience_s:
            raise TimeoutError(f"not within {patience_s} s")
        time.sleep(min(0.03 + waited / 10, 0.3))  # looking costs the service time, too
    return seen


def good(answer: httpx2.Response) -> Any:
    """The JSON of a response that must be successful."""
    assert answer.is_success, answer.text
    return answer.json()


def submit(client: httpx2.Client, file: Path | bytes, **form: str) -> Any:
    """Submit a file; the batch as accepted."""
    data = file.read_bytes() if isinstance(file, Path) else file
    return good(client.post("/v1/batches", files={"file": ("cases", data)}, data=form))


def settled(client: httpx2.Client, batch_id: str) -> Any:
    """The batch once every row is settled."""

    def look() -> Any:
        batch = good(client.get(f"/v1/batches/{batch_id}"))
        return batch if batch["status"] in ENDED else None

    return until(look)


def results(client: httpx2.Client, batch_id: str) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/batches/{batch_id}/results")
    assert answer.is_success, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def send(client: httpx2.Client, file: Path | bytes, **form: str) -> tuple[Any, list[dict[str, Any]]]:
    """Submit a file and wait: the settled batch, and the outcome of every row."""
    batch = settled(client, submit(client, file, **form)["id"])
    return batch, results(client, batch["id"])


def certificates(client: httpx2.Client, **filters: str) -> Iterator[dict[str, Any]]:
    """All certificates that this caller sees, newest first, page by page."""
    cursor: str | None = None
    while True:
        page = good(
            client.get(
                "/v1/certificates", params=filters | {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            )
        )
        yield from page["items"]
        if (cursor := page["next_cursor"]) is None:
            return


def request(client: httpx2.Client, record: dict[str, str], *, kind: str = "sick_leave") -> Any:
    """Ask for one certificate; its resource as accepted."""
    return good(client.post("/v1/certificates", json={"kind": kind, "record": record}))


def issued(client: httpx2.Client, certificate_id: str) -> Any:
    """The certificate once it is issued."""

    def look() -> Any:
        certificate = good(client.get(f"/v1/certificates/{certificate_id}"))
        assert certificate["status"] != "failed", certificate
        return certificate if certificate["status"] == "issued" else None

    return until(look)


def issue(client: httpx2.Client, record: dict[str, str], *, kind: str = "sick_leave") -> Any:
    """Ask for one certificate and wait for it."""
    return issued(client, request(client, record, kind=kind)["id"])


def pdf(client: httpx2.Client, certificate_id: str) -> bytes:
    answer = client.get(f"/v1/certificates/{certificate_id}/pdf")
    assert answer.is_success, answer.text
    return answer.content


def check_file(client: httpx2.Client, data: bytes) -> httpx2.Response:
    return client.post("/v1/verify", files={"file": ("file", data)})


def verdict(client: httpx2.Client, what: bytes | str) -> str:
    """The verdict on a file's bytes or on a code."""
    answer = check_file(client, what) if isinstance(what, bytes) else client.get(f"/v/{what}")
    found: str = good(answer)["verdict"]
    return found
