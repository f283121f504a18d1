"""QR codes [ISO/IEC 18004], error correction level M: as an image in a PDF, and as vectors for web pages."""

import base64
import re

import zint

from certsvc.errors import InputError
from certsvc.pdf import stream

QUIET_MODULES = 4
"""Width of the required empty border, in modules [ISO/IEC 18004 §9.1]."""

MASK = 3
"""The data mask of every symbol.

Clause 7.8.3 has an encoder try all eight masks and take the one with the fewest runs, blocks and false finder
patterns, which is nine tenths of its work. A symbol states its mask, so any mask can be read. Little is lost:
our texts are mostly random characters, whose modules look even under every mask, and the tests read what we
print.
"""

_LEVEL_M = 2
_ZINT_MASK = (MASK + 1) << 8
"""Zint's `option_3` for that mask [Zint manual "QR Code"]."""

_WHITE_IS_1 = bytes(0xFF ^ int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Maps Zint's bytes (first module in the lowest bit, dark is 1) to a PDF image's (highest bit, dark is 0)."""

_DARK = re.compile("1+")


def qr_image(text: str) -> bytes:
    """An image XObject [ISO 32000-2 §8.9.5] of the smallest symbol that holds `text`.

    One bit per module, black on white, without quiet zone. Upper-case addresses use the alphanumeric mode:
    version 12 holds 419 characters. Raises InputError if the text is empty or too long for a symbol.
    """
    rows = _rows(text)
    size = b"/Width %d /Height %d" % (len(rows), len(rows))
    entries = (
        b"/Type /XObject /Subtype /Image %b /ColorSpace /DeviceGray /BitsPerComponent 1 /Interpolate false"
    )
    return stream(entries % size, b"".join(rows).translate(_WHITE_IS_1))


def qr_svg(text: str, *, quiet_modules: int = QUIET_MODULES) -> str:
    """An SVG of the QR code of `text`: one black path, one unit per module, no intrinsic size.

    Pass `quiet_modules=0` if the surroundings provide the quiet zone. Raises InputError like `qr_image`.
    """
    rows = _rows(text)
    lines = (f"{int.from_bytes(row, 'little'):0{len(rows)}b}"[::-1] for row in rows)
    runs = ((y, run.start(), len(run[0])) for y, line in enumerate(lines) for run in _DARK.finditer(line))
    path = "".join(f"M{x} {y}h{length}v1h-{length}Z" for y, x, length in runs)
    side = len(rows) + 2 * quiet_modules
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-quiet_modules} {-quiet_modules} {side} {side}"'
        f' shape-rendering="crispEdges"><path d="{path}" fill="#000"/></svg>'
    )


def data_address(svg: str) -> str:
    """An SVG image as a `data:` URL."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")


def _rows(text: str) -> list[bytes]:
    """The symbol's rows from the top, one bit per module in Zint's order."""
    symbol = zint.Symbol()
    symbol.symbology, symbol.option_1, symbol.option_3 = zint.Symbology.QRCODE, _LEVEL_M, _ZINT_MASK
    try:
        symbol.encode(text)
    except RuntimeError as error:
        raise InputError(
            "qr_text", "Nội dung mã QR rỗng hoặc quá dài.", "The text of the QR code is empty or too long."
        ) from error
    data = symbol.encoded_data.tobytes()
    stride = len(data) // len(symbol.encoded_data)
    return [data[start : start + (symbol.width + 7) // 8] for start in range(0, symbol.rows * stride, stride)]
