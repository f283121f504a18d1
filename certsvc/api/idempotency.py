"""`Idempotency-Key`: the same key and content get the stored answer, not a second effect [api, Idempotency].

draft-ietf-httpapi-idempotency-key-header-07: other content under a used key is 422, a call still
running 409. Nothing is kept of a call that raised: its transaction was rolled back.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from certsvc.api.access import Now, Res
from certsvc.errors import Conflict, InputError
from certsvc.models import ApiKey, StoredAnswer
from certsvc.store import Database, answers
from certsvc.vault import Vault

_ABANDONED = dt.timedelta(minutes=10)
_KEPT_HEADERS = ("location", "retry-after", "etag", "content-type")

IdempotencyKey = Annotated[
    str | None, Header(max_length=255, min_length=1, description="same key, same content: the stored answer")
]


def fingerprint(*parts: str | bytes) -> str:
    """SHA-256 (hex) of what makes two calls the same: method, path, parsed content."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else part.encode()
        digest.update(len(raw).to_bytes(8))
        digest.update(raw)
    return digest.hexdigest()


async def answer_once(
    db: Database,
    key: str | None,
    *,
    vault: Vault,
    caller: ApiKey,
    request_sha256: str,
    now: dt.datetime,
    work: Callable[[], Awaitable[Response]],
) -> Response:
    """The stored answer, or that of `work`, which is then stored."""
    if key is None:
        return await work()
    if stored := await _reserve(db, key, vault=vault, caller=caller, request_sha256=request_sha256, now=now):
        return stored
    try:
        response = await work()
    except BaseException:
        async with db.begin() as session:
            await answers.drop_answer(session, caller_id=caller.id, key=key)
        raise
    async with db.begin() as session:
        kept = await answers.find_answer(session, caller_id=caller.id, key=key)
        if kept is not None:
            kept.status = response.status_code
            kept.body = vault.seal_answer(_place(caller, key), bytes(response.body))
            sent = response.headers
            kept.headers = {name: sent[name] for name in _KEPT_HEADERS if name in sent}
    return response


async def _reserve(
    db: Database, key: str, *, vault: Vault, caller: ApiKey, request_sha256: str, now: dt.datetime
) -> Response | None:
    try:
        async with db.begin() as session:
            await answers.forget_answers(session, older_than=now - answers.KEPT)
            kept = await answers.find_answer(session, caller_id=caller.id, key=key)
            if kept is None:
                await answers.open_answer(
                    session, caller_id=caller.id, key=key, request_sha256=request_sha256, now=now
                )
                return None
            return _replay(kept, request_sha256, vault=vault, place=_place(caller, key), now=now)
    except Conflict as error:  # the same key at the same moment
        raise _still_running() from error


def _place(caller: ApiKey, key: str) -> str:
    return f"{caller.id.hex}/{key}"


def _replay(
    kept: StoredAnswer, request_sha256: str, *, vault: Vault, place: str, now: dt.datetime
) -> Response | None:
    if kept.request_sha256 != request_sha256:
        raise InputError(
            "idempotency_key_reused",
            "Idempotency-Key này đã dùng cho một yêu cầu khác.",
            "This Idempotency-Key was used with another request.",
        )
    if kept.status is not None:
        return Response(
            vault.open_answer(place, kept.body),
            kept.status,
            headers={**_text(kept.headers), "Idempotent-Replayed": "true"},
        )
    if now - kept.created_at < _ABANDONED:
        raise _still_running()
    kept.created_at = now  # that call died; the natural key still prevents a second certificate
    return None


def _text(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items()}


def _still_running() -> Conflict:
    return Conflict(
        "still_running",
        "Yêu cầu với khoá này còn đang chạy; hãy thử lại sau.",
        "The request with this key is still running; try again later.",
        retry_after_s=2,
    )


class _Once:
    """How a call answers whose effect must happen once. Two calls are the same by method, path and content;
    JSON is compared parsed.
    """

    def __init__(self, request: Request, res: Res, now: Now, idempotency_key: IdempotencyKey = None) -> None:
        self._request, self._res, self._now, self._key = request, res, now, idempotency_key

    async def __call__(
        self, work: Callable[[], Awaitable[Response]], *content: str | BaseModel, caller: ApiKey
    ) -> Response:
        parts = [
            part if isinstance(part, str) else json.dumps(part.model_dump(mode="json"), sort_keys=True)
            for part in content
        ]
        asked = fingerprint(self._request.method, self._request.url.path, *parts)
        return await answer_once(
            self._res.db,
            self._key,
            vault=self._res.vault,
            caller=caller,
            request_sha256=asked,
            now=self._now,
            work=work,
        )


Once = Annotated[_Once, Depends()]


def json_answer(body: Any, status: int, **headers: str) -> Response:
    """A JSON answer whose bytes can be stored."""
    return JSONResponse(
        body, status, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
