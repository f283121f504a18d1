"""What a browser that signed in at `/staff` sends: its session's cookie, and proof that a form is our own.

Forms carry `csrf_token` (macro `csrf_field` of `macros.html`), scripts the header `X-CSRF-Token`. The cookie
alone changes nothing, whichever page it is sent from.
"""

import datetime as dt
from urllib.parse import urlsplit

from fastapi import Request, Response

from certsvc.callers.sessions import SignedIn, find_session
from certsvc.config import Settings
from certsvc.errors import Forbidden
from certsvc.models import Origin
from certsvc.resources import Resources

HEADERS = {"Referrer-Policy": "same-origin"}
"""For pages with forms: without a referrer, browsers hide the origin of a form too [WHATWG Fetch "append a
request Origin header"].
"""


def cookie_name(name: str, settings: Settings) -> str:
    """Over https, a name that only this host can set, and only over https [RFC 6265bis §4.1.3.2]."""
    return f"__Host-certsvc-{name}" if _is_https(settings) else f"certsvc-{name}"


def set_cookie(response: Response, name: str, value: str, *, settings: Settings) -> None:
    """A cookie for this browser session that no script reads and no form of another site sends."""
    response.set_cookie(
        cookie_name(name, settings),
        value,
        secure=_is_https(settings),
        httponly=True,
        samesite="lax",
        path="/",
    )


def drop_cookie(response: Response, name: str, *, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(name, settings), secure=_is_https(settings), httponly=True, samesite="lax", path="/"
    )


def read_cookie(request: Request, name: str, *, settings: Settings) -> str | None:
    return request.cookies.get(cookie_name(name, settings)) or None


async def find_signed_in(request: Request, *, res: Resources, now: dt.datetime) -> SignedIn | None:
    """Who signed in with this browser, if the session is still valid."""
    text = read_cookie(request, "session", settings=res.settings)
    if text is None:
        return None
    idle = dt.timedelta(minutes=res.settings.session_idle_min)
    return await find_session(res.db, text, idle=idle, origins=_open_origins(res.settings), now=now)


def _open_origins(settings: Settings) -> frozenset[Origin]:
    ways = ((Origin.ACCOUNT, settings.local_accounts), (Origin.OIDC, settings.oidc_issuer is not None))
    return frozenset(origin for origin, is_open in ways if is_open)


def require_own_form(request: Request, signed_in: SignedIn, sent: str, *, settings: Settings) -> None:
    """Raises Forbidden `foreign_form` where another site sent this, or without the session's token."""
    require_same_origin(request, settings=settings)
    if not signed_in.is_csrf_token(sent):
        raise _foreign()


def require_same_origin(request: Request, *, settings: Settings) -> None:
    """By what the browser says: `Sec-Fetch-Site`, or without that `Origin`. Raises Forbidden
    `foreign_form`.
    """
    site = request.headers.get("Sec-Fetch-Site")
    is_own = site == "same-origin" if site is not None else request.headers.get("Origin") == _origin(settings)
    if not is_own:
        raise _foreign()


def _is_https(settings: Settings) -> bool:
    return settings.base_url.startswith("https://")


def _origin(settings: Settings) -> str:
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _foreign() -> Forbidden:
    return Forbidden(
        "foreign_form",
        "Yêu cầu này không đến từ trang của chúng tôi, hoặc trang đã mở quá lâu;"
        " hãy tải lại trang và thử lại.",
        "This request did not come from our own page, or the page was open for too long;"
        " load it again and retry.",
    )
