"""Visible marks: true time, actual size, transparent, and without need of anything else in their file."""

import dataclasses
import datetime as dt
import re
from io import BytesIO
from typing import cast

import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from certsvc.models import Slot
from certsvc.pdf import append, number, stream
from certsvc.templates.drawing import draw_signature
from certsvc.templates.faces import face_bytes
from certsvc.templates.marks import TIME_FACE, TIME_LETTERS, Mark, picture, signing_time, time_line
from tests.support import blanks

MM = 72 / 25.4
SIGNED_AT = dt.datetime(2026, 11, 22, 18, 30, 5, 900, tzinfo=dt.UTC)
PERSON = Mark(
    slot=Slot.REPRESENTATIVE,
    width_pt=62 * MM,
    height_pt=43 * MM,
    signer_name="Đỗ Thị Mẫu",
    organisation="Trạm Y tế Thử Nghiệm",
    development=True,
)
SEAL = dataclasses.replace(PERSON, slot=Slot.ORGANISATION, width_pt=44 * MM, height_pt=39 * MM)
WORDS = dataclasses.replace(PERSON, development=False)


def _picture(mark: Mark, *, dpi: int = 100, with_time: bool = True) -> Image.Image:
    """The mark as a page of its own size."""
    blank = blanks.blank((Slot.ORGANISATION,))
    content = picture(mark) + (time_line(SIGNED_AT, mark.width_pt) if with_time else b"")
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %b %b] /Contents 4 0 R /Resources << /Font << /F 7 0 R"
        b" >> >> >>"
    )
    added = append(
        blank.end, {3: page % (number(mark.width_pt), number(mark.height_pt)), 4: stream(b"", content)}
    )
    with pypdfium2.PdfDocument(blank.pdf + bytes(added.data)) as document:
        shown: Image.Image = document[0].render(scale=dpi / 72, fill_color=(0, 0, 0, 0)).to_pil()
        return shown.convert("RGBA")


def _time(line: bytes) -> str:
    """What a time line says, read with the face's own glyph numbers."""
    face = TTFont(BytesIO(face_bytes(TIME_FACE)), lazy=True)
    letters = {face.getGlyphID(name): chr(code) for code, name in face.getBestCmap().items() if code < 128}
    [codes] = re.findall(rb"<([0-9A-F]+)> Tj", line)
    return "".join(letters[int(codes[at : at + 4], 16)] for at in range(0, len(codes), 4))


def test_the_time_is_the_true_one_in_vietnams_zone() -> None:
    """ISO 8601 to the second with +07:00, whatever zone the time came in [signers, Visible marks]."""
    assert _time(time_line(SIGNED_AT, 120)) == "2026-11-23T01:30:05+07:00"
    assert set(_time(time_line(SIGNED_AT, 120))) <= set(TIME_LETTERS)


def test_the_time_stands_at_the_foot_in_the_middle() -> None:
    """Ten points high, as far from the left as from the right, and nothing else is black."""
    shown = _picture(PERSON, dpi=144)
    ink = Image.eval(shown.getchannel("A"), lambda value: 255 if value > 128 else 0).crop(
        (0, shown.height - 24, shown.width, shown.height)
    )
    left, top, right, _ = ink.getbbox() or (0, 0, 0, 0)
    assert left == pytest.approx(shown.width - right, abs=3)
    assert 4 <= top <= 10


@pytest.mark.parametrize("mark", [PERSON, SEAL, WORDS])
def test_a_picture_asks_nothing_of_the_file(mark: Mark) -> None:
    """No font, image, colour space or graphics state is named, and what it changes it restores."""
    operators = [line.split()[-1] for line in picture(mark).splitlines()]
    assert set(operators) <= {
        b"cm",
        b"rg",
        b"RG",
        b"w",
        b"m",
        b"l",
        b"c",
        b"h",
        b"f",
        b"s",
        b"S",
        b"j",
        b"J",
        b"Q",
    }
    assert b"/" not in picture(mark)
    assert (picture(mark).count(b"q "), operators.count(b"Q")) == (1, 1)


def test_time_without_zone_is_refused() -> None:
    """A naive time could be anybody's: it is refused."""
    with pytest.raises(ValueError, match="naive"):
        signing_time(dt.datetime(2026, 11, 23))  # noqa: DTZ001 (that is the point)


