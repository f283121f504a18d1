"""Visible marks: true time, real size, no ground, and fit to be a signature field's appearance."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import cast

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter

from certsvc.errors import Broken
from certsvc.models import Slot
from certsvc.templates.designs import Design
from certsvc.templates.drawing import signature_svg
from certsvc.templates.filling import Filled
from certsvc.templates.marks import Mark, render_marks, signing_time
from certsvc.templates.preview import sample_marks, with_marks

MM = 72 / 25.4
PERSON = Mark(
    slot=Slot.REPRESENTATIVE,
    width_pt=62 * MM,
    height_pt=43 * MM,
    signer_name="Đỗ Thị Mẫu",
    organisation="Trạm Y tế Thử Nghiệm",
    signed_at=dt.datetime(2026, 11, 22, 18, 30, 5, 900, tzinfo=dt.UTC),
    image=None,
    development=True,
)
SEAL = dataclasses.replace(PERSON, slot=Slot.ORGANISATION, width_pt=44 * MM, height_pt=39 * MM)


def _picture(mark: Mark, *, dpi: int = 100) -> Image.Image:
    with pypdfium2.PdfDocument(render_marks([mark])) as document:
        picture: Image.Image = document[0].render(scale=dpi / 72, fill_color=(0, 0, 0, 0)).to_pil()
        return picture.convert("RGBA")


def _text(mark: Mark) -> str:
    with pypdfium2.PdfDocument(render_marks([mark])) as document:
        text: str = document[0].get_textpage().get_text_range()
        return text


def _png(colour: tuple[int, int, int]) -> bytes:
    image = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 180, 180), outline=(*colour, 255), width=12)
    out = BytesIO()
    image.save(out, format="PNG")
    return out.getvalue()


def test_one_page_a_mark_of_its_size() -> None:
    """Pages come in the order of the marks, each as large as its slot."""
    with pypdfium2.PdfDocument(render_marks([PERSON, SEAL, PERSON])) as document:
        sizes = [document[index].get_size() for index in range(len(document))]
    assert [size[0] for size in sizes] == pytest.approx([62 * MM, 44 * MM, 62 * MM], abs=0.05)
    assert [size[1] for size in sizes] == pytest.approx([43 * MM, 39 * MM, 43 * MM], abs=0.05)


@pytest.mark.parametrize("mark", [PERSON, SEAL])
def test_mark_shows_the_true_time_in_vietnams_zone(mark: Mark) -> None:
    """ISO 8601 to the second with +07:00, whatever zone the time came in [domain §5.3]."""
    assert "2026-11-23T01:30:05+07:00" in _text(mark)


def test_time_without_zone_is_refused() -> None:
    """A naive time could be anybody's: it is refused."""
    with pytest.raises(ValueError, match="naive"):
        signing_time(dt.datetime(2026, 11, 23))  # noqa: DTZ001 (that is the point)


@pytest.mark.parametrize("mark", [PERSON, SEAL, dataclasses.replace(SEAL, image=_png((208, 2, 27)))])
def test_ground_is_transparent(mark: Mark) -> None:
    """What lies below shows: corners and most of the page carry no paint."""
    picture = _picture(mark)
    alpha = picture.getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getpixel((picture.width - 1, 0)) == 0
    assert alpha.histogram()[0] > 0.6 * picture.width * picture.height


def test_persons_mark_is_blue_and_the_seal_red() -> None:
    """Signature blue, seal red, time black [domain §5.3]."""
    assert _hues(_picture(PERSON)) == {"blue", "black"}
    assert _hues(_picture(SEAL)) == {"red", "black"}


def _hues(picture: Image.Image) -> set[str]:
    found = set()
    for count, colour in picture.getcolors(picture.width * picture.height) or []:
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


@pytest.mark.parametrize("image", [None, _png((208, 2, 27))])
def test_seal_has_real_size(image: bytes | None) -> None:
    """The drawn seal is about 36 mm across; an image of one fills the same square."""
    picture = _picture(dataclasses.replace(SEAL, image=image), dpi=254)
    red = picture.getchannel("R").point(lambda value: 255 if value > 120 else 0)
    left, top, right, bottom = red.getbbox() or (0, 0, 0, 0)
    expected = 360 * (1 if image is None else 0.8)
    assert right - left == pytest.approx(expected, abs=9)
    assert bottom - top == pytest.approx(expected, abs=9)


