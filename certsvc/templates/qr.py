"""QR codes [ISO/IEC 18004], error correction level M: as an image of a PDF, and as vectors for pages of the site."""

import base64
import re
from typing import Any

import zxingcpp
from PIL import Image

from certsvc.errors import InputError
from certsvc.pdf import stream

QUIET_MODULES = 4
"""Width of the empty border that ISO/IEC 18004 clause 9.1 asks for, in modules."""

MASK = 3
"""The data mask of every symbol on paper.

Clause 7.8.3 has an encoder try all eight masks and take the one with the fewest runs, blocks and false finder patterns,
which is nine tenths of its work. A symbol says itself which mask it has, so any mask reads. What is lost is that choice:
our texts are mostly random characters, whose modules are even under every mask, and the tests read what we print.
"""

_SIZE = re.compile(r'<svg width="(\d+)"')
_PATH = re.compile(r'<path d="([^"]+)"')


def qr_image(text: str) -> bytes:
    """An image XObject (ISO 32000-2 clause 8.9.5), one bit a module, black on white, without quiet zone; the smallest symbol that holds `text`.

    Upper-case addresses take the alphanumeric mode: version 12 holds 419 characters. Raises InputError if the text is
    empty or longer than a symbol holds.
    """
    drawn = _symbol(text, data_mask=MASK).to_image(scale=1, add_quiet_zones=False)
    side, _ = drawn.shape
    rows = Image.frombytes("1", (side, side), memoryview(drawn).tobytes(), "raw", "1;8").tobytes()
    entries = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 /Interpolate false"
    return stream(entries % (side, side), rows)


def qr_svg(text: str, *, quiet_modules: int = QUIET_MODULES) -> str:
    """An SVG of the QR code of `text`: one black path, one unit a module, no size of its own.

    Pass `quiet_modules=0` where the surroundings leave the quiet zone empty. Raises InputError as `qr_image` does.
    """
    drawn = _symbol(text).to_svg(add_quiet_zones=False)
    size, path = _SIZE.search(drawn), _PATH.search(drawn)
    if size is None or path is None:
        raise RuntimeError("zxing-cpp draws its SVG in a new way")
    side = int(size[1]) + 2 * quiet_modules
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-quiet_modules} {-quiet_modules} {side} {side}" shape-rendering="crispEdges">'
        f'<path d="{path[1]}" fill="#000"/></svg>'
    )


def data_address(svg: str) -> str:
    """A `data:` address of an SVG image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def _symbol(text: str, **options: Any) -> Any:
    try:
        return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M", **options)
    except ValueError as error:
        raise InputError("qr_text", "Nội dung mã QR rỗng hoặc quá dài.", "The text of the QR code is empty or too long.") from error
