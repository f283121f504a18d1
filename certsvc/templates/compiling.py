"""Designs into bases; and one certificate at a time where a base cannot hold its texts.

Both are the same way: HTML, WeasyPrint's layout, our own file. Only in a base the values are still to come. Who fills needs
this seldom and loads it then (`bases`, `filling`): WeasyPrint is a third of what a press would otherwise hold.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from certsvc.errors import Broken, InputError
from certsvc.pdf import Blank, stream
from certsvc.states import Slot
from certsvc.templates.assembling import Assembled, assemble
from certsvc.templates.boxes import place
from certsvc.templates.designs import Design
from certsvc.templates.faces import unprintable
from certsvc.templates.laying import ONE_LAYOUT_AT_A_TIME, draw, lay_out
from certsvc.templates.markup import FILLED_SIZES_PT, form_html, form_sheets
from certsvc.templates.qr import qr_image
from certsvc.templates.slots import Base

_BLANK_QR = stream(b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 1 /Interpolate false", b"\x80")


def compile_anew(design: Design, *, head_examined: bool, is_reissue: bool, slots: tuple[Slot, ...], seed: bytes) -> Base:
    """The base of a design's variant that `slots` sign. Equal on every machine for the same `seed`. Raises Broken if the design has a fault."""
    html = form_html(design, {}, head_examined=head_examined, is_reissue=is_reissue)
    with ONE_LAYOUT_AT_A_TIME:
        document = lay_out(html, sheets=form_sheets(design))
        if not _fits(document):
            raise Broken("design_page", f"Mẫu {design.id} không vừa một trang.", f"Design {design.id} does not fit one page.")
        drawn = draw(document)
        placed = place(drawn, empty=True)
        made = assemble(drawn, placed, design=design, slots=slots, qr=_BLANK_QR, record=b"", seed=seed)
    digest = hashlib.sha256(made.blank.pdf).hexdigest()
    return Base(made.blank, placed.texts, made.text_stream, made.qr, made.record, made.glyphs, digest)


def lay_out_fully(
    design: Design,
    values: Mapping[str, str],
    *,
    record: bytes,
    head_examined: bool,
    is_reissue: bool,
    slots: Sequence[Slot] | None = None,
) -> Blank:
    """Lay out `values` (NFC texts, one for every field of the design) on one page, with everything in place but the signatures.

    Filled text shrinks stepwise until the page holds it. Raises InputError if it does not even at the
    smallest size, or if the typeface lacks a character; Broken if values or design do not fit together.
    """
    check_values(design, values, head_examined=head_examined)
    signing = tuple(design.slots(head_examined=head_examined) if slots is None else slots)
    html = form_html(design, values, head_examined=head_examined, is_reissue=is_reissue)
    seed = hashlib.sha256(html.encode() + b"\0" + record).digest()
    with ONE_LAYOUT_AT_A_TIME:
        for size_pt in FILLED_SIZES_PT:
            document = lay_out(html, sheets=form_sheets(design, size_pt=size_pt))
            if _fits(document):
                return _finish(document, design=design, slots=signing, qr=qr_image(values["verify_url"]), record=record, seed=seed).blank
    raise InputError("text_too_long", "Nội dung quá dài, không in vừa một trang giấy.", "The text is too long for one page.")


def _finish(document: Any, *, design: Design, slots: tuple[Slot, ...], qr: bytes, record: bytes, seed: bytes) -> Assembled:
    drawn = draw(document)
    return assemble(drawn, place(drawn, empty=False), design=design, slots=slots, qr=qr, record=record, seed=seed)


def _fits(document: Any) -> bool:
    """Whether all stands on one page, above the strip that says how to check."""
    anchors = document.pages[0].anchors
    return len(document.pages) == 1 and "form-end" in anchors and "check" in anchors and bool(anchors["form-end"][3] <= anchors["check"][1])


def check_values(design: Design, values: Mapping[str, str], *, head_examined: bool) -> None:
    """Raises Broken if the values are not those of the design's fields or a required one is blank; InputError for what Tinos cannot print."""
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
