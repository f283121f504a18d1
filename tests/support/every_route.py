"""Every route of the application, what it needs, and what each kind of caller must get there.

A new route belongs in `OPEN`, `PAGES` or `CALLS`; until it is there, `test_every_route` fails.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.routing import APIRoute

from certsvc.models import SCOPES_OF, Role, Scope
from tests.support.records import as_csv, record
from tests.support.rig import Rig

Route = tuple[str, str]

OWNER, OTHER = "01801", "01802"
"""The station whose papers are asked for, and the one that must not learn of them."""

OPEN: frozenset[Route] = frozenset(
    {
        *(
            ("GET", path)
            for path in (
                "/",
                "/docs",
                "/my",
                "/check",
                "/check/many",
                "/reasons",
                "/livez",
                "/readyz",
                "/metrics",
            )
        ),
        *(
            ("GET", path)
            for path in (
                "/check/worker.js",
                "/check/words.json",
                "/manifest.webmanifest",
                "/.well-known/certsvc.json",
                "/status/{number}",
            )
        ),
        *(("POST", path) for path in ("/my", "/check", "/check/many", "/v1/verify", "/v1/verify/batch")),
        *((method, path) for path in ("/v/{code}", "/V/{code}") for method in ("GET", "POST")),
        *(("GET", f"/{v}/{{code}}{more}") for v in "vV" for more in ("/pdf", "/{claims}")),
        ("GET", "/v/{code}/slip"),
    }
)
"""For everyone [api, Without a key]: what they show depends on a code, a paper or nothing."""

PAGES: frozenset[Route] = frozenset(
    {
        *(
            ("GET", path)
            for path in (
                "/staff/sign-in",
                "/staff/sign-in/provider",
                "/staff/callback",
                "/staff/enrol",
                "/staff/signed-out",
            )
        ),
        *(("POST", path) for path in ("/staff/sign-in", "/staff/enrol", "/staff/back-channel-sign-out")),
    }
)
"""Where people sign in: before there is a session."""

BEHIND_SESSION: frozenset[Route] = frozenset(
    {
        *(
            ("GET", path)
            for path in (
                "/staff",
                "/staff/rejected",
                "/staff/batches",
                "/staff/batches/new",
                "/staff/batches/{batch_id}",
                "/staff/stations",
            )
        ),
        *(
            ("GET", path)
            for path in (
                "/staff/certificates",
                "/staff/certificates/{certificate_id}",
                "/staff/stations/{facility_code}",
            )
        ),
        *(("GET", path) for path in ("/staff/recalls", "/staff/recalls/{recall_id}")),
        *(
            ("POST", path)
            for path in (
                "/staff/recalls",
                "/staff/recalls/{recall_id}/approve",
                "/staff/recalls/{recall_id}/decline",
            )
        ),
        *(
            ("POST", path)
            for path in (
                "/staff/sign-out",
                "/staff/batches",
                "/staff/batches/{batch_id}/issue",
                "/staff/certificates/find",
                "/staff/certificates/{certificate_id}/reopen-code",
            )
        ),
        *((method, "/staff/batches/{batch_id}/rows/{row}") for method in ("GET", "POST")),
        ("GET", "/staff/batches/{batch_id}/cancel"),
        ("POST", "/staff/batches/{batch_id}/{change}"),
        *((method, "/staff/certificates/{certificate_id}/{change}") for method in ("GET", "POST")),
        *(("GET", path) for path in ("/staff/approvals", "/staff/approvals/{key}")),
        *(("POST", f"/staff/approvals/{{key}}/{decision}") for decision in ("approve", "decline")),
        ("GET", "/staff/stations/{facility_code}/authority"),
        *(("GET", f"/staff/new{more}") for more in ("", "/{certificate_id}", "/{certificate_id}/slip")),
        *(("POST", f"/staff/new{more}") for more in ("", "/check", "/issue")),
        *(
            ("POST", f"/staff/stations/{{facility_code}}/authority{more}")
            for more in ("", "/requirement", "/{delegation_id}/withdraw")
        ),
    }
)
"""Pages of who signed in (`test_console` and the modules beside it); others are led to the sign-in page."""


@dataclass(frozen=True)
class Needs:
    """`names` is the kind of thing of one facility that the address names, `own` where it is the caller's;
    `content` makes a call right.
    """

    scope: Scope
    names: str | None = None
    content: dict[str, Any] = field(default_factory=dict)
    is_the_same_for_all: bool = False
    """Its example happens to be like the case of the tests."""

    values: dict[str, str] = field(default_factory=dict)
    """The name in its address, if it differs from that of others."""

    is_owners_alone: bool = False
    """Only the owner may do it, even among those who see everything."""


_REASON = {"json": {"reason": "fraud"}}
_WHY = {"json": {"text": "nhầm"}}

CALLS: Mapping[Route, Needs] = {
    ("GET", "/v1/certificates"): Needs(Scope.READ),
    ("POST", "/v1/certificates"): Needs(
        Scope.ISSUE, content={"json": {"kind": "sick_leave", "record": record(77)}}
    ),
    ("GET", "/v1/certificates/{certificate_id}"): Needs(Scope.READ, "certificate"),
    ("GET", "/v1/certificates/{certificate_id}/pdf"): Needs(Scope.READ, "certificate"),
    ("POST", "/v1/certificates/{certificate_id}/{change}"): Needs(Scope.WITHDRAW, "certificate", _REASON),
    ("POST", "/v1/certificates/{certificate_id}/reopen-code"): Needs(Scope.WITHDRAW, "certificate"),
    ("POST", "/v1/certificates/{certificate_id}/replace"): Needs(Scope.WITHDRAW, "certificate", _REASON),
    ("GET", "/v1/recalls"): Needs(Scope.READ),
    ("POST", "/v1/recalls"): Needs(
        Scope.WITHDRAW, content={"json": {"reason": "fraud", "signed_to": "2020-01-01"}}
    ),
    ("POST", "/v1/recalls/preview"): Needs(
        Scope.WITHDRAW, content={"json": {"reason": "fraud", "facility": OWNER}}
    ),
    ("GET", "/v1/recalls/{recall_id}"): Needs(Scope.READ, "own"),
    ("GET", "/v1/recalls/{recall_id}/certificates"): Needs(Scope.READ, "own"),
    ("POST", "/v1/recalls/{recall_id}/approve"): Needs(Scope.WITHDRAW, "own"),
    ("POST", "/v1/recalls/{recall_id}/decline"): Needs(Scope.WITHDRAW, "own", {"json": {"text": "why"}}),
    ("POST", "/v1/batches"): Needs(
        Scope.ISSUE, content={"files": {"file": ("cases.csv", as_csv(record(78)))}}
    ),
    ("GET", "/v1/batches/{batch_id}"): Needs(Scope.READ, "batch"),
    ("POST", "/v1/batches/{batch_id}/{change}"): Needs(Scope.ISSUE, "batch", values={"change": "cancel"}),
    ("GET", "/v1/batches/{batch_id}/rows/{row}"): Needs(Scope.READ, "batch"),
    ("POST", "/v1/batches/{batch_id}/rows/{row}"): Needs(
        Scope.ISSUE, "batch", {"json": {"record": record(1)}}, is_owners_alone=True
    ),
    ("GET", "/v1/approvals"): Needs(Scope.READ),
    ("POST", "/v1/batches/{batch_id}/approve"): Needs(Scope.APPROVE, "batch"),
    ("POST", "/v1/batches/{batch_id}/decline"): Needs(Scope.APPROVE, "batch", _WHY),
    ("POST", "/v1/certificates/{certificate_id}/approve"): Needs(Scope.APPROVE, "certificate"),
    ("POST", "/v1/certificates/{certificate_id}/decline"): Needs(Scope.APPROVE, "certificate", _WHY),
    ("GET", "/v1/batches/{batch_id}/results"): Needs(Scope.READ, "batch"),
    ("GET", "/v1/batches/{batch_id}/archive.zip"): Needs(Scope.READ, "batch"),
    ("GET", "/v1/batches/{batch_id}/events"): Needs(Scope.READ, "batch"),
    ("GET", "/v1/batches/{batch_id}/export"): Needs(Scope.READ, "batch", {"params": {"format": "xml11"}}),
    ("GET", "/v1/certificates/{certificate_id}/export"): Needs(
        Scope.READ, "certificate", {"params": {"format": "xml11"}}
    ),
    ("GET", "/v1/mappings"): Needs(Scope.READ),
    ("GET", "/v1/mappings/{name}"): Needs(Scope.READ, "own"),
    ("PUT", "/v1/mappings/{name}"): Needs(Scope.ISSUE, "own", {"json": {"columns": {"Tên": "full_name"}}}),
    ("DELETE", "/v1/mappings/{name}"): Needs(Scope.ISSUE, "own"),
    ("GET", "/v1/webhooks"): Needs(Scope.READ),
    ("POST", "/v1/webhooks"): Needs(Scope.ISSUE, content={"json": {"url": "https://receiver.example"}}),
    ("GET", "/v1/webhooks/{webhook_id}"): Needs(Scope.READ, "own"),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): Needs(Scope.READ, "own"),
    ("POST", "/v1/webhooks/{webhook_id}/rotate"): Needs(Scope.ISSUE, "own"),
    ("POST", "/v1/webhooks/{webhook_id}/test"): Needs(Scope.ISSUE, "own"),
    ("POST", "/v1/webhooks/{webhook_id}/replay"): Needs(
        Scope.ISSUE, "own", {"json": {"failed_since": "2026-01-01T00:00:00Z"}}
    ),
    ("PATCH", "/v1/webhooks/{webhook_id}"): Needs(Scope.ISSUE, "own", {"json": {}}),
    ("DELETE", "/v1/webhooks/{webhook_id}"): Needs(Scope.ISSUE, "own"),
    ("GET", "/v1/templates/cases.csv"): Needs(Scope.READ, is_the_same_for_all=True),
    ("GET", "/v1/templates/cases.xlsx"): Needs(Scope.READ, is_the_same_for_all=True),
    ("GET", "/v1/facilities"): Needs(Scope.READ),
    ("GET", "/v1/practitioners"): Needs(Scope.READ),
    ("GET", "/v1/designs"): Needs(Scope.READ),
    ("GET", "/v1/rules"): Needs(Scope.READ),
    ("GET", "/v1/stats"): Needs(Scope.READ),
    ("GET", "/v1/disclosures"): Needs(Scope.READ),
}
"""With a key, a token or a session [api, Keys and roles]."""


@dataclass(frozen=True)
class Caller:
    """A caller; `owns` means that the papers are its own, `represents` that it is its facility's head."""

    role: Role
    owns: bool = False
    represents: bool = False
    scopes: frozenset[Scope] = frozenset(Scope)

    @property
    def is_other(self) -> bool:
        return self.role is Role.FACILITY and not self.owns

    def refusal(self, needs: Needs) -> tuple[int, str | None] | None:
        """The status and code that it must get; None if it may make the call. A code of None is any."""
        if needs.scope not in SCOPES_OF[self.role]:
            return 403, "read_only" if self.role is Role.AUDITOR else "only_facilities"
        if needs.scope not in self.scopes:
            return 403, "missing_scope"
        if (needs.scope is Scope.APPROVE and self.owns and not self.represents) or (
            needs.is_owners_alone and self.role is Role.ADMIN
        ):
            return 403, "not_representative" if needs.scope is Scope.APPROVE else "not_yours"
        if needs.names in {None, "own"} or self.owns or self.role in {Role.ADMIN, Role.AUDITOR}:
            return None
        if self.is_other or needs.names != "certificate":
            return 404, None
        return (403, "not_yours") if needs.scope is Scope.WITHDRAW else None


