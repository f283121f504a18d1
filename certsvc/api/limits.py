"""Rate limits by address for what needs no key, with `RateLimit` headers.

Addresses get a generous share, for many people sit behind one (carrier NAT, a factory); guessing at a
code is limited per code, in `checking`. IPv6 addresses count by their /64.
"""

import ipaddress
import time
from collections.abc import Awaitable, Callable

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from certsvc.errors import TooMany

_IPV6_PREFIX = 64


class AddressLimiter:
    """Counts calls of one process by address; `trusted_proxies` entries of X-Forwarded-For are believed."""

    def __init__(self, *, trusted_proxies: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._trusted_proxies = trusted_proxies

    def limit(self, name: str, *, per_minute: int) -> Callable[[Request], Awaitable[None]]:
        """A dependency that raises TooMany past `per_minute` calls of `name` from one address; `RequestContext` sends its headers."""
        item = RateLimitItemPerMinute(per_minute)

        async def check(request: Request) -> None:
            allowed, seconds = await self._spend(request, item, name, cost=1)
            if not allowed:
                raise TooMany(
                    "too_many_requests",
                    "Quá nhiều yêu cầu từ mạng này; hãy thử lại sau ít phút.",
                    "Too many requests from this network; try again shortly.",
                    retry_after_s=seconds,
                )

        return check

    async def charge(self, request: Request, name: str, *, cost: int, per_hour: int) -> None:
        """Take `cost` of the `per_hour` that an address has for `name`; raises TooMany, and takes nothing, where less is left."""
        allowed, seconds = await self._spend(request, RateLimitItemPerHour(per_hour), name, cost=cost)
        if not allowed:
            raise TooMany(
                "allowance_spent",
                "Mạng này đã kiểm tra quá nhiều giấy trong một giờ; hãy thử lại sau, hoặc gửi ít giấy hơn.",
                "This network has checked too many papers within the hour; try again later, or send fewer.",
                retry_after_s=seconds,
            )

    async def _spend(self, request: Request, item: RateLimitItem, name: str, *, cost: int) -> tuple[bool, int]:
        """Whether there was so much left, and the seconds until there is more; the answer's headers tell it."""
        who = network_of(request, trusted_proxies=self._trusted_proxies)
        allowed = await self._limiter.hit(item, name, who, cost=cost)
        reset_at, remaining = await self._limiter.get_window_stats(item, name, who)
        seconds = max(1, int(reset_at - time.time()))
        policy = f'"{name}";q={item.amount};w={item.get_expiry()}'
        request.state.headers = {"RateLimit-Policy": policy, "RateLimit": f'"{name}";r={remaining};t={seconds}'}
        return allowed, seconds


def network_of(request: Request, *, trusted_proxies: int) -> str:
    """The address that a request came from, of IPv6 its /64; `trusted_proxies` entries of X-Forwarded-For are believed."""
    host = request.client.host if request.client else ""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if trusted_proxies and len(hops) >= trusted_proxies:
        host = hops[-trusted_proxies]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
