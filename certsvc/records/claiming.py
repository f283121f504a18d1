"""What the QR of a certificate claims, from its case and what issuing gave it; one place, for who signs and
who compares.
"""

import datetime as dt

from certsvc.claims import SERIAL_TAIL, ClaimedKind, Claims, commit
from certsvc.records import Case
from certsvc.records.dating import date_on_paper
from certsvc.states import Kind


def claims_of(
    case: Case,
    kind: Kind,
    *,
    serial: str,
    code: str,
    token: str,
    status_place: tuple[int, int],
    is_reissue: bool,
    signed_on: dt.date,
) -> Claims:
    """The claims; `code` without hyphens, `status_place` the number of a status list and the index in it."""
    commitment = commit(
        code=code,
        token=token,
        full_name=case.full_name,
        first_day=case.isolation_from,
        last_day=case.isolation_to,
    )
    dated_on = date_on_paper(kind, case, is_reissue=is_reissue, signed_on=signed_on)
    return Claims(
        ClaimedKind.of(kind),
        serial[-SERIAL_TAIL:],
        case.facility_code,
        signed_on,
        *status_place,
        commitment,
        dated_on,
    )
