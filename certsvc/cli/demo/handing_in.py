"""A file of cases submitted as the demo's insurer would, with a progress bar."""

import asyncio
import datetime as dt
import uuid
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from certsvc.callers.keys import find_caller
from certsvc.clock import utc_now
from certsvc.errors import Broken
from certsvc.issuing.batches.accepting import Order, accept_batch
from certsvc.resources import Resources
from certsvc.states import BatchStatus
from certsvc.store import batches


async def hand_in(
    res: Resources, file: Path, *, key: str, console: Console, day: dt.date | None = None
) -> None:
    """Submit the file with that API key, wait until every row is settled, and print the counts, with
    the `day` if one is given.

    Certificates that a station's head has to approve are not waited for. Raises Broken if the key is not good
    or a certificate failed.
    """
    caller = await find_caller(res.db, key, now=utc_now())
    if caller is None:
        raise Broken("no_demo_key", "Khoá demo không dùng được.", "The demo's key is not good.")
    order = Order(caller=caller, facility_code=None, dry_run=False, late_reason="late")
    batch = await accept_batch(
        res.db,
        file,
        order=order,
        blobs=res.blobs,
        vault=res.vault,
        settings=res.settings,
        turns=res.file_turns,
        now=utc_now(),
    )
    await res.doorbell.ring_batch(batch.id)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("Ký giấy / Issuing", total=None)
        while not _has_ended(*(state := await _look(res, batch.id))):
            counts = state[1]
            progress.update(task, total=counts["certificates"] or None, completed=counts["issued"])
            await asyncio.sleep(0.2)
        status, counts = state
        progress.update(task, total=counts["certificates"], completed=counts["issued"])
    if status not in (BatchStatus.DONE, BatchStatus.RUNNING) or counts["failed"]:
        raise Broken(
            "demo_failed",
            "Không cấp được hết giấy mẫu; xem nhật ký.",
            "Not all sample certificates were issued; see the log.",
        )
    vi, en = (f" ngày {day:%d/%m/%Y}", f" of {day:%d/%m/%Y}") if day else ("", "")
    console.print(
        f"{counts['rows']} hồ sơ{vi}: {counts['issued']} giấy mới, {counts['existing']} giấy đã có,"
        f" {counts['rejected']} hồ sơ bị từ chối. / {counts['rows']} cases{en}: {counts['issued']} issued"
        f" now, {counts['existing']} issued before, {counts['rejected']} rejected."
    )


def _has_ended(status: BatchStatus, counts: dict[str, int]) -> bool:
    """Whether nothing more happens without a person."""
    waits_for_heads = status is BatchStatus.RUNNING and counts["pending"] == counts["awaiting_approval"] > 0
    return waits_for_heads or status not in (BatchStatus.READING, BatchStatus.RUNNING)


async def _look(res: Resources, batch_id: uuid.UUID) -> tuple[BatchStatus, dict[str, int]]:
    async with res.db.read() as session:
        found = await batches.find(session, batch_id)
        return (found.status if found else BatchStatus.FAILED), await batches.count(session, batch_id)
