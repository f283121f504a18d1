"""What `/openapi.json` says beyond what FastAPI sees of a route: its problems, its headers, and where its
response links to.

That follows from what a route is made of (names in its address, a caller, a body, a limit), so new routes get
it too. What only the route knows it declares itself: `responses={409: {}}` where one that only reads may meet
a conflict. Statuses with content of their own are left as they are.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from certsvc.api.limits import LimitedRoute
from certsvc.api.problems import MEDIA_TYPE
from certsvc.api.schemas import Problem

Described = dict[str, Any]

PAPER_TYPES = "application/pdf, image/jpeg, image/png, image/webp"
"""What can be checked, as a form's `encoding` has it."""

NAMED_IN: Mapping[str, Mapping[str, str]] = {
    "CertificateOut": {"certificate_id": "id", "code": "code"},
    "BatchOut": {"batch_id": "id"},
    "WebhookOut": {"webhook_id": "id"},
    "WebhookWithSecret": {"webhook_id": "id"},
    "MappingOut": {"name": "name"},
    "RecallOut": {"recall_id": "id"},
}
"""By schema: which of its members fills which name in the addresses of calls about it."""

_OPENED = {"code": "$request.path.code", "grant": "$response.body#/grant"}
"""The second factor opens the PDF of the code that it was given for."""

_WORKS_ALWAYS = frozenset({"/livez"})
_MEANINGS: Mapping[int, str] = {
    400: "The body cannot be read",
    401: "No key, or not a valid one",
    403: "Not for this caller: role, scope, facility, or a proof that does not fit",
    404: "No such thing, or not for this caller",
    409: "The state of things does not allow it",
    413: "More than is accepted at a time",
    415: "A file of a kind that is not read here",
    416: "The file has no such range",
    422: "Something sent is not right; see `errors`",
    429: "Too many calls or tries",
    500: "The service failed; give the operator `request_id`",
    503: "Not possible now; try again later",
}
_HEADERS: Mapping[str, Described] = {
    "X-Request-ID": {
        "description": "what the service's log knows the call by",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}},
    "Location": {
        "description": "address of what was made or accepted",
        "required": True,
        "schema": {"type": "string"},
    },
    "Link": {"description": 'the next page, `rel="next"` [RFC 8288]', "schema": {"type": "string"}},
    "ETag": {"required": True, "schema": {"type": "string", "pattern": '^"[!-~]+"$'}},
    "Last-Modified": {"required": True, "schema": {"type": "string"}},
    "Cache-Control": {"required": True, "schema": {"type": "string"}},
    "Vary": {"required": True, "schema": {"type": "string"}},
    "Access-Control-Allow-Origin": {"required": True, "schema": {"type": "string", "const": "*"}},
    "Accept-Ranges": {"required": True, "schema": {"type": "string", "const": "bytes"}},
    "Content-Range": {"required": True, "schema": {"type": "string", "pattern": "^bytes "}},
    "Content-Disposition": {"description": "a name for the file", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "the answer was stored at an earlier call",
        "schema": {"type": "string", "const": "true"},
    },
    "RateLimit": {"description": "what this network has left", "schema": {"type": "string"}},
    "RateLimit-Policy": {"schema": {"type": "string"}},
}


def headers(*names: str) -> Described:
    """The part of a response's description that names its headers."""
    assert not set(names) - _HEADERS.keys()
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}


def file(*media_types: str) -> Described:
    """A response that is a file to save."""
    return {"content": {media_type: {} for media_type in media_types}, **headers("Content-Disposition")}


def set_up_openapi(app: FastAPI) -> None:
    """Last, once all routes are included."""
    describe = app.openapi

    @functools.cache
    def complete() -> Described:
        document = describe()
        limited = {
            (method, route.path)
            for route in iter_route_contexts(app.routes)
            if isinstance(route.original_route, LimitedRoute)
            for method in route.methods or ()
        }
        _complete(document, limited)
        return document

    app.openapi = complete  # type: ignore[method-assign] # the way FastAPI's documentation shows


