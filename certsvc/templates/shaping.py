"""Shapes of texts: which glyphs, how far apart, measured as Pango measures.

Of composed Latin text Tinos kerns pairs and does no more: no ligatures, no marks to place. So a text's shape
is that of its pairs: HarfBuzz is asked once for each pair of characters, and a text costs microseconds.
"""

import functools
import operator
import unicodedata
from collections.abc import Mapping

import uharfbuzz as hb

from certsvc.templates.faces import open_face

UNIT = 0.75 / 1024
"""Pango counts in 1/1024 of a CSS pixel: this many points."""

END = "\n"
"""What the last character of a line is paired with."""

_OTHERS = "–—‘’“”…•°§±×·«»₫€"


def pairs(line: str) -> list[str]:
    """Each character with the next one, the last with `END`."""
    return list(map(operator.add, line, line[1:] + END))


class Font:
    """One of `faces.FACES` in one size, with what is known of its pairs so far; size, letter-spacing and
    advances are in Pango's units.

    `advances` is the way from a pair's first character to its second, without letter-spacing. Characters
    beyond `characters` raise KeyError.
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
        """What stands between `[<` and `>]` of a `TJ` that shows the line [ISO 32000-2 §9.4.3], and how long
        it is.

        Codes are glyph numbers of two bytes (Identity-H). Letter-spacing counts behind the last character
        too.
        """
        met = pairs(line)
        return "".join(map(self._pieces.__getitem__, met)), sum(map(self.advances.__getitem__, met)) + len(
            line
        ) * self.spacing

    def characters(self, glyphs: frozenset[int]) -> frozenset[str]:
        """The characters of Latin text that need nothing but these glyphs, side by side; and the end of a
        line.
        """
        return _characters(self._face, glyphs)

    def shape_pair(self, pair: str) -> tuple[int, int]:
        """Glyph and advance of the first character. Raises RuntimeError if the face does more to the two than
        kerning.
        """
        text, buffer = pair.removesuffix(END), hb.Buffer()
        buffer.add_str(text)
        buffer.direction, buffer.script, buffer.language = "ltr", "Latn", "vi"
        hb.shape(self._font, buffer)
        infos, places = buffer.glyph_infos, buffer.glyph_positions
        if [info.codepoint for info in infos] != [self._glyphs[character] for character in text] or any(
            place.x_offset or place.y_offset for place in places
        ):
            raise RuntimeError(f"the face does more to {text!r} than kerning")
        return infos[0].codepoint, places[0].x_advance


class _Advances(dict[str, int]):
    def __init__(self, font: Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, pair: str) -> int:
        _, self[pair] = self._font.shape_pair(pair)
        return self[pair]


class _Pieces(dict[str, str]):
    """What the first character of a pair adds to a `TJ`: its glyph, and a number where the next one is not at
    the glyph's width.

    The number is in thousandths of an em, seen from the glyph's width in whole ones. It is what WeasyPrint
    writes, which cuts it to a whole one too, but for the half of the letter-spacing that Pango puts before
    the next glyph.
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
    """The face of that file name in that size and spacing, shared by all that ask."""
    return Font(face, size=size, spacing=spacing)


@functools.cache
def _glyphs(face: str) -> Mapping[str, int]:
    """The glyph of each character, in whatever size."""
    font = hb.Font(open_face(face))
    return {chr(code_point): font.get_nominal_glyph(code_point) for code_point in open_face(face).unicodes}


@functools.lru_cache(maxsize=64)
def _characters(face: str, glyphs: frozenset[int]) -> frozenset[str]:
    return frozenset(
        [character for character, glyph in _glyphs(face).items() if glyph in glyphs and _is_plain(character)]
        + [END]
    )


def _is_plain(character: str) -> bool:
    return character.isprintable() and (
        character.isascii() or character in _OTHERS or unicodedata.name(character, "").startswith("LATIN ")
    )
