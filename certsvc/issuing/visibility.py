"""What a caller may see and change: a certificate or a batch that is not theirs does not exist for them."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import Conflict, Forbidden, NotFound
from certsvc.models import ApiKey, Batch, Certificate, Role
from certsvc.store import batches, certificates


async def get_visible(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey, for_change: bool = False
) -> Certificate:
    """The certificate, if it exists for this caller; otherwise NotFound, whoever's it is."""
    find = certificates.find_for_change if for_change else certificates.find
    certificate = await find(session, certificate_id)
    if certificate is None or not caller.may_see(certificate.facility_code):
        raise no_such_certificate()
    return certificate


async def get_own(
    session: AsyncSession, certificate_id: uuid.UUID, *, caller: ApiKey, for_change: bool = False
) -> Certificate:
    """The certificate for whoever may change it: an insurer only what it asked for itself [api, Keys and
    roles]. Raises NotFound, Forbidden `not_yours`.
    """
    certificate = await get_visible(session, certificate_id, caller=caller, for_change=for_change)
    if caller.role is Role.INSURER and not caller.is_of_same_holder(
        await session.get_one(ApiKey, certificate.requested_by_id)
    ):
        raise _not_yours()
    return certificate


async def get_batch(session: AsyncSession, batch_id: uuid.UUID, *, caller: ApiKey) -> Batch:
    """The batch, if it is the caller's own or the caller reads everything; otherwise NotFound."""
    batch = await batches.find(session, batch_id)
    owner = await session.get_one(ApiKey, batch.owner_id) if batch else caller
    if batch is None or not (caller.is_of_same_holder(owner) or caller.role in (Role.ADMIN, Role.AUDITOR)):
        raise no_such_batch()
    return batch


async def require_owner(session: AsyncSession, batch: Batch, *, caller: ApiKey) -> None:
    """Raises Forbidden `not_yours` for whoever may see the batch and did not send it."""
    if not caller.is_of_same_holder(await session.get_one(ApiKey, batch.owner_id)):
        raise _not_yours()


def no_such_certificate() -> NotFound:
    return NotFound("no_such_certificate", "Không có giấy chứng nhận này.", "There is no such certificate.")


def no_such_batch() -> NotFound:
    return NotFound("no_such_batch", "Không có lô này.", "There is no such batch.")


def not_issued(certificate: Certificate) -> Conflict:
    """Its file is asked for, and there is none yet."""
    return Conflict(
        "not_issued",
        f"Giấy chưa được cấp (trạng thái {certificate.status}).",
        f"The certificate is {certificate.status}; it is not issued yet.",
        status_now=str(certificate.status),
        reason=certificate.reason,
    )


def _not_yours() -> Forbidden:
    return Forbidden(
        "not_yours",
        "Chỉ đơn vị đã yêu cầu cấp giấy, hoặc đã gửi tệp, mới được làm việc này.",
        "Only the organisation that asked for the certificate, or sent the file, may do this.",
    )
