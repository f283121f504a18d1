"""What the QR of a certificate claims, from its case and what issuing gave it; one place, for who signs and who compares."""

import datetime as dt

from certsvc.config import HANOI
from certsvc.models import Kind
from certsvc.models.claims import SERIAL_TAIL, ClaimedKind, Claims, commit
from certsvc.records import Case
from certsvc.store.entries import Entry
from certsvc.vault import Vault


def claims_of(case: Case, kind: Kind, *, serial: str, token: str, status_place: tuple[int, int], signed_on: dt.date) -> Claims:
    """The claims; `status_place` is the number of a status list and the index in it."""
    commitment = commit(token=token, full_name=case.full_name, birth=case.birth.iso, first_day=case.isolation_from, last_day=case.isolation_to)
    return Claims(ClaimedKind.of(kind), serial[-SERIAL_TAIL:], case.facility_code, signed_on, *status_place, commitment)


def claims_on_paper(entry: Entry, claimed_day: dt.date, *, vault: Vault) -> Claims | None:
    """What the QR of this certificate claims; None where it was printed without claims.

    One that is being signed has no day of signing yet, so `claimed_day` is believed.
    """
    if entry.serial is None or entry.status_list is None or entry.status_index is None:
        return None
    return claims_of(
        vault.open_case(entry.id, entry.record),
        entry.kind,
        serial=entry.serial,
        token=vault.token(entry.id),
        status_place=(entry.status_list, entry.status_index),
        signed_on=entry.signed_at.astimezone(HANOI).date() if entry.signed_at else claimed_day,
    )
