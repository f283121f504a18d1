"""Which recall holds a certificate: while it waits nobody changes that certificate by itself."""

import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import NotFound
from certsvc.issuing.withdrawing.recalling import get_recall
from certsvc.models import ApiKey
from certsvc.store import recalls


@dataclass(frozen=True, slots=True)
class HoldingRecall:
    """A recall that waits; its id for callers who may see it."""

    id: uuid.UUID | None


async def find_holding_recall(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey
) -> HoldingRecall | None:
    recall_id = (await recalls.waiting_of(session, [certificate_id])).get(certificate_id)
    if recall_id is None:
        return None
    try:
        await get_recall(session, recall_id, caller=caller)
    except NotFound:
        return HoldingRecall(None)
    return HoldingRecall(recall_id)
