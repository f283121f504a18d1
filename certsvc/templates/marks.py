"""The visible marks of signatures [signers, Visible marks].

A person's mark is the hand signature in blue, the organisation's is the red seal in actual size; the true
time of signing is below each. A picture is the same for everything that its signer signs; the time is added
to it. Both are transparent, for the seal overlaps the left third of the signature; the signer's name is page
content, not part of the mark.
"""

import datetime as dt
import functools
from dataclasses import dataclass

import uharfbuzz as hb

from certsvc.clock import HANOI
from certsvc.states import Slot
from certsvc.templates.drawing import BLUE, SEAL_MM, SIGNATURE_MM, draw_seal, draw_signature
from certsvc.templates.faces import open_face
from certsvc.templates.outlines import advance, outline

TIME_FACE = "Tinos-Regular.ttf"
TIME_LETTERS = "0123456789-:+T"
"""The characters of a time: the face embedded in a file to be signed must have them."""

_WORDS_FACE = "Tinos-Italic.ttf"
_PT_PER_MM = 72 / 25.4
_FOOT_MM = 10
"""The room below a person's picture for the time."""

_SIZE_PT = 10
_LINE_PT = 1.2 * _SIZE_PT
_ASCENT, _DESCENT = 0.891, 0.216
"""Of Tinos, in ems: they place the baseline within a line's height."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one signature shows besides the time: its slot and size, who signs, for which organisation.

    A seal is drawn; a person's mark is a made-up stroke in `development` and words otherwise. Images of real
    signatures and seals are not supported yet: they would need an image XObject beside the operators.
    """

    slot: Slot
    width_pt: float
    height_pt: float
    signer_name: str
    organisation: str
    development: bool


def picture(mark: Mark) -> bytes:
    """Content stream operators [ISO 32000-2 Annex A] in points from the lower left corner, without resources.

    This takes milliseconds: keep the result for as long as signer and slot stay the same.
    """
    if mark.slot is Slot.ORGANISATION:
        return _placed(
            draw_seal(mark.organisation, development=mark.development), mark, width_mm=SEAL_MM, top_mm=0
        )
    room_mm = mark.height_pt / _PT_PER_MM - _FOOT_MM
    if mark.development:
        width_mm, height_mm = SIGNATURE_MM
        return _placed(
            draw_signature(mark.signer_name), mark, width_mm=width_mm, top_mm=(room_mm - height_mm) / 2
        )
    return _words(
        ["Ký số bởi", *_wrapped(mark.signer_name, width=mark.width_pt / _SIZE_PT)],
        mark,
        room=room_mm * _PT_PER_MM,
    )


def _placed(drawing: bytes, mark: Mark, *, width_mm: float, top_mm: float) -> bytes:
    """A drawing in millimetres, y pointing down, centred in the mark's width."""
    left, top = (mark.width_pt - width_mm * _PT_PER_MM) / 2, mark.height_pt - top_mm * _PT_PER_MM
    return b"q %.5f 0 0 %.5f %.3f %.3f cm\n%bQ\n" % (_PT_PER_MM, -_PT_PER_MM, left, top, drawing)


def _words(lines: list[str], mark: Mark, *, room: float) -> bytes:
    """Centred lines in the middle of the upper `room` points."""
    first = (room - len(lines) * _LINE_PT) / 2 + (_LINE_PT + (_ASCENT - _DESCENT) * _SIZE_PT) / 2
    drawn = [
        outline(
            line,
            face=_WORDS_FACE,
            size=_SIZE_PT,
            x=(mark.width_pt - advance(line, face=_WORDS_FACE) * _SIZE_PT) / 2,
            y=first + index * _LINE_PT,
        )
        for index, line in enumerate(lines)
    ]
    return b"q 1 0 0 -1 0 %.3f cm\n%b rg\n%bQ\n" % (mark.height_pt, BLUE, b"".join(drawn))


def _wrapped(text: str, *, width: float) -> list[str]:
    """Lines of whole words, as many per line as fit `width` (ems)."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and advance(longer, face=_WORDS_FACE) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def time_line(moment: dt.datetime, width: float, *, font: str = "F") -> bytes:
    """Operators that show a moment centred at the foot of a box that is `width` points wide.

    The font resource named `font` is `TIME_FACE` with glyph numbers as codes (Identity-H). Raises ValueError
    for a naive time.
    """
    return _line(signing_time(moment), width, font)


@functools.lru_cache(maxsize=256)
def _line(text: str, width: float, font: str) -> bytes:
    glyphs = _glyphs()
    codes = b"".join(b"%04X" % glyphs[letter] for letter in text)
    left = (width - advance(text, face=TIME_FACE) * _SIZE_PT) / 2
    return b"BT /%b %d Tf 0 g %.3f %.3f Td <%b> Tj ET" % (
        font.encode("ascii"),
        _SIZE_PT,
        left,
        (1 - _ASCENT + _DESCENT) / 2 * _SIZE_PT,
        codes,
    )


@functools.cache
def _glyphs() -> dict[str, int]:
    font = hb.Font(open_face(TIME_FACE))
    return {letter: font.get_nominal_glyph(ord(letter)) for letter in TIME_LETTERS}


def signing_time(moment: dt.datetime) -> str:
    """ISO 8601 to the second, in Vietnam's time zone: `2026-11-23T09:30:05+07:00`."""
    if moment.tzinfo is None:
        raise ValueError("naive datetime")
    return moment.astimezone(HANOI).isoformat(timespec="seconds")
