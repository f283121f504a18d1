"""Around every request: an id, a log line without personal data, security headers, a limit on the body."""

import time
import uuid
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from certsvc.api.limits import network_of
from certsvc.api.spool import Spool
from certsvc.config import Settings
from certsvc.logs import get_logger

_log = get_logger()
_SMALL_BODY = 128 * 1024
_MULTIPART_ROOM = 64 * 1024
_MANY_WITHOUT_KEY, _ONE_WITHOUT_KEY = ("/v1/verify/batch", "/check/many"), ("/v1/verify", "/check")
_SPOOLED_AT_ONCE = 3
"""Bodies of the largest size that may be under way without a key, or more of smaller ones."""
_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class RequestContext:
    """Gives each request an id, logs its route (never its path: that may hold a code) and adds headers."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = _raw(
            _HEADERS
            | ({"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} if is_https else {})
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:  # RFC 9110 clause 9.3.2: as GET, without the content
            scope["method"] = "GET"
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {}).update(request_id=request_id, is_head=is_head)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status, started = 500, time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = self._headers | _raw(scope["state"].get("headers", {}) | {"X-Request-ID": request_id})
                for name, _ in message["headers"]:
                    added.pop(name, None)
                message["headers"] = [*message["headers"], *added.items()]
            elif is_head:
                message["body"] = b""
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", None)
            _log.info(
                "request.done",
                method=scope["method"],
                route=route,
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )


def _raw(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Names and values as ASGI has them."""
    return {name.lower().encode(): value.encode() for name, value in headers.items()}


class BodyLimit:
    """Refuses a body over its route's limit while it streams in, whatever Content-Length says; without a key,
    also one for which other uploads leave no room (`spool`).
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._trusted_proxies = settings.trusted_proxies
        self._limits = {
            **dict.fromkeys(("/v1/batches", "/staff/batches", *_MANY_WITHOUT_KEY), settings.max_upload_bytes),
            **dict.fromkeys(_ONE_WITHOUT_KEY, settings.max_pdf_bytes),
        }
        largest = settings.max_upload_bytes + _MULTIPART_ROOM
        self._spool = Spool(each=largest, total=_SPOOLED_AT_ONCE * largest)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Only a form may be large: JSON is parsed in one go, in the event loop.
        is_form = Headers(scope=scope).get("content-type", "").startswith("multipart/form-data")
        path = scope["path"].rstrip("/")
        limit = self._limits.get(path, _SMALL_BODY) + _MULTIPART_ROOM if is_form else _SMALL_BODY
        is_spooled = is_form and path in (*_MANY_WITHOUT_KEY, *_ONE_WITHOUT_KEY)
        network = network_of(Request(scope), trusted_proxies=self._trusted_proxies) if is_spooled else ""
        taken = held = 0

        async def receive_limited() -> Message:
            nonlocal taken, held
            message = await receive()
            size = len(message.get("body", b""))
            taken += size
            if taken > limit:
                raise HTTPException(413)
            if is_spooled:
                self._spool.take(network, size)
                held += size
            return message

        try:
            await self._app(scope, receive_limited, send)
        finally:
            if held:
                self._spool.give_back(network, held)
