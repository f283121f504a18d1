"""Shaping texts: which glyphs, how far apart, as Pango measures them.

For composed Latin text, Tinos does nothing but kern pairs: no ligatures, no mark positioning. So a text's
shape follows from its pairs: HarfBuzz is asked once for each pair of characters, and a text costs
microseconds.
"""

import functools
import operator
import unicodedata
from collections.abc import Mapping

import uharfbuzz as hb

from certsvc.templates.faces import open_face

UNIT = 0.75 / 1024
"""Pango's unit, 1/1024 of a CSS pixel, in points."""

END = "\n"
"""Pairs with the last character of a line."""

_OTHERS = "–—‘’“”…•°§±×·«»₫€"


def pairs(line: str) -> list[str]:
    """Each character with its successor, the last with `END`."""
    return list(map(operator.add, line, line[1:] + END))


class Font:
    """One of `faces.FACES` in one size, with the pairs met so far; all lengths are in Pango's units.

    `advances` maps a pair to the distance between its characters, without letter-spacing. Characters outside
    `characters` raise KeyError.
    """

    def __init__(self, face: str, *, size: int, spacing: int = 0) -> None:
        self.size, self.spacing = size, spacing
        self._font = hb.Font(open_face(face))
        self._font.scale = (size, size)
        self._face = face
        self._glyphs = _glyphs(face)
        self.advances = _Advances(self)
        self._pieces = _Pieces(self)

    def shape(self, line: str) -> tuple[str, int]:
        """The operand of a `TJ` that shows the line [ISO 32000-2 §9.4.3], without `[<` and `>]`; its length.

        Codes are two-byte glyph numbers (Identity-H). Letter-spacing also follows the last character.
        """
        met = pairs(line)
        length = sum(map(self.advances.__getitem__, met)) + len(line) * self.spacing
        return "".join(map(self._pieces.__getitem__, met)), length

    def characters(self, glyphs: frozenset[int]) -> frozenset[str]:
        """The characters of Latin text that need only these glyphs, side by side, and the end of a line."""
        return _characters(self._face, glyphs)

    def shape_pair(self, pair: str) -> tuple[int, int]:
        """Glyph and advance of the first character. Raises RuntimeError if shaping does more than kern."""
        text, buffer = pair.removesuffix(END), hb.Buffer()
        buffer.add_str(text)
        buffer.direction, buffer.script, buffer.language = "ltr", "Latn", "vi"
        hb.shape(self._font, buffer)
        glyphs = [info.codepoint for info in buffer.glyph_infos]
        positions = buffer.glyph_positions
        is_moved = any(position.x_offset or position.y_offset for position in positions)
        if is_moved or glyphs != [self._glyphs[character] for character in text]:
            raise RuntimeError(f"the face does more to {text!r} than kerning")
        return glyphs[0], positions[0].x_advance


class _Advances(dict[str, int]):
    def __init__(self, font: Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, pair: str) -> int:
        _, self[pair] = self._font.shape_pair(pair)
        return self[pair]


class _Pieces(dict[str, str]):
    """What the first character of a pair adds to a `TJ`: its glyph and, if needed, an adjustment.

    The adjustment is in thousandths of an em, relative to the glyph's width in whole thousandths. It equals
    what WeasyPrint writes, which truncates it too, except for the half of the letter-spacing that Pango puts
    before the next glyph.
    """

    def __init__(self, font: Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, pair: str) -> str:
        font, thousandth = self._font, self._font.size / 1000
        glyph, width = font.shape_pair(pair[0] + END)
        before_next = font.spacing // 2 / font.size * 1024
        back = (
            int(round(width / thousandth) + before_next - (font.advances[pair] + font.spacing) / thousandth)
            - before_next
        )
        self[pair] = piece = f"{glyph:04x}>{back:.6g}<" if back and not pair.endswith(END) else f"{glyph:04x}"
        return piece


@functools.cache
def open_font(face: str, *, size: int, spacing: int = 0) -> Font:
    """The face of that file name in that size and spacing, shared by all callers."""
    return Font(face, size=size, spacing=spacing)


@functools.cache
def _glyphs(face: str) -> Mapping[str, int]:
    """The glyph of each character, whatever the size."""
    font = hb.Font(open_face(face))
    return {chr(code_point): font.get_nominal_glyph(code_point) for code_point in open_face(face).unicodes}


@functools.lru_cache(maxsize=64)
def _characters(face: str, glyphs: frozenset[int]) -> frozenset[str]:
    known = _glyphs(face).items()
    return frozenset({END, *(letter for letter, glyph in known if glyph in glyphs and _is_plain(letter))})


def _is_plain(character: str) -> bool:
    return character.isprintable() and (
        character.isascii() or character in _OTHERS or unicodedata.name(character, "").startswith("LATIN ")
    )
