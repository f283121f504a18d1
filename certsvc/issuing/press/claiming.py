"""Step 1 of issuing: a short transaction takes rows with a lease and numbers them."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.clock import day_in_hanoi
from certsvc.config import Settings
from certsvc.issuing.press.numbering import number, place
from certsvc.issuing.terms import ALONE
from certsvc.models import Certificate, EventType
from certsvc.store import Database, certificates, leases
from certsvc.vault import Vault
from certsvc.webhooks.events import announce


@dataclass(frozen=True, slots=True)
class Claim:
    """Certificates that are ours while the lease lasts, by id; entities detached from any session."""

    token: str
    certificates: Mapping[uuid.UUID, Certificate]


async def claim_chunk(
    session: AsyncSession, *, vault: Vault, settings: Settings, now: dt.datetime, only_alone: bool
) -> Claim:
    """Up to `settings.chunk_size` waiting certificates, numbered. Those tried too often fail instead, with a
    reason that a person can act on.
    """
    taken = await leases.take_waiting(
        session, now=now, limit=settings.chunk_size, up_to=ALONE if only_alone else None
    )
    tried_out = [row for row in taken if row.attempts >= settings.max_attempts]
    claimed = [row for row in taken if row.attempts < settings.max_attempts]
    for certificate in tried_out:
        certificate.fail(now, certificate.reason or "too_many_attempts", certificate.reason_text)
        certificates.record_event(
            session, certificate.id, "failed", at=now, actor="worker", reason=certificate.reason
        )
    await announce(session, EventType.CERTIFICATE_FAILED, tried_out, now=now)
    await session.flush()
    session.expunge_all()  # what is claimed is written for the whole chunk, not one by one
    token = secrets.token_hex(16)
    for certificate in claimed:
        certificate.claim(now, lease_until=now + dt.timedelta(seconds=settings.lease_s), token=token)
    await number(session, claimed, year=day_in_hanoi(now).year)
    await place(session, claimed, vault=vault)
    await leases.write_claims(session, claimed)
    await leases.record_events(
        session, "signing", {row.id: {"attempt": row.attempts} for row in claimed}, at=now, actor="worker"
    )
    return Claim(token, {row.id: row for row in claimed})


async def extend_claim(db: Database, claim: Claim, lease_until: dt.datetime) -> None:
    async with db.begin() as session:
        await leases.extend_lease(session, claim.certificates, token=claim.token, lease_until=lease_until)
