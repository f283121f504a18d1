"""Sealing filled papers: a signature in every slot [architecture, Signatures on one certificate].

Bytes in, bytes out; only signer and time-stamper may communicate. A chunk is sealed together: step k signs
slot k of every sheet, so that each signer is asked once per step, for all its sheets. Invariants of the
result: the signatures are in the order of `Slot`, each in an incremental revision of its own; the first
certifies the document, the last locks it and covers the whole file.
"""

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from certsvc.config import Profile
from certsvc.errors import Broken, CertsvcError
from certsvc.signing import cms
from certsvc.signing.identities import Identity
from certsvc.signing.revisions import draft
from certsvc.signing.stock import Stock
from certsvc.signing.tsa import TimeStamper

TimeLine = Callable[[dt.datetime, float], bytes]
"""Operators that show a moment at the foot of a box of that width (points), in font /F (`TIME_FACE`)."""


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A filled sheet, not signed yet: the stock beneath it, and the objects that are its own."""

    stock: Stock
    objects: Mapping[int, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed certificate: its revisions after base and stock; `sha256` (hex) and `size` of the file."""

    revisions: bytes = field(repr=False)
    sha256: str
    size: int
    profile: Profile
    signed_at: dt.datetime


async def seal(
    sheets: Sequence[Unsealed],
    *,
    profile: Profile,
    time_stamper: TimeStamper,
    now: dt.datetime,
    production: bool,
    time_line: TimeLine,
) -> list[Sealed | CertsvcError]:
    """Sign each sheet in every slot of its stock at `now` (aware); the results are in the same order.

    Levels are those of ETSI EN 319 142-1 clause 6: from B-T on, each signature has a time-stamp; B-LT needs
    stocks with answers for all certificates, the others need stocks without. A failure affects only the
    sheets that share its cause: Broken `wrong_stock`, `unfit_key`, `signing_failed`, and whatever signer and
    time-stamper raise.
    """
    stamper = None if profile is Profile.B_B else time_stamper
    terms = _Terms(now, time_line, stamper, None if stamper is None else stamper.max_token_bytes)
    # 1. Who may sign, before anybody is asked for anything.
    identities = {signing.identity for sheet in sheets for signing in sheet.stock.signings}
    unfit = _unfit(identities, now=now, production=production)
    works = [
        _Work(sheet.stock, sheet.objects, _refusal(sheet.stock, unfit, profile=profile)) for sheet in sheets
    ]
    # 2. One revision per signature.
    for step in range(max((len(work.stock.signings) for work in works), default=0)):
        open_works = [work for work in works if work.error is None and step < len(work.stock.signings)]
        await _sign_step(open_works, step, terms)
    # 3. The hash of each whole file has been computed along the way.
    return [work.error or work.finish(profile, now) for work in works]


def _unfit(
    identities: Iterable[Identity], *, now: dt.datetime, production: bool
) -> dict[Identity, CertsvcError]:
    unfit: dict[Identity, CertsvcError] = {}
    for identity in identities:
        try:
            identity.check_fit(now, production=production)
        except CertsvcError as error:
            unfit[identity] = error
    return unfit


def _refusal(
    stock: Stock, unfit: Mapping[Identity, CertsvcError], *, profile: Profile
) -> CertsvcError | None:
    if stock.has_answers is not (profile is Profile.B_LT):
        return Broken(
            "wrong_stock",
            "Dữ liệu xác minh không hợp với mức chữ ký.",
            "The stock is for another signature level.",
        )
    return next((unfit[signing.identity] for signing in stock.signings if signing.identity in unfit), None)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What all signatures of a chunk share."""

    now: dt.datetime
    time_line: TimeLine
    stamper: TimeStamper | None
    max_token_bytes: int | None


class _Work:
    """A sheet in progress: its revisions so far, the file's hash up to `end`, the error that ended it."""

    def __init__(self, stock: Stock, objects: Mapping[int, bytes], error: CertsvcError | None) -> None:
        self.stock = stock
        self.objects = objects
        self.error = error
        self.data = bytearray()
        self.end = stock.end
        self.hash = stock.midstate.copy()

    def finish(self, profile: Profile, now: dt.datetime) -> Sealed:
        """Hand over the result and keep nothing, so that a chunk is not in memory twice."""
        revisions, self.data = bytes(self.data), bytearray()
        return Sealed(revisions, self.hash.hexdigest(), self.end.length, profile, now)


class _Signature:
    """One signature in the making: its revision with a hole, and the attributes to sign."""

    def __init__(self, work: _Work, step: int, terms: _Terms) -> None:
        stock, signing = work.stock, work.stock.signings[step]
        position = stock.positions[step]
        self.work = work
        self.signer = signing.identity.signer
        self.template = cms.template_of(signing.identity)
        self.draft = draft(
            work.end,
            position=position,
            catalog=stock.catalog,
            objects=work.objects if position.is_first else {},
            name=signing.identity.name,
            now=terms.now,
            time_line=terms.time_line(terms.now, position.field.width),
            max_cms_bytes=cms.max_cms_bytes(signing.identity, max_token_bytes=terms.max_token_bytes),
        )
        front, back = self.draft.signed
        work.hash.update(front)
        digest = work.hash.copy()
        digest.update(back)
        self.attributes = self.template.attributes(digest.digest())
        self.raw = b""
        self.token: bytes | None = None

    async def stamp(self, stamper: TimeStamper) -> None:
        """Time-stamp the raw signature [RFC 3161 appendix A]."""
        try:
            self.token = await stamper.stamp(hashlib.sha256(self.raw).digest())
        except CertsvcError as error:
            self.work.error = error

    def close(self) -> None:
        """Put the CMS into its hole, and hash on to the new end."""
        work = self.work
        try:
            self.draft.close(self.template.join(self.attributes, signature=self.raw, token=self.token))
        except ValueError:
            work.error = _failed("the CMS is longer than signer and time-stamper had announced")
            return
        work.hash.update(memoryview(self.draft.data)[self.draft.hole_start :])
        work.data += self.draft.data
        work.end = self.draft.end


async def _sign_step(works: Sequence[_Work], step: int, terms: _Terms) -> None:
    """Add signature `step` to each of these sheets."""
    # a. The revisions, and the digests of everything but their holes.
    signatures = [_Signature(work, step, terms) for work in works]
    # b. Raw signatures: one call per signer.
    by_signer: dict[int, list[_Signature]] = {}
    for signature in signatures:
        by_signer.setdefault(id(signature.signer), []).append(signature)
    await asyncio.gather(*map(_sign_raw, by_signer.values()))
    signatures = [signature for signature in signatures if signature.work.error is None]
    # c. Time-stamps over these.
    if terms.stamper is not None:
        await asyncio.gather(*(signature.stamp(terms.stamper) for signature in signatures))
    # d. The CMS into the holes.
    for signature in signatures:
        if signature.work.error is None:
            signature.close()


async def _sign_raw(signatures: Sequence[_Signature]) -> None:
    """Ask the one signer that all of these share."""
    digests = [hashlib.sha256(signature.attributes).digest() for signature in signatures]
    try:
        raws = await signatures[0].signer.sign(digests)
        if len(raws) != len(signatures):
            raise _failed("the signer returned the wrong number of signatures")
    except CertsvcError as error:
        for signature in signatures:
            signature.work.error = error
        return
    for signature, raw in zip(signatures, raws, strict=True):
        signature.raw = raw


def _failed(why_en: str) -> Broken:
    return Broken("signing_failed", "Không tạo được chữ ký số.", f"Cannot build the signature: {why_en}.")
