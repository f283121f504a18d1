"""WeasyPrint, set up once a process: our typeface, our fetcher, parsed stylesheets.

Parsing the faces takes longer than a layout, so they are kept; Pango's font map and WeasyPrint's
caches are then shared, and layouts of one process take turns. What is laid out, `boxes.py` reads.
"""

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from certsvc.errors import Broken
from certsvc.templates.faces import FACES, FACES_CSS, SCHEME, face_bytes

PT_PER_PX = 0.75
"""A CSS pixel is 1/96 inch, a PDF point 1/72."""

ONE_LAYOUT_AT_A_TIME = threading.Lock()
"""Held by callers from `lay_out` to `draw`, for as long as they use what these return."""


class PackageFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint has no types
    """Serves `tinos:` from this package and `data:`; any other address is refused, and `refused` says that
    one was.

    So no form can make a process ask its network [CWE-918]. Redirects cannot occur, for nothing is asked of a
    network.
    """

    def __init__(self) -> None:
        super().__init__(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)
        self.refused = False

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        name = url.removeprefix(SCHEME)
        if url.startswith(SCHEME) and name in FACES:
            return URLFetcherResponse(url, face_bytes(name), {"Content-Type": "font/ttf"})
        if not url.startswith("data:"):
            self.refused = True
        return super().fetch(url, headers)


def lay_out(html: str, *, sheets: Sequence[str]) -> Any:
    """A WeasyPrint document of `html` under `sheets` (texts of stylesheets), not yet drawn.

    Raises Broken if it asks for anything but our typeface and `data:`.
    """
    parsed = [_stylesheet(text) for text in (FACES_CSS, *sheets)]
    try:
        return HTML(string=html, url_fetcher=PackageFetcher()).render(
            font_config=_fonts(), stylesheets=parsed
        )
    except FatalURLFetchingError as error:
        raise _refusal() from error


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document and the objects that WeasyPrint makes of it (`pydyf.PDF`), before they are written."""

    document: Any
    pdf: Any

    def object(self, reference: bytes | str) -> Any:
        """The object that a reference (`12 0 R`) of the PDF names."""
        return self.pdf.objects[int(reference.split()[0])]


def draw(document: Any) -> Drawn:
    """Draw a document laid out here, tagged. Raises Broken as `lay_out` does: drawings fetch only now."""
    drawn: list[Any] = []
    document.write_pdf(finisher=lambda _, pdf: drawn.append(pdf), pdf_tags=True, uncompressed_pdf=True)
    if document.url_fetcher.refused:
        raise _refusal()
    return Drawn(document, drawn[0])


def _refusal() -> Broken:
    return Broken(
        "design_fetches", "Mẫu gọi tài nguyên bên ngoài.", "The design refers to something outside."
    )


@functools.cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@functools.lru_cache(maxsize=128)
def _stylesheet(text: str) -> CSS:
    return parse_stylesheet(text)


def parse_stylesheet(text: str) -> CSS:
    """WeasyPrint's reading of a stylesheet; what it leaves out, it logs with line and column. Raises Broken
    as `lay_out` does.
    """
    try:
        return CSS(string=text, font_config=_fonts(), url_fetcher=PackageFetcher())
    except FatalURLFetchingError as error:
        raise _refusal() from error
