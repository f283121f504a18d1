"""What schemathesis is told of us: bodies that get through, who seems to ask, and that headers too must be
documented.

Its `SCHEMATHESIS_HOOKS`. In the environment: `FUZZ_KEY` of who asks, `FUZZ_PAPER` where a paper to check
lies, its `FUZZ_CODE` and a `FUZZ_GRANT` to download it, `FUZZ_REACHES_MOST`.
"""

import itertools
import json
import os
import zlib
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias

import schemathesis
from hypothesis import strategies as st
from schemathesis import AuthContext, Case, CheckContext, GenerationMode, HookContext, Response

from tests.fuzzing.records import FACTOR, fuzzed_record
from tests.support.records import as_csv

Body = Any
AnyCase: TypeAlias = Case[Any]
_NUMBERS = 900_000
_EVERYWHERE = frozenset(
    {
        *("content-type", "content-length", "transfer-encoding", "date", "connection"),
        *(
            "cache-control",
            "content-security-policy",
            "referrer-policy",
            "x-content-type-options",
            "x-frame-options",
            "x-robots-tag",
        ),
        *(
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "permissions-policy",
            "strict-transport-security",
        ),
    }
)
"""Of HTTP itself, and those that every answer has for browsers' sake."""
_asked = itertools.count()


def _certificate(body: Body, number: int) -> Body:
    return {**body, "kind": ("sick_leave", "recovery")[number % 2], "record": fuzzed_record(number)}


_RECALL = {"facility": "01801", "kind": "recovery", "reason": "fraud", "needs_approval": True}

GOOD: Mapping[str, Callable[[Body, int], Body]] = {
    "POST /v1/certificates": _certificate,
    "POST /v1/webhooks": lambda body, _: {**body, "url": "http://127.0.0.1:9/"},
    "POST /v/{code}": lambda *_: FACTOR,
    "POST /v1/certificates/{certificate_id}/{change}": lambda *_: {"reason": "fraud"},
    "POST /v1/webhooks/{webhook_id}/replay": lambda *_: {"failed_since": "2026-01-01T00:00:00Z"},
    **dict.fromkeys(
        ("POST /v1/recalls", "POST /v1/recalls/preview"),
        lambda *_: {"facility": "01801", "kind": "recovery", "reason": "fraud", "needs_approval": True},
    ),
    "POST /v1/recalls/{recall_id}/decline": lambda *_: {"text": "xem lại"},
    "PUT /v1/mappings/{name}": lambda *_: {
        "columns": {"Tên": "full_name", "Bỏ": None},
        "defaults": {"test_method": "antigen"},
    },
}
"""By operation, a body that is right beyond what a schema can say; three in four that are valid become
one.
"""


_FILES = st.lists(st.integers(0, _NUMBERS).map(fuzzed_record), min_size=1, max_size=3).map(
    lambda records: as_csv(*records)
)
schemathesis.openapi.media_type("text/csv", _FILES)
schemathesis.openapi.media_type("application/pdf", st.just(Path(os.environ["FUZZ_PAPER"]).read_bytes()))


@schemathesis.hook
def map_case(_: HookContext, case: AnyCase) -> AnyCase:
    make = GOOD.get(case.operation.label)
    is_valid = case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE
    if make and is_valid and isinstance(case.body, dict):
        number = zlib.crc32(repr(sorted(case.body.items(), key=str)).encode("utf-8", "replace"))
        if number % 4:
            case.body = make(case.body, number // 4 % _NUMBERS)
    if case.operation.label == "GET /v1/certificates" and is_valid and len(case.query) % 2 == 0:
        case.query = {"status": "issued"}  # what most calls about one need
    if case.path.startswith("/v/{code}") and is_valid and len(str(case.path_parameters)) % 4:
        case.path_parameters["code"] = os.environ["FUZZ_CODE"]
        case.query = {"grant": os.environ["FUZZ_GRANT"]} if case.path.endswith("/pdf") else case.query
    return case


if "FUZZ_KEY" in os.environ:

    @schemathesis.auth()
    class Key:
        """Where the document asks for one."""

        def get(self, _: AnyCase, __: AuthContext) -> str:
            return os.environ["FUZZ_KEY"]

        def set(self, case: AnyCase, data: str, _: AuthContext) -> None:
            if "security" in case.operation.definition.raw:
                case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(_: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
    """From another network each time, so that no rate limit hides a route."""
    number = next(_asked)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@schemathesis.check
def headers_are_documented(_: CheckContext, response: Response, case: AnyCase) -> None:
    """What a client may build upon stands in the document."""
    answers = case.operation.definition.raw["responses"]
    described = answers.get(str(response.status_code), {}).get("headers", {})
    strange = {name.lower() for name in response.headers} - {name.lower() for name in described} - _EVERYWHERE
    if strange and str(response.status_code) in answers:
        raise AssertionError(
            f"headers of {response.status_code} that the document does not have: {sorted(strange)}"
        )


@schemathesis.check
def problems_are_clear(_: CheckContext, response: Response, case: AnyCase) -> None:
    """Every refusal is one of ours: it says in both languages what is wrong."""
    if (
        response.status_code < HTTPStatus.BAD_REQUEST
        or "json" not in response.headers.get("content-type", [""])[0]
    ):
        return
    told = json.loads(response.content)
    if "parts" not in told and not (
        told["message_vi"] and told["message_en"] and told["status"] == response.status_code
    ):
        raise AssertionError("a problem without its texts")


@schemathesis.check
class MostIsReached:
    """A caller who may do all but a facility's own business got through to five in six operations, or the run
    proves little.

    The rest are matters of luck and state.
    """

    def __init__(self) -> None:
        self._reached: set[str] = set()
        self._tried: set[str] = set()
        self._others: set[str] = set()

    def after_response(self, _: CheckContext, response: Response, case: AnyCase) -> None:
        is_others = response.status_code == HTTPStatus.FORBIDDEN and b'"only_facilities"' in response.content
        (self._others if is_others else self._tried).add(case.operation.label)
        if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            self._reached.add(case.operation.label)

    def after_run(self, _: CheckContext) -> None:
        ours = self._tried - self._others
        missed = ours - self._reached
        if os.environ.get("FUZZ_REACHES_MOST") and len(missed) > len(ours) / 6:
            raise AssertionError(f"never answered well: {', '.join(sorted(missed))}")
