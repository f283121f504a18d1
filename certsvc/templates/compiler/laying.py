"""WeasyPrint, set up once per process: our typeface, our fetcher, parsed stylesheets.

Parsing the faces takes longer than a layout, so they are kept. As Pango's font map and WeasyPrint's caches
are then shared, layouts within a process take turns. `boxes` reads the result.
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
"""Callers hold it from `lay_out` to `draw`, and for as long as they use what these return."""


class PackageFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint has no types
    """Serves `tinos:` from this package and `data:`; any other URL is refused, which `refused` records.

    So no form can make a process access its network [CWE-918], and redirects cannot occur.
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
    """A WeasyPrint document of `html` with `sheets` (texts of stylesheets), not yet drawn.

    Raises Broken if it refers to anything but our typeface and `data:`.
    """
    parsed = [_stylesheet(text) for text in (FACES_CSS, *sheets)]
    try:
        document = HTML(string=html, url_fetcher=PackageFetcher())
        return document.render(font_config=_fonts(), stylesheets=parsed)
    except FatalURLFetchingError as error:
        raise _refusal() from error


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document and the objects that WeasyPrint makes from it (`pydyf.PDF`), before they are written."""

    document: Any
    pdf: Any

    def object(self, reference: bytes | str) -> Any:
        """The object that a reference (`12 0 R`) of the PDF names."""
        return self.pdf.objects[int(reference.split()[0])]


def draw(document: Any) -> Drawn:
    """Draw a laid-out document, tagged. Raises Broken like `lay_out`: images are fetched only now."""
    drawn: list[Any] = []
    document.write_pdf(finisher=lambda _, pdf: drawn.append(pdf), pdf_tags=True, uncompressed_pdf=True)
    if document.url_fetcher.refused:
        raise _refusal()
    return Drawn(document, drawn[0])


def _refusal() -> Broken:
    outside = "The design refers to something outside."
    return Broken("design_fetches", "Mẫu gọi tài nguyên bên ngoài.", outside)


@functools.cache
def _fonts() -> FontConfiguration:
    return FontConfiguration()


@functools.lru_cache(maxsize=128)
def _stylesheet(text: str) -> CSS:
    return parse_stylesheet(text)


def parse_stylesheet(text: str) -> CSS:
    """WeasyPrint's reading of a stylesheet; it logs what it ignores, with line and column.

    Raises Broken like `lay_out`.
    """
    try:
        return CSS(string=text, font_config=_fonts(), url_fetcher=PackageFetcher())
    except FatalURLFetchingError as error:
        raise _refusal() from error
