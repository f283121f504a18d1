"""What is wrong with a design that only its layout shows: slots that move the rest, leave the page, are no
boxes.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from typing_extensions import override

from certsvc.errors import CertsvcError
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.compiler.boxes import Fault, Landmark, landmarks
from certsvc.templates.compiler.compiling import assemble_fully
from certsvc.templates.compiler.laying import ONE_LAYOUT_AT_A_TIME, lay_out, parse_stylesheet
from certsvc.templates.compiler.markup import form_html, form_sheets
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.samples import sample_values
from certsvc.templates.slots import Base, TextSlot

_DIGIT_EM = 0.5
"""All digits of all our faces are this wide: a row of them fills a line as exactly as one likes."""

PAGE_WIDTH, PAGE_HEIGHT = 595.28, 841.89
"""A4 in points: what a certificate is printed on."""

_STILL_PX = 0.05
_AT = re.compile(r" at (\d+):\d+")
_SHORT = "0"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a design: in which of its files, on which line (0: the whole)."""

    file: str
    line: int
    message_vi: str
    message_en: str


def probe(design: Design, *, lines: Mapping[str, int]) -> Iterator[Problem]:
    """Compile and fill the design in its variants; `lines` says where form.html names each field first."""
    yield from _style_faults(design)
    for flag, traits in ((False, PLAIN), (True, PLAIN), (False, design.traits)):
        try:
            base = compile_base(design, head_examined=flag, is_reissue=flag, traits=traits)
            values = sample_values(design, head_examined=flag, traits=traits)
            assemble_fully(design, values, record=b"", head_examined=flag, is_reissue=flag, traits=traits)
        except Fault as fault:
            yield Problem("form.html", lines.get(fault.name, 0), fault.message_vi, fault.message_en)
        except CertsvcError as error:
            yield Problem("form.html", 0, error.message_vi, error.message_en)
        else:
            yield from _outside_page(base, lines=lines)
            yield from _moving(design, base, lines=lines, flag=flag, traits=traits)


def _style_faults(design: Design) -> Iterator[Problem]:
    """What WeasyPrint leaves out of form.css because it does not understand it."""
    log, heard = logging.getLogger("weasyprint"), _Heard()
    log.addHandler(heard)
    try:
        parse_stylesheet(design.sources["form.css"])
    finally:
        log.removeHandler(heard)
    for message in heard.messages:
        found = _AT.search(message)
        yield Problem(
            "form.css",
            int(found[1]) if found else 0,
            f"CSS không hiểu được: {message}",
            f"CSS not understood: {message}",
        )


class _Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _outside_page(base: Base, *, lines: Mapping[str, int]) -> Iterator[Problem]:
    for slot in base.texts:
        is_inside = (
            slot.x >= 0
            and slot.x + slot.width <= PAGE_WIDTH
            and slot.baselines[-1] >= 0
            and slot.baselines[0] + slot.size <= PAGE_HEIGHT
        )
        if not is_inside or slot.width < slot.size * _DIGIT_EM:
            yield Problem(
                "form.html",
                lines.get(slot.field, 0),
                f"Ô {slot.field} nằm ngoài trang hoặc không có chỗ.",
                f"Slot {slot.field} is outside the page or has no room.",
            )


def _moving(
    design: Design, base: Base, *, lines: Mapping[str, int], flag: bool, traits: frozenset[Trait]
) -> Iterator[Problem]:
    """Texts that fill their slots must leave everything where it is without them."""
    still = _landmarks_with(design, {}, flag=flag, traits=traits)
    full = {
        name: _filling([slot for slot in base.texts if slot.field == name])
        for name in {slot.field for slot in base.texts}
    }
    for values in (dict.fromkeys(full, _SHORT), full):
        for name in _movers(values, still=still, design=design, flag=flag, traits=traits):
            yield Problem(
                "form.html",
                lines.get(name, 0),
                f"Nội dung của ô {name} làm xê dịch phần khác: hãy cho ô bề rộng cố định.",
                f"What slot {name} holds moves the rest: give it a width of its own.",
            )


def _movers(
    values: Mapping[str, str], *, still: list[Landmark], design: Design, flag: bool, traits: frozenset[Trait]
) -> Iterator[str]:
    """Whose texts move something, by name: as a layout takes long, they are looked for by halves."""
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
    """Digits that fill each of a field's slots, the smallest of them wholly."""
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
