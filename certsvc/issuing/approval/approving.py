"""A facility's head approves what was asked for before anything is signed with its seal; one approval lets a
batch go.

What is held is `requested`, and no worker takes it (`Certificate.awaits_approval`). Who approves is a caller
of that facility who is its head, or who is delegated that day. What is declined is `failed`, so its case is
free for a mended record. Batches are locked first, as by whoever cancels them; then certificates.
"""

import datetime as dt
import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.errors import Conflict, Forbidden, NotFound
from certsvc.issuing.authority import representatives_on
from certsvc.issuing.finishing import finish_if_idle
from certsvc.issuing.visibility import get_visible, no_such_batch
from certsvc.models import ApiKey, Batch, BatchStatus, Certificate, EventType
from certsvc.models.certificates import nothing_to_approve
from certsvc.store import Database, approvals, batches, certificates, papers, registry
from certsvc.store.approvals import Waiting
from certsvc.webhooks.events import announce, is_listened_for


async def approve_batch(
    db: Database, batch_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime, expected: int | None = None
) -> int:
    """Let the caller's facility's certificates of a batch be signed; how many. The caller rings the queue
    afterwards.

    `expected` is how many whoever approves was shown. Raises NotFound, Forbidden `not_representative`,
    Conflict `batch_being_read`, `nothing_to_approve` or, where there are more or fewer by now,
    `changed_meanwhile`.
    """
    async with db.begin() as session:
        batch, facility_code = await _part(session, batch_id, caller=caller, now=now)
        number = await approvals.approve_all(
            session, batch.id, facility_code=facility_code, now=now, actor=str(caller.id)
        )
        _require(number, expected)
    return number


async def decline_batch(
    db: Database,
    batch_id: uuid.UUID,
    *,
    reason_text: str,
    caller: ApiKey,
    now: dt.datetime,
    expected: int | None = None,
) -> int:
    """Give up the caller's facility's certificates of a batch, and say why; how many. Raises as
    `approve_batch` does.
    """
    async with db.begin() as session:
        batch, facility_code = await _part(session, batch_id, caller=caller, now=now)
        number = await approvals.decline_all(
            session,
            batch.id,
            facility_code=facility_code,
            reason_text=reason_text,
            now=now,
            actor=str(caller.id),
        )
        _require(number, expected)
        if await is_listened_for(
            session, EventType.CERTIFICATE_FAILED, facility_code=facility_code, in_batch=True, now=now
        ):
            declined = await approvals.declined_just_now(
                session, batch.id, facility_code=facility_code, now=now
            )
            await announce(session, EventType.CERTIFICATE_FAILED, declined, now=now)
        if batch.finished_at is None:
            await finish_if_idle(session, batch, now=now)
    return number


async def get_waiting(
    session: AsyncSession, key: uuid.UUID, *, caller: ApiKey, facility_code: str | None = None
) -> Waiting:
    """What waits in a batch, or the one certificate that does (`key` is its id): the caller's facility's; for
    others that of the facility named, or of any. Raises NotFound `nothing_waits`.
    """
    found = await approvals.find_waiting(session, key, facility_code=caller.facility_code or facility_code)
    if found is None:
        raise NotFound(
            "nothing_waits",
            "Không có gì đang chờ duyệt ở đây: đã được duyệt, bị từ chối hoặc bị huỷ.",
            "Nothing waits here: it was decided or cancelled.",
        )
    return found


