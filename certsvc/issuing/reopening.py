"""Opening a look-up code again at once, for a holder who stands at the desk after too many wrong tries."""

import datetime as dt
import uuid

from certsvc.issuing.visibility import get_own
from certsvc.models import ApiKey, Certificate
from certsvc.store import Database, answers, certificates


async def reopen_code(
    db: Database, certificate_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> Certificate:
    """Forget whatever was tried against a certificate's code. Raises as `get_own` does."""
    async with db.begin() as session:
        certificate = await get_own(session, certificate_id, caller=caller)
        await answers.forget_tries(session, index=certificate.code_index)
        certificates.record_event(session, certificate_id, "code_reopened", at=now, actor=str(caller.id))
    return certificate
