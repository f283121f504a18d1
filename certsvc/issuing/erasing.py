"""Erasing a certificate's files: their data keys are destroyed, so that no copy of the bytes opens any more.

Row, digest and history stay: who holds the file can still have it checked.
"""

import datetime as dt
import uuid

from certsvc.errors import NotFound
from certsvc.store import Database, certificates


async def erase_files(db: Database, certificate_id: uuid.UUID, *, actor: str, now: dt.datetime) -> int:
    """Erase every published version of a certificate's PDF; returns how many there were to erase.

    Not to be undone. Backups of the database hold the keys until they are overwritten. Raises NotFound.
    """
    async with db.begin() as session:
        certificate = await certificates.find_for_change(session, certificate_id)
        if certificate is None:
            raise NotFound("no_such_certificate", "Không có giấy chứng nhận này.", "There is no such certificate.")
        erased = await certificates.destroy_keys(session, certificate_id)
        if erased:
            certificates.record_event(session, certificate_id, "erased", at=now, actor=actor, files=erased)
    return erased
