"""Whole certificates, signed by everybody, are still PDF/A-3a and PDF/UA-1 in the eyes of veraPDF and
qpdf.
"""

import dataclasses
import subprocess
from collections.abc import Mapping
from pathlib import Path

from certsvc.pdf import Blank
from certsvc.signing.sealing import Unsealed
from certsvc.templates.designs import PLAIN, Design, Trait, load_designs
from certsvc.templates.filling import fill
from certsvc.templates.marks import picture, time_line
from certsvc.templates.preview import sample_mark
from certsvc.templates.samples import sample_values
from tests.support import pki as pkis
from tests.support.conformance import broken_rules
from tests.support.sealed_sample import attempt, signings, stock_of, whole

RECORD = b"<HoSo/>"


def _signed(blank: Blank, objects: Mapping[int, bytes]) -> bytes:
    pki = pkis.shared()
    wanted = [
        dataclasses.replace(signing, picture=picture(sample_mark(field)))
        for signing, field in zip(signings(pki, len(blank.fields)), blank.fields, strict=True)
    ]
    sheet = Unsealed(stock_of(pki, wanted, blank=blank), objects)
    [sealed] = attempt([sheet], time_line=time_line)
    return whole(sheet, sealed).pdf


def _certificates(design: Design, *, flag: bool, traits: frozenset[Trait]) -> dict[str, bytes]:
    """Filled fast, and laid out fully."""
    values = sample_values(design, head_examined=flag, traits=traits)
    ways = {"fast": values, "full": values | {"full_name": "NGUYỄN Ω"}}
    made = {}
    for way, texts in ways.items():
        filled = fill(
            design,
            texts,
            record=RECORD,
            head_examined=flag,
            is_reissue=flag,
            traits=traits,
            signed_at=pkis.utc_now(),
        )
        assert filled.is_fast is (way == "fast")
        made[f"{design.version}-{flag}-{'-'.join(sorted(traits))}-{way}"] = _signed(
            filled.blank, filled.objects
        )
    return made


def test_signed_certificates_conform(tmp_path: Path) -> None:
    """Every design, with all its traits too, both ways of filling, three or two signatures at B-LT: no rule
    of either standard is broken.
    """
    pdfs: dict[str, bytes] = {}
    for design in load_designs():
        for flag, traits in ((False, PLAIN), (True, PLAIN), (False, design.traits)):
            pdfs |= _certificates(design, flag=flag, traits=traits)
    assert {name: rules for name, rules in broken_rules(pdfs, tmp_path).items() if rules} == {}
    for name in pdfs:
        subprocess.run(["qpdf", "--check", str(tmp_path / f"{name}.pdf")], check=True, capture_output=True)
