"""Texts as outlines: content stream operators that need no font, for self-contained pictures."""

import functools
import math

import uharfbuzz as hb

from certsvc.templates.faces import open_face

_Point = tuple[float, float]


def advance(text: str, *, face: str) -> float:
    """The text's width in a face (a file name in `FACES`), in ems; characters that the face lacks count 0."""
    letters = _letters(face)
    return sum(letters.advance(glyph) for glyph in letters.glyphs(text)) / letters.em


def outline(text: str, *, face: str, size: float, x: float, y: float, turn: float = 0.0) -> bytes:
    """Operators that fill the text with the current colour, its baseline starting at (x, y).

    It is turned clockwise around that point by `turn` (radians); y points down, as in all pictures here.
    Characters that the face lacks are left out.
    """
    letters = _letters(face)
    scale = size / letters.em
    path = _Path(scale * math.cos(turn), scale * math.sin(turn), (x, y))
    for glyph in letters.glyphs(text):
        letters.draw(glyph, path)
        path.advance(letters.advance(glyph))
    return b"".join(path.operators) + b"f\n" if path.operators else b""


class _Letters:
    """The letters of a face, in its own units."""

    def __init__(self, face: str) -> None:
        opened = open_face(face)
        self.em: int = opened.upem
        self._font = hb.Font(opened)

    def glyphs(self, text: str) -> list[int]:
        found = [self._font.get_nominal_glyph(ord(character)) for character in text]
        return [glyph for glyph in found if glyph is not None]

    def advance(self, glyph: int) -> int:
        width: int = self._font.get_glyph_h_advance(glyph)
        return width

    def draw(self, glyph: int, path: "_Path") -> None:
        self._font.draw_glyph(glyph, _drawing(), path)


@functools.cache
def _letters(face: str) -> _Letters:
    return _Letters(face)


class _Path:
    """Path construction operators [ISO 32000-2 §8.5.2] for glyphs, turned, from `origin` onwards."""

    def __init__(self, along: float, across: float, origin: _Point) -> None:
        self.operators: list[bytes] = []
        self._along, self._across, self._origin = along, across, origin
        self._first = self._last = origin

    def advance(self, width: float) -> None:
        x, y = self._origin
        self._origin = x + width * self._along, y + width * self._across

    def move(self, x: float, y: float) -> None:
        self._first = self._last = self._at(x, y)
        self.operators.append(b"%.3f %.3f m\n" % self._last)

    def line(self, x: float, y: float) -> None:
        self._last = self._at(x, y)
        self.operators.append(b"%.3f %.3f l\n" % self._last)

    def curve(self, control_x: float, control_y: float, x: float, y: float) -> None:
        """TrueType's quadratic curve as the equivalent cubic one."""
        first, control, last = self._last, self._at(control_x, control_y), self._at(x, y)
        self._last = last
        self.operators.append(
            b"%.3f %.3f %.3f %.3f %.3f %.3f c\n"
            % (*_two_thirds(first, control), *_two_thirds(last, control), *last)
        )

    def close(self) -> None:
        """HarfBuzz also draws the last line back to the start, which closing implies."""
        if self.operators[-1] == b"%.3f %.3f l\n" % self._first:
            self.operators.pop()
        self.operators.append(b"h\n")

    def _at(self, x: float, y: float) -> _Point:
        left, top = self._origin
        return left + self._along * x + self._across * y, top + self._across * x - self._along * y


def _two_thirds(start: _Point, end: _Point) -> _Point:
    return start[0] + (end[0] - start[0]) * 2 / 3, start[1] + (end[1] - start[1]) * 2 / 3


@functools.cache
def _drawing() -> hb.DrawFuncs:
    """The callbacks for each step of a TrueType glyph's outline."""
    steps = hb.DrawFuncs()
    steps.set_move_to_func(lambda x, y, path: path.move(x, y))
    steps.set_line_to_func(lambda x, y, path: path.line(x, y))
    steps.set_quadratic_to_func(
        lambda control_x, control_y, x, y, path: path.curve(control_x, control_y, x, y)
    )
    steps.set_close_path_func(lambda path: path.close())
    return steps
