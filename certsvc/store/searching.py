"""Certificates by what a person has in hand: code, serial, printed number, case, citizen id. Every question
is served by an index.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Certificate, CertificateMark, Facility, Kind

_MOST = 50


async def by_code(session: AsyncSession, index: str) -> Sequence[Certificate]:
    """By the keyed digest of a look-up code or a QR's token."""
    found = [
        await session.scalar(select(Certificate).where(column == index))
        for column in (Certificate.code_index, Certificate.token_index)
    ]
    return [certificate for certificate in found if certificate is not None]


async def by_number(
    session: AsyncSession, *, facility_code: str, kind: Kind, year: int | None, sequence: int
) -> Sequence[Certificate]:
    """By a serial's parts; a number as recovery certificates print it says no year."""
    query = select(Certificate).where(
        Certificate.facility_code == facility_code,
        Certificate.kind == kind,
        Certificate.serial_sequence == sequence,
    )
    if year is not None:
        query = query.where(Certificate.serial_year == year)
    return (await session.scalars(query.order_by(Certificate.requested_at.desc()).limit(_MOST))).all()


async def by_case(session: AsyncSession, case_id: str, *, facility_code: str | None) -> Sequence[Certificate]:
    """Of one facility or of all: named one by one, since the index of cases begins with the facility."""
    codes = (
        select(Facility.code)
        if facility_code is None
        else select(Facility.code).where(Facility.code == facility_code)
    )
    query = select(Certificate).where(Certificate.facility_code.in_(codes), Certificate.case_id == case_id)
    return (await session.scalars(query.order_by(Certificate.requested_at.desc()).limit(_MOST))).all()


async def by_mark(session: AsyncSession, mark: str) -> Sequence[Certificate]:
    """By the blind index of what tells a person apart."""
    having = select(CertificateMark.certificate_id).where(CertificateMark.mark == mark)
    query = select(Certificate).where(Certificate.id.in_(having))
    return (await session.scalars(query.order_by(Certificate.requested_at.desc()).limit(_MOST))).all()
