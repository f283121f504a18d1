"""Erasing: data keys are destroyed, so that no copy of the bytes opens any more.

A certificate's row, digest and history stay: who holds the file can still have it checked. So does the fate
of every row of a batch when the file that was sent in goes.
"""

import datetime as dt
import uuid

from certsvc.files.blobs import Blobs, batch_name
from certsvc.issuing.visibility import no_such_certificate
from certsvc.models import BatchStatus
from certsvc.refusals import still_being_read
from certsvc.store import Database, batches, certificates

_AT_ONCE = 50


async def erase_files(
    db: Database, certificate_id: uuid.UUID, *, blobs: Blobs, actor: str, now: dt.datetime
) -> int:
    """Erase every published version of a certificate's PDF, and the files it was asked for in; returns how
    many there were.

    Not to be undone. Backups of the database hold the keys until they are overwritten. Raises NotFound, and
    Conflict `still_being_read` where such a file is not read to its end.
    """
    async with db.begin() as session:
        certificate = await certificates.find_for_change(session, certificate_id)
        if certificate is None:
            raise no_such_certificate()
        uploads = await batches.with_case(session, certificate)
        if any(batch.status is BatchStatus.READING for batch in uploads):
            raise still_being_read()
        for batch in uploads:
            batch.file_key = None
        erased = await certificates.destroy_keys(session, certificate_id) + len(uploads)
        if erased:
            certificates.record_event(session, certificate_id, "erased", at=now, actor=actor, files=erased)
    for batch in uploads:
        await blobs.delete(batch_name(batch.id))
    return erased


async def forget_uploads(db: Database, *, blobs: Blobs, created_before: dt.datetime) -> None:
    """Erase files that were sent in so long ago; does a few at a time."""
    async with db.begin() as session:
        outlived = await batches.outlived(session, created_before=created_before, limit=_AT_ONCE)
        for batch in outlived:
            batch.file_key = None
    for batch in outlived:
        await blobs.delete(batch_name(batch.id))
