"""Recalls under test, over HTTP: papers to recall, and their outcomes."""

import uuid
from collections import Counter
from typing import Any

import httpx2

from certsvc.store import certificates
from tests.support.records import as_csv, record
from tests.support.rig import Rig

ASKER, SECOND, STRANGER = "insurer", "renewed insurer", "another insurer"
"""Two keys of one insurer, and one of another."""


def sick_leaves(first: int, number: int) -> bytes:
    """A file of cases that get one paper each."""
    return as_csv(*(record(each, wants_recovery="") for each in range(first, first + number)))


async def issued_papers(rig: Rig, number: int, *, first: int = 1, role: str = ASKER) -> tuple[str, list[str]]:
    """That many issued sick leaves: the batch, and their ids."""
    batch = (await rig.submit(sick_leaves(first, number), role=role)).json()
    await rig.work()
    async with rig.client("admin") as client:
        lines = (await client.get(f"/v1/batches/{batch['id']}/results")).text.splitlines()
    found = [httpx2.Response(200, text=line).json()["certificate_id"] for line in lines]
    ids = [each for each in found if each]
    assert len(ids) == number
    return batch["id"], ids


async def recall(
    rig: Rig,
    *,
    role: str = ASKER,
    reason: str = "key_compromise",
    headers: dict[str, str] | None = None,
    **body: Any,
) -> httpx2.Response:
    return await rig.call("POST", "/v1/recalls", role=role, json={"reason": reason, **body}, headers=headers)


async def preview(rig: Rig, *, role: str = ASKER, **body: Any) -> Any:
    answer = await rig.call("POST", "/v1/recalls/preview", role=role, json={"reason": "fraud", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def waiting(rig: Rig, ids: list[str], **more: Any) -> str:
    """The id of a recall of these, which waits for a second person."""
    answer = await recall(rig, certificate_ids=ids, needs_approval=True, **more)
    assert (answer.status_code, answer.json()["status"]) == (201, "waiting"), answer.text
    return str(answer.json()["id"])


async def approve(rig: Rig, recall_id: str, *, role: str = SECOND, **more: Any) -> httpx2.Response:
    return await rig.call("POST", f"/v1/recalls/{recall_id}/approve", role=role, **more)


async def decline(rig: Rig, recall_id: str, *, role: str = SECOND, **more: Any) -> httpx2.Response:
    return await rig.call(
        "POST", f"/v1/recalls/{recall_id}/decline", role=role, json={"text": "xem lại"}, **more
    )


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def statuses(rig: Rig, ids: list[str]) -> Counter[str]:
    return Counter([(await rig.certificate(each))["status"] for each in ids])


async def history(rig: Rig, certificate_id: str) -> list[tuple[str, dict[str, Any]]]:
    async with rig.res.db.read() as session:
        events = await certificates.events_of(session, uuid.UUID(certificate_id))
    return [(each.name, each.facts) for each in events if each.name not in ("requested", "signing", "issued")]