async def _part(
    session: AsyncSession, batch_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> tuple[Batch, str]:
    """A batch, locked, read to its end, of which a part is the facility's whose head the caller is; and that
    facility.
    """
    batch = await batches.find_for_change(session, batch_id)
    if batch is None or not await _concerns(session, batch, caller):
        raise no_such_batch()
    facility_code = await require_representative(session, caller, now=now)
    if batch.status is BatchStatus.READING:
        raise Conflict(
            "batch_being_read",
            "Tệp của lô còn đang được đọc; hãy duyệt khi đã đọc xong.",
            "The batch's file is still being read; approve it then.",
        )
    return batch, facility_code


async def _concerns(session: AsyncSession, batch: Batch, caller: ApiKey) -> bool:
    """Whether the caller's facility sent the batch, or has certificates in it."""
    if caller.facility_code is None:
        return False
    is_own = caller.is_of_same_holder(await session.get_one(ApiKey, batch.owner_id))
    return is_own or await approvals.has_any(session, batch.id, facility_code=caller.facility_code)


def _require(number: int, expected: int | None) -> None:
    if not number:
        raise nothing_to_approve()
    if expected is not None and number != expected:
        raise Conflict(
            "changed_meanwhile",
            "Số giấy chờ duyệt vừa thay đổi; hãy xem lại rồi duyệt.",
            "What waits has changed meanwhile; look at it again, then approve.",
        )


async def approve_certificate(
    db: Database, certificate_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> Certificate:
    """Let one certificate be signed; the caller rings the queue. Raises NotFound, Forbidden
    `not_representative`, Conflict `nothing_to_approve`.
    """
    async with db.begin() as session:
        certificate = await _one(session, certificate_id, caller=caller, now=now)
        certificate.approve(now)
        certificates.record_event(session, certificate.id, "approved", at=now, actor=str(caller.id))
    return certificate


async def decline_certificate(
    db: Database, certificate_id: uuid.UUID, *, reason_text: str, caller: ApiKey, now: dt.datetime
) -> Certificate:
    """Give one certificate up, and say why; the caller rings the queue, for its batch may have ended. Raises
    as `approve_certificate`.
    """
    async with db.begin() as session:
        certificate = await _one(session, certificate_id, caller=caller, now=now)
        certificate.decline(now, reason_text)
        certificates.record_event(session, certificate.id, "declined", at=now, actor=str(caller.id))
        await announce(session, EventType.CERTIFICATE_FAILED, [certificate], now=now)
    return certificate


async def _one(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey, now: dt.datetime
) -> Certificate:
    certificate = await get_visible(session, certificate_id, caller=caller, for_change=True)
    await require_representative(session, caller, now=now)
    return certificate


async def require_representative(session: AsyncSession, caller: ApiKey, *, now: dt.datetime) -> str:
    """The facility that the caller may represent today. Raises Forbidden `not_representative`."""
    if not await may_represent(session, caller, now=now) or caller.facility_code is None:
        raise Forbidden(
            "not_representative",
            "Chỉ trưởng trạm hoặc người được uỷ quyền hôm nay mới được duyệt, bằng tài khoản ghi số chứng chỉ"
            " hành nghề của mình.",
            "Only the head, or who is delegated today, may approve, with an account or key that names that"
            " person's licence.",
        )
    return caller.facility_code


async def may_represent(session: AsyncSession, caller: ApiKey, *, now: dt.datetime) -> bool:
    """Whether the caller is somebody who may represent its facility today."""
    if caller.facility_code is None or caller.licence is None:
        return False
    people = await registry.list_practitioners(session, facility_codes=[caller.facility_code])
    delegations = await registry.list_delegations(session, facility_codes=[caller.facility_code])
    return caller.licence in {
        each.licence for each in representatives_on(day_in_hanoi(now), people, delegations)
    }


async def set_requirement(
    db: Database, facility_code: str, *, required: bool, actor: str, now: dt.datetime
) -> int:
    """Whether a facility's head approves first; returns how many certificates were let go.

    What was asked for before is not held. Where approval is required no more, nobody would approve what
    waits: it is let go. Raises InputError `unknown_facility`.
    """
    async with db.begin() as session:
        await papers.take_turn(session)  # nobody judges by what the requirement was
        facility = await registry.require_facility(session, facility_code)
        facility.requires_approval = required
        await session.flush()
        return await approvals.release_unrequired(session, now=now, actor=actor)
