"""Bases: slots where the layout puts them, the same bytes everywhere, whole on disk; and the full layout."""

import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.errors import Broken, InputError
from certsvc.models import Slot
from certsvc.pdf import Blank, append, stream
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.caching import find_base, keep_base
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.designs import Design, Need, find_design
from certsvc.templates.faces import FACES
from certsvc.templates.samples import sample_values
from certsvc.templates.slots import Base, TextSlot, font_name

A4 = (595.276, 841.890)
LARGEST_BASE = 110_000


def _design(design_id: str = "sick_leave/mau07-2025") -> Design:
    design = find_design(design_id)
    assert design is not None
    return design


def _slot(base: Base, field: str) -> TextSlot:
    return next(slot for slot in base.texts if slot.field == field)


def test_every_printed_field_has_a_slot_on_the_page(variant: tuple[Design, bool], base: Base) -> None:
    """All fields except the QR's text and, if the head examined, the practitioner's; each has some room."""
    design, head_examined = variant
    absent = {Need.WITH_DELEGATE, Need.FOR_CHILD} | ({Need.WITH_PRACTITIONER} if head_examined else set())
    unprinted = {"verify_url"} | {name for name, need in design.fields.items() if need in absent}
    assert {slot.field for slot in base.texts} == set(design.fields) - unprinted
    for slot in base.texts:
        assert 0 < slot.x < slot.x + slot.width < A4[0]
        assert slot.width > slot.size
        assert A4[1] > slot.baselines[0] >= slot.baselines[-1] > 0
        assert slot.face in FACES
        assert base.glyphs[slot.face]


def test_slots_say_what_the_stylesheet_says() -> None:
    """Size, face, alignment, capitals, letter spacing and lines come from HTML and CSS."""
    base = compile_base(_design(), head_examined=False, is_reissue=False)
    parent, facility, name = _slot(base, "parent"), _slot(base, "facility"), _slot(base, "full_name")
    assert (
        parent.face,
        parent.size,
        parent.align,
        parent.is_upper,
        len(parent.baselines),
        parent.is_low,
    ) == (FACES[0], 12, "center", True, 1, False)
    assert (facility.face, facility.is_upper, len(facility.baselines), facility.is_low) == (
        "Tinos-Bold.ttf",
        True,
        1,
        False,
    )
    assert (name.face, name.size, name.align, name.is_upper, len(name.baselines)) == (
        "Tinos-Bold.ttf",
        13,
        "left",
        False,
        1,
    )
    assert _slot(base, "dated").face == "Tinos-Italic.ttf"
    assert _slot(base, "code").letter_spacing == pytest.approx(0.06 * 15)
    assert _slot(base, "employer").baselines[0] - _slot(base, "employer").baselines[1] == pytest.approx(
        6.9 * 72 / 25.4, abs=0.01
    )
    assert [len(_slot(base, name).baselines) for name in ("employer", "icd10_diagnosis_treatment")] == [3, 2]


def test_slot_is_where_the_full_layout_prints_its_text(
    variant: tuple[Design, bool], base: Base, laid_out: Blank
) -> None:
    """The first character of a left-aligned value is at its slot's left edge, on its first baseline."""
    design, head_examined = variant
    values = sample_values(design, head_examined=head_examined)
    checked = 0
    with pypdfium2.PdfDocument(laid_out.pdf) as document:
        page = document[0].get_textpage()
        for slot in base.texts:
            value = values[slot.field]
            if slot.align != "left" or len(value) < 5 or list(values.values()).count(value) > 1:
                continue
            found = page.search(value.partition("\n")[0], match_case=True).get_next()
            assert found is not None, slot.field
            left, bottom, _, top = page.get_charbox(found[0], loose=True)
            assert left == pytest.approx(slot.x, abs=0.8), slot.field
            assert bottom < slot.baselines[0] < top, slot.field
            checked += 1
    assert checked > 5


def test_base_is_small(base: Base) -> None:
    """A download starts with it."""
    assert len(base.blank.pdf) < LARGEST_BASE


def _in_another_process(expression: str, *, cache: Path | None = None, hash_seed: str = "0") -> str:
    """What a new interpreter says about the base of form 07, named `base`."""
    code = (
        "from pathlib import Path; from certsvc.templates.compiler.bases import compile_base; from"
        " certsvc.templates.designs import find_design\nbase ="
        " compile_base(find_design('sick_leave/mau07-2025'), head_examined=False, is_reissue=True,"
        f" cache={f'Path({str(cache)!r})' if cache else None})\nprint({expression})"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    ).stdout.strip()


def test_bytes_are_the_same_in_each_process() -> None:
    """Processes and machines share bases by digest: compiling again gives the very same file and slots."""
    base = compile_base(_design(), head_examined=False, is_reissue=True)
    expected = hashlib.sha256(repr((base.texts, base.blank.pdf)).encode()).hexdigest()
    for hash_seed in ("1", "2"):
        assert (
            _in_another_process(
                "__import__('hashlib').sha256(repr((base.texts, base.blank.pdf)).encode()).hexdigest()",
                hash_seed=hash_seed,
            )
            == expected
        )


def test_variants_differ() -> None:
    """Each combination of flags and signers has its own base; asking again returns the one in memory."""
    design = _design()
    variants = [
        compile_base(design, head_examined=head_examined, is_reissue=is_reissue, slots=slots)
        for head_examined in (False, True)
        for is_reissue in (False, True)
        for slots in (None, (Slot.ORGANISATION,))
    ]
    assert len({base.digest for base in variants}) == len(variants)
    assert compile_base(design, head_examined=False, is_reissue=False) is variants[0]
    assert (
        compile_base(design, head_examined=False, is_reissue=False, slots=design.slots(head_examined=False))
        is variants[0]
    )
    assert [field.name for field in variants[1].blank.fields] == ["organisation"]