def _complete(document: Described, limited: set[tuple[str, str | None]]) -> None:
    components = document["components"]
    for replaced in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(replaced, None)
    components["schemas"]["Problem"] = Problem.model_json_schema()
    components["headers"] = dict(_HEADERS)
    operations = {
        (method.upper(), path): operation
        for path, calls in document["paths"].items()
        for method, operation in calls.items()
    }
    for (method, path), operation in operations.items():
        _tell_problems(method, path, operation, is_limited=(method, path) in limited)
        _tell_headers(operation, is_limited=(method, path) in limited)
        _tell_links(path, operation, operations, components["schemas"])


def _tell_problems(method: str, path: str, operation: Described, *, is_limited: bool) -> None:
    answers = operation["responses"]
    answers.pop("422", None)  # FastAPI's idea of it
    for status in _problems(method, path, operation, is_limited=is_limited):
        answers.setdefault(str(status), {})
    media_types = (MEDIA_TYPE, *(() if path.startswith("/v1/") else ("text/html",)))
    for status, answer in answers.items():
        if int(status) >= HTTPStatus.BAD_REQUEST and "content" not in answer:
            answer["description"] = _MEANINGS[int(status)]
            answer["content"] = {media_type: {"schema": _schema_of(media_type)} for media_type in media_types}
    operation["responses"] = dict(sorted(answers.items()))


def _schema_of(media_type: str) -> Described:
    return {"$ref": "#/components/schemas/Problem"} if media_type == MEDIA_TYPE else {"type": "string"}


def _problems(method: str, path: str, operation: Described, *, is_limited: bool) -> Iterator[int]:
    """Error statuses that any such call may get."""
    body = operation.get("requestBody", {}).get("content", {})
    if "security" in operation:
        yield from (401, 403)
        if method != "GET":
            yield 409
    if "{" in path:
        yield 404
    if body:
        yield from (400, 413)
    if "multipart/form-data" in body:
        yield 415
    if body or operation.get("parameters"):
        yield 422
    if is_limited:
        yield 429
    if path not in _WORKS_ALWAYS:
        yield from (500, 503)


def _tell_headers(operation: Described, *, is_limited: bool) -> None:
    sent = {parameter["name"] for parameter in operation.get("parameters", [])}
    for status, answer in operation["responses"].items():
        names = ["X-Request-ID"]
        names += ["RateLimit", "RateLimit-Policy"] if is_limited else []
        names += ["WWW-Authenticate"] if status == "401" else []
        names += ["Retry-After"] if status in {"409", "429", "503"} else []
        names += ["Link"] if status == "200" and "cursor" in sent else []
        names += ["Idempotent-Replayed"] if status.startswith("2") and "idempotency-key" in sent else []
        answer["headers"] = answer.get("headers", {}) | headers(*names)["headers"]


def _tell_links(
    path: str, operation: Described, operations: Mapping[tuple[str, str], Described], schemas: Described
) -> None:
    """To every call whose address needs only names that the response holds, besides those with a list of
    words.
    """
    for status, answer in operation["responses"].items():
        schema = _last(answer.get("content", {}).get("application/json", {}).get("schema", {}))
        known = _named(schema, schemas) if status.startswith("2") else {}
        links = {
            other["operationId"]: {
                "operationId": other["operationId"],
                "parameters": {name: known[name] for name in sorted(needed)},
            }
            for (_, address), other in operations.items()
            if (needed := _open_names(address, other, schemas)) and needed <= known.keys()
        }
        if schema == "ProvenOut":
            links["download"] = {
                "operationId": operations["GET", f"{path}/pdf"]["operationId"],
                "parameters": _OPENED,
            }
        if links:
            answer["links"] = links


def _named(schema: str, schemas: Described) -> dict[str, str]:
    """Where a response holds the names of what it is about; in a page, those of its first item."""
    item = _last(schemas.get(schema, {}).get("properties", {}).get("items", {}).get("items", {}))
    place = "items/0/" if item in NAMED_IN else ""
    return {
        name: f"$response.body#/{place}{member}" for name, member in NAMED_IN.get(item or schema, {}).items()
    }


def _open_names(path: str, operation: Described, schemas: Described) -> set[str]:
    """Names in an address whose values are not from a list of words."""
    words = {
        parameter["name"]
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "path"
        and "enum" in (parameter["schema"] | schemas.get(_last(parameter["schema"]), {}))
    }
    return set(re.findall(r"{(\w+)}", path)) - words


def _last(schema: Described) -> str:
    """The name of the component that it refers to, or nothing."""
    return str(schema.get("$ref", "")).rpartition("/")[2]
