"""The client and the service's OpenAPI document say the same; whichever changes alone fails here."""

import datetime as dt
import inspect
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import httpx2
import pytest
from pydantic import BaseModel

from certsvc.api.v1 import events
from certsvc.client import Client, failures, more_results, recall_results, results
from certsvc.client.batches import ResultsFormat
from certsvc.client.certificates import ExportFormat, LateReason, WithdrawalReason
from certsvc.client.clients import Methods
from certsvc.client.recalls import Chosen
from tests.support.openapi import Document, disagreements, sent_fields

ID = "6b1f5c0e-8a53-4c55-9d3f-0a4c6f7e2d10"

RECALL: Chosen = {
    "certificate_ids": [ID],
    "batch_id": ID,
    "facility": "01801",
    "kind": "recovery",
    "signed_from": dt.date(2026, 1, 1),
    "signed_to": dt.date(2026, 1, 2),
}
"""Every way to choose at once, which the service would refuse."""

CALLS: dict[str, Callable[[Client, Path], object]] = {
    "request_certificate": lambda client, _: client.request_certificate("sick_leave", {"case_id": "1"}),
    "get_certificate": lambda client, _: client.get_certificate(ID),
    "wait_for_certificate": lambda client, _: client.wait_for_certificate(ID),
    "list_certificates": lambda client, _: list(
        client.list_certificates(facility="01801", status="issued", kind="recovery", case_id="1")
    ),
    "get_pdf": lambda client, _: client.get_pdf(ID),
    "revoke": lambda client, _: client.revoke(ID, "other", text="why"),
    "suspend": lambda client, _: client.suspend(ID, "other", text="why"),
    "reinstate": lambda client, _: client.reinstate(ID, "other", text="why"),
    "reopen_code": lambda client, _: client.reopen_code(ID),
    "replace": lambda client, _: client.replace(ID, "other", text="why", record={"case_id": "1"}),
    "export_certificate": lambda client, _: client.export_certificate(ID, "ct07"),
    "preview_recall": lambda client, _: client.preview_recall(
        RECALL, "other", text="why", needs_approval=True
    ),
    "start_recall": lambda client, _: client.start_recall(
        RECALL, "other", text="why", needs_approval=True, expected_count=1
    ),
    "get_recall": lambda client, _: client.get_recall(ID),
    "list_recalls": lambda client, _: list(client.list_recalls(status="waiting")),
    "recalled_certificates": lambda client, _: list(client.recalled_certificates(ID, outcome="unchanged")),
    "approve_recall": lambda client, _: client.approve_recall(ID),
    "decline_recall": lambda client, _: client.decline_recall(ID, "why not"),
    "submit_batch": lambda client, _: client.submit_batch(b"case_id\n", facility="01801", mapping="ours"),
    "get_batch": lambda client, _: client.get_batch(ID),
    "follow_batch": lambda client, _: list(client.follow_batch(ID)),
    "wait_for_batch": lambda client, _: client.wait_for_batch(ID),
    "cancel_batch": lambda client, _: client.cancel_batch(ID),
    "resume_batch": lambda client, _: client.resume_batch(ID),
    "replay_batch": lambda client, _: client.replay_batch(ID),
    "get_row": lambda client, _: client.get_row(ID, 2),
    "mend_row": lambda client, _: client.mend_row(ID, 2, {"case_id": "1"}, version=0),
    "batch_results": lambda client, _: list(client.batch_results(ID)),
    "save_batch_results": lambda client, folder: client.save_batch_results(ID, folder / "results.xlsx"),
    "save_batch_archive": lambda client, folder: client.save_batch_archive(ID, folder / "archive.zip"),
    "save_batch_export": lambda client, folder: client.save_batch_export(ID, "xml11", folder / "export.zip"),
    "case_template": lambda client, _: [client.case_template("csv"), client.case_template("xlsx")],
    "list_approvals": lambda client, _: list(client.list_approvals()),
    "approve_batch": lambda client, _: client.approve_batch(ID),
    "decline_batch": lambda client, _: client.decline_batch(ID, "why"),
    "approve_certificate": lambda client, _: client.approve_certificate(ID),
    "decline_certificate": lambda client, _: client.decline_certificate(ID, "why"),
    "verify_file": lambda client, _: client.verify_file(b"%PDF"),
    "verify_code": lambda client, _: client.verify_code("0123"),
    "verify_qr": lambda client, _: client.verify_qr("https://test/v/0123/A"),
    "verify_many": lambda client, _: list(client.verify_many([b"%PDF"], ["0123"])),
    "prove": lambda client, _: client.prove("0123", "1990-05-14", id_last4="3456"),
    "get_proven_pdf": lambda client, _: client.get_proven_pdf("0123", "grant"),
    "create_webhook": lambda client, _: client.create_webhook(
        "https://receiver.example", events=["batch.finished"]
    ),
    "list_webhooks": lambda client, _: client.list_webhooks(),
    "get_webhook": lambda client, _: client.get_webhook(ID),
    "change_webhook": lambda client, _: client.change_webhook(
        ID, url="https://receiver.example", events=["batch.finished"], batch_certificates=True, enabled=False
    ),
    "remove_webhook": lambda client, _: client.remove_webhook(ID),
    "rotate_webhook": lambda client, _: client.rotate_webhook(ID),
    "list_deliveries": lambda client, _: list(client.list_deliveries(ID, state="failed")),
    "replay_delivery": lambda client, _: client.replay_delivery(ID, "msg_0"),
    "replay_failed": lambda client, _: client.replay_failed(ID, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
    "send_test": lambda client, _: client.send_test(ID),
    "list_mappings": lambda client, _: client.list_mappings(),
    "get_mapping": lambda client, _: client.get_mapping("ours"),
    "save_mapping": lambda client, _: client.save_mapping("ours", {"Tên": "full_name"}),
    "remove_mapping": lambda client, _: client.remove_mapping("ours"),
    "list_facilities": lambda client, _: client.list_facilities(),
    "list_practitioners": lambda client, _: client.list_practitioners(facility="01801"),
    "list_designs": lambda client, _: client.list_designs(),
    "list_rules": lambda client, _: client.list_rules(),
    "list_disclosures": lambda client, _: client.list_disclosures(cursor=7, limit=3),
    "get_stats": lambda client, _: client.get_stats(facility="01801"),
    "get_recent": lambda client, _: client.get_recent(facility="01801"),
}
"""Every method, with every field it can send."""

NOT_OURS = {
    "GET /v/{code}": "verify_code asks the same",
    "GET /v/{code}/{claims}": "verify_qr asks the same",
    "GET /.well-known/certsvc.json": "for verifiers, docs/verify.md",
    "GET /status/{number}": "for verifiers, docs/verify.md",
    "GET /livez": "for operators",
    "GET /readyz": "for operators",
    "GET /metrics": "for operators",
}

MODELS: dict[str, type[BaseModel]] = {
    "CertificateOut": results.Certificate,
    "CertificatePage": results.CertificatePage,
    "BatchOut": results.Batch,
    "RowOut": results.Row,
    "RowFate": results.RowFate,
    "ReportOut": results.Report,
    "ProvenOut": results.Proven,
    "BulkLine": results.NumberedReport,
    "RecallPreview": recall_results.RecallPreview,
    "RecallOut": recall_results.Recall,
    "RecallPage": recall_results.RecallPage,
    "RecalledPage": recall_results.RecalledPage,
    "WebhookOut": more_results.Webhook,
    "WebhookWithSecret": more_results.WebhookWithSecret,
    "WebhookPage": more_results.WebhookPage,
    "DeliveryOut": more_results.Delivery,
    "DeliveryPage": more_results.DeliveryPage,
    "Replayed": more_results.Replayed,
    "MappingOut": more_results.Mapping,
    "MappingPage": more_results.MappingPage,
    "FacilityPage": more_results.FacilityPage,
    "PractitionerPage": more_results.PractitionerPage,
    "DesignPage": more_results.DesignPage,
    "RulePage": more_results.RulePage,
    "DisclosurePage": more_results.DisclosurePage,
    "FigurePage": more_results.FigurePage,
    "ApprovalPage": more_results.ApprovalPage,
    "DecisionOut": more_results.Decision,
}
"""What each answer of the document is read as."""

LINES = {"POST /v1/verify/batch": "BulkLine"}
"""Answers of many lines, for which OpenAPI has no words: what each line is."""

ROW = dict.fromkeys(results.RowResult.model_fields) | {
    "row": 2,
    "case_id": "1",
    "kind": "recovery",
    "outcome": "none",
    "rules": [],
    "awaits_approval": False,
}


class Service:
    """Answers by the document alone, and keeps what it was asked."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.asked: list[tuple[str, httpx2.Request]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        operation = self._document.operation_of(request.method, request.url.path)
        request.read()
        self.asked.append((operation.name, request))
        if operation.path.endswith("/results"):
            return httpx2.Response(200, text=json.dumps(ROW) + "\n")
        kind, schema = operation.answer()
        if operation.name in LINES:
            kind, schema = "application/json", self._document.component(LINES[operation.name])
        if kind is None or "json" not in kind or not schema:
            return httpx2.Response(200, content=b"content")
        answer = self._document.example(schema)
        if "cursor" in request.url.params:
            answer["next_cursor"] = None
        return httpx2.Response(200, text=json.dumps(answer) + "\n", headers={"Content-Type": kind})


@pytest.fixture(scope="module")
def asked(document: Document, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[httpx2.Request]]:
    """By operation, after every method of the client was called."""
    service, folder = Service(document), tmp_path_factory.mktemp("saved")
    with Client("http://test", "key", transport=httpx2.MockTransport(service)) as client:
        for call in CALLS.values():
            call(client, folder)
    by_operation = defaultdict(list)
    for name, request in service.asked:
        by_operation[name].append(request)
    return by_operation


def test_every_method_is_tried() -> None:
    assert CALLS.keys() == {name for name in vars(Methods) if not name.startswith("_")}


def test_every_operation_has_a_method(document: Document, asked: dict[str, list[httpx2.Request]]) -> None:
    """A new one fails here until the client has a method for it, or it is said why not."""
    assert {each.name for each in document.operations} == asked.keys() | NOT_OURS.keys()
    assert asked.keys() & NOT_OURS.keys() == set()


def test_what_is_sent_is_what_may_be_sent(document: Document, asked: dict[str, list[httpx2.Request]]) -> None:
    """Every parameter and body field of the document can be given, and no other is sent."""
    for operation in document.operations:
        if operation.name in NOT_OURS:
            continue
        requests = asked[operation.name]
        assert {name for each in requests for name in each.url.params} == operation.parameters("query"), (
            operation.name
        )
        assert {name for each in requests for name in sent_fields(each)} == document.body_fields(operation), (
            operation.name
        )
        if "idempotency-key" in {name.lower() for name in operation.parameters("header")}:
            assert all(each.headers["Idempotency-Key"] for each in requests), operation.name
        assert all(each.headers["Authorization"] == "Bearer key" for each in requests)


def _answers(document: Document) -> Iterator[str]:
    for operation in document.operations:
        _, schema = operation.answer()
        if operation.name not in NOT_OURS and "$ref" in schema:
            yield schema["$ref"].rpartition("/")[2]
    yield from LINES.values()


def test_every_answer_is_read_as_something(document: Document) -> None:
    assert set(_answers(document)) == MODELS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_answers_have_the_members_of_the_document(document: Document, name: str) -> None:
    """Names, types, formats and words, all the way down."""
    ours = MODELS[name].model_json_schema()
    assert (
        disagreements(
            ours, {"$ref": f"#/components/schemas/{name}"}, Document({"paths": {}} | ours), document, at=name
        )
        == []
    )


def test_events_tell_what_is_read() -> None:
    ours, theirs = (
        results.BatchProgress.model_json_schema(),
        events.BatchEvent.model_json_schema(mode="serialization"),
    )
    assert (
        disagreements(
            ours, theirs, Document({"paths": {}} | ours), Document({"paths": {}} | theirs), at="BatchEvent"
        )
        == []
    )


def test_problems_have_the_members_of_the_document(document: Document) -> None:
    assert set(document.component("Problem")["properties"]) == failures._MEMBERS


def test_words_that_are_sent_are_those_of_the_document(document: Document) -> None:
    def words(schema: Any) -> tuple[str, ...]:
        return tuple(document.resolved(schema)["enum"])

    def of_query(path: str, name: str) -> tuple[str, ...]:
        parameters = document.operation_of("GET", path).described["parameters"]
        return words(next(each["schema"] for each in parameters if each["name"] == name))

    asked = document.operation_of("POST", "/v1/certificates").described["requestBody"]["content"][
        "application/json"
    ]["schema"]
    withdrawal = document.operation_of("POST", f"/v1/certificates/{ID}/revoke").described["requestBody"][
        "content"
    ]["application/json"]["schema"]
    assert get_args(LateReason) == words(document.resolved(asked)["properties"]["late_reason"])
    assert get_args(WithdrawalReason) == words(document.resolved(withdrawal)["properties"]["reason"])
    assert (
        get_args(ExportFormat)
        == of_query(f"/v1/certificates/{ID}/export", "format")
        == of_query(f"/v1/batches/{ID}/export", "format")
    )
    assert set(get_args(ResultsFormat)) == set(of_query(f"/v1/batches/{ID}/results", "format"))


def test_a_comparison_notices_what_has_changed() -> None:
    """Else the tests above would prove nothing."""
    ours = results.Certificate.model_json_schema()
    mine = Document({"paths": {}} | ours)

    def changed(**members: Any) -> list[str]:
        theirs = json.loads(json.dumps(ours))
        for name, member in members.items():
            theirs["properties"].pop(name) if member is None else theirs["properties"].update({name: member})
        return disagreements(ours, theirs, mine, Document({"paths": {}} | theirs), at="")

    assert changed() == []
    assert changed(serial=None)
    assert changed(colour={"type": "string"})
    assert (
        changed(signed_at={"type": "string", "format": "date-time"}) == []
    )  # ours may be null, theirs never is
    assert changed(requested_at={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]})
    assert changed(requested_at={"type": "string"})
    assert changed(days={"type": "string"})
    assert changed(warnings={"type": "array", "items": {"type": "integer"}})
    assert changed(status={"type": "string", "enum": ["issued", "burnt"]})
    assert changed(case_id={"type": "string", "enum": ["a", "b"]}) == []


def test_methods_tell_what_they_do() -> None:
    """`help` of a method is that of its call, with what its caller gives."""
    with Client("http://test") as client:
        assert inspect.getdoc(client.submit_batch) == inspect.getdoc(Methods.submit_batch._function)
        assert [*inspect.signature(client.submit_batch).parameters][:2] == ["file", "dry_run"]
