"""A press: fills, signs, proves and packs a chunk of certificates, in a process of its own.

    1. fill     values of each case into the base of its design, with the QR and the claims in it
    2. seal     every slot of every certificate, one call to a signer for a whole chunk
    3. prove    each certificate's signatures from its bytes, one of the chunk through the whole of `verify`
    4. pack     what is the certificate's own: compressed, encrypted under a new data key

Orders come in and results go out as plain values. A press holds signing keys and what it has compiled; it
knows neither the database nor the service's secret. What we would reject is never handed out.
"""

import asyncio
import datetime as dt
import functools
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from certsvc.claims import Claims
from certsvc.clock import day_in_hanoi
from certsvc.errors import CertsvcError, Unavailable
from certsvc.files.pieces import seal_piece
from certsvc.issuing.press.contents import design_of, record_of
from certsvc.issuing.press.orders import Chunk, Made, Order, Pressed, Setup, Unmade, self_check_failed
from certsvc.issuing.press.stocks import Laid, Stocks
from certsvc.issuing.press.warming import compile_usual
from certsvc.records import Case, late_finding
from certsvc.records.claiming import claims_of
from certsvc.records.dating import bears_day_of_signing
from certsvc.signing.claims import ClaimKey, current, sign_claims
from certsvc.signing.keyring import Keyring
from certsvc.signing.revocation import RevocationSource
from certsvc.signing.sealing import Sealed, Unsealed, seal
from certsvc.signing.tsa import TimeStamper
from certsvc.states import Kind
from certsvc.templates.filling import fill
from certsvc.templates.marks import time_line
from certsvc.templates.values import form_traits, form_values
from certsvc.vault import new_data_key
from certsvc.verify.claims import find_claims
from certsvc.verify.pdf.examining import FileKind, Limits, examine
from certsvc.verify.pdf.raw_signatures import prove_raw
from certsvc.verify.trust import Trust


def open_press(setup: Setup) -> "Press":
    """A press with the embedded authorities of `keys_dev`, on the clock of this machine."""
    keyring = Keyring(setup.keys_dir, passphrase=setup.passphrase.encode() if setup.passphrase else None)
    time_stamper = keyring.embedded_tsa(clock=_utc_now, rng=secrets.token_bytes)
    revocation, claim_keys = keyring.local_revocation(clock=_utc_now), keyring.claim_keys()
    return Press(
        setup,
        keyring=keyring,
        time_stamper=time_stamper,
        revocation=revocation,
        claim_keys=claim_keys,
        clock=_utc_now,
    )


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class _Job:
    """A filled certificate on its way to the seal; `address` is the text of its QR, with the claims if there
    is a key for them.
    """

    order: Order
    laid: Laid
    sheet: Unsealed
    claims: Claims | None
    address: str
    warnings: tuple[str, ...]


