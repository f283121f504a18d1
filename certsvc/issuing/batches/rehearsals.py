"""From a dry run to the papers: the very file that was judged, sent once more to be issued."""

import datetime as dt
import uuid

from certsvc.errors import Conflict
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import keep_upload, opened_upload, required
from certsvc.issuing.batches.accepting import ELSEWHERE
from certsvc.issuing.batches.amendments import copy_amendments
from certsvc.issuing.visibility import get_batch, require_owner
from certsvc.models import ApiKey, Batch, BatchStatus
from certsvc.store import Database
from certsvc.vault import Vault

_OF_THE_FILE = ("facility_code", "late_reason", "mapping", "file_sha256", "file_format", "place")


async def issue_rehearsed(
    db: Database, batch_id: uuid.UUID, *, caller: ApiKey, blobs: Blobs, vault: Vault, now: dt.datetime
) -> Batch:
    """A new batch, `reading`, of a dry run's file as it was mended, and on its terms; the caller rings the
    queue afterwards.

    Its rows are judged anew: what was issued meanwhile is `existing`. Raises NotFound, Forbidden `not_yours`,
    Conflict `not_rehearsed` where the batch is no dry run that ended well, InputError `file_not_kept`.
    """
    async with db.read() as session:
        rehearsed = await get_batch(session, batch_id, caller=caller)
        await require_owner(session, rehearsed, caller=caller)
    if not rehearsed.dry_run or rehearsed.status is not BatchStatus.DONE:
        raise Conflict(
            "not_rehearsed",
            "Chỉ cấp được từ một lần chạy thử đã xong.",
            "Only a dry run that is done can be issued.",
        )
    batch = Batch(
        id=uuid.uuid4(),
        owner_id=caller.id,
        status=BatchStatus.READING,
        dry_run=False,
        created_at=now,
        notices=[notice for notice in rehearsed.notices if notice != ELSEWHERE],
        **{name: getattr(rehearsed, name) for name in _OF_THE_FILE},
    )
    async with opened_upload(rehearsed, blobs=blobs, vault=vault) as file:
        batch.file_key = await keep_upload(required(file), batch.id, blobs=blobs, vault=vault)
    async with db.begin() as session:
        session.add(batch)
        await session.flush()
        await copy_amendments(session, rehearsed, batch, vault=vault)
    return batch