@dataclass(frozen=True)
class Papers:
    """A certificate and a batch of `OWNER`: `names` for addresses, `secrets` that nobody else may see."""

    names: dict[str, str]
    secrets: tuple[str, ...]


async def owned_papers(rig: Rig) -> Papers:
    batch = (await rig.submit(as_csv(record(1)), role="facility")).json()
    await rig.work()
    listed = (await rig.call("GET", "/v1/certificates", role="facility")).json()["items"]
    assert [each["status"] for each in listed] == ["issued"] * 2
    case = record(1)
    of_case = tuple(
        case[name] for name in ("case_id", "full_name", "citizen_id", "social_insurance_no", "phone")
    )
    webhook = (
        await rig.call(
            "POST", "/v1/webhooks", role="facility", json={"url": "https://receiver.example/of-one-station"}
        )
    ).json()
    of_papers = tuple(each[name] for each in listed for name in ("id", "code", "serial", "pdf_sha256"))
    names = {
        "certificate_id": listed[0]["id"],
        "batch_id": batch["id"],
        "row": "2",
        "webhook_id": webhook["id"],
        "recall_id": str(uuid.uuid4()),
        "name": "ours",
        "change": "suspend",
        "facility_code": OWNER,
        "key": batch["id"],
        "delegation_id": batch["id"],
    }
    return Papers(
        names, (*of_case, *of_papers, batch["id"], webhook["id"], webhook["url"], webhook["secret"])
    )


