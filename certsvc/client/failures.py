"""What a call may raise: one family, made from the service's problem documents [RFC 9457]."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx2


class ServiceError(Exception):
    """A call that did not succeed.

    `code` is stable, branch on it (docs/errors.md of the service); `message_vi` and `message_en` may be shown
    to people; `errors` lists what is wrong item by item (field, row, rule, message_vi, message_en); `facts`
    are the problem's other members, such as `certificate_id` of the one that exists. `status` is None where
    there was no answer.
    """

    def __init__(
        self,
        code: str,
        message_vi: str,
        message_en: str,
        *,
        status: int | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message_en}")
        self.code = code
        self.message_vi = message_vi
        self.message_en = message_en
        self.status = status
        self.errors = tuple(errors)
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        self.facts = dict(facts or {})


class InvalidRequest(ServiceError):
    """What was sent is wrong: 400, 413, 415, 422 and any other 4xx without a class of its own."""


class NoAccess(ServiceError):
    """No valid key, or one that may not do this: 401, 403."""


class NotFound(ServiceError):
    """No such thing, or it belongs to somebody else: 404."""


class Conflict(ServiceError):
    """The current state does not allow it, or it exists already: 409."""


class TooMany(ServiceError):
    """Try again in `retry_after_s`, if known: 429."""


class ServiceFailure(ServiceError):
    """The service, or a proxy before it, failed or cannot do this now: 5xx."""


class Unreachable(ServiceError):
    """No answer, or one that broke off. The code is `unreachable`."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            "unreachable",
            "Không kết nối được dịch vụ; hãy thử lại sau.",
            f"The service cannot be reached ({cause}); try again later.",
        )


class UnreadableAnswer(ServiceError):
    """A good status with content that is not the service's. The code is `unreadable_answer`."""

    def __init__(self, status: int) -> None:
        super().__init__(
            "unreadable_answer",
            "Câu trả lời không phải của dịch vụ; hãy kiểm tra địa chỉ.",
            "The answer is not the service's; check the address.",
            status=status,
        )


_BY_STATUS: dict[int, type[ServiceError]] = {
    401: NoAccess,
    403: NoAccess,
    404: NotFound,
    409: Conflict,
    429: TooMany,
}
_MEMBERS = frozenset(
    {"type", "title", "detail", "status", "code", "message_vi", "message_en", "errors", "request_id"}
)


def failure_of(response: httpx2.Response) -> ServiceError:
    """The exception for a bad answer that was read; if something other than the service answered, `code` is
    `http_<status>`.
    """
    status = response.status_code
    made = {
        "code": f"http_{status}",
        "message_vi": f"Máy chủ trả lời HTTP {status}.",
        "message_en": f"The server answered HTTP {status}.",
    }
    problem = made | _document(response)
    named = _BY_STATUS.get(
        status, ServiceFailure if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequest
    )
    errors = problem.get("errors")
    return named(
        str(problem["code"]),
        str(problem["message_vi"]),
        str(problem["message_en"]),
        status=status,
        errors=errors if isinstance(errors, list) else (),
        request_id=problem.get("request_id") or response.headers.get("X-Request-ID"),
        retry_after_s=retry_after_s(response),
        facts={name: value for name, value in problem.items() if name not in _MEMBERS},
    )


def _document(response: httpx2.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def retry_after_s(response: httpx2.Response) -> float | None:
    """Seconds of `Retry-After`; None without one, or if a proxy gives a date."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdecimal() else None
