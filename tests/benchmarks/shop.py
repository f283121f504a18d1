"""The engine as in a press, taken apart into the steps that are measured."""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certsvc.config import Profile
from certsvc.errors import CertsvcError
from certsvc.models import Slot
from certsvc.signing.claims import ClaimKey
from certsvc.signing.sealing import Sealed, Unsealed, seal
from certsvc.signing.stock import Signing, Stock, lay_stock
from certsvc.signing.tsa import EmbeddedTsa
from certsvc.templates.filling import fill
from certsvc.templates.marks import Mark, picture, time_line
from certsvc.verify.pdf.examining import FileKind, Limits, examine
from certsvc.verify.pdf.raw_signatures import prove_raw
from certsvc.verify.trust import Trust
from tests.benchmarks import workload
from tests.benchmarks.workload import Paper, papers
from tests.support import pki as pkis
from tests.unit.verify.samples import trust_of

_LICENCES = {Slot.PRACTITIONER: pkis.PRACTITIONER, Slot.REPRESENTATIVE: pkis.HEAD, Slot.ORGANISATION: None}
_NAMES = {
    Slot.PRACTITIONER: workload.PRACTITIONER,
    Slot.REPRESENTATIVE: workload.HEAD,
    Slot.ORGANISATION: workload.STATION,
}


@dataclass(frozen=True, slots=True)
class Shop:
    """What is kept between chunks: the signers' stock on the form's base, authority, trust, key for QRs."""

    slots: tuple[Slot, ...]
    profile: Profile
    stock: Stock
    tsa: EmbeddedTsa
    trust: Trust
    claim_key: ClaimKey

    def fill(self, chunk: Sequence[Paper]) -> list[Unsealed]:
        return [Unsealed(self.stock, self._objects(paper)) for paper in chunk]

    def _objects(self, paper: Paper) -> Mapping[int, bytes]:
        filled = fill(
            workload.design(),
            paper.with_claims(self.claim_key),
            record=paper.record,
            head_examined=False,
            is_reissue=False,
            slots=self.slots,
        )
        if not filled.is_fast:
            raise RuntimeError("a text of the workload does not fit its slot")
        return filled.objects

    def seal(self, sheets: Sequence[Unsealed]) -> list[Sealed]:
        now = dt.datetime.now(dt.UTC)
        results = asyncio.run(
            seal(
                sheets,
                profile=self.profile,
                time_stamper=self.tsa,
                now=now,
                production=False,
                time_line=time_line,
            )
        )
        return [_good(result) for result in results]

    def make(self, chunk: Sequence[Paper]) -> list[Sealed]:
        return self.seal(self.fill(chunk))

    def whole(self, sealed: Sealed) -> bytes:
        return self.stock.blank.pdf + self.stock.revision + sealed.revisions

    def prove(self, sealed: Sealed) -> None:
        """The self-check that every certificate goes through."""
        if fault := prove_raw(self.whole(sealed), trust=self.trust, count=len(self.slots)):
            raise RuntimeError(fault)

    def prove_in_full(self, sealed: Sealed) -> None:
        """To be worth measuring, it must pass the whole of `verify`."""
        self.prove(sealed)
        found = examine(self.whole(sealed), trust=self.trust, now=dt.datetime.now(dt.UTC), limits=Limits())
        if found.kind is not FileKind.OURS_INTACT:
            raise RuntimeError(f"{found}")


def _good(result: Sealed | CertsvcError) -> Sealed:
    if isinstance(result, CertsvcError):
        raise result
    return result


def open_shop(pki: pkis.Pki, slots: tuple[Slot, ...], profile: Profile, *, prefer_pss: bool = False) -> Shop:
    """The form's base, compiled, and the stock of the first station's people on it."""
    sample = next(papers())
    blank = fill(
        workload.design(), sample.values, record=b"", head_examined=False, is_reissue=False, slots=slots
    ).blank
    signings = [
        Signing(
            slot,
            pki.identity(_LICENCES[slot], prefer_pss=prefer_pss),
            picture(Mark(slot, field.width, field.height, _NAMES[slot], workload.STATION, development=True)),
        )
        for slot, field in zip(slots, blank.fields, strict=True)
    ]
    tsa = pki.tsa()
    asked = [*(signing.identity.certificate for signing in signings), tsa.certificates[0]]
    answers = asyncio.run(pki.revocation().gather(asked)) if profile is Profile.B_LT else None
    trust = replace(trust_of(pki), require_timestamp=profile is not Profile.B_B)
    return Shop(
        slots,
        profile,
        lay_stock(blank, signings=signings, answers=answers),
        tsa,
        trust,
        pki.keyring().claim_keys()[0],
    )
