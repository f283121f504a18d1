"""Texts in slots: shaped as by HarfBuzz, broken into lines as by Pango, or left to the full layout."""

import dataclasses
import html
import random
import re
from collections.abc import Iterator

import pytest
import uharfbuzz as hb
from hypothesis import given
from hypothesis import strategies as st
from weasyprint.formatting_structure import boxes

from certsvc.templates.compiler.embedding import REPERTOIRE
from certsvc.templates.compiler.laying import lay_out
from certsvc.templates.faces import FACES, face_bytes
from certsvc.templates.setting import TOLERANCE, Setter, break_lines
from certsvc.templates.shaping import UNIT, open_font
from certsvc.templates.slots import TextSlot

FACE = "Tinos-Bold.ttf"
ALL_GLYPHS = frozenset(range(4000))
SLOT = TextSlot(
    "employer", 7, FACE, 13.0, (0.0, 0.0, 0.0), 0.0, "left", False, 100.0, 200.0, (700.0, 680.0, 660.0)
)
SIZE = int(13.0 / UNIT)
WORDS = (
    'Công ty TNHH Một thành viên Vận tải & Xây dựng "Sông Hồng" – Xí nghiệp cơ giới số 3, Khu công-nghiệp'
    " May-mặc A/B 12/3 22/11/2026 U07.1 COVID-19, (SARS-CoV-2) (test) TP.HCM Q.1 P. 5; ngõ 34/5 Chi nhánh"
    " (văn phòng) AV AV, T. To Va WA. Y LT 'abc' 50% 100% +84 A+B x-ray T&T vi rút; điều trị: ngoại trú. … /"
    " ! ? « » “Hồng” ‘a’ — – - • ° § € ₫ a:(b a(b) a)b )( 1-2 a-1 1-a a/1 1/a 3.5mg/5ml http://a.b/c #1 @x"
    " [a] {b} a_b a=b o'Neil l’eau $5 5$ a,b 1,000 1.000.000 đ—đ 1—"
)
CHARACTERS = "abcXYZ0123đẤ" * 4 + ",.;:()\"'%&+-/–—§°·×€₫«»!?#@$*=<>[]{}_|~^`“”‘’…•"


def _glyphs(operands: str) -> list[int]:
    return [
        int(code, 16)
        for run in re.findall(r"<([0-9a-f]*)>", f"<{operands}>")
        for code in re.findall("....", run)
    ]


def _shape_whole(face: str, text: str) -> tuple[list[int], int]:
    font, buffer = hb.Font(hb.Face(face_bytes(face))), hb.Buffer()
    font.scale = (SIZE, SIZE)
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer)
    assert not any(place.x_offset or place.y_offset for place in buffer.glyph_positions)
    return [info.codepoint for info in buffer.glyph_infos], sum(
        place.x_advance for place in buffer.glyph_positions
    )


@given(
    st.sampled_from(FACES),
    st.text(
        st.sampled_from(sorted(open_font(FACE, size=SIZE).characters(ALL_GLYPHS) & set(REPERTOIRE))),
        min_size=1,
    ),
)
def test_pair_by_pair_is_the_shape_of_the_whole(face: str, text: str) -> None:
    """Glyphs and length of any line are HarfBuzz's own for the whole line, whatever script it assumes."""
    operands, advance = open_font(face, size=SIZE).shape(text)
    assert (_glyphs(operands), advance) == _shape_whole(face, text)


@pytest.mark.parametrize("seed", range(6))
def test_lines_break_where_pango_breaks(seed: int) -> None:
    """Words of many lengths in boxes of many widths: if we say where lines break, WeasyPrint agrees."""
    dice = random.Random(seed)
    make = _known_words if seed % 2 else _odd_words
    texts = [(make(dice), round(dice.uniform(90, 420), 4)) for _ in range(250)]
    certain = 0
    for (text, width), got in zip(texts, _lines_of_weasyprint(texts), strict=True):
        lines = break_lines(open_font(FACE, size=SIZE), text, limit=width / UNIT, tolerance=TOLERANCE / UNIT)
        assert lines in ([], got)
        certain += bool(lines)
    assert certain > 20


def _known_words(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS.split(), k=dice.randint(4, 24)))


def _odd_words(dice: random.Random) -> str:
    return " ".join(
        "".join(dice.choices(CHARACTERS, k=dice.randint(1, 9))) for _ in range(dice.randint(6, 24))
    )


def _lines_of_weasyprint(texts: list[tuple[str, float]]) -> Iterator[list[str]]:
    body = "".join(f'<div style="width: {width}pt">{html.escape(text)}</div>' for text, width in texts)
    sheet = (
        '@page { size: 600pt 999999pt; margin: 0 } body { margin: 0; font: bold 13pt "Tinos Form";'
        " overflow-wrap: anywhere; white-space: pre-line }"
    )
    document = lay_out(f'<html lang="vi"><body>{body}', sheets=(sheet,))
    for box in document.pages[0]._page_box.children[0].children[0].children:
        yield [
            "".join(text.text for text in line.children)
            for line in box.children
            if isinstance(line, boxes.LineBox)
        ]


