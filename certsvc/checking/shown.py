"""What of a certificate may be shown to whom [architecture, What a stranger sees], and what its paper claims.

To a stranger: kind (a recovery paper only as "station certificate", for its name tells the illness), the
serial's tail, facility, the paper's date, when it was signed, initials. To who knows the birth date or holds
the file: name and leave dates too. To nobody: diagnosis, tests, address, telephone, employer, whole id
numbers.
"""

import datetime as dt
from dataclasses import replace
from typing import Any

from certsvc.claims import Claims
from certsvc.clock import day_in_hanoi
from certsvc.models import Kind
from certsvc.records import Birth, Case, Person
from certsvc.records.claiming import claims_of
from certsvc.records.dating import date_on_paper
from certsvc.states import STATION_CERTIFICATE
from certsvc.store.entries import Entry
from certsvc.vault import Vault
from certsvc.verify.report import iso_instant

_ADULT_AGE = 18


def stranger_view(entry: Entry, person: Person | Case, *, now: dt.datetime) -> dict[str, Any]:
    """What anybody holding the code may see; of a minor not even initials [law, Personal data].

    `dated_on` is the date that the paper bears, `signed_at` when it was signed, `signed_on` that day in
    Hanoi: late papers differ. All three are None as long as there is no paper.
    """
    signed_on = day_in_hanoi(entry.signed_at) if entry.signed_at else None
    dated_on = (
        date_on_paper(entry.kind, person, is_reissue=entry.is_reissue, signed_on=signed_on)
        if signed_on
        else None
    )
    return {
        "kind": str(entry.kind) if entry.kind is Kind.SICK_LEAVE else STATION_CERTIFICATE,
        "serial_tail": entry.serial[-4:] if entry.serial else None,
        "facility": entry.facility,
        "dated_on": dated_on.isoformat() if dated_on else None,
        "signed_on": signed_on.isoformat() if signed_on else None,
        "signed_at": iso_instant(entry.signed_at),
        "initials": _initials(person.full_name) if _is_adult(person.birth, day_in_hanoi(now)) else None,
    }


def holder_view(entry: Entry, case: Case, *, now: dt.datetime) -> dict[str, Any]:
    """What who knows the birth date, or holds the very file, may see. Never a diagnosis."""
    return stranger_view(entry, case, now=now) | {
        "kind": str(entry.kind),
        "serial": entry.serial,
        "holder": case.full_name,
        "leave_from": case.isolation_from.isoformat(),
        "leave_to": case.isolation_to.isoformat(),
        "days": entry.days,
    }


def _is_adult(birth: Birth, today: dt.date) -> bool:
    born = birth.latest
    return (today.year - born.year, today.month, today.day) >= (_ADULT_AGE, born.month, born.day)


def _initials(name: str) -> str:
    return " ".join(f"{word[0].upper()}." for word in name.split())


def claims_on_paper(entry: Entry, claimed: Claims, *, vault: Vault) -> Claims | None:
    """What the QR of this certificate claims; None where it was printed without claims.

    One that is being signed has no day of signing yet, so that of the claims at hand is believed. What papers
    printed earlier do not claim (their date, a commitment keyed by the code) is left out.
    """
    if entry.serial is None or entry.status_list is None or entry.status_index is None:
        return None
    claims = claims_of(
        vault.open_case(entry.id, entry.record),
        entry.kind,
        serial=entry.serial,
        code=vault.code(entry.id),
        token=vault.token(entry.id),
        status_place=(entry.status_list, entry.status_index),
        is_reissue=entry.is_reissue,
        signed_on=day_in_hanoi(entry.signed_at) if entry.signed_at else claimed.signed_on,
    )
    if claimed.commitment is None:
        claims = replace(claims, commitment=None, former_commitment=claimed.former_commitment)
    return claims if claimed.dated_on else replace(claims, dated_on=None)
