"""Vector drawings of the marks: a round seal, and a made-up signature for development.

Lengths are millimetres in the SVG's own coordinates.
"""

import hashlib
import html
import math
from itertools import pairwise

from certsvc.templates.faces import advance

SEAL_MM = 36.0
"""Real size of a round organisation seal."""

SIGNATURE_MM = (45.0, 20.0)
RED = "#d0021b"
BLUE = "#1b3fae"

_CENTRE = SEAL_MM / 2
_TEXT_RADIUS = 13.3
_LONGEST_ARC = math.radians(290)
_CYCLE_STEPS = 14


def seal_svg(organisation: str, *, development: bool) -> str:
    """A red round seal: two rings, the organisation's name along them, a star; development seals say so."""
    rings = "".join(
        f'<circle cx="{_CENTRE}" cy="{_CENTRE}" r="{radius}" fill="none" stroke="{RED}" stroke-width="{width}"/>'
        for radius, width in ((17.5, 0.8), (16.5, 0.25), (11.6, 0.3))
    )
    star_y = _CENTRE - 3.2 if development else _CENTRE
    warning = _lines(("DEV ONLY", "KHÔNG CÓ", "GIÁ TRỊ"), top=_CENTRE + 3.2) if development else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SEAL_MM} {SEAL_MM}" width="{SEAL_MM}mm" height="{SEAL_MM}mm" '
        f'font-family="Tinos Form" font-weight="700" fill="{RED}">{rings}{_around(organisation.upper())}{_star(star_y)}{warning}</svg>'
    )


def _around(words: str) -> str:
    """The words along the upper arc, letter by letter, as large as they fit."""
    widths = [advance(character) for character in words]
    size = min(2.9, _LONGEST_ARC * _TEXT_RADIUS / max(sum(widths) * 1.06, 1e-9))
    angle = -sum(widths) * 1.06 * size / _TEXT_RADIUS / 2
    letters = []
    for character, width in zip(words, widths, strict=True):
        half = width * 1.06 * size / _TEXT_RADIUS / 2
        angle += half
        x, y = _CENTRE + _TEXT_RADIUS * math.sin(angle), _CENTRE - _TEXT_RADIUS * math.cos(angle)
        letters.append(
            f'<text transform="translate({x:.3f} {y:.3f}) rotate({math.degrees(angle):.2f})" '
            f'x="{-width * size / 2:.3f}" y="0" font-size="{size:.3f}">{html.escape(character)}</text>'
        )
        angle += half
    return "".join(letters)


def _star(centre_y: float) -> str:
    points = ((_CENTRE + radius * math.sin(turn * math.pi / 5), centre_y - radius * math.cos(turn * math.pi / 5)) for turn, radius in enumerate((4.6, 1.8) * 5))
    return f'<polygon points="{" ".join(f"{x:.3f},{y:.3f}" for x, y in points)}"/>'


def _lines(lines: tuple[str, ...], *, top: float) -> str:
    size = 2.1
    return "".join(
        f'<text x="{_CENTRE - sum(map(advance, line)) * size / 2:.3f}" y="{top + index * 2.3:.3f}" font-size="{size}">{line}</text>'
        for index, line in enumerate(lines)
    )


def signature_svg(name: str) -> str:
    """A blue stroke like handwriting, always the same for the same name; it imitates nobody's signature."""
    width, height = SIGNATURE_MM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}mm" height="{height}mm">'
        f'<path d="{_smooth(_pen(name))}" fill="none" stroke="{BLUE}" stroke-width="0.55" stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


def _pen(name: str) -> list[tuple[float, float]]:
    """Points of the pen: an oscillation that moves on, its heights and loops taken from the name's digest, then a stroke below."""
    seed = hashlib.sha256(name.encode()).digest()
    cycles = 6 + seed[0] % 3
    heights = [7.8, *(0.7 + 4.8 * (byte / 255) ** 1.6 for byte in seed[1:cycles]), 1.6]
    loops = [2.6, *(0.2 + 2.0 * byte / 255 for byte in seed[11 : 10 + cycles]), 0.8]
    points = []
    for step in range(cycles * _CYCLE_STEPS):
        cycle, part = divmod(step / _CYCLE_STEPS, 1)
        height = _between(heights, int(cycle), part)
        loop = _between(loops, int(cycle), part)
        turn = math.tau * part
        y = 11.5 - height * math.cos(turn)
        points.append((4 + 31 * step / (cycles * _CYCLE_STEPS) + loop * math.sin(turn) + 0.3 * (11.5 - y), y))
    end = 41 - seed[30] / 60
    return [*points, (end, 12.5), (end - 3, 16.5), (20, 17.6 + seed[29] / 255), (9, 17.2), (18, 16.2), (end - 4, 15.4)]


def _between(values: list[float], index: int, part: float) -> float:
    return values[index] * (1 - part) + values[index + 1] * part


def _smooth(points: list[tuple[float, float]]) -> str:
    """A path through all points: Catmull-Rom as cubic Bézier curves."""
    path = [f"M{points[0][0]:.2f} {points[0][1]:.2f}"]
    padded = [points[0], *points, points[-1]]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        (x0, y0), (x3, y3) = padded[index], padded[index + 3]
        path.append(f"C{x1 + (x2 - x0) / 6:.2f} {y1 + (y2 - y0) / 6:.2f} {x2 - (x3 - x1) / 6:.2f} {y2 - (y3 - y1) / 6:.2f} {x2:.2f} {y2:.2f}")
    return "".join(path)
