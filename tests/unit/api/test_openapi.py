"""What `/openapi.json` says of each call; `tests/e2e/test_openapi.py` holds the service to it."""

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest

from certsvc.api.app import create_app
from certsvc.api.openapi import NAMED_IN
from certsvc.api.problems import _BY_CODE, _STATUSES
from certsvc.config import Settings
from tests.support.openapi import Document, Schema

_UNLINKED = {
    "claims": "stands in a QR alone",
    "number": "of a status list: the trust list, a file of its own, has the addresses",
    "change": "one of few words",
    "row": "of a file: its results, which are no JSON, have the numbers",
}
"""Names in addresses that no answer gives."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    app = create_app(
        Settings(
            data_dir=tmp_path_factory.mktemp("data"), secret="a secret that only tests may know, of 32 bytes"
        )
    )
    return app.openapi()


def _answers(described: Schema) -> Iterator[tuple[str, Schema, int, Schema]]:
    for path, calls in described["paths"].items():
        for method, operation in calls.items():
            for status, answer in operation["responses"].items():
                yield f"{method.upper()} {path}", operation, int(status), answer


def test_every_call_says_what_it_is_for_and_what_it_answers(described: Schema) -> None:
    """A line for people, and of each answer the kind of content, unless it has none."""
    empty = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
    for name, operation, status, answer in _answers(described):
        assert operation["summary"], name
        assert bool(answer.get("content")) != (status in empty), (name, status)
        assert answer["description"] not in {"", "Additional Response"}, (name, status)


def test_every_refusal_is_a_problem(described: Schema) -> None:
    for name, _, status, answer in _answers(described):
        if status >= HTTPStatus.BAD_REQUEST and name != "GET /readyz":
            assert answer["content"]["application/problem+json"]["schema"] == {
                "$ref": "#/components/schemas/Problem"
            }, (name, status)
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_refusals_follow_from_what_a_call_is_made_of(described: Schema) -> None:
    """Of a few calls all their statuses; the rules are the same for those to come."""
    found = {
        name: {int(status) for status in operation["responses"]}
        for name, operation, _, _ in _answers(described)
    }
    assert found["GET /livez"] == {200}
    assert found["GET /v1/designs"] == {200, 401, 403, 500, 503}
    assert found["GET /v1/certificates/{certificate_id}/pdf"] == {
        200,
        206,
        304,
        401,
        403,
        404,
        409,
        416,
        422,
        500,
        503,
    }
    assert found["POST /v1/batches"] == {202, 400, 401, 403, 404, 409, 413, 415, 422, 500, 503}
    assert found["POST /v1/verify"] == {200, 400, 413, 415, 422, 429, 500, 503}
    assert found["DELETE /v1/webhooks/{webhook_id}"] == {204, 401, 403, 404, 409, 422, 500, 503}


def test_every_status_of_our_errors_is_described_somewhere(described: Schema) -> None:
    statuses = {status for _, _, status, _ in _answers(described)}
    assert {int(status) for status in (*_STATUSES.values(), *_BY_CODE.values())} <= statuses


def test_headers_are_described(described: Schema) -> None:
    """Those of all, those of a refusal, and those of a kind of call."""
    known = described["components"]["headers"]
    for name, operation, status, answer in _answers(described):
        found = {header["$ref"].rpartition("/")[2] for header in answer["headers"].values()}
        assert found == answer["headers"].keys() <= known.keys()
        assert "X-Request-ID" in found, name
        assert ("WWW-Authenticate" in found) == (status == HTTPStatus.UNAUTHORIZED), name
        sent = {parameter["name"] for parameter in operation.get("parameters", [])}
        assert ("Idempotent-Replayed" in found) == (
            "idempotency-key" in sent and status < HTTPStatus.MULTIPLE_CHOICES
        ), name
        assert ("RateLimit" in found) == ("429" in operation["responses"] and "security" not in operation), (
            name
        )


def test_answers_lead_on(described: Schema) -> None:
    """Who has made something finds from the document every call about it; a new kind of name fails here until
    `NAMED_IN` has it.
    """
    names = {name for path in described["paths"] for name in re.findall(r"{(\w+)}", path)}
    assert names == {name for given in NAMED_IN.values() for name in given} | _UNLINKED.keys()
    assert NAMED_IN.keys() <= described["components"]["schemas"].keys()
    made = described["paths"]["/v1/batches"]["post"]["responses"]["202"]["links"]
    about = {
        operation["operationId"]
        for path, calls in described["paths"].items()
        if "{batch_id}" in path and "{row}" not in path
        for operation in calls.values()
    }
    assert made.keys() == about
    assert {link["parameters"]["batch_id"] for link in made.values()} == {"$response.body#/id"}


def test_links_lead_to_calls_that_there_are(described: Schema) -> None:
    """By operation and by names that it takes; whoever made a webhook or a mapping may remove it, a proof
    opens the file.
    """
    taken = {
        operation["operationId"]: {parameter["name"] for parameter in operation.get("parameters", [])}
        for _, operation, _, _ in _answers(described)
    }
    links = [link for _, _, _, answer in _answers(described) for link in answer.get("links", {}).values()]
    assert links
    for link in links:
        assert link["parameters"].keys() <= taken[link["operationId"]]
    assert len(taken) == len(Document(described).operations) - 4  # two addresses have three words each
