"""Calls about recalls: many certificates revoked in one request, with a second person's approval."""

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypedDict

from certsvc.client.asking import Question, ask, ask_pages, post
from certsvc.client.certificates import Id, WithdrawalReason
from certsvc.client.recall_results import (
    Recall,
    RecalledCertificate,
    RecalledPage,
    RecallOutcome,
    RecallPage,
    RecallPreview,
    RecallStatus,
)
from certsvc.client.results import Kind
from certsvc.client.wires import Wire

_PATH = "/v1/recalls"


class Chosen(TypedDict, total=False):
    """Which certificates: those of these ids, or of a batch, or of a facility, days of signing (in Vietnam,
    both included) and a kind.
    """

    certificate_ids: Sequence[Id]
    batch_id: Id
    facility: str
    kind: Kind
    signed_from: dt.date
    signed_to: dt.date


async def preview_recall(
    wire: Wire,
    chosen: Chosen,
    reason: WithdrawalReason,
    *,
    text: str | None = None,
    needs_approval: bool = False,
) -> RecallPreview:
    """What `start_recall` would do now: how many it takes, which it leaves out, and whether it waits. Nothing
    is changed.
    """
    return await ask(
        wire,
        post(f"{_PATH}/preview", json=_asked(chosen, reason, text, needs_approval=needs_approval)),
        RecallPreview,
    )


async def start_recall(
    wire: Wire,
    chosen: Chosen,
    reason: WithdrawalReason,
    *,
    text: str | None = None,
    needs_approval: bool = False,
    expected_count: int | None = None,
    idempotency_key: str | None = None,
) -> Recall:
    """Revoke many at once. More than one person may revoke alone are suspended, and the recall is `waiting`
    for a second person.

    With `expected_count` (from a preview) nothing is done if the number has changed: Conflict
    `choice_changed`.
    """
    body = _asked(chosen, reason, text, needs_approval=needs_approval) | (
        {} if expected_count is None else {"expected_count": expected_count}
    )
    return await ask(wire, post(_PATH, json=body, idempotency_key=idempotency_key), Recall)


async def get_recall(wire: Wire, recall_id: Id) -> Recall:
    """Where a recall stands, and its outcome."""
    return await ask(wire, Question("GET", f"{_PATH}/{recall_id}"), Recall)


def list_recalls(
    wire: Wire, *, status: RecallStatus | None = None, page_size: int = 200
) -> AsyncGenerator[Recall, None]:
    """Those of this key's organisation, newest first, fetched page by page as needed."""
    return ask_pages(wire, _PATH, {"status": status, "limit": page_size}, RecallPage)


def recalled_certificates(
    wire: Wire, recall_id: Id, *, outcome: RecallOutcome | None = None, page_size: int = 200
) -> AsyncGenerator[RecalledCertificate, None]:
    """A recall's certificates, each with the outcome, fetched page by page as needed."""
    return ask_pages(
        wire, f"{_PATH}/{recall_id}/certificates", {"outcome": outcome, "limit": page_size}, RecalledPage
    )


async def approve_recall(wire: Wire, recall_id: Id) -> Recall:
    """Revoke its certificates. Raises NoAccess `second_person_needed` for whoever asked for it, Conflict
    `recall_decided`.
    """
    return await ask(wire, post(f"{_PATH}/{recall_id}/approve"), Recall)


async def decline_recall(wire: Wire, recall_id: Id, text: str) -> Recall:
    """Reinstate what it has suspended, or take back what you asked for; say why. Raises Conflict
    `recall_decided`.
    """
    return await ask(wire, post(f"{_PATH}/{recall_id}/decline", json={"text": text}), Recall)


def _asked(
    chosen: Chosen, reason: WithdrawalReason, text: str | None, *, needs_approval: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {name: str(value) for name, value in chosen.items() if name != "certificate_ids"}
    body |= {"certificate_ids": [str(certificate_id) for certificate_id in chosen.get("certificate_ids", ())]}
    return (
        body | {"reason": reason, "needs_approval": needs_approval} | ({} if text is None else {"text": text})
    )
