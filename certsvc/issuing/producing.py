"""From `requested` to `issued`: claim a chunk, fill, sign, check ourselves, publish.

    1. a short transaction claims rows with a lease and numbers them
    2. outside any transaction each is filled and sealed, and proven again from its bytes
    3. bytes are stored; then a short transaction makes the rows `issued`, if the claim still holds

Nothing is lost where a worker dies between two steps: the lease runs out and the next claim goes on.
Nothing is published twice: whoever lost the claim discards its bytes.
"""

import asyncio
import datetime as dt
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.blobs import Blobs, pdf_name
from certsvc.config import Settings
from certsvc.errors import CertsvcError, Unavailable
from certsvc.issuing.leases import Lease
from certsvc.issuing.making import Produced, Staff, Workshop, lay_out, produce
from certsvc.issuing.requesting import today_in_hanoi
from certsvc.logs import get_logger
from certsvc.models import Certificate, Kind
from certsvc.store import Database, certificates, registry
from certsvc.vault import Vault
from certsvc.verify.trust import Trust

_RETRY_AFTER = (dt.timedelta(seconds=2), dt.timedelta(seconds=15), dt.timedelta(minutes=1), dt.timedelta(minutes=5))
_log = get_logger()


async def issue_chunk(
    db: Database, *, workshop: Workshop, blobs: Blobs, vault: Vault, settings: Settings, trust: Trust, clock: Callable[[], dt.datetime]
) -> int:
    """Claim up to `settings.chunk_size` certificates and bring each to an end or to a next try; returns how many."""
    token = secrets.token_hex(16)
    async with db.begin() as session:
        claimed = await _claim(session, token=token, settings=settings, now=clock())
        staff = await _staff(session)
    if not claimed:
        return 0
    sheets = {
        certificate.id: asyncio.ensure_future(lay_out(certificate, staff, workshop, vault=vault, settings=settings, now=clock())) for certificate in claimed
    }
    lease = Lease(lambda until: _extend(db, token, until), lease_s=settings.lease_s, clock=clock)
    produced: list[Produced] = []
    for certificate in claimed:
        try:
            laid = await lease.wait(sheets[certificate.id])
            produced.append(await produce(certificate, laid, staff, workshop, settings=settings, trust=trust, in_full=not produced))
        except CertsvcError as error:
            await _put_back(db, certificate, error, token=token, settings=settings, now=clock())
        except Exception as error:  # noqa: BLE001 - one certificate's unforeseen failure must not stop the others; it is logged and counted
            _log.error("certificate.crashed", certificate=str(certificate.id), exc_info=error)
            await _put_back(db, certificate, _crashed(), token=token, settings=settings, now=clock())
    for each in produced:
        await blobs.put(pdf_name(each.certificate.id, each.sha256), each.sealed.pdf)
    async with db.begin() as session:
        held = {certificate.id: certificate for certificate in await certificates.of_claim(session, token)}
        for each in produced:
            if each.certificate.id in held:
                _publish(session, held[each.certificate.id], each, now=clock())
    return len(claimed)


async def _claim(session: AsyncSession, *, token: str, settings: Settings, now: dt.datetime) -> list[Certificate]:
    """Step 1. Who was tried too often is given up, in words that a person can act on."""
    claimed = []
    for certificate in await certificates.take_waiting(session, now=now, limit=settings.chunk_size):
        if certificate.attempts >= settings.max_attempts:
            certificate.fail(now, certificate.reason or "too_many_attempts", certificate.reason_text)
            certificates.record_event(session, certificate.id, "failed", at=now, actor="worker", reason=certificate.reason)
        else:
            certificate.claim(now, lease_until=now + dt.timedelta(seconds=settings.lease_s), token=token)
            certificates.record_event(session, certificate.id, "signing", at=now, actor="worker", attempt=certificate.attempts)
            claimed.append(certificate)
    await _number(session, claimed, year=today_in_hanoi(now).year)
    return claimed


async def _extend(db: Database, token: str, lease_until: dt.datetime) -> None:
    async with db.begin() as session:
        await certificates.extend_lease(session, token=token, lease_until=lease_until)


async def _number(session: AsyncSession, claimed: Sequence[Certificate], *, year: int) -> None:
    """Serials of the year of signing, for those that have none yet [design §1]."""
    groups: defaultdict[tuple[str, Kind], list[Certificate]] = defaultdict(list)
    for certificate in claimed:
        if certificate.serial is None:
            groups[certificate.facility_code, certificate.kind].append(certificate)
    for (facility_code, kind), group in groups.items():
        sequences = await certificates.next_sequences(session, facility_code=facility_code, kind=kind, year=year, count=len(group))
        for certificate, sequence in zip(group, sequences, strict=True):
            certificate.number(serial_of(kind, facility_code=facility_code, year=year, sequence=sequence), year=year, sequence=sequence)


def serial_of(kind: Kind, *, facility_code: str, year: int, sequence: int) -> str:
    """The serial as systems know it: `<facility><yy><sequence>`, or `GXN-<facility>-<yy>-<sequence>` [design §1]."""
    match kind:
        case Kind.SICK_LEAVE:
            return f"{facility_code}{year % 100:02d}{sequence:05d}"
        case Kind.RECOVERY:
            return f"GXN-{facility_code}-{year % 100:02d}-{sequence:05d}"


async def _staff(session: AsyncSession) -> Staff:
    facilities = {facility.code: facility for facility in await registry.list_facilities(session)}
    return Staff(facilities, await registry.list_practitioners(session), await registry.list_identities(session))


def _publish(session: AsyncSession, certificate: Certificate, produced: Produced, *, now: dt.datetime) -> None:
    """Step 3: the digest register and the row, in one transaction."""
    sealed = produced.sealed
    certificates.publish(session, certificate, sha256=produced.sha256, now=now)
    certificate.mark_issued(
        now,
        signed_at=sealed.signed_at,
        sha256=produced.sha256,
        size=len(sealed.pdf),
        level=str(sealed.profile),
        design=produced.design,
        warnings=produced.warnings,
    )
    certificates.record_event(session, certificate.id, "issued", at=now, actor="worker", sha256=produced.sha256)
    _log.info("certificate.issued", certificate=str(certificate.id))


async def _put_back(db: Database, certificate: Certificate, error: CertsvcError, *, token: str, settings: Settings, now: dt.datetime) -> None:
    """What can be tried again waits for its turn; what a person must mend is `failed` with the reason."""
    _log.warning("certificate.not_issued", certificate=str(certificate.id), code=error.code)
    async with db.begin() as session:
        row = await certificates.find_for_change(session, certificate.id)
        if row is None or row.lease_token != token:
            return
        if isinstance(error, Unavailable) and row.attempts < settings.max_attempts:
            row.release(now, retry_at=now + _RETRY_AFTER[min(row.attempts, len(_RETRY_AFTER)) - 1])
        else:
            row.fail(now, error.code, f"{error.message_vi} / {error.message_en}")
            certificates.record_event(session, row.id, "failed", at=now, actor="worker", reason=error.code)


def _crashed() -> Unavailable:
    return Unavailable(
        "internal_error", "Lỗi chưa rõ khi cấp giấy; người vận hành cần xem nhật ký.", "An unforeseen failure while issuing; an operator must look at the log."
    )


async def has_waiting(db: Database, *, now: dt.datetime) -> bool:
    async with db.read() as session:
        return await certificates.count_waiting(session, now=now) > 0
