"""Texts as outlines: content stream operators that need no font, for pictures that must carry all they show."""

import functools
import math
from io import BytesIO
from typing import Any

from fontTools.pens.basePen import BasePen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont
from typing_extensions import override

from certsvc.templates.faces import face_bytes


def advance(text: str, *, face: str) -> float:
    """How far the text reaches in a face (a file name of `FACES`), in ems; characters that the face lacks count nothing."""
    letters = _letters(face)
    return float(sum(letters.advances.get(character, 0.0) for character in text))


def outline(text: str, *, face: str, size: float, x: float, y: float, turn: float = 0.0) -> bytes:
    """Operators that fill the text with the current colour, its baseline from (x, y), turned clockwise by `turn` (radians) around that point.

    Coordinates have y pointing down, like those of all pictures here; characters that the face lacks are left out.
    """
    letters = _letters(face)
    path, scale = _Path(letters.glyphs), size / letters.em
    cosine, sine = math.cos(turn), math.sin(turn)
    for character in text:
        if character in letters.names:
            letters.glyphs[letters.names[character]].draw(TransformPen(path, (scale * cosine, scale * sine, scale * sine, -scale * cosine, x, y)))
            x, y = x + letters.advances[character] * size * cosine, y + letters.advances[character] * size * sine
    return b"".join(path.operators) + b"f\n" if path.operators else b""


class _Path(BasePen):  # type: ignore[misc]  # fontTools has no types
    """Draws path construction operators (ISO 32000-2 clause 8.5.2); the base class makes cubic curves of quadratic ones."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.operators: list[bytes] = []

    @override
    def _moveTo(self, pt: tuple[float, float]) -> None:
        self.operators.append(b"%.3f %.3f m\n" % pt)

    @override
    def _lineTo(self, pt: tuple[float, float]) -> None:
        self.operators.append(b"%.3f %.3f l\n" % pt)

    @override
    def _curveToOne(self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]) -> None:
        self.operators.append(b"%.3f %.3f %.3f %.3f %.3f %.3f c\n" % (*pt1, *pt2, *pt3))

    @override
    def _closePath(self) -> None:
        self.operators.append(b"h\n")


class _Letters:
    """The letters of a face, opened once."""

    def __init__(self, face: str) -> None:
        font = TTFont(BytesIO(face_bytes(face)))
        self.em: int = font["head"].unitsPerEm
        self.glyphs = font.getGlyphSet()
        self.names: dict[str, str] = {chr(code): name for code, name in font.getBestCmap().items()}
        widths = font["hmtx"]
        self.advances: dict[str, float] = {character: widths[name][0] / self.em for character, name in self.names.items()}


@functools.cache
def _letters(face: str) -> _Letters:
    return _Letters(face)
