"""From `requested` to `issued`: claim a chunk, send it through a press, store what comes out, publish.

    1. claim    a short transaction takes rows with a lease and numbers them
       (`issuing/press/claiming.py`)
    2. press    outside any transaction another process fills, signs and proves them
       (`issuing/press/pressing.py`)
    3. store    layers and the chunk's pack
    4. publish  a short transaction makes the rows `issued`, as far as the claim still holds

Nothing is lost where a worker dies between two steps: the lease runs out and the next claim goes on.
Nothing is published twice: whoever lost the claim discards its bytes.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from certsvc.config import Settings
from certsvc.errors import CertsvcError, Unavailable
from certsvc.files.archive import Archive, Location
from certsvc.issuing.leases import Lease
from certsvc.issuing.press.claiming import Claim, claim_chunk, extend_claim
from certsvc.issuing.press.ordering import make_order
from certsvc.issuing.press.orders import Chunk, Made, Order, Pressed, Unmade, self_check_failed
from certsvc.issuing.press.rosters import Rosters
from certsvc.issuing.rulebooks import load_cited
from certsvc.logs import get_logger
from certsvc.models import Certificate, EventType
from certsvc.refusals import internal_error
from certsvc.store import Database, certificates, leases
from certsvc.templates.designs import choose_design
from certsvc.trust.anchors import TrustSource
from certsvc.vault import Vault
from certsvc.webhooks.events import announce

Press = Callable[[Chunk], Awaitable[Pressed]]
"""Sends a chunk to a process that fills and signs."""

_RETRY_AFTER = (
    dt.timedelta(seconds=2),
    dt.timedelta(seconds=15),
    dt.timedelta(minutes=1),
    dt.timedelta(minutes=5),
)
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Workbench:
    """What issuing works with."""

    db: Database
    archive: Archive
    vault: Vault
    settings: Settings
    trust: TrustSource
    rosters: Rosters
    press: Press


async def issue_chunk(
    bench: Workbench,
    *,
    clock: Callable[[], dt.datetime],
    only_alone: bool = False,
    on_full: Callable[[], None] = lambda: None,
) -> int:
    """Claim up to `settings.chunk_size` certificates and bring each to an end or to a next try; returns how
    many.

    `only_alone` leaves batches aside. `on_full` is called once a whole chunk is claimed, for there may be
    more.
    """
    settings = bench.settings
    async with bench.db.begin() as session:
        claim = await claim_chunk(
            session, vault=bench.vault, settings=settings, now=clock(), only_alone=only_alone
        )
    if not claim.certificates:
        return 0
    if len(claim.certificates) == settings.chunk_size:
        on_full()
    lease = Lease(lambda until: extend_claim(bench.db, claim, until), lease_s=settings.lease_s, clock=clock)
    pressed = await _press(bench, claim, lease=lease, now=clock())
    issued, unmade = 0, list(pressed.unmade)
    try:
        places = await lease.wait(_store(bench.archive, pressed))
        issued = await _publish(bench, claim, pressed.made, places, now=clock())
    except CertsvcError as error:
        unmade += [Unmade(each.certificate_id, error) for each in pressed.made]
    if unmade:
        await _put_back(bench.db, claim, unmade, settings=settings, now=clock())
    _log.info(
        "chunk.issued",
        issued=issued,
        slow=sum(not each.is_fast for each in pressed.made),
        not_issued=len(unmade),
    )
    return len(claim.certificates)


async def _press(bench: Workbench, claim: Claim, *, lease: Lease, now: dt.datetime) -> Pressed:
    """Step 2: what became of every certificate of the claim."""
    try:
        orders, unmade = await _orders(bench, claim.certificates.values(), now=now)
        trust = await bench.trust.get_bytes(now)
    except CertsvcError as error:
        return Pressed((), tuple(Unmade(each, error) for each in claim.certificates), {})
    pressed = await _press_orders(bench.press, orders, trust, lease=lease)
    return Pressed(pressed.made, (*pressed.unmade, *unmade), pressed.layers)


async def _orders(
    bench: Workbench, claimed: Collection[Certificate], *, now: dt.datetime
) -> tuple[list[Order], list[Unmade]]:
    rosters = await bench.rosters.get({each.facility_code for each in claimed}, now=now)
    rules = await load_cited(bench.db, {each.discharge_rule for each in claimed})
    orders, unmade = [], []
    for each in claimed:
        try:
            orders.append(
                make_order(
                    each,
                    rosters[each.facility_code],
                    rules=rules,
                    vault=bench.vault,
                    settings=bench.settings,
                    now=now,
                )
            )
        except CertsvcError as error:
            unmade.append(Unmade(each.id, error))
    return orders, unmade


async def _press_orders(press: Press, orders: Sequence[Order], trust: bytes, *, lease: Lease) -> Pressed:
    """A press that breaks down over a chunk gets its certificates one by one: one bad one must not fail the
    others.
    """
    if not orders:
        return Pressed((), (), {})
    try:
        return await lease.wait(press(Chunk(tuple(orders), trust)))
    except CertsvcError as error:
        return Pressed((), tuple(Unmade(each.certificate_id, error) for each in orders), {})
    except Exception as error:  # noqa: BLE001 - whatever a library or a killed process does; it is logged and counted as a try
        _log.error(
            "press.crashed",
            certificates=len(orders),
            certificate=str(orders[0].certificate_id),
            exc_info=error,
        )
    if len(orders) == 1:
        return Pressed((), (Unmade(orders[0].certificate_id, internal_error()),), {})
    alone = [await _press_orders(press, [each], trust, lease=lease) for each in orders]
    layers = {name: layer for each in alone for name, layer in each.layers.items()}
    return Pressed(
        tuple(made for each in alone for made in each.made),
        tuple(bad for each in alone for bad in each.unmade),
        layers,
    )


async def _store(archive: Archive, pressed: Pressed) -> list[Location]:
    """Step 3: bytes before rows. Where each piece lies, in the order of `pressed.made`.

    Raises Broken `self_check_failed` where what is shared was not handed out: nobody could put such a file
    together.
    """
    if not {name for each in pressed.made for name in (each.base, each.stock)} <= {None, *pressed.layers}:
        raise self_check_failed("a press kept what its certificates share")
    await archive.put_layers(pressed.layers)
    return await archive.put_pack([each.piece for each in pressed.made]) if pressed.made else []


async def _publish(
    bench: Workbench, claim: Claim, made: Sequence[Made], places: Sequence[Location], *, now: dt.datetime
) -> int:
    """Step 4: rows, digest register and event log, in one transaction. How many; whoever lost the claim
    meanwhile publishes nothing.
    """
    async with bench.db.begin() as session:
        held = await leases.lock_held(session, [each.certificate_id for each in made], token=claim.token)
        ours = [
            (each, place) for each, place in zip(made, places, strict=True) if each.certificate_id in held
        ]
        for each, _ in ours:
            _mark_issued(claim.certificates[each.certificate_id], each, now=now)
        files = [_file(each, place, vault=bench.vault, now=now) for each, place in ours]
        issued = [claim.certificates[each.certificate_id] for each, _ in ours]
        await leases.publish(session, issued, files)
        await leases.record_events(
            session,
            "issued",
            {each.certificate_id: {"sha256": each.sha256} for each, _ in ours},
            at=now,
            actor="worker",
        )
        await announce(session, EventType.CERTIFICATE_ISSUED, issued, now=now)
    return len(ours)


def _mark_issued(certificate: Certificate, made: Made, *, now: dt.datetime) -> None:
    design = choose_design(certificate.kind, event_on=certificate.event_on).id
    warnings = [*certificate.warnings, *made.warnings]
    certificate.mark_issued(
        now,
        signed_at=made.signed_at,
        sha256=made.sha256,
        size=made.size,
        level=made.level,
        design=design,
        warnings=warnings,
    )


def _file(made: Made, place: Location, *, vault: Vault, now: dt.datetime) -> dict[str, Any]:
    """The columns of its `PublishedFile`."""
    return {
        "sha256": made.sha256,
        "certificate_id": made.certificate_id,
        "published_at": now,
        "base": made.base,
        "stock": made.stock,
        "pack": place.pack,
        "start": place.start,
        "length": place.length,
        "data_key": vault.wrap_key(made.certificate_id, made.data_key),
    }


async def _put_back(
    db: Database, claim: Claim, unmade: Sequence[Unmade], *, settings: Settings, now: dt.datetime
) -> None:
    """What can be tried again waits for its turn; what a person must mend is `failed` with the reason."""
    async with db.begin() as session:
        held = await leases.lock_held(session, [each.certificate_id for each in unmade], token=claim.token)
        failed: list[Certificate] = []
        for each in unmade:
            _log.warning("certificate.not_issued", certificate=str(each.certificate_id), code=each.error.code)
            row = (
                await certificates.find_for_change(session, each.certificate_id)
                if each.certificate_id in held
                else None
            )
            if row is None:
                continue
            if isinstance(each.error, Unavailable) and row.attempts < settings.max_attempts:
                row.release(now, retry_at=now + _RETRY_AFTER[min(row.attempts, len(_RETRY_AFTER)) - 1])
            else:
                row.fail(now, each.error.code, f"{each.error.message_vi} / {each.error.message_en}")
                certificates.record_event(
                    session, row.id, "failed", at=now, actor="worker", reason=each.error.code
                )
                failed.append(row)
        await announce(session, EventType.CERTIFICATE_FAILED, failed, now=now)


async def has_waiting(db: Database, *, now: dt.datetime) -> bool:
    async with db.read() as session:
        return await leases.has_waiting(session, now=now)
