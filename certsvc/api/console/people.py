"""Whom a certificate is about, as the console shows it."""

import datetime as dt
from dataclasses import dataclass

from certsvc.models import ApiKey, Certificate, Role
from certsvc.resources import Resources


@dataclass(frozen=True, slots=True, repr=False)
class ShownPerson:
    """So that nobody approves or withdraws the wrong paper. `birth` is a day, or a year alone."""

    name: str
    birth: str
    leave_from: dt.date | None
    leave_to: dt.date | None


def shown_person(certificate: Certificate, caller: ApiKey, res: Resources) -> ShownPerson | None:
    """None for auditors, who see no names."""
    if caller.role is Role.AUDITOR:
        return None
    person = res.vault.open_person(certificate.id, certificate.record)
    birth = f"{person.birth.day:%d/%m/%Y}" if person.birth.day else str(person.birth.year)
    return ShownPerson(person.full_name, birth, certificate.leave_from, certificate.leave_to)
