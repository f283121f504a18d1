"""WeasyPrint, set up once a process: our typeface, our fetcher, parsed stylesheets, sRGB.

Parsing the faces takes longer than a layout, so they are kept; Pango's font map and WeasyPrint's
caches are then shared, and layouts of one process take turns. No other module imports WeasyPrint's API.
"""

import functools
import threading
from collections.abc import Sequence
from importlib.resources import files
from io import BytesIO
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.css import ColorProfile
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError

from certsvc.errors import Broken
from certsvc.templates.faces import FACES_CSS, PackageFetcher

PT_PER_PX = 0.75
"""A CSS pixel is 1/96 inch, a PDF point 1/72."""

PDF_VARIANT = "pdf/a-3a"
"""ISO 19005-3, level A: tagged, all fonts and colours inside, attachments allowed."""

ONE_LAYOUT_AT_A_TIME = threading.Lock()
"""Held by callers from `lay_out` to `write`."""

_INTENT = "sheet"


def lay_out(html: str, *, sheets: Sequence[str], variant: str | None = PDF_VARIANT) -> Any:
    """A WeasyPrint document of `html` under `sheets` (texts of stylesheets), not yet written.

    `variant` is WeasyPrint's name of a PDF profile; give `write` the same. Raises Broken if it asks for anything but our typeface and `data:`.
    """
    parsed = [_stylesheet(text) for text in (FACES_CSS, *sheets)]
    try:
        return HTML(string=html, url_fetcher=PackageFetcher()).render(
            font_config=_fonts(),
            color_profiles={_INTENT: _srgb()} if variant else {},
            stylesheets=parsed,
            pdf_variant=variant,
            output_intent=_INTENT if variant else None,
        )
    except FatalURLFetchingError as error:
        raise _refusal() from error


def write(document: Any, *, variant: str | None = PDF_VARIANT) -> bytes:
    """The PDF of a document laid out here. Raises Broken as `lay_out` does: drawings fetch only now."""
    pdf: bytes = document.write_pdf(pdf_variant=variant, output_intent=_INTENT if variant else None)
    if document.url_fetcher.refused:
        raise _refusal()
    return pdf


def _refusal() -> Broken:
    return Broken("design_fetches", "Mẫu gọi tài nguyên bên ngoài.", "The design refers to something outside.")


@functools.cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@functools.cache
def _srgb() -> ColorProfile:
    """WeasyPrint's own profile, read once: on its own it opens the file anew for each PDF and leaves it open."""
    profile = files("weasyprint").joinpath("pdf", "sRGB2014.icc").read_bytes()
    return ColorProfile(BytesIO(profile), "sRGB2014.icc", "relative-colorimetric", (["r"], ["g"], ["b"]))


@functools.lru_cache(maxsize=128)
def _stylesheet(text: str) -> CSS:
    try:
        return CSS(string=text, font_config=_fonts(), url_fetcher=PackageFetcher())
    except FatalURLFetchingError as error:
        raise _refusal() from error
