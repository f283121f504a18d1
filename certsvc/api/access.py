"""Who calls, and what every handler needs: the caller's key, the resources, the time."""

import datetime as dt
from typing import Annotated, cast

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from certsvc.callers import find_caller, require_writer
from certsvc.errors import InputError
from certsvc.models import ApiKey
from certsvc.resources import Resources

_bearer = HTTPBearer(auto_error=False, description="API key, made with `certsvc keys create`")


async def get_resources(request: Request) -> Resources:
    return cast("Resources", request.app.state.resources)


async def get_now(request: Request) -> dt.datetime:
    now: dt.datetime = request.app.state.clock()
    return now


Res = Annotated[Resources, Depends(get_resources)]
Now = Annotated[dt.datetime, Depends(get_now)]


async def get_caller(res: Res, now: Now, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> ApiKey:
    caller = await find_caller(res.db, credentials.credentials, now=now) if credentials else None
    if caller is None:
        raise InputError(
            "no_key",
            "Cần khoá truy cập hợp lệ trong tiêu đề Authorization: Bearer.",
            "A valid API key is needed in the header Authorization: Bearer.",
        )
    structlog.contextvars.bind_contextvars(caller=caller.prefix)
    return caller


Reader = Annotated[ApiKey, Depends(get_caller)]


async def get_writer(caller: Reader) -> ApiKey:
    return require_writer(caller)


Writer = Annotated[ApiKey, Depends(get_writer)]
