"""Calls about single certificates."""

import uuid
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Literal, TypeAlias

from certsvc.client.asking import Question, ask, ask_pages, fetch, post
from certsvc.client.results import Certificate, CertificatePage, Kind, Status
from certsvc.client.wires import Wire

Record: TypeAlias = Mapping[str, str | int | float | bool | None]
"""A case: the columns of a case file as keys, dates as ISO text, numbers that are identifiers as text."""
LateReason: TypeAlias = Literal["late", "reissue", "request"]
WithdrawalReason: TypeAlias = Literal[
    "wrong_data", "wrong_person", "not_entitled", "fraud", "key_compromise", "lost", "other"
]
ExportFormat: TypeAlias = Literal["ct07", "xml11", "ct07-2025"]
Id: TypeAlias = uuid.UUID | str

_UNDER_WAY = ("requested", "signing")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0


async def request_certificate(
    wire: Wire,
    kind: Kind,
    record: Record,
    *,
    late_reason: LateReason = "late",
    idempotency_key: str | None = None,
) -> Certificate:
    """Ask for one certificate; it is signed in the background, `wait_for_certificate` waits for that.

    Raises InvalidRequest with `errors` if a rule rejects it, Conflict `already_exists` if the case has one.
    An idempotency key of your own makes it one request even across a restart of your program.
    """
    body = {"kind": kind, "record": dict(record), "late_reason": late_reason}
    return await ask(wire, post("/v1/certificates", json=body, idempotency_key=idempotency_key), Certificate)


async def get_certificate(wire: Wire, certificate_id: Id) -> Certificate:
    """Where a certificate stands."""
    return await ask(wire, Question("GET", f"/v1/certificates/{certificate_id}"), Certificate)


async def wait_for_certificate(wire: Wire, certificate_id: Id, *, at_most_s: float = 120) -> Certificate:
    """The certificate as soon as it is issued or failed. Raises TimeoutError."""
    waited_s, pause_s = 0.0, _FIRST_PAUSE_S
    while (certificate := await get_certificate(wire, certificate_id)).status in _UNDER_WAY:
        if waited_s >= at_most_s:
            why = ", awaiting the approval of its facility's head" if certificate.awaits_approval else ""
            raise TimeoutError(f"the certificate is still {certificate.status}{why}")
        await wire.sleep(pause_s)
        waited_s, pause_s = waited_s + pause_s, min(pause_s * 1.5, _LONGEST_PAUSE_S)
    return certificate


def list_certificates(
    wire: Wire,
    *,
    facility: str | None = None,
    status: Status | None = None,
    kind: Kind | None = None,
    case_id: str | None = None,
    page_size: int = 200,
) -> AsyncGenerator[Certificate, None]:
    """What this key may see, newest first, fetched page by page as needed."""
    query = {"facility": facility, "status": status, "kind": kind, "case_id": case_id, "limit": page_size}
    return ask_pages(wire, "/v1/certificates", query, CertificatePage)


async def get_pdf(wire: Wire, certificate_id: Id) -> bytes:
    """The signed PDF, byte for byte as published. Raises Conflict `not_issued`."""
    return await fetch(wire, Question("GET", f"/v1/certificates/{certificate_id}/pdf"))


async def revoke(
    wire: Wire, certificate_id: Id, reason: WithdrawalReason, *, text: str | None = None
) -> Certificate:
    """Withdraw for good; everybody sees it at once. The reason `other` needs a text."""
    return await _change(wire, certificate_id, "revoke", reason, text)


async def suspend(
    wire: Wire, certificate_id: Id, reason: WithdrawalReason, *, text: str | None = None
) -> Certificate:
    """Withdraw for now."""
    return await _change(wire, certificate_id, "suspend", reason, text)


async def reinstate(
    wire: Wire, certificate_id: Id, reason: WithdrawalReason, *, text: str | None = None
) -> Certificate:
    """End a suspension."""
    return await _change(wire, certificate_id, "reinstate", reason, text)


async def reopen_code(wire: Wire, certificate_id: Id) -> Certificate:
    """Let the holder try the second factor again at once: wrong tries count no more."""
    return await ask(wire, post(f"/v1/certificates/{certificate_id}/reopen-code"), Certificate)


async def replace(
    wire: Wire,
    certificate_id: Id,
    reason: WithdrawalReason,
    *,
    text: str | None = None,
    record: Record | None = None,
    idempotency_key: str | None = None,
) -> Certificate:
    """The successor: corrected by `record`, or without it the same paper again, marked "CẤP LẠI"."""
    body = _why(reason, text) | ({} if record is None else {"record": dict(record)})
    return await ask(
        wire,
        post(f"/v1/certificates/{certificate_id}/replace", json=body, idempotency_key=idempotency_key),
        Certificate,
    )


async def export_certificate(wire: Wire, certificate_id: Id, layout: ExportFormat) -> bytes:
    """An exchange file (XML) of a sick leave for the social insurance."""
    return await fetch(wire, Question("GET", f"/v1/certificates/{certificate_id}/export", {"format": layout}))


async def _change(
    wire: Wire, certificate_id: Id, change: str, reason: WithdrawalReason, text: str | None
) -> Certificate:
    return await ask(
        wire, post(f"/v1/certificates/{certificate_id}/{change}", json=_why(reason, text)), Certificate
    )


def _why(reason: WithdrawalReason, text: str | None) -> dict[str, Any]:
    return {"reason": reason} | ({} if text is None else {"text": text})
