"""Find certificates by what a person has in hand."""

import re
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.codes import normalise_code
from certsvc.models import ApiKey, Certificate, Kind, Role
from certsvc.records.patient import citizen_mark
from certsvc.store import searching
from certsvc.vault import Vault

_SICK_LEAVE = re.compile(r"([0-9]{5})([0-9]{2})([0-9]{5,9})")
_RECOVERY = re.compile(r"GXN-([0-9]{5})-([0-9]{2})-([0-9]{5,9})", re.IGNORECASE)
_PRINTED = re.compile(r"([0-9]{1,9})/GXN-TYT", re.IGNORECASE)
_CITIZEN_ID = re.compile(r"[0-9]{9}|[0-9]{12}")
_CENTURY = 2000


async def search(session: AsyncSession, text: str, *, caller: ApiKey, vault: Vault) -> list[Certificate]:
    """Every certificate that this caller may see with this code, serial, case id or, whole, citizen id;
    newest first.

    The printed number of a recovery certificate (`…/GXN-TYT`) is known to its facility only. Auditors do not
    search by people. Names are not searched: they lie encrypted, and the indexes of people are keyed by the
    whole of what names a person.
    """
    text = text.strip()
    found = [
        *await searching.by_case(session, text, facility_code=caller.facility_code),
        *await _by_serial(session, text, caller=caller),
    ]
    if code := normalise_code(text):
        found += await searching.by_code(session, vault.index(code.text))
    if _CITIZEN_ID.fullmatch(text) and caller.role is not Role.AUDITOR:
        found += await searching.by_mark(session, vault.mark(citizen_mark(text)))
    visible = {each.id: each for each in found if caller.may_see(each.facility_code)}
    return sorted(visible.values(), key=lambda each: each.requested_at, reverse=True)


async def _by_serial(session: AsyncSession, text: str, *, caller: ApiKey) -> Sequence[Certificate]:
    for kind, pattern in ((Kind.SICK_LEAVE, _SICK_LEAVE), (Kind.RECOVERY, _RECOVERY)):
        if match := pattern.fullmatch(text):
            facility_code, year, sequence = match.groups()
            return await searching.by_number(
                session,
                facility_code=facility_code,
                kind=kind,
                year=_CENTURY + int(year),
                sequence=int(sequence),
            )
    if caller.facility_code is not None and (printed := _PRINTED.fullmatch(text)):
        return await searching.by_number(
            session,
            facility_code=caller.facility_code,
            kind=Kind.RECOVERY,
            year=None,
            sequence=int(printed[1]),
        )
    return []