def test_development_seal_says_that_it_is_none() -> None:
    """A seal made from development keys carries the warning; another one does not, both name the organisation."""
    warned, plain = _text(SEAL), _text(dataclasses.replace(SEAL, development=False))
    assert "DEV ONLY" in warned
    assert "GIÁ TRỊ" in warned
    assert "DEV" not in plain
    assert all(letter in plain for letter in "TRẠM Y TẾ THỬ NGHIỆM")


@pytest.mark.parametrize("name", ["Trạm Y tế X", "Trung tâm Y tế khu vực Đông Anh – Sở Y tế thành phố Hà Nội, cơ sở khám bệnh, chữa bệnh số 3"])
def test_any_name_stays_within_the_ring(name: str) -> None:
    """Short or long, the name stays on the seal: nothing is painted outside the outer ring."""
    picture = _picture(dataclasses.replace(SEAL, organisation=name), dpi=127)
    alpha = picture.getchannel("A").crop((0, 0, picture.width, 180))
    centre = picture.width / 2
    for y in range(0, 180, 3):
        for x in range(0, picture.width, 3):
            if (x - centre) ** 2 + (y - 90) ** 2 > 92**2:
                assert alpha.getpixel((x, y)) == 0, (x, y)


def test_real_signature_without_an_image_is_words() -> None:
    """Outside development no stroke is made up: without an image the mark says who signed."""
    real = dataclasses.replace(PERSON, development=False, signer_name="Đỗ <b>Mẫu")
    assert "Ký số bởi" in _text(real)
    assert "Đỗ <b>Mẫu" in _text(real)


def test_given_signature_image_is_shown() -> None:
    """The PNG of a hand signature stands in the mark in its own colours."""
    assert "blue" in _hues(_picture(dataclasses.replace(PERSON, image=_png((27, 63, 174)), development=False)))


def test_image_that_is_no_png_is_refused() -> None:
    """Only PNG images make marks."""
    with pytest.raises(Broken, match="mark_image"):
        render_marks([dataclasses.replace(PERSON, image=b"\xff\xd8\xff\xe0JFIF")])


def test_stroke_is_a_names_own() -> None:
    """The made-up signature is the same for a name every time and another for another name."""
    assert signature_svg("Đỗ Thị Mẫu") == signature_svg("Đỗ Thị Mẫu")
    assert signature_svg("Đỗ Thị Mẫu") != signature_svg("Lý Văn Thử")


def test_marks_become_form_objects_on_their_slots(variant: tuple[Design, bool], filled: Filled, run_on: Callable[..., str]) -> None:
    """pyHanko imports every page as a form object of the slot's size; placed on the form, poppler reads time and words, qpdf finds no fault."""
    marks = sample_marks(filled.slots)
    pdf = with_marks(filled, marks)
    run_on(pdf, "qpdf", "--check", "PDF")
    text = run_on(pdf, "pdftotext", "PDF", "-")
    assert text.count("+07:00") == len(filled.slots)
    source = PdfFileReader(BytesIO(marks))
    assert source.root["/Pages"]["/Count"] == len(filled.slots)


def test_imported_page_keeps_its_size(tmp_path: Path) -> None:
    """`ImportedPdfPage`, which pyHanko's static stamps take, sees the slot's width and height."""
    path = tmp_path / "marks.pdf"
    path.write_bytes(render_marks([PERSON, SEAL]))
    page = ImportedPdfPage(str(path), page_ix=1)  # type: ignore[no-untyped-call]
    page.set_writer(PdfFileWriter())  # type: ignore[no-untyped-call]
    page.render()
    assert float(page.box.width) == pytest.approx(44 * MM, abs=1)  # pyHanko keeps whole points
    assert float(page.box.height) == pytest.approx(39 * MM, abs=1)
