"""What every handler needs: the caller, the resources, the time.

A caller shows an API key or the OpenID provider's token in `Authorization`, or the cookie of a browser that
signed in at `/staff`. To everything that follows, all three are one kind of caller.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Annotated, cast

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from certsvc.api.browser import find_signed_in, require_own_form
from certsvc.callers.keys import BRAND, find_caller, require_scope
from certsvc.callers.subjects import find_subject_caller, read_subject
from certsvc.errors import InputError
from certsvc.models import ApiKey, Scope
from certsvc.resources import Resources

_bearer = HTTPBearer(
    auto_error=False,
    description="API key, made with `certsvc keys create`, or a token of the configured OpenID provider",
)


async def get_resources(request: Request) -> Resources:
    return cast("Resources", request.app.state.resources)


async def get_now(request: Request) -> dt.datetime:
    now: dt.datetime = request.app.state.clock()
    return now


Res = Annotated[Resources, Depends(get_resources)]
Now = Annotated[dt.datetime, Depends(get_now)]


async def get_caller(
    request: Request,
    res: Res,
    now: Now,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> ApiKey:
    """Raises InputError `no_key`, `bad_token`; Forbidden for a token without a role here, or a form that is
    not ours.
    """
    if credentials is not None:
        caller = await _bearer_caller(credentials.credentials, res=res, now=now)
    else:
        caller = await _session_caller(request, res=res, now=now)
    if caller is None:
        raise InputError(
            "no_key",
            "Cần khoá truy cập hợp lệ trong tiêu đề Authorization: Bearer.",
            "A valid API key is needed in the header Authorization: Bearer.",
        )
    structlog.contextvars.bind_contextvars(caller=caller.prefix)
    return caller


async def _bearer_caller(text: str, *, res: Resources, now: dt.datetime) -> ApiKey | None:
    if text.startswith(BRAND) or res.provider is None or not text.isascii():
        return await find_caller(res.db, text, now=now)
    claims = await res.provider.read_token(text, now=now)
    return await find_subject_caller(res.db, read_subject(claims, res.settings), now=now)


async def _session_caller(request: Request, *, res: Resources, now: dt.datetime) -> ApiKey | None:
    signed_in = await find_signed_in(request, res=res, now=now)
    if signed_in is None:
        return None
    if request.method not in {"GET", "HEAD"}:
        require_own_form(request, signed_in, request.headers.get("X-CSRF-Token", ""), settings=res.settings)
    return signed_in.caller


def _needs(scope: Scope) -> Callable[[ApiKey], Awaitable[ApiKey]]:
    """A dependency: the caller, if role and scopes allow this."""

    async def get_allowed(caller: Annotated[ApiKey, Depends(get_caller)]) -> ApiKey:
        return require_scope(caller, scope)

    return get_allowed


Reader = Annotated[ApiKey, Depends(_needs(Scope.READ))]
Writer = Annotated[ApiKey, Depends(_needs(Scope.ISSUE))]
Withdrawer = Annotated[ApiKey, Depends(_needs(Scope.WITHDRAW))]
Approver = Annotated[ApiKey, Depends(_needs(Scope.APPROVE))]
