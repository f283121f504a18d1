"""From a dry run to the papers: the very file that was judged, sent once more to be issued."""

import datetime as dt
import uuid

from certsvc.blobs import Blobs
from certsvc.errors import Conflict, Forbidden, InputError
from certsvc.issuing.batches import get_batch
from certsvc.models import ApiKey, Batch, BatchStatus
from certsvc.store import Database
from certsvc.uploads import keep_upload, opened_upload
from certsvc.vault import Vault

_OF_THE_FILE = ("facility_code", "late_reason", "mapping", "file_sha256", "file_format", "place", "notices")


async def issue_rehearsed(db: Database, batch_id: uuid.UUID, *, caller: ApiKey, blobs: Blobs, vault: Vault, now: dt.datetime) -> Batch:
    """A new batch, `reading`, of a dry run's file and on its terms; the caller rings the queue afterwards.

    Its rows are judged anew: what was issued meanwhile is `existing`. Raises NotFound, Forbidden `not_yours`, Conflict
    `not_rehearsed` where the batch is no dry run that ended well, InputError `file_not_kept`.
    """
    async with db.read() as session:
        rehearsed = await get_batch(session, batch_id, caller=caller)
        owner = await session.get_one(ApiKey, rehearsed.owner_id)
    if not caller.is_of_same_holder(owner):
        raise Forbidden("not_yours", "Chỉ đơn vị đã gửi tệp mới được cấp giấy từ tệp này.", "Only who sent this file may have it issued.")
    if not rehearsed.dry_run or rehearsed.status is not BatchStatus.DONE:
        raise Conflict("not_rehearsed", "Chỉ cấp được từ một lần chạy thử đã xong.", "Only a dry run that is done can be issued.")
    batch = Batch(
        id=uuid.uuid4(),
        owner_id=caller.id,
        status=BatchStatus.READING,
        dry_run=False,
        created_at=now,
        **{name: getattr(rehearsed, name) for name in _OF_THE_FILE},
    )
    async with opened_upload(rehearsed, blobs=blobs, vault=vault) as file:
        if file is None:
            raise InputError("file_not_kept", "Tệp không còn được lưu; hãy gửi lại.", "The file is no longer kept; send it again.")
        batch.file_key = await keep_upload(file, batch.id, blobs=blobs, vault=vault)
    async with db.begin() as session:
        session.add(batch)
    return batch
