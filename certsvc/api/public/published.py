"""What a checker keeps for times without a network: the trust list and the status lists, as signed by a
worker.
"""

import datetime as dt
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from certsvc.api.access import Res
from certsvc.api.limits import LimitedRoute
from certsvc.api.openapi import headers
from certsvc.errors import NotFound
from certsvc.store import status_lists

router = APIRouter(route_class=LimitedRoute, tags=["public"])
_JWT, _CWT = "application/statuslist+jwt", "application/statuslist+cwt"
_KEPT_S = 60
"""How long a cache may keep a response; a withdrawal is in the list within a minute."""
_SENT = headers("ETag", "Cache-Control", "Vary", "Last-Modified", "Access-Control-Allow-Origin")


def _answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {} for media_type in media_types}, **_SENT}, 304: _SENT}


@router.get(
    "/.well-known/certsvc.json", response_class=Response, responses=_answers("application/json") | {404: {}}
)
async def trust_list(request: Request, res: Res) -> Response:
    """Whom to trust: issuers, chains, keys for QR claims, addresses of status lists; signed."""
    async with res.db.read() as session:
        found = await status_lists.find_trust_list(session)
    if found is None:
        raise _not_yet()
    return _cacheable(request, found.body, media_type="application/json", at=found.signed_at)


@router.get("/status/{number}", response_class=Response, responses=_answers(_JWT, _CWT))
async def status_list(
    number: Annotated[int, Path(ge=0, le=2**31 - 1)], request: Request, res: Res
) -> Response:
    """A Token Status List: a JWT, or a CWT for `Accept: application/statuslist+cwt`."""
    async with res.db.read() as session:
        found = await status_lists.find_list(session, number)
    if found is None or found.jwt is None or found.cwt is None or found.built_at is None:
        raise _not_yet()
    is_cwt = _CWT in request.headers.get("Accept", "")
    return _cacheable(
        request, found.cwt if is_cwt else found.jwt, media_type=_CWT if is_cwt else _JWT, at=found.built_at
    )


def _cacheable(request: Request, body: bytes, *, media_type: str, at: dt.datetime) -> Response:
    """The document, or 304 for a client that has it."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={_KEPT_S}",
        "Vary": "Accept",
        "Last-Modified": f"{at:%a, %d %b %Y %H:%M:%S} GMT",
    }
    headers["Access-Control-Allow-Origin"] = "*"  # somebody else's verifier may run in a browser
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _not_yet() -> NotFound:
    return NotFound(
        "no_such_list",
        "Không có danh sách này, hoặc chưa được phát hành; hãy thử lại sau ít phút.",
        "There is no such list, or it is not published yet; try again in a few minutes.",
    )
