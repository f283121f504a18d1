"""A year's register: certificates as rows, without issuing, for only finding one is measured."""

import asyncio
import datetime as dt
import random
import uuid
from typing import Any

from sqlalchemy import select

from certsvc.config import Settings
from certsvc.models import ApiKey, Certificate, Facility, Kind, Status
from certsvc.resources import open_vault
from certsvc.store import Database
from certsvc.store.papers import add_all
from certsvc.vault import Vault
from tests.support.cases import make_case

_AT_ONCE = 5_000
_SIGNED = dt.datetime(2022, 2, 6, 3, 0, tzinfo=dt.UTC)
_REVOKED_EVERY = 100


def fill_register(settings: Settings, *, certificates: int, codes: int) -> list[str]:
    """Add that many issued certificates, one in a hundred revoked; return look-up codes of about `codes`."""
    return asyncio.run(_fill(settings, certificates=certificates, codes=codes))


async def _fill(settings: Settings, *, certificates: int, codes: int) -> list[str]:
    vault, rng, db = open_vault(settings), random.Random(1), Database(settings.sqlalchemy_url)
    kept: list[str] = []
    try:
        async with db.read() as session:
            [key_id] = await session.scalars(select(ApiKey.id).limit(1))
            facilities = (await session.scalars(select(Facility.code))).all()
        for first in range(0, certificates, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, certificates))
            rows = [
                _row(number, vault, facilities[number % len(facilities)], key_id, rng) for number in numbers
            ]
            async with db.begin() as session:
                await add_all(session, Certificate, rows)
            kept += [
                vault.code(row["id"])
                for row in rng.sample(rows, min(len(rows), 1 + codes * len(rows) // certificates))
            ]
    finally:
        await db.close()
    return kept


def _row(number: int, vault: Vault, facility: str, key_id: uuid.UUID, rng: random.Random) -> dict[str, Any]:
    """The columns of one; all have the same invented case, for only the look-up reads it."""
    certificate_id = uuid.UUID(int=rng.getrandbits(128), version=4)
    is_revoked = number % _REVOKED_EVERY == 0
    return {
        "id": certificate_id,
        "facility_code": facility,
        "case_id": f"B-{number}",
        "kind": Kind.SICK_LEAVE,
        "revision": 1,
        "status": Status.REVOKED if is_revoked else Status.ISSUED,
        "serial": f"{facility}22{number:07d}",
        "serial_year": 2022,
        "serial_sequence": number + 1,
        "code_index": vault.index(vault.code(certificate_id)),
        "token_index": vault.index(vault.token(certificate_id)),
        "person": "",
        "record": vault.seal_case(certificate_id, _CASE),
        "record_digest": "0" * 64,
        "event_on": _SIGNED.date(),
        "leave_from": _CASE.isolation_from,
        "leave_to": _CASE.isolation_to,
        "days": _CASE.leave_days,
        "status_list": None,
        "status_index": None,
        "warnings": [],
        "late_reason": "",
        "priority": 1,
        "design": "sick_leave/ct07-2017",
        "level": "B-LT",
        "reason": "fraud" if is_revoked else None,
        "is_reissue": False,
        "requested_by_id": key_id,
        "requested_at": _SIGNED + dt.timedelta(milliseconds=number),
        "signed_at": _SIGNED,
        "pdf_sha256": f"{number:064x}",
        "pdf_bytes": 50_000,
        "attempts": 1,
        "changed_at": _SIGNED,
    }


_CASE = make_case()
