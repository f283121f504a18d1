"""The typeface's limits, and QR codes that phones read."""

import random
import re
import threading
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from certsvc.errors import InputError
from certsvc.templates.designs import find_design
from certsvc.templates.faces import unprintable
from certsvc.templates.filling import fill
from certsvc.templates.outlines import advance
from certsvc.templates.preview import filled_pdf
from certsvc.templates.qr import MASK, qr_image, qr_svg
from certsvc.templates.samples import sample_values

_QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("Nguyễn Thị Đượm – “Sông Hồng” & Cộng sự, 50 %\nĐiều trị", ""),
        ("Ｎ中中😷", "Ｎ中😷"),
        ("a\u202eb\u200bc\u0007", "\u202e\u200b\u0007"),
        ("\ud800\ue000", "\ud800\ue000"),
        ("tab\there\r", "\t\r"),
    ],
)
def test_what_cannot_be_printed_is_listed(text: str, lacking: str) -> None:
    """Vietnamese, punctuation and line feeds pass; other scripts, invisible and bidi characters do not."""
    assert unprintable(text) == lacking


def test_widths_are_the_faces_own() -> None:
    """A digit of Tinos is half an em wide, like Times; a character without glyph has no width."""
    assert advance("0", face="Tinos-Bold.ttf") == pytest.approx(0.5)
    assert advance("中", face="Tinos-Bold.ttf") == 0


@pytest.mark.parametrize(
    "text",
    [
        "HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123",
        "https://kiemtra.example.vn/v?x=đ",
        "1" * 300,
    ],
)
def test_drawn_code_says_the_text(text: str) -> None:
    """The path, painted module by module, decodes to the text at level M, with four empty modules around."""
    svg = qr_svg(text)
    origin, _, side, _ = map(int, re.findall(r'viewBox="([^"]+)"', svg)[0].split())
    assert origin == -4
    picture = Image.new("L", (side * 4, side * 4), 255)
    draw = ImageDraw.Draw(picture)
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+Z", svg):
        left, top = (int(x) - origin) * 4, (int(y) - origin) * 4
        draw.rectangle((left, top, left + int(width) * 4 - 1, top + int(height) * 4 - 1), fill=0)
    code = zxingcpp.read_barcode(picture, formats=_QR_CODES)
    assert code is not None
    assert code.text == text
    assert code.ec_level == "M"


def test_upper_case_addresses_take_the_smaller_symbol() -> None:
    """Alphanumeric mode packs an upper-case address into fewer modules than bytes would need."""
    address = "HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123"
    assert _side(qr_svg(address)) < _side(qr_svg(address.lower()))


def _side(svg: str) -> int:
    return int(re.findall(r'viewBox="[^"]* (\d+)"', svg)[0])


@pytest.mark.parametrize("text", ["", "A" * 5000])
def test_text_without_a_symbol_is_refused(text: str) -> None:
    """Nothing, or more than a symbol holds, is the caller's error."""
    with pytest.raises(InputError, match="qr_text"):
        qr_svg(text)


def test_layouts_from_several_threads_are_right() -> None:
    """Workers fill in threads: each page shows its own name and is one page, laid out or not."""
    design = find_design("sick_leave/ct07-2017")
    assert design is not None
    names = [f"NGUYỄN VĂN {letter * 3}" for letter in "ÂĂĐÊÔƠΩΣ"]
    pages: dict[str, bytes] = {}

    def work(name: str) -> None:
        pages[name] = filled_pdf(
            fill(
                design,
                sample_values(design) | {"full_name": name},
                record=b"",
                head_examined=False,
                is_reissue=False,
            )
        )

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in names:
        with pypdfium2.PdfDocument(pages[name]) as document:
            assert len(document) == 1
            assert name in document[0].get_textpage().get_text_range()


def _modules(image: bytes) -> Image.Image:
    """The picture of an image XObject, one pixel a module."""
    entries, _, rest = image.partition(b"\nstream\n")
    width, height, length = (
        int(re.findall(rb"/%b (\d+)" % key, entries)[0]) for key in (b"Width", b"Height", b"Length")
    )
    assert rest[length:] == b"\nendstream"
    return Image.frombytes("1", (width, height), rest[:length])


def _address(length: int) -> str:
    """An upper-case address of that length, its end made up anew for each length."""
    dice = random.Random(length)
    return "HTTPS://KIEMTRA.EXAMPLE.VN/V/" + "".join(
        dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=length - 29)
    )


def _on_paper(modules: Image.Image) -> Image.Image:
    """The symbol 35 mm wide at 150 dpi, with its quiet zone, as a renderer draws it."""
    side = round(35 / 25.4 * 150)
    paper = Image.new("L", (side + 60, side + 60), 255)
    paper.paste(modules.convert("L").resize((side, side), Image.Resampling.BOX), (30, 30))
    return paper


@pytest.mark.parametrize(("length", "version"), [(55, 3), (267, 10), (374, 12), (419, 12)])
def test_a_symbol_reads_from_paper(length: int, version: int) -> None:
    """The smallest version is used; at 35 mm and 150 dpi it reads, even blurred, tilted and faint."""
    text = _address(length)
    modules = _modules(qr_image(text))
    assert modules.size == (17 + 4 * version, 17 + 4 * version)
    paper = _on_paper(modules)
    blurred = paper.filter(ImageFilter.GaussianBlur(0.8))
    tilted = paper.rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    faint = paper.point(lambda level: 90 + level // 2)
    for photo in (paper, blurred, tilted, faint):
        code = zxingcpp.read_barcode(photo, formats=_QR_CODES)
        assert code is not None
        assert (code.text, code.ec_level) == (text, "M")


def test_many_symbols_read() -> None:
    """The mask is fixed, and the texts are random: a hundred symbols of every size read."""
    for length in range(40, 420, 4):
        code = zxingcpp.read_barcode(_on_paper(_modules(qr_image(_address(length)))), formats=_QR_CODES)
        assert code is not None
        assert code.text == _address(length)


@pytest.mark.parametrize("length", [55, 267, 374, 419])
def test_another_encoder_draws_the_same_symbol(length: int) -> None:
    """zxing-cpp, told the mask, makes the very same modules of an upper-case address."""
    text = _address(length)
    drawn: Any = zxingcpp.create_barcode(
        text, zxingcpp.BarcodeFormat.QRCode, ec_level="M", data_mask=MASK
    ).to_image(scale=1, add_quiet_zones=False)
    theirs = Image.frombytes("L", drawn.shape, memoryview(drawn).tobytes())
    assert _modules(qr_image(text)).convert("L").tobytes() == theirs.tobytes()


def test_image_is_what_a_pdf_needs() -> None:
    """One bit per pixel, grey, not smoothed; it starts with a finder pattern [ISO 32000-2 §8.9.5]."""
    image = qr_image(_address(300))
    assert image.startswith(b"<< /Type /XObject /Subtype /Image ")
    for entry in (b"/ColorSpace /DeviceGray", b"/BitsPerComponent 1", b"/Interpolate false"):
        assert entry in image
    assert _modules(image).getpixel((0, 0)) == 0
    assert _modules(image).getpixel((1, 1)) == 255


@pytest.mark.parametrize("text", ["", "A" * 5000])
def test_text_without_an_image_is_refused(text: str) -> None:
    """As for the vectors."""
    with pytest.raises(InputError, match="qr_text"):
        qr_image(text)
