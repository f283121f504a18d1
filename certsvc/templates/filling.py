"""Values into a design: one A4 page as PDF/A-3a, and where on it each signature goes.

Lay-out is WeasyPrint's. Text of a case is never markup: Jinja2 in its sandbox escapes every value,
an unknown or missing placeholder is an error, and nothing can be fetched but the package's typeface.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import DictLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from certsvc.errors import Broken, InputError
from certsvc.models import Slot
from certsvc.templates.designs import Design
from certsvc.templates.faces import unprintable
from certsvc.templates.laying import ONE_LAYOUT_AT_A_TIME, PT_PER_PX, lay_out, write
from certsvc.templates.qr import data_address, qr_svg

FILLED_SIZES_PT = (13.0, 11.5, 10.0, 8.5, 7.0)
"""Sizes of the filled-in text, tried in turn until all stands on one page."""

_LABEL_PT = 13.0
_LINE_MM = 6.9
_LEAST_LEADING = 1.2
_MM_PER_PT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class SlotBox:
    """Where a signature's mark goes, in PDF points from the lower left corner of the page; pages count from 0."""

    slot: Slot
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Filled:
    """A laid-out form; `slots` in the order of signing."""

    pdf: bytes
    slots: tuple[SlotBox, ...]


def fill(design: Design, values: Mapping[str, str], *, head_examined: bool) -> Filled:
    """Lay out `values` (NFC texts, one for every field of the design) on one page.

    Filled text shrinks stepwise until the page holds it. Raises InputError if it does not even at the
    smallest size, or if the typeface lacks a character; Broken if values or design do not fit together.
    """
    _check_values(design, values, head_examined=head_examined)
    html = _html(design, values, head_examined=head_examined)
    with ONE_LAYOUT_AT_A_TIME:
        for size_pt in FILLED_SIZES_PT:
            document = _lay_out(design, html, size_pt=size_pt)
            if _fits(document):
                return _print(design, document, head_examined=head_examined)
    raise InputError("text_too_long", "Nội dung quá dài, không in vừa một trang giấy.", "The text is too long for one page.")


def _check_values(design: Design, values: Mapping[str, str], *, head_examined: bool) -> None:
    if unknown := sorted(set(values) ^ set(design.fields)):
        raise Broken("design_values", f"Giá trị không khớp mẫu: {', '.join(unknown)}.", f"Values and design differ: {', '.join(unknown)}.")
    if blank := sorted(name for name in design.required(head_examined=head_examined) if not values[name].strip()):
        raise Broken("design_blank", f"Thiếu nội dung bắt buộc: {', '.join(blank)}.", f"Required fields are blank: {', '.join(blank)}.")
    errors = [
        {
            "field": name,
            "message_vi": f"Phông chữ của mẫu không có ký tự: {_code_points(lacking)}.",
            "message_en": f"The form's typeface lacks: {_code_points(lacking)}.",
        }
        for name in sorted(values)
        if (lacking := unprintable(values[name]))
    ]
    if errors:
        raise InputError("unprintable", "Có ký tự không in được trên giấy.", "Some characters cannot be printed on the form.", errors=errors)


def _code_points(text: str) -> str:
    return ", ".join(f"U+{ord(character):04X}" for character in text)


def _html(design: Design, values: Mapping[str, str], *, head_examined: bool) -> str:
    try:
        template = _environment(design).get_template("form.html")
        return template.render(values, qr=data_address(qr_svg(values["verify_url"], quiet_modules=0)), head_examined=head_examined)
    except TemplateError as error:
        raise Broken("design_template", f"Mẫu {design.id} bị lỗi: {error}", f"Design {design.id} is broken: {error}") from error


def environment(sources: Mapping[str, str]) -> SandboxedEnvironment:
    """The Jinja2 environment designs are written for: sandboxed, escaping always, strict."""
    return SandboxedEnvironment(loader=DictLoader(dict(sources)), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@functools.lru_cache(maxsize=32)
def _environment_by_digest(_digest: str, sources: tuple[tuple[str, str], ...]) -> SandboxedEnvironment:
    return environment(dict(sources))


def _environment(design: Design) -> SandboxedEnvironment:
    return _environment_by_digest(design.digest, tuple(sorted(design.sources.items())))


def filled_css(size_pt: float) -> str:
    """Style of the rows when filled-in text has that size, with the dotted line of a paper form below each line."""
    label_pt = min(_LABEL_PT, size_pt + 1.5)
    line_mm = max(_LINE_MM * size_pt / FILLED_SIZES_PT[0], label_pt * _LEAST_LEADING * _MM_PER_PT)
    dots_mm = line_mm / 2 + 2.15 * label_pt / _LABEL_PT
    dot = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='0.9mm' height='{line_mm}mm' viewBox='0 0 0.9 {line_mm}'>"
        f"<circle cx='0.45' cy='{dots_mm}' r='0.13'/></svg>"
    )
    dotted = f"background: url({data_address(dot)}) 0 0 / 0.9mm {line_mm}mm repeat"
    rows = f".row {{ font-size: {label_pt}pt; line-height: {line_mm}mm; {dotted}; }} .row .value {{ font-size: {size_pt}pt; }}"
    if size_pt == FILLED_SIZES_PT[0]:
        return rows
    return f"{rows} .section {{ font-size: {label_pt}pt; }} .title {{ margin: 3mm 0 2mm; }} .signers {{ margin-top: 1mm; }}"


def _lay_out(design: Design, html: str, *, size_pt: float) -> Any:
    return lay_out(html, sheets=(design.sources["paper.css"], design.sources["form.css"], filled_css(size_pt)))


def _fits(document: Any) -> bool:
    """Whether all stands on one page, above the strip that says how to check."""
    anchors = document.pages[0].anchors
    return len(document.pages) == 1 and "form-end" in anchors and "check" in anchors and bool(anchors["form-end"][3] <= anchors["check"][1])


def _print(design: Design, document: Any, *, head_examined: bool) -> Filled:
    page = document.pages[0]
    slots = tuple(_slot_box(design, page, slot) for slot in design.slots(head_examined=head_examined))
    return Filled(pdf=write(document), slots=slots)


def _slot_box(design: Design, page: Any, slot: Slot) -> SlotBox:
    box = page.anchors.get(f"slot-{slot}")
    if box is None:
        raise Broken("design_slot", f"Mẫu {design.id} thiếu chỗ ký {slot}.", f"Design {design.id} has no slot {slot}.")
    left, top, right, bottom = box
    return SlotBox(
        slot=slot,
        page=0,
        x0=left * PT_PER_PX,
        y0=(page.height - bottom) * PT_PER_PX,
        x1=right * PT_PER_PX,
        y1=(page.height - top) * PT_PER_PX,
    )
