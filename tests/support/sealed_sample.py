"""Sealed sample files: `python -m tests.support.sealed_sample OUT_DIR` writes a PKI and three of them.

OUT_DIR/pki/…  three.pdf  two.pdf  one.pdf      (signatures: 3, 2 and 1; B-LT)
"""

import asyncio
import functools
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weasyprint import HTML

from certsvc.config import Profile
from certsvc.models import Slot
from certsvc.signing.sealing import Sealed, Signing, seal
from keys_dev.make import KeyType
from tests.support import pki as pkis

_PAGE = """<html lang="vi"><head><title>Mẫu thử</title><style>@page {{ size: A5 landscape }} body {{ font-family: serif }}</style></head>
<body><h1>GIẤY CHỨNG NHẬN (MẪU THỬ)</h1><p>Họ và tên: NGUYỄN VĂN THỬ – số {number}</p></body></html>"""

_MARKS = """<html><head><style>
@page {{ size: 150pt 60pt; margin: 0 }} div {{ break-inside: avoid; break-before: page; font-family: serif; font-size: 9pt; color: #1a3fb4 }}
</style></head><body>{marks}</body></html>"""

SLOTS = {3: list(Slot), 2: [Slot.REPRESENTATIVE, Slot.ORGANISATION], 1: [Slot.ORGANISATION]}


@functools.cache
def filled(number: int = 1) -> bytes:
    """A page as designs make them: PDF/A-3 with /Info and XMP."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its colour profile open
        return bytes(HTML(string=_PAGE.format(number=number)).write_pdf(pdf_variant="pdf/a-3a"))


@functools.cache
def marks() -> bytes:
    names = ("Người hành nghề", "Đại diện đơn vị", "Con dấu")
    return bytes(HTML(string=_MARKS.format(marks="".join(f"<div>Ký bởi: {name}</div>" for name in names))).write_pdf())


def signings(pki: pkis.Pki, count: int, *, prefer_pss: bool = False) -> list[Signing]:
    licences = {Slot.PRACTITIONER: pkis.PRACTITIONER, Slot.REPRESENTATIVE: pkis.HEAD, Slot.ORGANISATION: None}
    return [
        Signing(
            slot=slot,
            box=(0, 20.0 + 170 * place, 40.0, 170.0 + 170 * place, 100.0),
            identity=pki.identity(licences[slot], prefer_pss=prefer_pss),
            mark_page=list(Slot).index(slot),
        )
        for place, slot in enumerate(SLOTS[count])
    ]


def attempt(pki: pkis.Pki, wanted: Sequence[Signing], **changed: Any) -> Sealed:
    """Seal a sample with these signings, now, at B-LT; `changed` replaces any other argument of `seal`, and `filled`."""
    arguments: dict[str, Any] = {
        "marks": marks(),
        "profile": Profile.B_LT,
        "time_stamper": pki.tsa(),
        "revocation": pki.revocation(),
        "now": pkis.utc_now(),
        "production": False,
    }
    arguments |= changed
    return asyncio.run(seal(arguments.pop("filled", filled()), signings=wanted, **arguments))


def sealed(pki: pkis.Pki, count: int = 3, *, profile: Profile = Profile.B_LT, prefer_pss: bool = False, number: int = 1) -> Sealed:
    """A sample certificate with `count` signatures, sealed now by the identities of `pki`."""
    return attempt(pki, signings(pki, count, prefer_pss=prefer_pss), filled=filled(number), profile=profile)


def main(out_dir: Path) -> None:
    pki = pkis.make(out_dir / "pki", key_type=KeyType.RSA_2048)
    for count, name in ((3, "three"), (2, "two"), (1, "one")):
        (out_dir / f"{name}.pdf").write_bytes(sealed(pki, count).pdf)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
