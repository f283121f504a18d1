"""Faults in a design that only its layout shows: slots that move the rest, leave the page, are not boxes."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from typing_extensions import override

from certsvc.errors import CertsvcError
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.boxes import Landmark, SlotFault, landmarks
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.compiler.laying import ONE_LAYOUT_AT_A_TIME, lay_out, parse_stylesheet
from certsvc.templates.compiler.markup import form_html, form_sheets
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.samples import sample_values
from certsvc.templates.slots import Base, TextSlot

_DIGIT_EM = 0.5
"""The width of every digit in all our faces: rows of digits can fill a line to any extent."""

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points, on which certificates are printed."""

_STILL_PX = 0.05
_AT = re.compile(r" at (\d+):\d+")
_SHORT = "0"


@dataclass(frozen=True, slots=True)
class DesignFault:
    """One fault in a design: in which of its files, on which line (0: the whole file)."""

    file: str
    line: int
    message_vi: str
    message_en: str


def probe(design: Design, *, lines: Mapping[str, int]) -> Iterator[DesignFault]:
    """Compile and fill the design's variants; `lines` says where form.html first names each field."""
    yield from _style_faults(design)
    for flag, traits in ((False, PLAIN), (True, PLAIN), (False, design.traits)):
        try:
            base = compile_base(design, head_examined=flag, is_reissue=flag, traits=traits)
            values = sample_values(design, head_examined=flag, traits=traits)
            assemble_fully(design, values, record=b"", head_examined=flag, is_reissue=flag, traits=traits)
        except SlotFault as fault:
            yield DesignFault("form.html", lines.get(fault.name, 0), fault.message_vi, fault.message_en)
        except CertsvcError as error:
            yield DesignFault("form.html", 0, error.message_vi, error.message_en)
        else:
            yield from _outside_page(base, lines=lines)
            yield from _moving(design, base, lines=lines, flag=flag, traits=traits)


def _style_faults(design: Design) -> Iterator[DesignFault]:
    """What WeasyPrint ignores in form.css because it does not understand it."""
    log, heard = logging.getLogger("weasyprint"), _Heard()
    log.addHandler(heard)
    try:
        parse_stylesheet(design.sources["form.css"])
    finally:
        log.removeHandler(heard)
    for message in heard.messages:
        found = _AT.search(message)
        line = int(found[1]) if found else 0
        yield DesignFault(
            "form.css", line, f"CSS không hiểu được: {message}", f"CSS not understood: {message}"
        )


class _Heard(logging.Handler):
    """Collects log messages."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _outside_page(base: Base, *, lines: Mapping[str, int]) -> Iterator[DesignFault]:
    for slot in base.texts:
        is_inside = (
            slot.x >= 0
            and slot.x + slot.width <= PAGE_WIDTH
            and slot.baselines[-1] >= 0
            and slot.baselines[0] + slot.size <= PAGE_HEIGHT
        )
        if not is_inside or slot.width < slot.size * _DIGIT_EM:
            vi = f"Ô {slot.field} nằm ngoài trang hoặc không có chỗ."
            en = f"Slot {slot.field} is outside the page or has no room."
            yield DesignFault("form.html", lines.get(slot.field, 0), vi, en)


def _moving(
    design: Design, base: Base, *, lines: Mapping[str, int], flag: bool, traits: frozenset[Trait]
) -> Iterator[DesignFault]:
    """Texts that fill their slots must not move anything."""
    still = _landmarks_with(design, {}, flag=flag, traits=traits)
    full = {
        name: _filling([slot for slot in base.texts if slot.field == name])
        for name in {slot.field for slot in base.texts}
    }
    for values in (dict.fromkeys(full, _SHORT), full):
        for name in _movers(values, still=still, design=design, flag=flag, traits=traits):
            vi = f"Nội dung của ô {name} làm xê dịch phần khác: hãy cho ô bề rộng cố định."
            en = f"The content of slot {name} moves the rest: give the slot a fixed width."
            yield DesignFault("form.html", lines.get(name, 0), vi, en)


def _movers(
    values: Mapping[str, str], *, still: list[Landmark], design: Design, flag: bool, traits: frozenset[Trait]
) -> Iterator[str]:
    """The fields whose texts move something, found by bisection, for layouts are slow."""
    if _same(still, _landmarks_with(design, values, flag=flag, traits=traits)):
        return
    names = sorted(values)
    if len(names) == 1:
        yield names[0]
        return
    middle = len(names) // 2
    for half in (names[:middle], names[middle:]):
        yield from _movers(
            {name: values[name] for name in half}, still=still, design=design, flag=flag, traits=traits
        )


def _landmarks_with(
    design: Design, values: Mapping[str, str], *, flag: bool, traits: frozenset[Trait]
) -> list[Landmark]:
    html = form_html(design, values, head_examined=flag, is_reissue=flag, traits=traits)
    with ONE_LAYOUT_AT_A_TIME:
        return landmarks(lay_out(html, sheets=form_sheets(design)))


def _filling(slots: list[TextSlot]) -> str:
    """Digits that fit all of a field's slots and fill the smallest."""
    count = min(int(slot.width / (slot.size * _DIGIT_EM + slot.letter_spacing) - _DIGIT_EM) for slot in slots)
    return "\n".join(["0" * max(count, 1)] * min(len(slot.baselines) for slot in slots))


def _same(one: list[Landmark], other: list[Landmark]) -> bool:
    return all(
        a is not None
        and b is not None
        and a[0] == b[0]
        and all(abs(p - q) < _STILL_PX for p, q in zip(a[1:], b[1:], strict=True))
        for a, b in zip_longest(one, other)
    )
