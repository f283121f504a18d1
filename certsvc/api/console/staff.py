"""Signing in to the console with a browser: local accounts, the OpenID provider, signing out.

Pages of the console take `Staff`, the session of whoever looks at them (others are redirected to sign in),
and `StaffForm` where they change something: its form must carry `csrf_token`.
"""

import datetime as dt
import secrets
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from certsvc.api import pages
from certsvc.api.access import Now, Res
from certsvc.api.browser import (
    HEADERS,
    drop_cookie,
    find_signed_in,
    read_cookie,
    require_own_form,
    require_same_origin,
    set_cookie,
)
from certsvc.api.limits import network_of
from certsvc.api.problems import problem, status_of
from certsvc.callers import accounts
from certsvc.callers.journeys import CALLBACK, sign_in_failed
from certsvc.callers.sessions import Marks, SignedIn, close_provider_sessions, close_session, open_session
from certsvc.callers.subjects import find_subject_caller, read_subject
from certsvc.errors import CertsvcError, InputError, NotFound, Unavailable
from certsvc.logs import get_logger
from certsvc.models import ApiKey, Origin
from certsvc.resources import Resources
from certsvc.templates.qr import qr_svg

if TYPE_CHECKING:
    from certsvc.callers.provider import Provider

router = APIRouter(include_in_schema=False)
_HOME, _SIGN_IN, _SIGNED_OUT = "/staff", "/staff/sign-in", "/staff/signed-out"
Typed = Annotated[str, Form(max_length=200)]
Secret = Annotated[str, Query(max_length=2000)]
_UNMARKED = Marks()
_log = get_logger()


async def get_staff(request: Request, res: Res, now: Now) -> SignedIn:
    """Who signed in with this browser; others are redirected to the sign-in page."""
    signed_in = await find_signed_in(request, res=res, now=now)
    if signed_in is None:
        raise HTTPException(303, headers={"Location": _SIGN_IN})
    structlog.contextvars.bind_contextvars(caller=signed_in.caller.prefix)
    return signed_in


Staff = Annotated[SignedIn, Depends(get_staff)]


async def get_staff_form(request: Request, res: Res, staff: Staff, csrf_token: Typed = "") -> SignedIn:
    """The same for our own forms. Raises Forbidden `foreign_form` for any other."""
    require_own_form(request, staff, csrf_token, settings=res.settings)
    return staff


StaffForm = Annotated[SignedIn, Depends(get_staff_form)]


@router.get("/staff/sign-in")
async def ask_sign_in(request: Request, res: Res) -> Response:
    return _sign_in_page(request, res)


def _sign_in_page(
    request: Request, res: Resources, *, name: str = "", error: CertsvcError | None = None
) -> Response:
    ways = {"has_accounts": res.settings.local_accounts, "has_provider": res.provider is not None}
    return pages.render(
        request,
        "staff_sign_in.html",
        status=status_of(error) if error else 200,
        headers=_headers(error),
        name=name,
        error=error,
        **ways,
    )


def _headers(error: CertsvcError | None) -> dict[str, str]:
    wait = error.facts.get("retry_after_s") if error else None
    return HEADERS | ({"Retry-After": str(wait)} if wait else {})


@router.post("/staff/sign-in")
async def sign_in(
    request: Request, res: Res, now: Now, name: Typed = "", password: Typed = "", code: Typed = ""
) -> Response:
    """With a local account: name, password and code at once, so nobody learns which of them was right."""
    try:
        require_same_origin(request, settings=res.settings)
        _require_accounts(res)
        caller, known_name = await accounts.check_sign_in(
            res.db,
            name=name,
            password=password,
            code=code,
            address=network_of(request, trusted_proxies=res.settings.trusted_proxies),
            passwords=request.app.state.passwords,
            vault=res.vault,
            now=now,
        )
    except CertsvcError as error:
        _log.warning("sign_in.refused", code=error.code)
        return _sign_in_page(request, res, name=name, error=error)
    return await _enter(request, caller, name=known_name, res=res, now=now)


async def _enter(
    request: Request, caller: ApiKey, *, name: str, res: Resources, now: dt.datetime, marks: Marks = _UNMARKED
) -> Response:
    """On to the home page, with a new session."""
    answer = RedirectResponse(_HOME, 303)
    await _give_session(request, answer, caller, name=name, res=res, now=now, marks=marks)
    return answer


async def _give_session(
    request: Request,
    answer: Response,
    caller: ApiKey,
    *,
    name: str,
    res: Resources,
    now: dt.datetime,
    marks: Marks = _UNMARKED,
) -> None:
    lifetime = dt.timedelta(hours=res.settings.session_hours)
    before = read_cookie(request, "session", settings=res.settings)
    text = await open_session(
        res.db, caller, name=name, lifetime=lifetime, now=now, instead_of=before, marks=marks
    )
    set_cookie(answer, "session", text, settings=res.settings)
    _log.info("sign_in.done", caller=caller.prefix, origin=str(caller.origin))