def _shown(sequence: bytes | None) -> list[tuple[float, float, list[int]]]:
    """Where each line of a sequence starts, and its glyphs."""
    assert sequence is not None
    found = re.findall(r"BT ([\d.]+) ([\d.]+) Td \[(.*)\] TJ ET", sequence.decode("ascii"))
    return [(float(x), float(y), _glyphs(operands[1:-1])) for x, y, operands in found]


def _set(text: str, **changes: object) -> bytes | None:
    return Setter(dataclasses.replace(SLOT, **changes), ALL_GLYPHS).set(text)  # type: ignore[arg-type]


def _width(text: str) -> float:
    return open_font(FACE, size=SIZE).shape(text)[1] * UNIT


@pytest.mark.parametrize(("align", "share"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_a_line_stands_where_it_is_aligned(align: str, share: float) -> None:
    """The first line begins at the left edge plus its share of the room that it leaves."""
    ((x, y, glyphs),) = _shown(_set("ĐỖ THỊ VÍ DỤ", align=align))
    assert x == pytest.approx(100 + share * (200 - _width("ĐỖ THỊ VÍ DỤ")), abs=1e-4)
    assert y == 700
    assert len(glyphs) == 12


def test_letter_spacing_counts_behind_every_letter() -> None:
    """A right-aligned line ends one letter-spacing before the edge; spacing is truncated to 1/1000 em."""
    sequence = _set("7K2M", align="right", letter_spacing=0.9)
    assert sequence is not None
    ((x, _, _),) = _shown(sequence)
    assert x == pytest.approx(300 - _width("7K2M") - 4 * 0.9, abs=0.01)
    steps = [-float(step) * 13 / 1000 for step in re.findall(rb">([-.\d]+)<", sequence)]
    assert steps == pytest.approx([0.9] * 3, abs=0.02)


@pytest.mark.parametrize(("is_low", "baselines"), [(False, [700, 680]), (True, [680, 660])])
def test_fewer_lines_than_there_are(is_low: bool, baselines: list[float]) -> None:
    """On the first baselines or on the last; a line feed starts a line, white space around it is dropped."""
    assert [y for _, y, _ in _shown(_set("  Bệnh  \n Điều   trị ", is_low=is_low))] == baselines
    assert _set("  Bệnh  \n Điều   trị ") == _set("Bệnh\nĐiều trị")


def test_a_sequence_names_its_content_even_if_blank() -> None:
    """The structure tree refers to every sequence by number: a blank text leaves it empty, but there."""
    assert _set("") == _set(" ") == b"/Span <</MCID 7>> BDC\nEMC\n"
    sequence = _set("a")
    assert sequence is not None
    assert sequence.startswith(b"/Span <</MCID 7>> BDC\n")
    assert sequence.endswith(b"\nEMC\n")


def test_upper_case_is_vietnamese_too() -> None:
    """Capitals where the style asks for them, with their marks."""
    assert _set("Đặng Thị Ỷ", is_upper=True) == _set("ĐẶNG THỊ Ỷ")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("bốn năm sáu " * 20, id="more lines than there are"),
        pytest.param("W" * 40, id="a word wider than the slot"),
        pytest.param("một " + "W" * 40, id="a long word behind a short one"),
        pytest.param("a\nb\nc\nd", id="too many paragraphs"),
        pytest.param("a\n\nb", id="a blank line"),
        pytest.param("Ω", id="another script"),
        pytest.param("Nguye\u0302\u0303n", id="decomposed"),
        pytest.param("a\u00a0b", id="a space that is none"),
        pytest.param("Xí nghiệp số ba Khu công nghiệp-Bắc Thăng-Long-Hà-Nội", id="a hyphen at the edge"),
    ],
)
def test_what_is_not_certain_to_fit_is_not_set(text: str) -> None:
    """The answer is None, for the full layout to decide."""
    assert _set(text) is None


def test_letters_the_base_lacks_are_not_set() -> None:
    """A base may hold fewer glyphs than the face."""
    (held,) = _glyphs(open_font(FACE, size=SIZE).shape("a")[0])
    setter = Setter(SLOT, frozenset({held}))
    assert setter.set("aa") is not None
    assert setter.set("ab") is None


def test_a_line_at_the_very_edge_is_not_certain() -> None:
    """A hair more or less room decides; within it, the full layout does."""
    text, width = "Công ty Thí Dụ", _width("Công ty Thí Dụ")
    assert _set(text, width=width + 2 * TOLERANCE, baselines=(700.0,)) is not None
    assert _set(text, width=width + TOLERANCE / 2, baselines=(700.0,)) is None
    assert _set(text, width=width - TOLERANCE / 2, baselines=(700.0, 680.0)) is None
    assert _set(text, width=width - 2 * TOLERANCE, baselines=(700.0, 680.0)) is not None
