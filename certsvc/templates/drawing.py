"""Drawings of the marks, as content stream operators: a round seal, and a made-up signature for development.

Lengths are in millimetres, with y pointing down from the drawing's upper edge; no font or other resource is
referred to.
"""

import hashlib
import math
from itertools import pairwise

from certsvc.templates.outlines import advance, outline

SEAL_MM = 36.0
"""Actual diameter of a round organisation seal."""

SIGNATURE_MM = (45.0, 20.0)
RED = b"0.816 0.008 0.106"
BLUE = b"0.106 0.247 0.682"

_CENTRE = SEAL_MM / 2
_BOLD = "Tinos-Bold.ttf"
_TEXT_RADIUS = 13.3
_LONGEST_ARC = math.radians(290)
_SPACING = 1.06
_CYCLE_STEPS = 14
_QUARTER = 4 * (math.sqrt(2) - 1) / 3
"""Distance of a quarter circle's control points from its ends, in radii."""


def draw_seal(organisation: str, *, development: bool) -> bytes:
    """A round red seal: rings, the organisation's name between them, a star; development seals say so."""
    rings = b"".join(_ring(radius, width) for radius, width in ((17.5, 0.8), (16.5, 0.25), (11.6, 0.3)))
    star_y = _CENTRE - 3.2 if development else _CENTRE
    warning = _lines(("DEV ONLY", "KHÔNG CÓ", "GIÁ TRỊ"), top=_CENTRE + 3.2) if development else b""
    return b"%b rg %b RG\n%b%b%b%b" % (RED, RED, rings, _around(organisation.upper()), _star(star_y), warning)


def _ring(radius: float, width: float) -> bytes:
    """A circle around the centre: four Bézier curves."""
    near, far, handle = _CENTRE - radius, _CENTRE + radius, radius * _QUARTER
    low, high = _CENTRE - handle, _CENTRE + handle
    path = b"%.3f w %.3f %.3f m\n" % (width, far, _CENTRE)
    for quarter in (
        (far, high, high, far, _CENTRE, far),
        (low, far, near, high, near, _CENTRE),
        (near, low, low, near, _CENTRE, near),
        (high, near, far, low, far, _CENTRE),
    ):
        path += b"%.3f %.3f %.3f %.3f %.3f %.3f c\n" % quarter
    return path + b"s\n"


def _around(words: str) -> bytes:
    """The words along the upper arc, letter by letter, as large as fits."""
    widths = [advance(character, face=_BOLD) * _SPACING for character in words]
    size = min(2.9, _LONGEST_ARC * _TEXT_RADIUS / max(sum(widths), 1e-9))
    angle = -sum(widths) * size / _TEXT_RADIUS / 2
    letters = []
    for character, width in zip(words, widths, strict=True):
        half = width * size / _TEXT_RADIUS / 2
        angle += half
        back = width / _SPACING * size / 2
        x, y = _CENTRE + _TEXT_RADIUS * math.sin(angle), _CENTRE - _TEXT_RADIUS * math.cos(angle)
        letters.append(
            outline(
                character,
                face=_BOLD,
                size=size,
                x=x - back * math.cos(angle),
                y=y - back * math.sin(angle),
                turn=angle,
            )
        )
        angle += half
    return b"".join(letters)


def _star(centre_y: float) -> bytes:
    points = [
        (_CENTRE + radius * math.sin(turn * math.pi / 5), centre_y - radius * math.cos(turn * math.pi / 5))
        for turn, radius in enumerate((4.6, 1.8) * 5)
    ]
    return b"%.3f %.3f m\n" % points[0] + b"".join(b"%.3f %.3f l\n" % point for point in points[1:]) + b"f\n"


def _lines(lines: tuple[str, ...], *, top: float) -> bytes:
    size = 2.1
    return b"".join(
        outline(
            line, face=_BOLD, size=size, x=_CENTRE - advance(line, face=_BOLD) * size / 2, y=top + index * 2.3
        )
        for index, line in enumerate(lines)
    )


def draw_signature(name: str) -> bytes:
    """A blue stroke like handwriting, always the same for one name; it imitates nobody's signature."""
    return b"%b RG 0.55 w 1 J 1 j\n%bS\n" % (BLUE, _smooth(_pen(name)))


def _pen(name: str) -> list[tuple[float, float]]:
    """The pen's path: an advancing oscillation shaped by the name's digest, then a stroke underneath."""
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
    return [
        *points,
        (end, 12.5),
        (end - 3, 16.5),
        (20, 17.6 + seed[29] / 255),
        (9, 17.2),
        (18, 16.2),
        (end - 4, 15.4),
    ]


def _between(values: list[float], index: int, part: float) -> float:
    return values[index] * (1 - part) + values[index + 1] * part


def _smooth(points: list[tuple[float, float]]) -> bytes:
    """A path through all points: Catmull-Rom as cubic Bézier curves."""
    path = [b"%.2f %.2f m\n" % points[0]]
    padded = [points[0], *points, points[-1]]
    for index, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        (x0, y0), (x3, y3) = padded[index], padded[index + 3]
        path.append(
            b"%.2f %.2f %.2f %.2f %.2f %.2f c\n"
            % (x1 + (x2 - x0) / 6, y1 + (y2 - y0) / 6, x2 - (x3 - x1) / 6, y2 - (y3 - y1) / 6, x2, y2)
        )
    return b"".join(path)
