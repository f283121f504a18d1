"""Rate limits by address for what needs no key, with `RateLimit` headers.

Limits are generous, for many people share an address (carrier NAT, a factory); guessing at a code is limited
per code, in `checking`. IPv6 addresses count by their /64.
"""

import ipaddress
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from throttled.asyncio import MemoryStore, Throttled, per_hour, per_min
from throttled.rate_limiter import Quota
from typing_extensions import override

from certsvc.errors import TooMany

_IPV6_PREFIX = 64
_MOST_ADDRESSES = 100_000
"""Counted at a time; beyond that, the one silent for longest is forgotten."""


class LimitedRoute(APIRoute):
    """A route that needs no key: each call counts against its address's limit `public`."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, limit = super().get_route_handler(), limit_of("public")

        async def limited(request: Request) -> Response:
            await limit(request)
            return await handle(request)

        return limited


def limit_of(name: str) -> Callable[[Request], Awaitable[None]]:
    """The application's limit of that name (`app.state.limits`)."""

    async def check(request: Request) -> None:
        await request.app.state.limits[name](request)

    return check


class AddressLimiter:
    """Counts this process's calls by address (GCRA); the last `trusted_proxies` entries of X-Forwarded-For
    are trusted.
    """

    def __init__(self, *, trusted_proxies: int) -> None:
        self._store = MemoryStore(options={"MAX_SIZE": _MOST_ADDRESSES})
        self._trusted_proxies = trusted_proxies

    def limit(self, name: str, *, per_minute: int) -> Callable[[Request], Awaitable[None]]:
        """Raises TooMany beyond `per_minute` calls of `name` from one address; `RequestContext` sends the
        headers.
        """
        allowance = _Allowance(name, per_min(per_minute), self._store)

        async def check(request: Request) -> None:
            if wait_s := await allowance.spend(
                request, network_of(request, trusted_proxies=self._trusted_proxies), cost=1
            ):
                raise TooMany(
                    "too_many_requests",
                    "Quá nhiều yêu cầu từ mạng này; hãy thử lại sau ít phút.",
                    "Too many requests from this network; try again shortly.",
                    retry_after_s=wait_s,
                )

        return check

    def charge(self, name: str, *, an_hour: int) -> Callable[[Request, int], Awaitable[None]]:
        """Takes a cost from an address's hourly allowance for `name`; where less is left it takes nothing and
        raises TooMany.
        """
        allowance = _Allowance(name, per_hour(an_hour), self._store)

        async def take(request: Request, cost: int) -> None:
            if wait_s := await allowance.spend(
                request, network_of(request, trusted_proxies=self._trusted_proxies), cost=cost
            ):
                raise TooMany(
                    "allowance_spent",
                    "Mạng này đã kiểm tra quá nhiều giấy trong một giờ;"
                    " hãy thử lại sau, hoặc gửi ít giấy hơn.",
                    "This network has checked too many papers within the hour;"
                    " try again later, or send fewer.",
                    retry_after_s=wait_s,
                )

        return take


def network_of(request: Request, *, trusted_proxies: int) -> str:
    """The address that a request came from, for IPv6 its /64; the last `trusted_proxies` entries of
    X-Forwarded-For are trusted.

    Several lines of that header are one list [RFC 9110 §5.3]: a proxy may add its entry on a line of its own.
    """
    host = request.client.host if request.client else ""
    if trusted_proxies:
        forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
        hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
        host = hops[-trusted_proxies] if len(hops) >= trusted_proxies else host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)


class _Allowance:
    """What each address may spend of one thing."""

    def __init__(self, name: str, quota: Quota, store: MemoryStore) -> None:
        self._name = name
        self._throttle = Throttled(using="gcra", quota=quota, store=store)
        self._policy = f'"{name}";q={quota.get_limit()};w={quota.period_sec}'

    async def spend(self, request: Request, address: str, *, cost: int) -> int:
        """Take `cost` if that much is left and return 0, else return the seconds until there is; the
        response's headers say so.
        """
        spent = await self._throttle.limit(f"{self._name} {address}", cost)
        left, reset_s = spent.state.remaining, math.ceil(spent.state.reset_after)
        request.state.headers = {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"{self._name}";r={left};t={reset_s}',
        }
        return max(1, math.ceil(spent.state.retry_after)) if spent.limited else 0
