"""What `/openapi.json` says beyond what FastAPI sees of a route: its problems, its headers, and where its
answer leads.

It follows from what a route is made of (an address with names, a caller, a body, a limit), so a new route has
it too. What only the route knows it says itself: `responses={409: {}}` where one that only reads may meet a
conflict. Statuses with content of their own stay as they are.
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
"""By the schema of a thing: which member holds what calls about it have in their addresses."""

_OPENED = {"code": "$request.path.code", "grant": "$response.body#/grant"}
"""The second factor opens the PDF of the code it was given for."""

_WORKS_ALWAYS = frozenset({"/livez"})
_MEANINGS: Mapping[int, str] = {
    400: "The body cannot be read",
    401: "No key, or none that is good",
    403: "Not for this caller: role, scope, facility, or a proof that does not fit",
    404: "No such thing, or not for this caller",
    409: "The state of things does not allow it",
    413: "More than is taken at a time",
    415: "A file of a kind that is not read here",
    416: "The file has no such range",
    422: "Something sent is not right; `errors` has each",
    429: "Too many calls or tries",
    500: "A failure of the service; give the operator `request_id`",
    503: "Cannot now; try again later",
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
    """Members of an answer's description that say which headers it has."""
    assert not set(names) - _HEADERS.keys()
    return {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}


def file(*media_types: str) -> Described:
    """An answer that is a file to keep."""
    return {"content": {each: {} for each in media_types}, **headers("Content-Disposition")}


def set_up_openapi(app: FastAPI) -> None:
    """Last, when all routes are there."""
    describe = app.openapi

    @functools.cache
    def complete() -> Described:
        document = describe()
        limited = [
            each for each in iter_route_contexts(app.routes) if isinstance(each.original_route, LimitedRoute)
        ]
        _complete(document, {(method, each.path) for each in limited for method in each.methods or ()})
        return document

    app.openapi = complete  # type: ignore[method-assign] # the way that FastAPI's documentation tells


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
            answer["content"] = {each: {"schema": _schema_of(each)} for each in media_types}
    operation["responses"] = dict(sorted(answers.items()))


def _schema_of(media_type: str) -> Described:
    return {"$ref": "#/components/schemas/Problem"} if media_type == MEDIA_TYPE else {"type": "string"}


def _problems(method: str, path: str, operation: Described, *, is_limited: bool) -> Iterator[int]:
    """What a call may be told, whatever it is about."""
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
    sent = {each["name"] for each in operation.get("parameters", [])}
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
    """To every call whose address asks for nothing but what an answer tells, and words that there are few
    of.
    """
    for status, answer in operation["responses"].items():
        schema = _last(answer.get("content", {}).get("application/json", {}).get("schema", {}))
        known = _named(schema, schemas) if status.startswith("2") else {}
        links = {
            each["operationId"]: {
                "operationId": each["operationId"],
                "parameters": {name: known[name] for name in sorted(asked)},
            }
            for (_, address), each in operations.items()
            if (asked := _open_names(address, each, schemas)) and asked <= known.keys()
        }
        if schema == "ProvenOut":
            links["download"] = {
                "operationId": operations["GET", f"{path}/pdf"]["operationId"],
                "parameters": _OPENED,
            }
        if links:
            answer["links"] = links


def _named(schema: str, schemas: Described) -> dict[str, str]:
    """Where an answer holds the names of what it tells of; a page those of its first item."""
    item = _last(schemas.get(schema, {}).get("properties", {}).get("items", {}).get("items", {}))
    place = "items/0/" if item in NAMED_IN else ""
    return {
        name: f"$response.body#/{place}{member}" for name, member in NAMED_IN.get(item or schema, {}).items()
    }


def _open_names(path: str, operation: Described, schemas: Described) -> set[str]:
    """Names in an address for which there is no list of words."""
    words = {
        each["name"]
        for each in operation.get("parameters", [])
        if each["in"] == "path" and "enum" in (each["schema"] | schemas.get(_last(each["schema"]), {}))
    }
    return set(re.findall(r"{(\w+)}", path)) - words


def _last(schema: Described) -> str:
    """The name of the component that it is, or nothing."""
    return str(schema.get("$ref", "")).rpartition("/")[2]
