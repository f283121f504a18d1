"""What a compiled design is: its file, and where each field's text stands in it.

Lengths are points (1/72 inch). A slot's place comes from the layout of the design itself; nobody types it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from certsvc.pdf import Blank


@dataclass(frozen=True, slots=True)
class CopiedMark:
    """A mark on the page that repeats the first: where its lower left corner is, its width, and its two
    pieces of marked content.
    """

    slot: str
    x: float
    y: float
    width: float
    picture_mcid: int
    time_mcid: int

    @property
    def resource(self) -> str:
        """The picture's name among the page's XObjects."""
        return f"Mark-{self.slot}"


@dataclass(frozen=True, slots=True)
class Copy:
    """What filling puts on the second page besides the texts: the marks, into the content stream of that
    number.
    """

    stream: int
    marks: tuple[CopiedMark, ...]


Align = Literal["left", "center", "right"]


def font_name(face: str) -> str:
    """The name of a face of `faces.FACES` in the page's font resources (ISO 32000-2 clause 7.8.3), without
    its solidus.
    """
    return face.removesuffix(".ttf")


@dataclass(frozen=True, slots=True)
class TextSlot:
    """A fixed box that holds one field's text: as many lines as `baselines`, each at most `width` long.

    `mcid` is the marked-content identifier of its element in the text stream, tag `/Span` (ISO 32000-2 clause
    14.6). `face` is a file name of `faces.FACES`; `x` counts from the page's left edge, `baselines` from its
    lower edge, top line first. Text that needs fewer lines than there are stands on the first ones, or on the
    last ones where `is_low`.
    """

    field: str
    mcid: int
    face: str
    size: float
    colour: tuple[float, float, float]
    letter_spacing: float
    align: Align
    is_upper: bool
    x: float
    width: float
    baselines: tuple[float, ...]
    is_low: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """A design compiled once for one variant: a complete file with empty slots.

    `text_stream`, `qr` and `record` are the numbers of the objects that filling replaces: the content stream
    of all texts, the QR's image XObject, the embedded file's stream; `copy` is the second page, if there is
    one. `glyphs` are the glyph numbers that each face holds in this file; `digest` is the SHA-256 (hex) of
    `blank.pdf`.
    """

    blank: Blank
    texts: tuple[TextSlot, ...]
    text_stream: int
    qr: int
    record: int
    glyphs: Mapping[str, frozenset[int]]
    digest: str
    copy: Copy | None = None
