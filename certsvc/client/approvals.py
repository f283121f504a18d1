"""Calls about what waits for a facility's head. They need a key of that facility with the licence of its head
or of a delegate.
"""

from collections.abc import AsyncGenerator

from certsvc.client.asking import ask, ask_pages, post
from certsvc.client.certificates import Id
from certsvc.client.more_results import Approval, ApprovalPage, Decision
from certsvc.client.results import Certificate
from certsvc.client.wires import Wire


def list_approvals(wire: Wire, *, page_size: int = 200) -> AsyncGenerator[Approval, None]:
    """What waits, the longest waiting first, fetched page by page as needed."""
    return ask_pages(wire, "/v1/approvals", {"limit": page_size}, ApprovalPage)


async def approve_batch(wire: Wire, batch_id: Id) -> Decision:
    """Have everything of a batch signed that waits for your facility's head. Raises Conflict
    `nothing_to_approve`.
    """
    return await ask(wire, post(f"/v1/batches/{batch_id}/approve"), Decision)


async def decline_batch(wire: Wire, batch_id: Id, text: str) -> Decision:
    """Give it up instead; `text` says why, without anybody's name or illness."""
    return await ask(wire, post(f"/v1/batches/{batch_id}/decline", json={"text": text}), Decision)


async def approve_certificate(wire: Wire, certificate_id: Id) -> Certificate:
    """Have one waiting certificate signed; it may belong to a batch."""
    return await ask(wire, post(f"/v1/certificates/{certificate_id}/approve"), Certificate)


async def decline_certificate(wire: Wire, certificate_id: Id, text: str) -> Certificate:
    """Give it up instead."""
    return await ask(
        wire, post(f"/v1/certificates/{certificate_id}/decline", json={"text": text}), Certificate
    )