@pytest.mark.parametrize("design_id", ["recovery/v1", "sick_leave/ct07-2017", "sick_leave/mau07-2025"])
def test_a_reissue_says_what_it_is(design_id: str) -> None:
    """The stamp is on re-issues and on no other paper [sick-leave, Issued again]."""
    for is_reissue in (False, True):
        pdf = compile_base(_design(design_id), head_examined=False, is_reissue=is_reissue).blank.pdf
        with pypdfium2.PdfDocument(pdf) as document:
            assert ("CẤP LẠI" in document[0].get_textpage().get_text_range()) is is_reissue


def test_base_comes_from_disk_where_one_is_kept(tmp_path: Path) -> None:
    """A process finds what another one has cached, and uses it as it is."""
    cache = tmp_path / "bases"
    base = compile_base(_design(), head_examined=False, is_reissue=True)
    assert _in_another_process("base.digest", cache=cache) == base.digest
    [path] = cache.iterdir()
    assert find_base(cache, path.stem) == base
    keep_base(cache, path.stem, dataclasses.replace(base, qr=999))
    assert _in_another_process("base.qr", cache=cache) == "999"


@pytest.mark.parametrize("kept", [slice(0, -1), slice(0, 5000), slice(0), slice(1, None), slice(100, None)])
def test_base_that_is_not_whole_counts_as_none(tmp_path: Path, kept: slice) -> None:
    """A file without its beginning or end counts as absent, as does one that never existed."""
    design = _design()
    base = compile_base(design, head_examined=False, is_reissue=False)
    keep_base(tmp_path, "name", base)
    assert find_base(tmp_path, "name") == base
    path = tmp_path / "name.base"
    path.write_bytes(path.read_bytes()[kept])
    assert find_base(tmp_path, "name") is None
    assert find_base(tmp_path, "other") is None


def test_numbers_name_the_objects_that_filling_replaces(variant: tuple[Design, bool], base: Base) -> None:
    """Text stream, QR and record are where the base says: replacing them changes page and attachment."""
    slot = _slot(base, "full_name")
    text = b"/Span <</MCID %d>> BDC BT /%b 13 Tf 1 0 0 1 %.3f %.3f Tm <0057> Tj ET EMC" % (
        slot.mcid,
        font_name(slot.face).encode(),
        slot.x,
        slot.baselines[0],
    )
    pdf = base.blank.pdf + bytes(append(base.blank.end, {base.text_stream: stream(b"", text)}).data)
    reader = PdfFileReader(BytesIO(base.blank.pdf))
    page = reader.root["/Pages"]["/Kids"][0]
    assert page["/Contents"].raw_get(1).idnum == base.text_stream
    images = page["/Resources"]["/XObject"]
    assert base.qr in {images.raw_get(name).idnum for name in images}
    [_, specification] = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    assert specification.get_object()["/EF"].raw_get("/F").idnum == base.record
    with pypdfium2.PdfDocument(base.blank.pdf) as empty, pypdfium2.PdfDocument(pdf) as filled:
        assert len(filled[0].get_textpage().get_text_range()) > len(empty[0].get_textpage().get_text_range())


def test_text_that_a_slot_cannot_hold_is_laid_out_fully() -> None:
    """A value longer than its slot is printed whole, and so is a character that bases lack but Tinos has."""
    design = _design()
    employer = "Công ty Trách nhiệm hữu hạn Một thành viên Thí Dụ " * 8 + "Ω"
    blank = assemble_fully(
        design,
        sample_values(design) | {"employer": employer},
        record=b"",
        head_examined=False,
        is_reissue=False,
    ).blank
    with pypdfium2.PdfDocument(blank.pdf) as document:
        assert len(document) == 1
        text = re.sub(r"[\s\u0002\ufffe]+", "", document[0].get_textpage().get_text_range())
    assert re.sub(r"\s+", "", employer) in text


def test_full_layout_refuses_what_cannot_be_printed() -> None:
    """Too long for a page at the smallest size, or not in the typeface: an error by field, nothing is cut."""
    design = _design()
    with pytest.raises(InputError, match="text_too_long"):
        assemble_fully(
            design,
            sample_values(design) | {"employer": "W" * 2000},
            record=b"",
            head_examined=False,
            is_reissue=False,
        )
    with pytest.raises(InputError, match="unprintable") as caught:
        assemble_fully(
            design,
            sample_values(design) | {"employer": "会社"},
            record=b"",
            head_examined=False,
            is_reissue=False,
        )
    assert [error["field"] for error in caught.value.errors or []] == ["employer"]
    with pytest.raises(Broken, match="design_values"):
        assemble_fully(design, {}, record=b"", head_examined=False, is_reissue=False)
    with pytest.raises(Broken, match="design_blank"):
        assemble_fully(
            design,
            sample_values(design) | {"employer": " "},
            record=b"",
            head_examined=False,
            is_reissue=False,
        )


def test_a_slot_without_a_box_in_the_design_is_said() -> None:
    """Everybody who signs must have a slot."""
    design = _design()
    with pytest.raises(Broken, match="design_slot"):
        compile_base(
            design, head_examined=True, is_reissue=False, slots=(Slot.PRACTITIONER, Slot.REPRESENTATIVE)
        )