class Press:
    """Keys, authorities, and what was prepared for earlier chunks. Takes one chunk at a time."""

    def __init__(
        self,
        setup: Setup,
        *,
        keyring: Keyring,
        time_stamper: TimeStamper,
        revocation: RevocationSource,
        claim_keys: tuple[ClaimKey, ...],
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._setup = setup
        self._time_stamper = time_stamper
        self._claim_keys = claim_keys
        self._clock = clock
        self._stocks = Stocks(setup, keyring=keyring, time_stamper=time_stamper, revocation=revocation)

    def warm_up(self) -> None:
        """Have at hand what most certificates need, before somebody waits for one."""
        compile_usual(self._setup.signatures, self._setup.bases)

    def press(self, chunk: Chunk) -> Pressed:
        """Make each certificate of the chunk, or say why not; one that fails stops no other."""
        return asyncio.run(self._press(chunk))

    async def _press(self, chunk: Chunk) -> Pressed:
        now, trust = self._clock(), _trust(chunk.trust)
        made: list[Made] = []
        unmade: list[Unmade] = []
        layers: dict[str, bytes] = {}
        # 1. Fill.
        jobs = []
        for order in chunk.orders:
            try:
                jobs.append(await self._prepare(order, now=now))
            except CertsvcError as error:
                unmade.append(Unmade(order.certificate_id, error))
        # 2. Seal.
        results = await seal(
            [job.sheet for job in jobs],
            profile=self._setup.profile,
            time_stamper=self._time_stamper,
            now=now,
            production=self._setup.is_production,
            time_line=time_line,
        )
        # 3. Prove. 4. Pack.
        for job, result in zip(jobs, results, strict=True):
            try:
                made.append(self._finish(job, result, trust=trust, in_full=not made, layers=layers))
            except CertsvcError as error:
                unmade.append(Unmade(job.order.certificate_id, error))
        return Pressed(tuple(made), tuple(unmade), layers)

    async def _prepare(self, order: Order, *, now: dt.datetime) -> _Job:
        design, case = design_of(order), Case.from_json(json.loads(order.case))
        claims, address = self._claim(order, case, now=now)
        values = form_values(design, case, replace(order.facts, verify_url=address))
        filled = fill(
            design,
            values,
            record=record_of(order, design, case, values),
            head_examined=order.facts.head_examined,
            is_reissue=order.facts.is_reissue,
            traits=form_traits(design, case, order.facts),
            signed_at=now,
            slots=tuple(signatory.slot for signatory in order.signatories),
            cache=self._setup.bases,
        )
        late = (
            late_finding(case, signed_on=day_in_hanoi(now), late_reason=order.late_reason)
            if order.kind is Kind.SICK_LEAVE
            else None
        )
        laid = await self._stocks.get(filled, order, now=now)
        return _Job(
            order,
            laid,
            Unsealed(laid.stock, filled.objects),
            claims,
            address,
            () if late is None else (late.rule,),
        )

    def _claim(self, order: Order, case: Case, *, now: dt.datetime) -> tuple[Claims | None, str]:
        """The claims of a certificate signed now and the address with them; without a key for claims the
        address alone.
        """
        address, key = order.facts.verify_url, current(self._claim_keys, now)
        if key is None:
            return None, address
        place, again, day = order.status_place, order.facts.is_reissue, day_in_hanoi(now)
        claims = claims_of(
            case,
            order.kind,
            serial=order.serial,
            code=order.facts.code.replace("-", ""),  # as printed, in groups
            token=order.token,
            status_place=place,
            is_reissue=again,
            signed_on=day,
        )
        return claims, f"{address}/{sign_claims(claims, key)}"

    def _finish(
        self,
        job: _Job,
        result: Sealed | CertsvcError,
        *,
        trust: Trust,
        in_full: bool,
        layers: dict[str, bytes],
    ) -> Made:
        if isinstance(result, CertsvcError):
            raise result
        if _is_of_another_day(job, day_in_hanoi(result.signed_at)):
            raise Unavailable(
                "day_changed",
                "Ngày đã sang khi đang ký; giấy sẽ được ký lại.",
                "The day ended while signing; it is signed again.",
            )
        stock = job.laid.stock
        pdf = stock.blank.pdf + stock.revision + result.revisions
        self._prove(pdf, result, job, trust=trust, in_full=in_full)
        base, stock_name = job.laid.layers or (None, None)
        if base and stock_name:
            layers |= {base: stock.blank.pdf, stock_name: stock.revision}
        key = new_data_key()
        return Made(
            certificate_id=job.order.certificate_id,
            piece=seal_piece(result.revisions if base else pdf, key),
            data_key=key,
            base=base,
            stock=stock_name,
            sha256=result.sha256,
            size=result.size,
            level=str(result.profile),
            signed_at=result.signed_at,
            warnings=job.warnings,
            is_fast=base is not None,
        )

    def _prove(self, pdf: bytes, result: Sealed, job: _Job, *, trust: Trust, in_full: bool) -> None:
        """Prove the file from its bytes as a stranger's is proven; `in_full` with the whole of `verify`, and
        the claims.

        Raises Broken `self_check_failed`: what we would reject is never handed out.
        """
        fault = prove_raw(pdf, trust=trust, count=len(job.laid.stock.signings))
        if fault is None and (len(pdf), _digest(pdf)) != (result.size, result.sha256):
            fault = "size or digest of the file"
        if (
            fault is None
            and in_full
            and job.claims
            and find_claims(job.address.rpartition("/")[2], trust.claim_keys) != job.claims
        ):
            fault = "claims of the QR"
        if fault is None and in_full:
            kind = examine(
                pdf, trust=trust, now=self._clock(), limits=Limits(max_bytes=self._setup.max_pdf_bytes)
            ).kind
            fault = None if kind is FileKind.OURS_INTACT else str(kind)
        if fault is not None:
            raise self_check_failed(fault)


def _is_of_another_day(job: _Job, signed_on: dt.date) -> bool:
    """Whether claims, or a date that is to be the day of signing, were made before midnight and are none any
    more.
    """
    facts = job.order.facts
    is_dated_wrong = (
        bears_day_of_signing(job.order.kind, is_reissue=facts.is_reissue) and facts.printed_on != signed_on
    )
    return is_dated_wrong or (job.claims is not None and job.claims.signed_on != signed_on)


@functools.lru_cache(maxsize=2)
def _trust(raw: bytes) -> Trust:
    return Trust.from_bytes(raw)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
