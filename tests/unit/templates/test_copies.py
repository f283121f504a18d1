"""Papers with traits: the delegate's lines, the child's line, and the page that the facility keeps."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from PIL import ImageChops

from certsvc.states import Slot
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.caching import find_base, keep_base
from certsvc.templates.designs import PLAIN, Design, Trait, load_designs
from certsvc.templates.filling import fill
from certsvc.templates.preview import filled_pdf, preview_png, with_marks
from certsvc.templates.samples import sample_values
from tests.unit.templates.test_golden import GOLDEN, assert_looks_alike

SIGNED_AT = dt.datetime(2026, 11, 23, 2, 30, 5, tzinfo=dt.UTC)
SHOWN = "2026-11-23T09:30:05+07:00"
BOTH = frozenset({Trait.BOTH_COPIES})
SICK_LEAVES = [design for design in load_designs() if Trait.BOTH_COPIES in design.traits]
LIEN = {
    "sick_leave/ct07-2017": ("Liên số 2: Giao cho người lao động", "Liên số 1: Lưu"),
    "sick_leave/mau07-2025": ("Liên số 2", "Liên số 1"),
}
NAMES = ["NGUYỄN THỊ VÍ DỤ", "NGUYỄN Ω"]
"""Bases lack the second letter: its paper needs a full layout."""


def _id(design: Design) -> str:
    return design.id.replace("/", "-")


def _page_texts(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_range() for page in document]


@pytest.mark.parametrize("design", load_designs(), ids=_id)
def test_papers_with_all_traits_look_as_approved(design: Design, tmp_path: Path) -> None:
    """Pages at 36 dpi as approved: the first with delegate or child, the second of a sick leave."""
    for page in range(2 if Trait.BOTH_COPIES in design.traits else 1):
        name = f"{_id(design)}-traits{page + 1}.png"
        png = preview_png(design, traits=design.traits, dpi=36, page=page)
        tmp_path.joinpath(name).write_bytes(png)
        assert_looks_alike(png, GOLDEN / name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("design", SICK_LEAVES, ids=_id)
def test_the_kept_copy_repeats_the_page(design: Design, name: str) -> None:
    """Two pages equal except for the copy's number; only the second has the time of signing as content."""
    filled = fill(
        design,
        sample_values(design) | {"full_name": name},
        record=b"",
        head_examined=False,
        is_reissue=False,
        traits=BOTH,
        signed_at=SIGNED_AT,
    )
    assert filled.is_fast is (name == NAMES[0])
    first, second = _page_texts(filled_pdf(filled))
    handed_out, kept = LIEN[design.id]
    lines = first.replace(handed_out, kept, 1).split()
    assert sorted(second.split()) == sorted([*lines, *[SHOWN] * 3])
    assert SHOWN not in first
    assert name in first


@pytest.mark.parametrize("design", SICK_LEAVES, ids=_id)
def test_the_kept_copy_shows_the_marks_where_they_were_signed(design: Design) -> None:
    """Below the head, the second page's pixels are the first's, marks and times included."""
    filled = fill(
        design,
        sample_values(design),
        record=b"",
        head_examined=False,
        is_reissue=False,
        traits=BOTH,
        signed_at=SIGNED_AT,
    )
    with pypdfium2.PdfDocument(with_marks(filled)) as document:
        document.init_forms()
        first, second = (page.render(scale=100 / 72).to_pil().convert("L") for page in document)
    head = int(25 / 25.4 * 100)
    below = (0, head, first.width, first.height)
    difference = ImageChops.difference(first.crop(below), second.crop(below)).histogram()
    assert sum(difference[64:]) < 20
    assert ImageChops.difference(first, second).getbbox() is not None


