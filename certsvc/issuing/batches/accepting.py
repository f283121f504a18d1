"""A file of cases on its way in: what its first bytes and its header show, it is told of at once; then it is
kept, sealed.
"""

import asyncio
import dataclasses
import datetime as dt
import hashlib
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from certsvc.config import Settings
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import keep_upload
from certsvc.issuing.batches.mappings import chosen_mapping
from certsvc.models import ApiKey, Batch, BatchStatus
from certsvc.records.columns import Layout, layout_of
from certsvc.records.raw.formats import EXCHANGE_FORMATS
from certsvc.records.rules.catalogue import finding
from certsvc.records.sheets.tables import Table, open_table
from certsvc.store import Database, registry
from certsvc.vault import Vault


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What the sender of a file wants done with it."""

    caller: ApiKey
    facility_code: str | None
    dry_run: bool
    late_reason: str
    mapping: str | None = None
    """Of the sender's mappings the one to read tables with; None for his `default`, empty for none."""


ELSEWHERE = finding("W-ELSEWHERE").to_json()
"""What a facility's dry run cannot foresee [rules, Between facilities]."""


async def accept_batch(
    db: Database,
    file: Path,
    *,
    order: Order,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
    turns: asyncio.Semaphore,
    now: dt.datetime,
) -> Batch:
    """Keep the file and open a batch `reading`; the caller rings the queue afterwards. Files are looked at in
    `turns`.

    Raises InputError for what the first bytes, the header row or emptiness show, NotFound for a mapping.
    """
    facility_code = order.caller.facility_code or order.facility_code
    async with db.read() as session:
        if facility_code:
            await registry.require_facility(session, facility_code)
        mapping = await chosen_mapping(session, order.mapping, caller=order.caller)
    async with turns:  # of the threads that everything else needs as well
        seen = await asyncio.to_thread(_peek, file, settings, layout_of(mapping))
    if order.dry_run and order.caller.facility_code:
        seen["notices"].append(ELSEWHERE)
    batch = Batch(
        id=uuid.uuid4(),
        owner_id=order.caller.id,
        facility_code=facility_code,
        status=BatchStatus.READING,
        dry_run=order.dry_run,
        late_reason=order.late_reason,
        mapping=None if seen["file_format"] in EXCHANGE_FORMATS else mapping,
        created_at=now,
        **seen,
    )
    batch.file_key = await keep_upload(file, batch.id, blobs=blobs, vault=vault)
    async with db.begin() as session:
        session.add(batch)
    return batch


def open_batch_file(file: Path, settings: Settings, layout: Layout) -> AbstractContextManager[Table]:
    return open_table(
        file, max_rows=settings.max_rows, max_unpacked_bytes=settings.max_unpacked_bytes, layout=layout
    )


def _peek(file: Path, settings: Settings, layout: Layout) -> dict[str, Any]:
    """What a `Batch` keeps of the file itself."""
    with open_batch_file(file, settings, layout) as table, file.open("rb") as whole:
        next(iter(table))  # raises InputError where there is no row
        return {
            "file_format": table.format,
            "place": dataclasses.asdict(table.place),
            "notices": [notice.to_json() for notice in table.notices],
            "file_sha256": hashlib.file_digest(whole, "sha256").hexdigest(),
        }
