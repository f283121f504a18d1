"""Our errors as problem details [RFC 9457]: the one table of HTTP statuses.

Neither input values nor libraries' exception texts get into a response; unknown exceptions are an
opaque 500 with the request's id.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Route

from certsvc.api import pages
from certsvc.errors import (
    Broken,
    CertsvcError,
    Conflict,
    ErrorItem,
    Forbidden,
    InputError,
    NotFound,
    TooMany,
    Unavailable,
)
from certsvc.logs import get_logger
from certsvc.refusals import internal_error, invalid_request

MEDIA_TYPE = "application/problem+json"
_STATUSES: Mapping[type[CertsvcError], HTTPStatus] = {
    InputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Broken: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_BY_CODE = {
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_files": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_codes": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "list_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_rows": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large_unpacked": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_a_table": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_utf8": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "unknown_xml": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "not_pdf_or_image": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "no_key": HTTPStatus.UNAUTHORIZED,
    "bad_token": HTTPStatus.UNAUTHORIZED,
}
_PLAIN: Mapping[int, tuple[str, str, str]] = {
    401: ("unauthorized", "Cần khoá truy cập.", "An API key is needed."),
    404: ("not_found", "Không có trang này.", "There is no such page."),
    405: (
        "method_not_allowed",
        "Phương thức không được hỗ trợ ở địa chỉ này.",
        "This address does not support that method.",
    ),
    413: ("too_large", "Dữ liệu gửi lên quá lớn.", "What was sent is too large."),
    415: ("unsupported_media_type", "Kiểu dữ liệu không được hỗ trợ.", "This media type is not supported."),
    416: (
        "no_such_range",
        "Tệp không có đoạn này; hãy tải cả tệp.",
        "The file has no such range; ask for the whole file.",
    ),
}
_log = get_logger()


def status_of(error: CertsvcError) -> HTTPStatus:
    """The HTTP status of one of our errors, by its code, else by its family."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next(status for family, status in _STATUSES.items() if isinstance(error, family))


def problem(
    request: Request, status: int, code: str, message_vi: str, message_en: str, **more: Any
) -> Response:
    """A problem document, or for a browser a page that says the same."""
    document = {
        "type": f"urn:certsvc:problem:{code}",
        "title": message_vi,
        "detail": message_en,
        "status": status,
        "code": code,
        "message_vi": message_vi,
        "message_en": message_en,
        "errors": more.pop("errors", []),
        "request_id": getattr(request.state, "request_id", None),
        **more,
    }
    if pages.is_for_browser(request):
        return pages.render(request, "problem.html", status=status, problem=document)
    return JSONResponse(document, status, media_type=MEDIA_TYPE)


def set_up_problems(app: FastAPI) -> None:
    @app.exception_handler(CertsvcError)
    async def _ours(request: Request, error: CertsvcError) -> Response:
        return _refused(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return _refused(request, invalid_request([_as_item(fault) for fault in error.errors()]))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        default = (
            f"http_{error.status_code}",
            "Yêu cầu không được chấp nhận.",
            "The request was not accepted.",
        )
        code, message_vi, message_en = _PLAIN.get(error.status_code, default)
        answer = problem(request, error.status_code, code, message_vi, message_en)
        for name, value in (error.headers or {}).items():
            answer.headers[name] = value
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(sorted(_methods(request)))
        return answer


def _refused(request: Request, error: CertsvcError) -> Response:
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request.failed", code=error.code, exc_info=error)
    facts = {name: value for name, value in error.facts.items() if name != "retry_after_s"}
    answer = problem(
        request, status, error.code, error.message_vi, error.message_en, errors=list(error.errors), **facts
    )
    if "retry_after_s" in error.facts:
        answer.headers["Retry-After"] = str(error.facts["retry_after_s"])
    if status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def unknown_error(request: Request, error: Exception) -> Response:
    """What nobody foresaw: an opaque 500; the rest is in the log, under the request's id."""
    _log.error("request.crashed", exc_info=error, **structlog.contextvars.get_contextvars())
    shown = internal_error()
    answer = problem(request, 500, shown.code, shown.message_vi, shown.message_en)
    answer.headers["X-Request-ID"] = request.state.request_id  # made outside of `RequestContext`
    return answer


def _methods(request: Request) -> set[str]:
    """Of all routes at an address [RFC 9110 §15.5.6]; the one that refused knows only its own."""
    return {
        method
        for route in iter_route_contexts(request.app.routes)
        if isinstance(route.original_route, Route) and route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }


def _as_item(error: Mapping[str, Any]) -> ErrorItem:
    """A validation error without the input that it is about, which may be personal."""
    field = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path", "header"))
    return ErrorItem(
        field=field,
        row=None,
        rule=error["type"],
        message_vi="Giá trị không hợp lệ.",
        message_en=str(error["msg"]),
    )
