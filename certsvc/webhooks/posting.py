"""Posting to addresses that callers chose: no private address is reached, no redirect followed, and the wait
is bounded.

A name is resolved once for each round of posts. Of its addresses those that are public stay, and the
connection goes to one of exactly these, whatever the name resolves to by then; the TLS certificate is still
checked against the name.
"""

import asyncio
import ipaddress
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpcore2
import httpx2
from typing_extensions import override

from certsvc.errors import InputError
from certsvc.webhooks.resolving import Resolve, Resolver

TIMEOUT_S = 15.0
"""For the whole of a post: Standard Webhooks 1.0 wants receivers to have 15 to 30 seconds."""

MAX_URL = 2000
_CONNECT_S = 5.0
_ADDRESSES = 4
_LAST_PORT = 65535
_LONGEST_HEADER = 64

_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # carriers' NAT; also where one cloud has its metadata
        "168.63.129.16/32",  # a cloud's own services at a public address
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # Teredo and other protocols
        "2002::/16",  # 6to4: an IPv4 address within
        "3fff::/20",  # documentation
    )
)
"""What Python's tables (IANA's registries of special addresses) lack, depending on its version."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One post to make."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """The result of a post: an HTTP status (with `Retry-After`), or a one-word error. No body is read."""

    status: int | None = None
    error: str | None = None
    retry_after: str | None = None
    ms: int = 0

    @property
    def is_good(self) -> bool:
        return self.status is not None and httpx2.codes.is_success(self.status)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open Internet; IPv4 within IPv6 (mapped, NAT64, 6to4) is not looked
    for behind it but refused.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in _PUBLIC_V6:
        return False
    return found.is_global and not (found.is_multicast or any(found in network for network in _NOT_PUBLIC))


def read_url(url: str, *, allow_private: bool) -> httpx2.URL:
    """The address, parsed. Raises InputError `webhook_url` where nothing may ever be posted to it."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise _refused() from error
    is_allowed = parsed.scheme == "https" or (allow_private and parsed.scheme == "http")
    if not is_allowed or not parsed.host or parsed.userinfo or parsed.fragment or len(url) > MAX_URL:
        raise _refused()
    has_port = parsed.port is None or 0 < parsed.port <= _LAST_PORT
    if not has_port or (not allow_private and _is_literal(parsed.host) and not is_public(parsed.host)):
        raise _refused()
    return parsed


def _refused() -> InputError:
    return InputError(
        "webhook_url",
        "Địa chỉ webhook phải là https://, công khai, không có tên đăng nhập và không có phần sau dấu #.",
        "A webhook's address must be https://, public, without a login and without a part after #.",
    )


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Poster:
    """Posts letters; `resolve` and `tls` are the system's, unless others are given."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._resolver = Resolver(resolve)
        self._tls = tls or httpx2.create_ssl_context()

    async def post_all(self, url: str, letters: Sequence[Letter], holder: str) -> list[Response]:
        """The responses to letters for one address of that holder, all sent at once. Raises Unavailable
        `resolver_busy`: then nothing was tried.
        """
        try:
            target = read_url(url, allow_private=self._allow_private)
            addresses = await self._addresses(target, holder)
        except InputError:
            return [Response(error="address_refused")] * len(letters)
        except TimeoutError:
            return [Response(error="timeout")] * len(letters)
        except (OSError, UnicodeError):  # the latter for names that no DNS could have
            return [Response(error="name_not_found")] * len(letters)
        # Without keep-alive: each post has a connection of its own, to an address that was just looked at.
        pool = httpcore2.AsyncConnectionPool(
            self._tls,
            network_backend=_Pinned(addresses),
            max_connections=len(letters),
            max_keepalive_connections=0,
        )
        async with pool:
            return await asyncio.gather(*(self._post(pool, target, letter) for letter in letters))

    async def _addresses(self, target: httpx2.URL, holder: str) -> list[str]:
        """Raises InputError where the name leads to nothing public, OSError where it leads nowhere,
        TimeoutError, Unavailable `resolver_busy`.
        """
        port = target.port or (443 if target.scheme == "https" else 80)
        found = await self._resolver.find(
            target.raw_host.decode(), port, holder=holder, timeout_s=self._timeout_s
        )
        allowed = [ip for ip in dict.fromkeys(found) if self._allow_private or is_public(ip)]
        if not allowed:
            raise _refused()
        return allowed[:_ADDRESSES]

    async def _post(
        self, pool: httpcore2.AsyncConnectionPool, target: httpx2.URL, letter: Letter
    ) -> Response:
        started = time.perf_counter()
        status = error = retry_after = None
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after = await _send(pool, target, letter)
        except (TimeoutError, httpcore2.TimeoutException):
            error = "timeout"
        except httpcore2.NetworkError as failure:
            error = "tls_failed" if _is_of_tls(failure) else "connection_failed"
        except (httpcore2.ProtocolError, ValueError):
            error = "bad_answer"
        return Response(status, error, retry_after, round((time.perf_counter() - started) * 1000))


async def _send(
    pool: httpcore2.AsyncConnectionPool, target: httpx2.URL, letter: Letter
) -> tuple[int, str | None]:
    """Status and `Retry-After`. Redirects are answers like others."""
    url = httpcore2.URL(
        scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
    )
    headers = [
        ("Host", target.netloc.decode()),
        ("Content-Length", str(len(letter.body))),
        *letter.headers.items(),
    ]
    async with pool.stream(
        "POST", url, headers=headers, content=letter.body, extensions={"timeout": {"connect": _CONNECT_S}}
    ) as response:
        retry_after = httpx2.Headers(response.headers).get("Retry-After")
        return response.status, retry_after and retry_after[:_LONGEST_HEADER]


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether TLS, somewhere below, is what failed."""
    return error is not None and (
        isinstance(error, ssl.SSLError) or _is_of_tls(error.__cause__ or error.__context__)
    )


class _Pinned(httpcore2.AnyIOBackend):
    """Connects to addresses that were looked at, whatever name is asked for."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        *others, last = self._addresses
        for address in others:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await super().connect_tcp(last, port, timeout, local_address, socket_options)
