"""What of a certificate may be shown to whom [design §5, domain §6].

To a stranger: kind (a recovery paper only as "station certificate", for its name tells the illness),
the serial's tail, facility, day of signing, initials. To who knows the birth date or holds the file:
name and leave dates too. To nobody: diagnosis, tests, address, telephone, employer, whole id numbers.
"""

import datetime as dt
from typing import Any

from certsvc.config import HANOI
from certsvc.models import Certificate, Facility, Kind
from certsvc.records import Case

_ADULT_AGE = 18
_UNTYPED = "station_certificate"


def stranger_view(certificate: Certificate, case: Case, facility: Facility, *, now: dt.datetime) -> dict[str, Any]:
    """What anybody holding the code may see; of a minor not even initials [domain §6]."""
    signed_on = certificate.signed_at.astimezone(HANOI).date().isoformat() if certificate.signed_at else None
    return {
        "kind": str(certificate.kind) if certificate.kind is Kind.SICK_LEAVE else _UNTYPED,
        "serial_tail": certificate.serial[-4:] if certificate.serial else None,
        "facility": facility.name,
        "signed_on": signed_on,
        "initials": _initials(case.full_name) if _is_adult(case, now.astimezone(HANOI).date()) else None,
    }


def holder_view(certificate: Certificate, case: Case, facility: Facility, *, now: dt.datetime) -> dict[str, Any]:
    """What who knows the birth date, or holds the very file, may see. Never a diagnosis."""
    return stranger_view(certificate, case, facility, now=now) | {
        "kind": str(certificate.kind),
        "serial": certificate.serial,
        "holder": case.full_name,
        "leave_from": case.isolation_from.isoformat(),
        "leave_to": case.isolation_to.isoformat(),
        "days": certificate.days,
    }


def _is_adult(case: Case, today: dt.date) -> bool:
    born = case.birth.latest
    return (today.year - born.year, today.month, today.day) >= (_ADULT_AGE, born.month, born.day)


def _initials(name: str) -> str:
    return " ".join(f"{word[0].upper()}." for word in name.split())