@pytest.mark.parametrize("design", SICK_LEAVES, ids=_id)
def test_only_the_page_to_hand_out_is_signed_on(design: Design, tmp_path: Path) -> None:
    """One set of signature fields, on the first page; a base with a copy survives the disk; else one page."""
    base = compile_base(design, head_examined=False, is_reissue=False, traits=BOTH)
    assert [field.name for field in base.blank.fields] == [slot.value for slot in Slot]
    assert base.copy is not None
    assert [mark.slot for mark in base.copy.marks] == [slot.value for slot in Slot]
    with pypdfium2.PdfDocument(base.blank.pdf) as document:
        annotations = [pypdfium2.raw.FPDFPage_GetAnnotCount(page) for page in document]
    assert annotations == [3, 0]
    keep_base(tmp_path, "name", base)
    assert find_base(tmp_path, "name") == base
    assert len(_page_texts(compile_base(design, head_examined=False, is_reissue=False).blank.pdf)) == 1


def test_a_recovery_has_no_copies_and_a_leave_no_guardian() -> None:
    """Designs state which traits they have variants for."""
    assert {design.id: design.traits for design in load_designs()} == {
        "recovery/v1": {Trait.IS_DELEGATED, Trait.FOR_CHILD},
        "sick_leave/ct07-2017": {Trait.IS_DELEGATED, Trait.BOTH_COPIES},
        "sick_leave/mau07-2025": {Trait.IS_DELEGATED, Trait.BOTH_COPIES},
    }


@pytest.mark.parametrize("design", load_designs(), ids=_id)
def test_the_delegate_stands_below_the_heads_title(design: Design, run_on: Callable[..., str]) -> None:
    """KT. and the head's title, the signer's own title below, the form's words, the name; not for a head."""
    for traits in (PLAIN, frozenset({Trait.IS_DELEGATED})):
        filled = fill(
            design,
            sample_values(design, traits=traits),
            record=b"",
            head_examined=True,
            is_reissue=False,
            traits=traits,
        )
        text = " ".join(run_on(filled_pdf(filled), "pdftotext", "-layout", "PDF", "-").split())
        assert ("KT. TRƯỞNG TRẠM Y TẾ PHÓ TRƯỞNG TRẠM Y TẾ (Ký, ghi rõ họ tên, đóng dấu)" in text) is bool(
            traits
        )
        assert ("PHÓ" in text) is bool(traits)


def test_number_stands_directly_above_the_serial(run_on: Callable[..., str]) -> None:
    """In one block with one left edge; the form's number is 07 only on Mẫu 07 [sick-leave, The form]."""
    for design in SICK_LEAVES:
        filled = fill(design, sample_values(design), record=b"", head_examined=False, is_reissue=False)
        lines = [
            line.rstrip()
            for line in run_on(filled_pdf(filled), "pdftotext", "-layout", "PDF", "-").splitlines()
            if line.strip()
        ]
        number = next(index for index, line in enumerate(lines) if "Số: 17/KCB" in line)
        assert "Số seri: 019992600017" in lines[number + 1]
        slots = {
            slot.field: slot for slot in compile_base(design, head_examined=False, is_reissue=False).texts
        }
        assert slots["visit_no"].baselines[0] - slots["serial"].baselines[0] == pytest.approx(16.9, abs=0.1)
        assert any("Mẫu số: 07" in line for line in lines) is (design.version == "mau07-2025")


def test_agency_and_state_begin_on_one_line() -> None:
    """In the recovery's letterhead, the first agency is level with the state [NĐ 30/2020/NĐ-CP Annex I]."""
    [design] = [known for known in load_designs() if known.id == "recovery/v1"]
    base = compile_base(design, head_examined=False, is_reissue=False)
    parent = next(slot for slot in base.texts if slot.field == "parent")
    with pypdfium2.PdfDocument(base.blank.pdf) as document:
        page = document[0].get_textpage()
        start, _ = page.search("CỘNG HÒA", match_case=True).get_next()
        _, bottom, _, top = page.get_charbox(start)
    assert bottom == pytest.approx(parent.baselines[0], abs=0.5)
    assert top > bottom
