"""Genuine files to tamper with: one and three signatures, B-B to B-LTA, cross-references as tables and as
streams.
"""

import asyncio
import functools
import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator import ValidationContext
from typing_extensions import override

from certsvc.config import Profile
from certsvc.models import Slot
from certsvc.pdf import append
from certsvc.verify.pdf.geometry import SignaturePlace, prove_places
from certsvc.verify.trust import Trust
from tests.support import blanks, sealed_sample
from tests.support import pki as pkis
from tests.unit.verify import samples

T = TypeVar("T")


class Level(StrEnum):
    """The baseline levels of EN 319 142-1."""

    B = "b"
    T = "t"
    LT = "lt"
    LTA = "lta"


class Xref(StrEnum):
    TABLE = "table"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Base:
    """A file as it was published. Ours have tables; the others are signed alike by pyHanko."""

    count: int
    level: Level
    xref: Xref

    @property
    def name(self) -> str:
        return f"{self.count}-{self.level}-{self.xref}"

    @property
    def data(self) -> bytes:
        return _made(self)

    @property
    def trust(self) -> Trust:
        return replace(samples.trust(), require_timestamp=self.level is not Level.B)

    @property
    def places(self) -> tuple[SignaturePlace, ...]:
        """The regular signatures; an archive time-stamp behind them is none."""
        return prove_places(self.signed)

    @property
    def signed(self) -> bytes:
        """Up to the last regular signature."""
        return replace(self, level=Level.LT).data if self.level is Level.LTA else self.data


TABLE_1_B = Base(1, Level.B, Xref.TABLE)
TABLE_2_LT = Base(2, Level.LT, Xref.TABLE)
TABLE_3_LT = Base(3, Level.LT, Xref.TABLE)
TABLE_1_LTA = Base(1, Level.LTA, Xref.TABLE)
STREAM_1_T = Base(1, Level.T, Xref.STREAM)
STREAM_3_LT = Base(3, Level.LT, Xref.STREAM)
STREAM_3_LTA = Base(3, Level.LTA, Xref.STREAM)

EVERY = (TABLE_1_B, TABLE_3_LT, STREAM_1_T, STREAM_3_LTA)
"""Each count, level and cross-reference once or twice."""

PUBLISHED = (*EVERY, TABLE_2_LT, TABLE_1_LTA, STREAM_3_LT)


def aside(work: Callable[[], T]) -> T:
    """Do it in a thread of its own: a loop may be running here, and what signs starts another."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def digests() -> frozenset[bytes]:
    """What the register holds."""
    return frozenset(hashlib.sha256(base.data).digest() for base in PUBLISHED)


@functools.cache
def _made(base: Base) -> bytes:
    match base.level, base.xref:
        case Level.LTA, _:
            return aside(lambda: archived(base.signed))
        case level, Xref.TABLE:
            return samples.genuine(base.count, profile=_PROFILES[level])
        case level, _:
            return aside(lambda: _signed_with_streams(base.count, level))


_PROFILES = {Level.B: Profile.B_B, Level.T: Profile.B_T, Level.LT: Profile.B_LT}
_LICENCES = {Slot.PRACTITIONER: pkis.PRACTITIONER, Slot.REPRESENTATIVE: pkis.HEAD, Slot.ORGANISATION: None}


def unsigned(count: int, *, has_answers: bool = True) -> bytes:
    """A filled page before its first signature."""
    stock = sealed_sample.stock_of(
        samples.pki(), sealed_sample.signings(samples.pki(), count), has_answers=has_answers
    )
    filled = append(stock.end, blanks.with_text("Họ và tên: NGUYỄN VĂN THỬ"))
    return stock.blank.pdf + stock.revision + bytes(filled.data)


def _signed_with_streams(count: int, level: Level) -> bytes:
    writer = copy_into_new_writer(
        PdfFileReader(io.BytesIO(unsigned(count, has_answers=level is Level.LT))), {"stream_xrefs": True}
    )
    pdf = io.BytesIO()
    writer.write(pdf)  # type: ignore[no-untyped-call]
    slots = sealed_sample.SLOTS[count]
    for slot in slots:
        is_last = slot is slots[-1]
        samples.sign_over(
            pdf,
            samples.pki().identity(_LICENCES[slot]),
            field=slot,
            certify=slot is slots[0],
            lock=is_last,
            is_stamped=level is not Level.B,
        )
    return pdf.getvalue()


class OurStamper(TimeStamper):
    """An authority of ours, as pyHanko asks one."""

    def __init__(self, authority: pkis.Pki | None = None) -> None:
        super().__init__(include_nonce=False)  # type: ignore[no-untyped-call]
        self._authority = authority or samples.pki()

    @override
    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        return cms.ContentInfo.load(await self._authority.tsa().stamp(message_digest))

    @override
    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        return await self.async_timestamp(bytes(32), md_algorithm)


def archived(data: bytes, *, by: pkis.Pki | None = None) -> bytes:
    """The file with security store and document time-stamp behind it, as pyHanko writes them (EN 319 142-1
    clause 5.5).
    """
    authority = by or samples.pki()
    root, *others = (
        x509.Certificate.load(samples.der_of(authority, name)) for name in ("root", "issuing", "tsa")
    )
    context = ValidationContext(
        trust_roots=[root],
        other_certs=others,
        crls=[authority.read("root.crl"), authority.read("issuing.crl")],
        allow_fetching=False,
    )
    pdf = io.BytesIO(data)
    work = PdfTimeStamper(OurStamper(by)).async_timestamp_pdf(
        samples.Quiet(pdf), "sha256", context, in_place=True
    )
    asyncio.run(work)
    return pdf.getvalue()