@router.get("/staff/enrol")
async def ask_enrol(request: Request, res: Res, now: Now, token: Secret = "") -> Response:
    """Where the one-time link leads: choose a password, scan the QR with an authenticator app."""
    return await _enrol_page(request, token, res=res, now=now)


async def _enrol_page(
    request: Request, token: str, *, res: Resources, now: dt.datetime, error: CertsvcError | None = None
) -> Response:
    _require_accounts(res)
    enrolment = await accounts.find_enrolment(res.db, token, vault=res.vault, now=now)
    status = status_of(error) if error else 200
    return pages.render(
        request,
        "staff_enrol.html",
        status=status,
        headers=_headers(error),
        enrolment=enrolment,
        token=token,
        qr=qr_svg(enrolment.uri),
        error=error,
    )


@router.post("/staff/enrol")
async def enrol(
    request: Request, res: Res, now: Now, token: Typed = "", password: Typed = "", code: Typed = ""
) -> Response:
    require_same_origin(request, settings=res.settings)
    _require_accounts(res)
    enrolment = await accounts.find_enrolment(res.db, token, vault=res.vault, now=now)
    try:
        caller, codes = await accounts.enrol(
            res.db,
            token,
            password=password,
            code=code,
            passwords=request.app.state.passwords,
            vault=res.vault,
            now=now,
        )
    except CertsvcError as error:
        return await _enrol_page(request, token, res=res, now=now, error=error)
    answer = pages.render(request, "staff_enrolled.html", headers=HEADERS, codes=codes)
    await _give_session(request, answer, caller, name=enrolment.name, res=res, now=now)
    return answer


def _require_accounts(res: Resources) -> None:
    if not res.settings.local_accounts:
        raise NotFound(
            "no_accounts", "Ở đây không dùng tài khoản riêng.", "There are no local accounts here."
        )


@router.get("/staff/sign-in/provider")
async def leave_for_provider(res: Res, now: Now) -> Response:
    """On to the OpenID provider; what must come back with the browser is kept in a sealed cookie."""
    journey = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    answer = RedirectResponse(await _provider(res).sign_in_address(**journey, now=now), 303)
    set_cookie(answer, "journey", res.vault.seal_journey(journey), settings=res.settings)
    return answer


@router.get(CALLBACK)
async def come_back(
    request: Request, res: Res, now: Now, state: Secret = "", code: Secret = "", iss: Secret = ""
) -> Response:
    """Back from the provider, with or without a code: only for the browser that left, and only once [RFC 9700
    §4.7; RFC 9207].
    """
    provider = _provider(res)
    journey = res.vault.open_journey(read_cookie(request, "journey", settings=res.settings) or "")
    try:
        if (
            not code
            or journey is None
            or not secrets.compare_digest(journey["state"].encode(), state.encode())
            or iss not in {"", res.settings.oidc_issuer}
        ):
            raise sign_in_failed()
        claims = await provider.redeem(code, nonce=journey["nonce"], verifier=journey["verifier"], now=now)
        subject = read_subject(claims, res.settings)
        caller = await find_subject_caller(res.db, subject, now=now)
        answer = await _enter(request, caller, name=subject.name, res=res, now=now, marks=Marks.of(claims))
    except CertsvcError as error:
        _log.warning("sign_in.refused", code=error.code)
        answer = _sign_in_page(request, res, error=error)
    drop_cookie(answer, "journey", settings=res.settings)
    return answer


def _provider(res: Resources) -> "Provider":
    if res.provider is None:
        raise NotFound(
            "no_provider", "Ở đây chưa cấu hình máy chủ đăng nhập.", "No sign-in server is configured here."
        )
    return res.provider


@router.post("/staff/back-channel-sign-out")
async def provider_signs_out(
    request: Request, res: Res, now: Now, logout_token: Annotated[str, Form(max_length=16384)] = ""
) -> Response:
    """The provider says that somebody signed out there [OpenID Connect Back-Channel Logout 1.0 §2.5]."""
    try:
        claims = await _provider(res).read_sign_out(logout_token, now=now)
    except InputError as error:
        return problem(request, 400, error.code, error.message_vi, error.message_en)  # clause 2.8
    await close_provider_sessions(res.db, Marks.of(claims))
    return Response()


@router.post("/staff/sign-out")
async def sign_out(request: Request, res: Res, staff: StaffForm) -> Response:
    """Delete the session from the database, and its cookie from the browser."""
    await close_session(res.db, read_cookie(request, "session", settings=res.settings) or "")
    answer = RedirectResponse(f"{_SIGNED_OUT}?from={staff.caller.origin}", 303)
    drop_cookie(answer, "session", settings=res.settings)
    return answer


@router.get("/staff/signed-out")
async def signed_out(
    request: Request, res: Res, now: Now, origin: Annotated[str, Query(alias="from", max_length=16)] = ""
) -> Response:
    """Says so; those who signed in at the provider may sign out there too."""
    try:
        is_theirs = res.provider is not None and origin == Origin.OIDC
        address = await _provider(res).sign_out_address(now=now) if is_theirs else None
    except Unavailable:  # signed out here is signed out
        address = None
    return pages.render(request, "staff_signed_out.html", headers=HEADERS, provider_address=address)
