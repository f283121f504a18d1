"""What `verify --offline` works with: a service's trust list and status lists, kept from the last time it was asked.

One folder a service: `root.der` (the root met at the first visit, whose lists alone are believed from then on),
`trust.json`, `status-<n>.jwt`.
"""

import datetime as dt
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from certsvc.errors import Unavailable
from certsvc.verify.offline import Kept
from certsvc.verify.published import TrustList, read_status_list, read_trust_list

_FRESH_S = 15 * 60


def folder_of(service: str) -> Path:
    """Where the lists of the service at an address are kept, below `XDG_CACHE_HOME`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    parts = urlsplit(service)
    return Path(cache) / "certsvc" / f"{parts.hostname}-{parts.port or parts.scheme}"


def keep(client: httpx.Client, folder: Path, *, now: dt.datetime) -> None:
    """Fetch the lists, unless they were within the last quarter of an hour. What cannot be had leaves what is there.

    Raises InputError `bad_trust_list` or `bad_status_list` where a list is not of whom it was before.
    """
    kept_at = folder / "trust.json"
    if kept_at.exists() and time.time() - kept_at.stat().st_mtime < _FRESH_S:
        return
    answer = client.get("/.well-known/certsvc.json")
    if not answer.is_success:
        return
    trusted = read_trust_list(answer.content, root=_root(folder), now=now)
    lists = {number: _fetch(client, number, trusted, now=now) for number in trusted.lists}
    folder.mkdir(parents=True, exist_ok=True)
    for number, body in lists.items():
        _write(folder / f"status-{number}.jwt", body)
    _write(folder / "root.der", trusted.root)
    _write(kept_at, answer.content)


def _fetch(client: httpx.Client, number: int, trusted: TrustList, *, now: dt.datetime) -> bytes:
    answer = client.get(f"/status/{number}", headers={"Accept": "application/statuslist+jwt"})
    answer.raise_for_status()
    read_status_list(answer.content, number, trusted=trusted, now=now)
    return answer.content


def load(folder: Path, *, now: dt.datetime) -> Kept:
    """What was kept. Raises Unavailable `nothing_kept`, InputError for files that somebody changed."""
    try:
        trusted = read_trust_list((folder / "trust.json").read_bytes(), root=_root(folder), now=now)
    except OSError as error:
        raise Unavailable(
            "nothing_kept",
            "Chưa có dữ liệu để kiểm tra khi không có mạng; hãy chạy certsvc verify một lần khi có mạng.",
            "Nothing was kept for checks without a network; run certsvc verify once with one.",
        ) from error
    found = {}
    for number in trusted.lists:
        path = folder / f"status-{number}.jwt"
        if path.exists():
            found[number] = read_status_list(path.read_bytes(), number, trusted=trusted, now=now)
    return Kept(trusted, found)


def _root(folder: Path) -> bytes | None:
    path = folder / "root.der"
    return path.read_bytes() if path.exists() else None


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