def routes_of(app: FastAPI) -> Iterator[tuple[Route, APIRoute]]:
    """Every route that the application's own code answers, according to the application."""
    for included in app.routes:
        for route in (
            getattr(included, "original_router", app).routes
            if hasattr(included, "original_router")
            else [included]
        ):
            if isinstance(route, APIRoute):
                yield from (((method, route.path), route) for method in route.methods or ())


async def faults(rig: Rig, client: httpx2.AsyncClient, caller: Caller, papers: Papers) -> list[str]:
    """Wrong answers to this caller from all of `CALLS`, with every filter by facility or case."""
    found = []
    for (method, path), route in routes_of(rig.app):
        if (needs := CALLS.get((method, path))) is None:
            continue
        named = papers.names | needs.values
        address = re.sub(r"\{(\w+)\}", partial(_value, named), path)
        filters = {"facility": OWNER, "case_id": papers.secrets[0]}
        known = {param.alias for param in route.dependant.query_params}
        for params in ({}, {name: value for name, value in filters.items() if name in known}):
            answer = await client.request(
                method, address, **{**needs.content, "params": needs.content.get("params", {}) | params}
            )
            found += [
                f"{method} {path} {params}: {fault}" for fault in _faults(answer, caller, needs, papers)
            ]
    return found


def _value(named: Mapping[str, str], match: re.Match[str]) -> str:
    return named.get(match[1], match[1])


def _faults(answer: httpx2.Response, caller: Caller, needs: Needs, papers: Papers) -> Iterator[str]:
    refusal = caller.refusal(needs)
    wrong = {401, 403, 500} if needs.names == "own" else {401, 403, 404, 500}
    if refusal is None and answer.status_code in wrong:
        yield f"{answer.status_code} for what it may do: {answer.text}"
    if refusal is not None:
        status, code = refusal
        told = answer.json() if "json" in answer.headers["Content-Type"] else {}
        if answer.status_code != status or told.get("code") not in (
            {code} if code else {"no_such_certificate", "no_such_batch"}
        ):
            yield f"{answer.status_code} {told.get('code')} instead of {refusal}"
    if caller.is_other and not needs.is_the_same_for_all:
        seen = [
            secret
            for secret in (*papers.secrets, *((OWNER,) if needs.scope is Scope.READ else ()))
            if secret in answer.text
        ]
        if seen:
            yield f"shows {len(seen)} of another facility's secrets"
