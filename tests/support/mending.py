"""Rows of batches mended over HTTP."""

import uuid
from typing import Any

import httpx2

from certsvc.clock import utc_now
from certsvc.issuing.batches.rehearsals import issue_rehearsed
from certsvc.models import Batch
from certsvc.store import registry
from tests.support.records import as_csv, record
from tests.support.rig import Rig

WRONG = {"positive_on": "2022-13-45"}
"""What causes both papers of a case to be rejected (V-DATE-ORDER)."""


async def handed_in(
    rig: Rig, *records: dict[str, str], dry_run: bool, role: str = "insurer", data: bytes | None = None
) -> str:
    """The id of a batch that was completely read, and issued."""
    answer = await rig.submit(
        as_csv(*records) if data is None else data, role=role, dry_run=str(dry_run).lower()
    )
    assert answer.status_code == 202, answer.text
    await rig.work()
    found: str = answer.json()["id"]
    return found


async def look(rig: Rig, batch_id: str, row: int, role: str = "insurer") -> Any:
    answer = await rig.call("GET", f"/v1/batches/{batch_id}/rows/{row}", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def mend(
    rig: Rig,
    batch_id: str,
    row: int,
    right: dict[str, str],
    *,
    role: str = "insurer",
    version: int | None = None,
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    body: dict[str, Any] = {"record": right} | ({} if version is None else {"version": version})
    return await rig.call("POST", f"/v1/batches/{batch_id}/rows/{row}", role=role, json=body, headers=headers)


async def mended(rig: Rig, batch_id: str, row: int, right: dict[str, str], **more: Any) -> list[str]:
    """The outcomes of a row after mending."""
    answer = await mend(rig, batch_id, row, right, **more)
    assert answer.status_code == 200, answer.text
    return [line["outcome"] for line in answer.json()["results"]]


async def refused(rig: Rig, batch_id: str, row: int, right: dict[str, str], **more: Any) -> tuple[int, str]:
    answer = await mend(rig, batch_id, row, right, **more)
    return answer.status_code, answer.json()["code"]


def wrong(number: int, facility: str = "01801", **changes: str) -> dict[str, str]:
    return record(number, facility=facility) | WRONG | changes


async def issue_rehearsal(rig: Rig, rehearsed: str) -> str:
    """Issue a dry run, as the console's button does; the id of the new batch."""
    async with rig.res.db.read() as session:
        batch = await session.get_one(Batch, uuid.UUID(rehearsed))
        [caller] = (await registry.callers_by_id(session, [batch.owner_id])).values()
    made = await issue_rehearsed(
        rig.res.db, batch.id, caller=caller, blobs=rig.res.blobs, vault=rig.res.vault, now=utc_now()
    )
    await rig.work()
    return str(made.id)
