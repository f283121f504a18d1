"""Numbers that a certificate gets when it is about to be signed, once: its serial, and its place in the
status lists.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.models import Certificate, Kind
from certsvc.store import leases, status_lists
from certsvc.vault import Vault


async def number(session: AsyncSession, claimed: Sequence[Certificate], *, year: int) -> None:
    """Serials of the year of signing, for those that have none yet [architecture, Serials]."""
    unnumbered = [each for each in claimed if each.serial is None]
    sequences = await leases.next_sequences(
        session, Counter((each.facility_code, each.kind) for each in unnumbered), year=year
    )
    numbers = {counter: iter(some) for counter, some in sequences.items()}
    for certificate in unnumbered:
        facility_code, kind = certificate.facility_code, certificate.kind
        sequence = next(numbers[facility_code, kind])
        certificate.number(
            serial_of(kind, facility_code=facility_code, year=year, sequence=sequence),
            year=year,
            sequence=sequence,
        )


def serial_of(kind: Kind, *, facility_code: str, year: int, sequence: int) -> str:
    """The serial as systems know it: `<facility><yy><sequence>`, or `GXN-<facility>-<yy>-<sequence>`
    [architecture, Serials].
    """
    match kind:
        case Kind.SICK_LEAVE:
            return f"{facility_code}{year % 100:02d}{sequence:05d}"
        case Kind.RECOVERY:
            return f"GXN-{facility_code}-{year % 100:02d}-{sequence:05d}"


async def place(session: AsyncSession, claimed: Sequence[Certificate], *, vault: Vault) -> None:
    """Places in the status lists, for those that have none yet."""
    unplaced = [each for each in claimed if each.status_index is None]
    given = await status_lists.take_places(session, len(unplaced))
    for certificate, (list_number, count) in zip(unplaced, given, strict=True):
        certificate.place(list_number, vault.status_place(count, list_number))
