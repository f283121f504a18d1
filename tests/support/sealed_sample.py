"""Sealed sample files: `python -m tests.support.sealed_sample OUT_DIR` writes a PKI and three of them.

OUT_DIR/pki/…  three.pdf  two.pdf  one.pdf      (signatures: 3, 2 and 1; B-LT)
"""

import asyncio
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certsvc.config import Profile
from certsvc.errors import CertsvcError
from certsvc.models import Slot
from certsvc.pdf import Blank
from certsvc.signing.identities import Identity
from certsvc.signing.sealing import Sealed, Unsealed, seal
from certsvc.signing.stock import Signing, Stock, lay_stock
from certsvc.signing.tsa import TimeStamper
from keys_dev.make import KeyType
from tests.support import blanks
from tests.support import pki as pkis

SLOTS = {
    3: [Slot.PRACTITIONER, Slot.REPRESENTATIVE, Slot.ORGANISATION],
    2: [Slot.REPRESENTATIVE, Slot.ORGANISATION],
    1: [Slot.ORGANISATION],
}


@dataclass(frozen=True)
class Sample:
    """A sealed file, whole; `ends` are its lengths after base, stock and each signature."""

    pdf: bytes
    sealed: Sealed
    ends: tuple[int, ...]


def filled(count: int = 3) -> bytes:
    """The page before any signature, with empty fields."""
    return blanks.blank(tuple(SLOTS[count])).pdf


def signings(pki: pkis.Pki, count: int, *, prefer_pss: bool = False) -> list[Signing]:
    licences = {Slot.PRACTITIONER: pkis.PRACTITIONER, Slot.REPRESENTATIVE: pkis.HEAD, Slot.ORGANISATION: None}
    pictures = {
        Slot.PRACTITIONER: b"0 0 1 RG 10 30 m 90 50 l S",
        Slot.REPRESENTATIVE: b"0 0 1 RG 10 40 m 90 40 l S",
        Slot.ORGANISATION: b"1 0 0 RG 40 20 30 30 re S",
    }
    return [
        Signing(slot, pki.identity(licences[slot], prefer_pss=prefer_pss), pictures[slot])
        for slot in SLOTS[count]
    ]


def time_line(moment: dt.datetime, width: float) -> bytes:
    return b"BT /F 8 Tf 4 4 Td <0013001400150016> Tj ET"


def stock_of(
    pki: pkis.Pki,
    wanted: Sequence[Signing],
    *,
    blank: Blank | None = None,
    has_answers: bool = True,
    stamper: Any = None,
    revocation: Any = None,
) -> Stock:
    """The stock of these signings, by default on a blank with their slots."""
    base = blank or blanks.blank(tuple(signing.slot for signing in wanted))
    people: list[Identity] = [signing.identity for signing in wanted]
    asked = [*(identity.certificate for identity in people), (stamper or pki.tsa()).certificates[0]]
    answers = asyncio.run((revocation or pki.revocation()).gather(asked)) if has_answers else None
    return lay_stock(base, signings=wanted, answers=answers)


def attempt(sheets: Sequence[Unsealed], **changed: Any) -> list[Sealed | CertsvcError]:
    """Seal these sheets now, at B-LT, by the shared PKI's authority; `changed` replaces any argument of
    `seal`.
    """
    arguments: dict[str, Any] = {
        "profile": Profile.B_LT,
        "now": pkis.utc_now(),
        "production": False,
        "time_line": time_line,
    }
    arguments |= {"time_stamper": pkis.shared().tsa()} | changed
    return asyncio.run(seal(sheets, **arguments))


def whole(sheet: Unsealed, result: Sealed | CertsvcError) -> Sample:
    """Base, stock and revisions joined. Raises the error if sealing failed."""
    if isinstance(result, CertsvcError):
        raise result
    stock = sheet.stock
    pdf = stock.blank.pdf + stock.revision + result.revisions
    ends = [at + len(b"%%EOF\n") for at in range(len(pdf)) if pdf.startswith(b"%%EOF\n", at)]
    return Sample(pdf, result, tuple(ends))


def sealed(
    pki: pkis.Pki,
    count: int = 3,
    *,
    profile: Profile = Profile.B_LT,
    prefer_pss: bool = False,
    number: int = 1,
    stamper: TimeStamper | None = None,
) -> Sample:
    """A sample certificate with `count` signatures, sealed now by the identities of `pki`, stamped by its
    authority unless another is given.
    """
    stock = stock_of(pki, signings(pki, count, prefer_pss=prefer_pss), has_answers=profile is Profile.B_LT)
    sheet = Unsealed(stock, blanks.with_text(f"Họ và tên: NGUYỄN VĂN THỬ – số {number}"))
    [result] = attempt([sheet], profile=profile, time_stamper=stamper or pki.tsa())
    return whole(sheet, result)


def main(out_dir: Path) -> None:
    pki = pkis.make(out_dir / "pki", key_type=KeyType.RSA_2048)
    for count, name in ((3, "three"), (2, "two"), (1, "one")):
        (out_dir / f"{name}.pdf").write_bytes(sealed(pki, count).pdf)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