@pytest.mark.parametrize("mark", [PERSON, SEAL, WORDS])
def test_ground_is_transparent(mark: Mark) -> None:
    """What lies below shows: corners and most of the page carry no paint."""
    shown = _picture(mark)
    alpha = shown.getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getpixel((shown.width - 1, 0)) == 0
    assert alpha.histogram()[0] > 0.6 * shown.width * shown.height


def test_persons_mark_is_blue_and_the_seal_red() -> None:
    """Signature blue, seal red, time black [signers, Visible marks]."""
    assert _hues(_picture(PERSON)) == {"blue", "black"}
    assert _hues(_picture(SEAL)) == {"red", "black"}


def _hues(shown: Image.Image) -> set[str]:
    found = set()
    for count, colour in shown.getcolors(shown.width * shown.height) or []:
        red, green, blue, alpha = cast("tuple[int, int, int, int]", colour)
        if alpha < 250 or count < 3:
            continue
        if max(red, green, blue) < 60:
            found.add("black")
        elif blue > red + 60:
            found.add("blue")
        elif red > blue + 60:
            found.add("red")
    return found


def test_seal_has_real_size() -> None:
    """It is about 36 mm across."""
    shown = _picture(SEAL, dpi=254)
    red = shown.getchannel("R").point(lambda value: 255 if value > 120 else 0)
    left, top, right, bottom = red.getbbox() or (0, 0, 0, 0)
    assert right - left == pytest.approx(360, abs=9)
    assert bottom - top == pytest.approx(360, abs=9)


def test_development_seal_says_that_it_is_none() -> None:
    """A seal for development has a warning below its star; others have the star in the centre and no text."""
    warned, plain = (
        _picture(dataclasses.replace(SEAL, development=flag), dpi=254, with_time=False).getchannel("A")
        for flag in (True, False)
    )
    centre = warned.width // 2
    below_star = (centre - 60, 225, centre + 60, 265)
    assert warned.crop(below_star).getbbox() is not None
    assert plain.crop(below_star).getbbox() is None


def test_the_ring_carries_the_organisations_name() -> None:
    """Another name is another ring; a name in small letters is set in capitals."""
    other = dataclasses.replace(SEAL, organisation="Trạm Y tế Khác")
    assert picture(other) != picture(SEAL)
    assert picture(dataclasses.replace(SEAL, organisation="TRẠM Y TẾ THỬ NGHIỆM")) == picture(SEAL)


@pytest.mark.parametrize(
    "name",
    [
        "Trạm Y tế X",
        "Trung tâm Y tế khu vực Đông Anh – Sở Y tế thành phố Hà Nội, cơ sở khám bệnh, chữa bệnh số 3",
    ],
)
def test_any_name_stays_within_the_ring(name: str) -> None:
    """Short or long, the name stays on the seal: nothing is painted outside the outer ring."""
    shown = _picture(dataclasses.replace(SEAL, organisation=name), dpi=127, with_time=False)
    alpha = shown.getchannel("A").crop((0, 0, shown.width, 180))
    centre = shown.width / 2
    for y in range(0, 180, 3):
        for x in range(0, shown.width, 3):
            if (x - centre) ** 2 + (y - 90) ** 2 > 92**2:
                assert alpha.getpixel((x, y)) == 0, (x, y)


@pytest.mark.parametrize(
    "name", ["Lê A", "Nguyễn Công Tằng Tôn Nữ Quỳnh Phương Thảo Ngọc Linh Trang Đài Các"]
)
def test_real_signature_without_an_image_is_words(name: str) -> None:
    """Outside development nothing is made up: the mark names the signer, in blue, above the time."""
    shown = _picture(dataclasses.replace(WORDS, signer_name=name), dpi=144, with_time=False)
    left, top, right, bottom = shown.getchannel("A").getbbox() or (0, 0, 0, 0)
    assert _hues(shown) == {"blue"}
    assert 0 < left < right < shown.width
    assert 0 < top < bottom < shown.height - 10 * MM
    assert left == pytest.approx(shown.width - right, abs=6)


def test_words_do_not_fall_through_to_another_names() -> None:
    """Two signers' words differ, and one signer's are the same whenever they are drawn."""
    assert picture(WORDS) == picture(WORDS)
    assert picture(WORDS) != picture(dataclasses.replace(WORDS, signer_name="Lý Văn Thử"))


def test_stroke_is_a_names_own() -> None:
    """The made-up signature is always the same for one name, and different for another."""
    assert draw_signature("Đỗ Thị Mẫu") == draw_signature("Đỗ Thị Mẫu")
    assert draw_signature("Đỗ Thị Mẫu") != draw_signature("Lý Văn Thử")
