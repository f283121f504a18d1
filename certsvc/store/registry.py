"""Facilities, practitioners, signing identities and callers' keys."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.errors import InputError, NotFound
from certsvc.models import ApiKey, Delegation, Facility, Origin, Practitioner, SigningIdentity
from certsvc.refusals import no_such_facility, unknown_facility


async def save_facilities(session: AsyncSession, facilities: Iterable[Facility]) -> None:
    """Insert or update by code."""
    for facility in facilities:
        await session.merge(facility)


async def save_practitioners(session: AsyncSession, practitioners: Iterable[Practitioner]) -> None:
    """Insert or update by licence and facility."""
    for practitioner in practitioners:
        await session.merge(practitioner)


async def list_facilities(session: AsyncSession, *, only: str | None = None) -> Sequence[Facility]:
    query = select(Facility).order_by(Facility.code)
    if only is not None:
        query = query.where(Facility.code == only)
    return (await session.scalars(query)).all()


async def facilities_by_code(session: AsyncSession, codes: Collection[str]) -> dict[str, Facility]:
    return {
        found.code: found for found in await session.scalars(select(Facility).where(Facility.code.in_(codes)))
    }


async def list_practitioners(
    session: AsyncSession, *, facility_codes: Collection[str] | None = None
) -> Sequence[Practitioner]:
    query = select(Practitioner).order_by(Practitioner.facility_code, Practitioner.licence)
    if facility_codes is not None:
        query = query.where(Practitioner.facility_code.in_(facility_codes))
    return (await session.scalars(query)).all()


async def find_facility(session: AsyncSession, code: str) -> Facility | None:
    return await session.get(Facility, code)


async def get_facility(session: AsyncSession, code: str) -> Facility:
    """Raises NotFound `no_such_facility`."""
    found = await find_facility(session, code)
    if found is None:
        raise no_such_facility()
    return found


async def require_facility(session: AsyncSession, code: str) -> Facility:
    """The facility that something sent names. Raises InputError `unknown_facility`."""
    found = await find_facility(session, code)
    if found is None:
        raise unknown_facility()
    return found


async def requiring_approval(session: AsyncSession, codes: Collection[str]) -> frozenset[str]:
    """Those of these facilities whose head approves before anything is signed."""
    return frozenset(
        await session.scalars(
            select(Facility.code).where(Facility.code.in_(codes), Facility.requires_approval)
        )
    )


async def list_delegations(
    session: AsyncSession, *, facility_codes: Collection[str] | None = None
) -> Sequence[Delegation]:
    """Authorities to sign, those that were withdrawn too; by facility, the newest first."""
    query = select(Delegation).order_by(
        Delegation.facility_code, Delegation.valid_from.desc(), Delegation.added_at.desc(), Delegation.id
    )
    if facility_codes is not None:
        query = query.where(Delegation.facility_code.in_(facility_codes))
    return (await session.scalars(query)).all()


async def get_delegation(
    session: AsyncSession, delegation_id: uuid.UUID, *, of: str | None = None, for_change: bool = False
) -> Delegation:
    """`of` that facility, or any. Raises NotFound."""
    found = await session.get(Delegation, delegation_id, with_for_update=for_change)
    if found is None or of not in (None, found.facility_code):
        raise NotFound(
            "no_such_delegation", "Không có văn bản uỷ quyền này.", "There is no such authority to sign."
        )
    return found


async def require_practitioner(session: AsyncSession, licence: str | None, facility_code: str | None) -> None:
    """Raises InputError `unknown_practitioner` for the licence of nobody who is entered for that facility."""
    if licence is not None and await session.get(Practitioner, (licence, facility_code)) is None:
        raise InputError(
            "unknown_practitioner",
            "Cơ sở này không có người hành nghề với số chứng chỉ đó; hãy nhập trước bằng `certsvc"
            " practitioners import`.",
            "No practitioner of this facility has that licence; import them first with `certsvc practitioners"
            " import`.",
        )


async def list_identities(
    session: AsyncSession, *, facility_codes: Collection[str] | None = None
) -> Sequence[SigningIdentity]:
    """All identities that ever signed, retired ones too: their certificates stay pinned."""
    query = select(SigningIdentity).order_by(
        SigningIdentity.facility_code, SigningIdentity.licence, SigningIdentity.added_at
    )
    if facility_codes is not None:
        query = query.where(SigningIdentity.facility_code.in_(facility_codes))
    return (await session.scalars(query)).all()


async def find_identity_by_digest(session: AsyncSession, sha256: str) -> SigningIdentity | None:
    return await session.scalar(select(SigningIdentity).where(SigningIdentity.certificate_sha256 == sha256))


async def get_identity(session: AsyncSession, identity_id: uuid.UUID) -> SigningIdentity:
    """Raises NotFound."""
    found = await session.get(SigningIdentity, identity_id)
    if found is None:
        raise NotFound("no_such_identity", "Không có khoá ký này.", "There is no such signing identity.")
    return found


async def list_keys(session: AsyncSession) -> Sequence[ApiKey]:
    """API keys, oldest first; not those who sign in."""
    return (
        await session.scalars(select(ApiKey).where(ApiKey.origin == Origin.KEY).order_by(ApiKey.created_at))
    ).all()


async def find_caller_row(session: AsyncSession, *, sha256: str, origin: Origin) -> ApiKey | None:
    """Who shows that he calls by this digest, and in this way."""
    return await session.scalar(select(ApiKey).where(ApiKey.sha256 == sha256, ApiKey.origin == origin))


async def find_key_by_prefix(session: AsyncSession, prefix: str) -> ApiKey | None:
    return await session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


async def callers_by_id(session: AsyncSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ApiKey]:
    return {found.id: found for found in await session.scalars(select(ApiKey).where(ApiKey.id.in_(ids)))}


async def get_caller(session: AsyncSession, caller_id: uuid.UUID) -> ApiKey:
    """Who did something: callers are kept for ever."""
    return await session.get_one(ApiKey, caller_id)


async def keep_subject(session: AsyncSession, caller_id: uuid.UUID, subject: str) -> None:
    await session.execute(update(ApiKey).where(ApiKey.id == caller_id).values(subject=subject))


async def mark_key_used(session: AsyncSession, key_id: uuid.UUID, *, now: dt.datetime) -> None:
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))
