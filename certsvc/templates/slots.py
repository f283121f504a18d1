"""A compiled design: its file, and where each field's text goes.

Lengths are in points (1/72 inch). Positions come from the layout of the design itself; nobody enters them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from certsvc.pdf import Blank


@dataclass(frozen=True, slots=True)
class CopiedMark:
    """A mark on the page that repeats the first: its lower left corner, width, and two marked contents."""

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
    """What filling adds to the second page besides the texts: the marks, in content stream `stream`."""

    stream: int
    marks: tuple[CopiedMark, ...]


Align = Literal["left", "center", "right"]


def font_name(face: str) -> str:
    """A face's name in the page's font resources [ISO 32000-2 §7.8.3], without the solidus."""
    return face.removesuffix(".ttf")


@dataclass(frozen=True, slots=True)
class TextSlot:
    """A fixed box for one field's text: as many lines as `baselines`, each at most `width` long.

    `mcid` is the marked-content identifier of its `/Span` in the text stream [ISO 32000-2 §14.6]. `face` is a
    file name in `faces.FACES`; `x` is measured from the page's left edge, `baselines` from its lower edge,
    top line first. A text that needs fewer lines takes the first ones, or the last ones if `is_low`.
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
    """One variant of a design, compiled: a complete file with empty slots.

    `text_stream`, `qr` and `record` are the numbers of the objects that filling replaces: the content stream
    of all texts, the QR's image XObject, the embedded file's stream; `copy` describes the second page, if
    any. `glyphs` lists the glyph numbers embedded for each face; `digest` is the SHA-256 (hex) of
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
