"""Fast filling and full layout print the same: the same pixels in two renderers, the same words for readers.

Tolerance: both ways write a glyph's position as a decimal number, in points or in pixels. They may differ by
less than 1/10,000 of a point, and a renderer that positions glyphs more finely than pixels may then be off by
one step. So up to `FEW` of a page's two million pixels may differ, about the edge of one word, but none from
black to white. On the machine where this was written, none does.
"""

import random
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from certsvc.errors import InputError
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.designs import Design, load_designs
from certsvc.templates.filling import Filled, fill
from certsvc.templates.preview import filled_pdf
from certsvc.templates.samples import sample_values
from certsvc.templates.setting import Setter
from certsvc.templates.slots import TextSlot

DPI = 150
FEW = 200
EDGE = 16
MOST = 128

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵđ"
ALL_LETTERS = "".join(letter for letter in LETTERS + LETTERS.upper() if not letter.isascii())
SYLLABLES = (
    "a Công ty TNHH May mặc Thí Dụ Việt-Nam & Xây dựng “Sông Hồng” – chi nhánh số 3, Khu công nghiệp (KCN)"
    " Bắc Thăng Long; xã Ví Dụ, huyện Thử Nghiệm, TP.HCM 12/3 COVID-19, U07.1 nghiêng Y Ỷ AV To T. 50% vi rút"
    " được xác định: nghỉ ngơi tại nhà; tái-khám/theo-dõi"
)
RECORD = b"<x/>"


def _both_ways(
    design: Design, values: Mapping[str, str], *, head_examined: bool = False, is_reissue: bool = False
) -> tuple[bytes, bytes] | None:
    """The file made by fast filling, and the full layout's; None if these values need full layout anyway."""
    filled = fill(design, values, record=RECORD, head_examined=head_examined, is_reissue=is_reissue)
    if not filled.is_fast:
        return None
    full = assemble_fully(
        design, values, record=RECORD, head_examined=head_examined, is_reissue=is_reissue
    ).blank
    return filled_pdf(filled), full.pdf


def _render(pdf: bytes) -> Image.Image:
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[0].render(scale=DPI / 72).to_pil()
        return picture.convert("L")


def _assert_alike(one: Image.Image, other: Image.Image) -> None:
    assert one.size == other.size
    differences = ImageChops.difference(one, other).histogram()
    assert sum(differences[EDGE:]) <= FEW
    assert sum(differences[MOST:]) == 0


@pytest.fixture(params=load_designs(), ids=lambda design: design.id.replace("/", "-"))
def design(request: pytest.FixtureRequest) -> Design:
    chosen: Design = request.param
    return chosen


@pytest.mark.parametrize("is_reissue", [False, True])
def test_samples_agree(
    variant: tuple[Design, bool], is_reissue: bool, run_on: Callable[..., str], tmp_path: Path
) -> None:
    """For every design and variant: PDFium's pixels, Poppler's pixels and Poppler's text are the same."""
    design, head_examined = variant
    files = _both_ways(
        design,
        sample_values(design, head_examined=head_examined),
        head_examined=head_examined,
        is_reissue=is_reissue,
    )
    assert files is not None
    _assert_alike(*map(_render, files))
    _assert_alike(*(_render_by_poppler(pdf, run_on=run_on, folder=tmp_path) for pdf in files))
    fast, full = (run_on(pdf, "pdftotext", "-layout", "PDF", "-") for pdf in files)
    assert fast == full


def _render_by_poppler(pdf: bytes, *, run_on: Callable[..., str], folder: Path) -> Image.Image:
    run_on(pdf, "pdftoppm", "-r", str(DPI), "-gray", "-singlefile", "PDF", str(folder / "page"))
    with Image.open(folder / "page.pgm") as picture:
        return picture.convert("L")


def _fields(design: Design) -> dict[str, list[TextSlot]]:
    """The slots of each free-text field: dates, numbers and the like have texts of their own."""
    slots: dict[str, list[TextSlot]] = {}
    for slot in compile_base(design, head_examined=False, is_reissue=False).texts:
        slots.setdefault(slot.field, []).append(slot)
    return slots


