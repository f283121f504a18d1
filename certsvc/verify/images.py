"""The QR code in a photo or scan: picture bytes → its text. To be run in the disposable process."""

import io

import zxingcpp
from PIL import Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError, WebPImagePlugin

from certsvc.codes import normalise_code
from certsvc.verify.reasons import Reason

MAX_PIXELS = 50_000_000
_FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
)
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class PictureError(Exception):
    """The picture cannot be read; `reason` is `unreadable` or `too_complex`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def is_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a JPEG, PNG or WebP file."""
    return data.startswith(_MAGIC) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def find_qr(data: bytes) -> str | None:
    """The text of the QR code in a JPEG, PNG or WebP picture; None if there is none.

    Among several codes, one that looks like ours is preferred. Raises PictureError for broken or huge
    pictures.
    """
    only_qr = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    codes = zxingcpp.read_barcodes(_grey(data), formats=only_qr)
    texts = [code.text for code in codes if code.valid]
    ours = [text for text in texts if normalise_code(text) is not None]
    return next(iter([*ours, *texts]), None)


def _grey(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise PictureError(Reason.TOO_COMPLEX)
            return picture.convert("L")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureError(Reason.TOO_COMPLEX) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PictureError(Reason.UNREADABLE) from error
