"""The one typeface of the forms, and the only things a layout may fetch.

Tinos has the metrics of Times New Roman, which Decree 30/2020/NĐ-CP prescribes, and every Vietnamese
letter. It is read from this package, never from the machine, so a form looks the same everywhere.
"""

import functools
import unicodedata
from importlib.resources import files
from io import BytesIO
from typing import Any

from fontTools.ttLib import TTFont
from weasyprint.urls import URLFetcher, URLFetcherResponse

FACES = ("Tinos-Regular.ttf", "Tinos-Bold.ttf", "Tinos-Italic.ttf", "Tinos-BoldItalic.ttf")
SCHEME = "tinos:"

FACES_CSS = "\n".join(
    f'@font-face {{ font-family: "Tinos Form"; font-weight: {700 if "Bold" in name else 400}; '
    f'font-style: {"italic" if "Italic" in name else "normal"}; src: url("{SCHEME}{name}"); }}'
    for name in FACES
)
"""The stylesheet that names the family "Tinos Form": a name of our own, so that no face of the machine is taken for it."""


_BOLD_FROM = 600


def face_of(*, weight: int, is_italic: bool) -> str:
    """The file of the face that a text of that CSS weight and style is set in."""
    return f"Tinos-{'Bold' if weight >= _BOLD_FROM else ''}{'Italic' if is_italic else ''}.ttf".replace("-.", "-Regular.")


@functools.cache
def face_bytes(name: str) -> bytes:
    """The TrueType file of one of `FACES`."""
    return files(__package__).joinpath("fonts", "tinos", name).read_bytes()


@functools.cache
def _covered() -> frozenset[int]:
    cmaps = [TTFont(BytesIO(face_bytes(name)), lazy=True).getBestCmap() for name in FACES]
    return frozenset.intersection(*(frozenset(cmap) for cmap in cmaps))


def unprintable(text: str) -> str:
    """The characters of `text` that the forms' typeface lacks or that must not be set, each once, in order.

    Control, format (bidirectional overrides among them), private and unassigned characters count,
    whatever the typeface has, for they change what is seen without being seen; a line feed is fine.
    """
    covered = _covered()
    return "".join(
        dict.fromkeys(
            character for character in text if character != "\n" and (ord(character) not in covered or unicodedata.category(character).startswith("C"))
        )
    )


class PackageFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint has no types
    """Serves `tinos:` from this package and `data:`; any other address is refused, and `refused` says that one was.

    Source: security.md §5, rows on SSRF. Redirects cannot occur, for nothing is asked of a network.
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


@functools.cache
def _advances() -> dict[int, float]:
    face = TTFont(BytesIO(face_bytes("Tinos-Bold.ttf")), lazy=True)
    widths, em = face["hmtx"], face["head"].unitsPerEm
    return {code_point: widths[glyph][0] / em for code_point, glyph in face.getBestCmap().items()}


def advance(character: str) -> float:
    """Width of a character in the bold face, in ems; 0 if the face lacks it."""
    return _advances().get(ord(character), 0.0)