def _longest(design: Design, field: str, *, words: Sequence[str]) -> str:
    """As many of the words as fast filling can set in every slot of the field."""
    base = compile_base(design, head_examined=False, is_reissue=False)
    setters = [Setter(slot, base.glyphs[slot.face]) for slot in base.texts if slot.field == field]
    texts = [" ".join(words[:count]) for count in range(len(words) + 1)]
    return max((text for text in texts if all(setter.set(text) for setter in setters)), key=len)


@pytest.mark.parametrize(
    "words",
    [SYLLABLES.split(), SYLLABLES.upper().split(), ["WM"] * 60, ["i."] * 200],
    ids=["text", "capitals", "wide", "narrow"],
)
def test_longest_texts_that_fit_agree(design: Design, words: list[str]) -> None:
    """Every slot filled to its last word: names, employers and diagnoses of two and three lines too."""
    values = {field: _longest(design, field, words=words) or "1" for field in _fields(design)}
    files = _both_ways(design, sample_values(design) | values)
    assert files is not None
    _assert_alike(*map(_render, files))


def test_all_letters_agree(design: Design, run_on: Callable[..., str]) -> None:
    """134 accented letters and ASCII in every slot with room: same pixels, and the same words come back."""
    words = [
        "".join(ALL_LETTERS[start : start + 6]) for start in range(0, len(ALL_LETTERS), 6)
    ] + string.printable.split()
    dice = random.Random(1)
    values = {
        field: _longest(design, field, words=dice.sample(words, len(words))) or "1"
        for field in _fields(design)
    }
    files = _both_ways(design, sample_values(design) | values)
    assert files is not None
    _assert_alike(*map(_render, files))
    fast, full = (run_on(pdf, "pdftotext", "-layout", "PDF", "-") for pdf in files)
    assert fast == full
    assert len(ALL_LETTERS) == 134


@settings(max_examples=15, derandomize=True)
@given(st.sampled_from(load_designs()), st.randoms(use_true_random=False))
def test_wrapping_texts_agree_or_are_laid_out(design: Design, dice: random.Random) -> None:
    """Words of many lengths in multi-line slots: drawn alike, or left to the full layout. Most are drawn."""
    words = SYLLABLES.split()
    base = compile_base(design, head_examined=False, is_reissue=False)
    values = sample_values(design)
    for field, slots in _fields(design).items():
        if all(len(slot.baselines) > 1 for slot in slots):
            text = " ".join(dice.choices(words, k=dice.randint(3, 9 * len(slots[0].baselines))))
            if all(Setter(slot, base.glyphs[slot.face]).set(text) for slot in slots):
                values[field] = text
    files = _both_ways(design, values)
    assert files is not None
    _assert_alike(*map(_render, files))


def _shown(design: Design, employer: str) -> Filled:
    return fill(
        design,
        sample_values(design) | {"employer": employer},
        record=RECORD,
        head_examined=False,
        is_reissue=False,
    )


@pytest.mark.parametrize(
    "employer",
    [
        pytest.param("Xí nghiệp Ω-mê-ga", id="letters of another script"),
        pytest.param(unicodedata.normalize("NFD", "Nguyễn"), id="decomposed letters"),
        pytest.param("một\u00a0hai", id="a space that does not break"),
        pytest.param("W" * 60, id="a word longer than a line"),
        pytest.param("rất dài " * 30, id="more lines than the slot has"),
    ],
)
def test_what_fast_filling_cannot_set_is_laid_out(employer: str, run_on: Callable[..., str]) -> None:
    """The whole certificate then takes the slow way, and shows the text."""
    design = load_designs()[1]
    filled = _shown(design, employer)
    assert not filled.is_fast
    assert not filled.objects
    text = run_on(filled_pdf(filled), "pdftotext", "-layout", "PDF", "-")
    assert _bare(employer) in _bare(text)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def test_composed_input_needs_no_layout() -> None:
    """Decomposed input is composed before it is filled (`form_values`), and then is like any other."""
    assert _shown(
        load_designs()[1], unicodedata.normalize("NFC", unicodedata.normalize("NFD", "Nguyễn Thị Thí Dụ"))
    ).is_fast


def test_what_the_typeface_lacks_is_refused() -> None:
    """Neither way prints an empty box."""
    with pytest.raises(InputError, match="unprintable"):
        _shown(load_designs()[1], "中")
