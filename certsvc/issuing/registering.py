"""Facilities and their practitioners, entered from an operator's files."""

import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path

from certsvc.errors import ErrorItem
from certsvc.models import Facility, Practitioner
from certsvc.records.sheets.registry_files import (
    FacilityRow,
    PractitionerRow,
    read_facilities,
    read_practitioners,
)
from certsvc.refusals import unknown_facility
from certsvc.store import Database, approvals, papers, registry


async def import_facilities(db: Database, file: Path, *, actor: str, now: dt.datetime) -> int:
    """Insert or update the facilities of a file; returns how many there are.

    Where the head need not approve any more, what waits is released. Raises as `read_facilities`.
    """
    rows = read_facilities(file)
    async with db.begin() as session:
        await papers.take_turn(session)
        await registry.save_facilities(session, map(facility_of, rows))
        await session.flush()
        await approvals.release_unrequired(session, now=now, actor=actor)
    return len(rows)


async def import_practitioners(db: Database, file: Path) -> int:
    """Insert or update the practitioners of a file; returns how many there are.

    Raises InputError `unknown_facility` with an error for each such row, and as `read_practitioners`.
    """
    rows = read_practitioners(file)
    async with db.begin() as session:
        known = {facility.code for facility in await registry.list_facilities(session)}
        if errors := _unknown_facilities(rows, known=known):
            raise unknown_facility(errors)
        await registry.save_practitioners(session, map(practitioner_of, rows))
    return len(rows)


def facility_of(row: FacilityRow) -> Facility:
    """The entity to merge. What the file does not say is left unset, so that the database keeps its own."""
    facility = Facility(
        code=row.code,
        name=row.name,
        parent=row.parent,
        ward_code=row.ward_code,
        active_from=row.active_from,
        active_to=row.active_to,
    )
    if row.requires_approval is not None:
        facility.requires_approval = row.requires_approval
    if row.prints_both_copies is not None:
        facility.prints_both_copies = row.prints_both_copies
    return facility


def practitioner_of(row: PractitionerRow) -> Practitioner:
    """The entity to merge. A title that the file does not give is left unset, as in `facility_of`."""
    practitioner = Practitioner(
        licence=row.licence,
        full_name=row.full_name,
        facility_code=row.facility_code,
        role=row.role,
        social_insurance_no=row.social_insurance_no,
        registered_from=row.registered_from,
        registered_to=row.registered_to,
    )
    if row.title is not None:
        practitioner.title = row.title
    return practitioner


def _unknown_facilities(rows: Sequence[PractitionerRow], *, known: Collection[str]) -> list[ErrorItem]:
    """An error for each row whose facility is not known."""
    return [
        {
            "field": "facility_code",
            "row": row.number,
            "rule": None,
            "message_vi": f"Không có cơ sở {row.facility_code}.",
            "message_en": f"There is no facility {row.facility_code}.",
        }
        for row in rows
        if row.facility_code not in known
    ]
