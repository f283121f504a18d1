"""What `verify --offline` works with: a service's trust list and status lists, kept from the last time it was asked.

One folder a service: `root.der` (the root met at the first visit, whose lists alone are believed from then on),
`trust.json`, `status-<n>.jwt`, of other issuers `status-<id>-<n>.jwt`.
"""

import datetime as dt
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from certsvc.errors import InputError, Unavailable
from certsvc.verify.offline import Kept
from certsvc.verify.published import OWN, Issuer, read_status_list, read_trust_list

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
    lists = {path: body for issuer in trusted.issuers for path, body in _fetch_lists(client, issuer, folder, now=now)}
    folder.mkdir(parents=True, exist_ok=True)
    for path, body in lists.items():
        _write(path, body)
    _write(folder / "root.der", trusted.root)
    _write(kept_at, answer.content)


def _fetch_lists(client: httpx.Client, issuer: Issuer, folder: Path, *, now: dt.datetime) -> Iterator[tuple[Path, bytes]]:
    """An issuer's status lists, and where they are kept. Those of another issuer that does not answer, or not rightly, stay as they are."""
    for number, address in zip(issuer.lists, issuer.addresses(), strict=True):
        try:
            answer = client.get(f"/status/{number}" if issuer.id == OWN else address, headers={"Accept": "application/statuslist+jwt"})
            answer.raise_for_status()
            read_status_list(answer.content, address, issuer=issuer, now=now)
        except (httpx.HTTPError, InputError):
            if issuer.id == OWN:
                raise
        else:
            yield _place(folder, issuer, number), answer.content


def _place(folder: Path, issuer: Issuer, number: int) -> Path:
    return folder / (f"status-{number}.jwt" if issuer.id == OWN else f"status-{issuer.id}-{number}.jwt")


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
    for issuer in trusted.issuers:
        for number, address in zip(issuer.lists, issuer.addresses(), strict=True):
            path = _place(folder, issuer, number)
            if path.exists():
                found[address] = read_status_list(path.read_bytes(), address, issuer=issuer, now=now)
    return Kept(trusted, found)


def _root(folder: Path) -> bytes | None:
    path = folder / "root.der"
    return path.read_bytes() if path.exists() else None


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
