"""Setting texts into slots: operators that draw just what the full layout would draw, or None.

Lines break where Pango would break them [UAX #14]. If that is not certain, or a text needs more room than its
slot has or letters that the base lacks, the result is None, and the full layout decides. Lengths are in
points.
"""

import functools
import re
from bisect import bisect_right
from itertools import accumulate

from certsvc.templates.shaping import END, UNIT, Font, open_font, pairs
from certsvc.templates.slots import TextSlot, font_name

TOLERANCE = 0.05
"""Pango rounds each advance to 1/1024 of a pixel: closer to the slot's edge than this, nothing is certain."""

REMEMBERED = 64
"""Texts cached per slot: facilities, dates and methods recur, names do not."""

_SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}

_MAY_BREAK = re.compile(r"""—|(?![^\W_]|[.,:;][^\W\d_]|(?<=\d)[.,:/]\d|[()"'%&+][^\W_]|-\d|.[.,:;)]).(?=.)""")
"""A character within a word next to which, for all we know, a line might break."""

_BREAKS = re.compile(r"""(?:[^\W_]|[.,:;)%–]) (?:[^\W_]|[(–])""")
"""A space at which a line can certainly break, with its neighbours."""


class Setter:
    """Sets texts into one slot of a base that holds `glyphs` of the slot's face."""

    def __init__(self, slot: TextSlot, glyphs: frozenset[int]) -> None:
        self._slot = slot
        self._font = open_font(slot.face, size=int(slot.size / UNIT), spacing=int(slot.letter_spacing / UNIT))
        self._characters = self._font.characters(glyphs)
        self._baselines = [f"{y:.5f}" for y in slot.baselines]
        self._share = _SHARES[slot.align]
        colour = " ".join(f"{part:.4g}" for part in slot.colour)
        self._begin = f"/Span <</MCID {slot.mcid}>> BDC\n"
        self._state = f"{colour} rg /{font_name(slot.face)} {self._font.size * UNIT:.8g} Tf\n"
        self._remembered = functools.lru_cache(maxsize=REMEMBERED)(self._set)

    def set(self, text: str) -> bytes | None:
        """A marked-content sequence [ISO 32000-2 §14.6] that draws `text` (NFC); None unless it surely fits.

        White space is treated as by `white-space: pre-line`.
        """
        return self._remembered(text)

    def _set(self, text: str) -> bytes | None:
        slot = self._slot
        if slot.is_upper:
            text = text.upper()
        if not self._characters.issuperset(text):
            return None
        if not text or text.isspace():
            return f"{self._begin}EMC\n".encode("ascii")
        lines: list[tuple[str, float]] = []
        for paragraph in text.split("\n"):
            added = self._lines(" ".join(paragraph.split()), most=len(slot.baselines) - len(lines))
            if not added:
                return None
            lines += added
        baselines = self._baselines[-len(lines) :] if slot.is_low else self._baselines
        drawn = [self._draw(operands, room, y) for (operands, room), y in zip(lines, baselines, strict=False)]
        return f"{self._begin}{self._state}{''.join(drawn)}EMC\n".encode("ascii")

    def _lines(self, text: str, *, most: int) -> list[tuple[str, float]]:
        """A paragraph's lines, each with its operands and the room left over.

        None if the paragraph is blank or might need more than `most` lines.
        """
        operands, advance = self._font.shape(text)
        room = self._slot.width - advance * UNIT
        if room >= TOLERANCE:
            return [(operands, room)] if text and most else []
        if room > -TOLERANCE or most <= 1 or self._font.spacing:
            return []
        lines = break_lines(self._font, text, limit=self._slot.width / UNIT, tolerance=TOLERANCE / UNIT)
        if len(lines) > most:
            return []
        shapes = [self._font.shape(line) for line in lines]
        return [(operands, self._slot.width - advance * UNIT) for operands, advance in shapes]

    def _draw(self, operands: str, room: float, y: str) -> str:
        """A text object (clause 9.4.1)."""
        return f"BT {self._slot.x + room * self._share:.5f} {y} Td [<{operands}>] TJ ET\n"


def break_lines(font: Font, text: str, *, limit: float, tolerance: float) -> list[str]:
    """A paragraph's lines, each as long as `limit` allows; none unless Pango surely breaks it the same way.

    `limit` and `tolerance` are in Pango's units. A line's length is taken with and without the kerning before
    the space that follows: either both must fit or neither.
    """
    edges = list(accumulate(map(font.advances.__getitem__, pairs(text)), initial=0))

    def ends(end: int) -> tuple[int, int]:
        return edges[end], edges[end - 1] + font.advances[text[end - 1] + END]

    lines: list[str] = []
    start = 0
    while edges[-1] - edges[start] > limit - tolerance:
        most = edges[start] + limit
        space = text.rfind(" ", start, bisect_right(edges, most))
        next_space = found if (found := text.find(" ", space + 1)) >= 0 else len(text)
        if (
            space <= start
            or max(ends(space)) >= most - tolerance
            or min(ends(next_space)) <= most + tolerance
        ):
            return []
        if not _BREAKS.match(text, space - 1) or _MAY_BREAK.search(text, space + 1, next_space):
            return []
        lines.append(text[start:space])
        start = space + 1
    return [*lines, text[start:]]
