"""QR codes as vectors: ISO/IEC 18004, error correction level M."""

import base64
import re

import zxingcpp

from certsvc.errors import InputError

QUIET_MODULES = 4
"""Width of the empty border that ISO/IEC 18004 §9.1 asks for, in modules."""

_SIZE = re.compile(r'<svg width="(\d+)"')
_PATH = re.compile(r'<path d="([^"]+)"')


def qr_svg(text: str, *, quiet_modules: int = QUIET_MODULES) -> str:
    """An SVG of the QR code of `text`: one black path, one unit a module, no size of its own.

    Upper-case addresses take the alphanumeric mode and so the smallest symbol. Pass
    `quiet_modules=0` where the surroundings leave the quiet zone empty. Raises InputError if the
    text is empty or longer than a symbol of level M holds.
    """
    try:
        drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_svg(add_quiet_zones=False)
    except ValueError as error:
        raise InputError("qr_text", "Nội dung mã QR rỗng hoặc quá dài.", "The text of the QR code is empty or too long.") from error
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
