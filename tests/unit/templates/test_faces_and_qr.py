"""The typeface's limits, and QR codes that phones read."""

import re
import threading

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from certsvc.errors import InputError
from certsvc.templates.designs import find_design
from certsvc.templates.faces import advance, unprintable
from certsvc.templates.filling import fill
from certsvc.templates.preview import sample_values
from certsvc.templates.qr import qr_svg


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
    """Vietnamese, punctuation and line feeds are fine; foreign scripts, invisible and turning characters are not, each named once."""
    assert unprintable(text) == lacking


def test_widths_are_the_faces_own() -> None:
    """A digit of Tinos is half an em wide, like Times; a character without glyph has no width."""
    assert advance("0") == pytest.approx(0.5)
    assert advance("中") == 0


@pytest.mark.parametrize("text", ["HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123", "https://kiemtra.example.vn/v?x=đ", "1" * 300])
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
    code = zxingcpp.read_barcode(picture)
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
    """Workers fill in threads: each page shows its own name and is one page."""
    design = find_design("sick_leave/ct07-2017")
    assert design is not None
    names = [f"NGUYỄN VĂN {letter * 3}" for letter in "ÂĂĐÊÔƠ"]
    pages: dict[str, bytes] = {}

    def work(name: str) -> None:
        pages[name] = fill(design, sample_values(design) | {"full_name": name}, head_examined=False).pdf

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in names:
        with pypdfium2.PdfDocument(pages[name]) as document:
            assert name in document[0].get_textpage().get_text_range()
