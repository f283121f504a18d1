"""What `verify --offline` works with: a service's trust list and status lists, kept from the last visit.

One folder per service: `root.der` (the root seen at the first visit; only its lists are believed from then
on), `trust.json`, `status-<n>.jwt`, and for other issuers `status-<id>-<n>.jwt`.
"""

import datetime as dt
import os
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from certsvc.errors import InputError, Unavailable
from certsvc.verify.offline import Kept
from certsvc.verify.published import OWN, Issuer, read_status_list, read_trust_list

_FRESH_S = 15 * 60
_PATIENCE_S = 10
_MAX_BYTES = 2**20


def folder_of(service: str) -> Path:
    """Where the lists of the service at an address are kept, below `XDG_CACHE_HOME`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    parts = urlsplit(service)
    return Path(cache) / "certsvc" / f"{parts.hostname}-{parts.port or parts.scheme}"


def keep(client: httpx2.Client, folder: Path, *, now: dt.datetime) -> None:
    """Fetch the lists, unless that was done within the last quarter of an hour. What cannot be fetched stays
    as it is.

    Raises InputError `bad_trust_list` or `bad_status_list` for a list from another signer than before.
    """
    kept_at = folder / "trust.json"
    if kept_at.exists() and time.time() - kept_at.stat().st_mtime < _FRESH_S:
        return
    response = client.get("/.well-known/certsvc.json")
    if not response.is_success:
        return
    trusted = read_trust_list(response.content, root=_root(folder), now=now)
    own, *others = trusted.issuers
    lists = dict(_own_lists(client, own, folder, now=now))
    for other in others:
        lists.update(_others_lists(other, folder, now=now))
    folder.mkdir(parents=True, exist_ok=True)
    for path, body in lists.items():
        _write(path, body)
    _write(folder / "root.der", trusted.root)
    _write(kept_at, response.content)


def _own_lists(
    client: httpx2.Client, own: Issuer, folder: Path, *, now: dt.datetime
) -> Iterator[tuple[Path, bytes]]:
    """The service's status lists, each with the path where it is kept."""
    for number, address in zip(own.lists, own.addresses(), strict=True):
        yield _path_of(folder, own, number), _fetch(client, f"/status/{number}", address, issuer=own, now=now)


def _others_lists(issuer: Issuer, folder: Path, *, now: dt.datetime) -> Iterator[tuple[Path, bytes]]:
    """Another issuer's, fetched without the key meant for the service. Lists that it does not serve, or not
    properly, stay as they are.
    """
    with (
        httpx2.Client(timeout=_PATIENCE_S, trust_env=False) as client,
        suppress(httpx2.HTTPError, httpx2.InvalidURL, InputError),
    ):
        for number, address in zip(issuer.lists, issuer.addresses(), strict=True):
            yield _path_of(folder, issuer, number), _fetch(client, address, address, issuer=issuer, now=now)


def _fetch(client: httpx2.Client, url: str, address: str, *, issuer: Issuer, now: dt.datetime) -> bytes:
    with client.stream("GET", url, headers={"Accept": "application/statuslist+jwt"}) as response:
        response.raise_for_status()
        body = next(response.iter_bytes(_MAX_BYTES), b"")  # a longer one is cut off, hence invalid
    read_status_list(body, address, issuer=issuer, now=now)
    return body


def _path_of(folder: Path, issuer: Issuer, number: int) -> Path:
    return folder / (f"status-{number}.jwt" if issuer.id == OWN else f"status-{issuer.id}-{number}.jwt")


def load(folder: Path, *, now: dt.datetime) -> Kept:
    """The kept lists. Raises Unavailable `nothing_kept`, InputError for files that were changed."""
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
            path = _path_of(folder, issuer, number)
            if not path.exists():
                continue
            # A list of another issuer from before its key changed is as good as none.
            with nullcontext() if issuer.id == OWN else suppress(InputError):
                found[address] = read_status_list(path.read_bytes(), address, issuer=issuer, now=now)
    return Kept(trusted, found)


def _root(folder: Path) -> bytes | None:
    path = folder / "root.der"
    return path.read_bytes() if path.exists() else None


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
