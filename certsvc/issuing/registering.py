"""Facilities and their practitioners, entered from an operator's files."""

import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from certsvc.errors import InputError
from certsvc.models import Practitioner
from certsvc.records.columns import PRACTITIONERS
from certsvc.records.sheets.registry_files import read_facilities, read_practitioners
from certsvc.records.sheets.tables import open_table
from certsvc.store import Database, approvals, papers, registry

_MAX_BYTES = 64 << 20


async def import_facilities(db: Database, file: Path, *, actor: str, now: dt.datetime) -> int:
    """Insert or update the facilities of a file; returns how many there are.

    Where the head need not approve any more, what waits is released. Raises as `read_facilities`.
    """
    found = read_facilities(file)
    async with db.begin() as session:
        await papers.take_turn(session)
        await registry.save_facilities(session, found)
        await session.flush()
        await approvals.release_unrequired(session, now=now, actor=actor)
    return len(found)


async def import_practitioners(db: Database, file: Path) -> int:
    """Insert or update the practitioners of a file; returns how many there are.

    Raises InputError `unknown_facility` with an error for each such row, and as `read_practitioners`.
    """
    found = read_practitioners(file)
    async with db.begin() as session:
        known = {facility.code for facility in await registry.list_facilities(session)}
        if errors := _unknown_facilities(file, found, known=known):
            raise InputError(
                "unknown_facility",
                "Có dòng ghi cơ sở chưa được đăng ký.",
                "Rows name facilities that are not registered.",
                errors=errors,
            )
        await registry.save_practitioners(session, found)
    return len(found)


def _unknown_facilities(
    file: Path, found: Sequence[Practitioner], *, known: Collection[str]
) -> list[dict[str, Any]]:
    """An error for each row whose facility is not known."""
    if all(practitioner.facility_code in known for practitioner in found):
        return []
    # Practitioners do not remember their rows, so the file is read again: a good file has one for each row.
    with open_table(file, max_rows=len(found), max_unpacked_bytes=_MAX_BYTES, layout=PRACTITIONERS) as table:
        numbers = [row.number for row in table]
    return [
        {
            "field": "facility_code",
            "row": number,
            "message_vi": f"Không có cơ sở {practitioner.facility_code}.",
            "message_en": f"There is no facility {practitioner.facility_code}.",
        }
        for number, practitioner in zip(numbers, found, strict=True)
        if practitioner.facility_code not in known
    ]
