"""The seal: filled sheets become certificates, signed in every slot of their design [architecture, Signatures
on one certificate].

Bytes in, bytes out; only signer and time-stamper may talk to anybody. A chunk is sealed together: step k
signs slot k of every sheet, so that each signer is asked once a step, for all its sheets. Invariants of what
comes out: the signatures stand in the order of `Slot`, each in an incremental revision of its own; the first
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
"""Operators that show a moment at the foot of a box of so many points' width, with the font /F
(`revisions.TIME_FACE`).
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A certificate to be: the stock that it stands on, and the objects that carry what is its own."""

    stock: Stock
    objects: Mapping[int, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed certificate: the revisions that follow its base and stock. `sha256` (hex) and `size` are the
    whole file's.
    """

    revisions: bytes = field(repr=False)
    sha256: str
    size: int
    profile: Profile
    signed_at: dt.datetime


async def seal(
    sheets: Sequence[Sheet],
    *,
    profile: Profile,
    time_stamper: TimeStamper,
    now: dt.datetime,
    production: bool,
    time_line: TimeLine,
) -> list[Sealed | CertsvcError]:
    """Sign each sheet in every slot of its stock at `now` (aware); in the order of the sheets, what became of
    each.

    Level by ETSI EN 319 142-1 clause 6: B-T and up carry a time-stamp for each signature; B-LT wants stocks
    with answers for all certificates, the others stocks without. A sheet fails only with those that share the
    cause: Broken `wrong_stock`, `unfit_key`, `signing_failed`, and whatever signer and time-stamper raise.
    """
    stamper = None if profile is Profile.B_B else time_stamper
    terms = _Terms(now, time_line, stamper, None if stamper is None else stamper.max_token_bytes)
    # 1. Who may sign, before anything is asked of anybody.
    unfit = _unfit(
        {signing.identity for sheet in sheets for signing in sheet.stock.signings},
        now=now,
        production=production,
    )
    works = [
        _Work(sheet.stock, sheet.objects, _refusal(sheet.stock, unfit, profile=profile)) for sheet in sheets
    ]
    # 2. One revision for each signature.
    for step in range(max((len(work.stock.signings) for work in works), default=0)):
        await _sign_step(
            [work for work in works if work.error is None and step < len(work.stock.signings)], step, terms
        )
    # 3. The hash of each whole file has come about on the way.
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
            "The stock is of another signature level.",
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
    """A sheet on its way: its revisions so far, the hash of the file up to `end`, and the error that ended
    it.
    """

    def __init__(self, stock: Stock, objects: Mapping[int, bytes], error: CertsvcError | None) -> None:
        self.stock = stock
        self.objects = objects
        self.error = error
        self.data = bytearray()
        self.end = stock.end
        self.hash = stock.midstate.copy()

    def finish(self, profile: Profile, now: dt.datetime) -> Sealed:
        """Hand out what is done; nothing of it is kept, for a chunk would lie in memory twice."""
        revisions, self.data = bytes(self.data), bytearray()
        return Sealed(revisions, self.hash.hexdigest(), self.end.length, profile, now)


class _Signature:
    """One signature in the making: its revision with a hole, and the attributes to sign."""

    def __init__(self, work: _Work, step: int, terms: _Terms) -> None:
        stock, signing = work.stock, work.stock.signings[step]
        place = stock.places[step]
        self.work = work
        self.signer = signing.identity.signer
        self.template = cms.template_of(signing.identity)
        self.draft = draft(
            work.end,
            place=place,
            catalog=stock.catalog,
            objects=work.objects if place.is_first else {},
            name=signing.identity.name,
            now=terms.now,
            time_line=terms.time_line(terms.now, place.field.width),
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
        """Put the CMS into its hole, and let the hash go on to the new end."""
        work = self.work
        try:
            self.draft.close(self.template.join(self.attributes, signature=self.raw, token=self.token))
        except ValueError:
            work.error = _failed("the CMS is longer than signer and time-stamper said")
            return
        work.hash.update(memoryview(self.draft.data)[self.draft.hole_start :])
        work.data += self.draft.data
        work.end = self.draft.end


async def _sign_step(works: Sequence[_Work], step: int, terms: _Terms) -> None:
    """Add signature `step` to each of these sheets."""
    # a. The revisions, and the digests of everything but their holes.
    signatures = [_Signature(work, step, terms) for work in works]
    # b. Raw signatures: one call for each signer.
    by_signer: dict[int, list[_Signature]] = {}
    for each in signatures:
        by_signer.setdefault(id(each.signer), []).append(each)
    await asyncio.gather(*map(_sign_raw, by_signer.values()))
    # c. Time-stamps over these.
    if terms.stamper is not None:
        await asyncio.gather(*(each.stamp(terms.stamper) for each in signatures if each.work.error is None))
    # d. The CMS into the holes.
    for each in signatures:
        if each.work.error is None:
            each.close()


async def _sign_raw(signatures: Sequence[_Signature]) -> None:
    """Ask the one signer that all of these have."""
    try:
        raws = await signatures[0].signer.sign(
            [hashlib.sha256(each.attributes).digest() for each in signatures]
        )
        if len(raws) != len(signatures):
            raise _failed("the signer gave another number of signatures")
    except CertsvcError as error:
        for each in signatures:
            each.work.error = error
        return
    for each, raw in zip(signatures, raws, strict=True):
        each.raw = raw


def _failed(why_en: str) -> Broken:
    return Broken("signing_failed", "Không tạo được chữ ký số.", f"Cannot build the signature: {why_en}.")
