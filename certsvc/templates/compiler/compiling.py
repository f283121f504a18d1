"""Compiling designs into bases, and laying out single certificates whose texts a base cannot hold.

Both go the same way: HTML, WeasyPrint's layout, our own file; in a base the values are still to come. Filling
rarely needs this and loads it only then (`bases`, `filling`), for WeasyPrint would be a third of a press's
memory.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from certsvc import refusals
from certsvc.errors import Broken
from certsvc.pdf import stream
from certsvc.states import Slot
from certsvc.templates.compiler.assembling import Assembled, assemble
from certsvc.templates.compiler.boxes import Placed, place
from certsvc.templates.compiler.laying import ONE_LAYOUT_AT_A_TIME, Drawn, draw, lay_out
from certsvc.templates.compiler.markup import FILLED_SIZES_PT, form_html, form_sheets
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.faces import unprintable
from certsvc.templates.qr import qr_image
from certsvc.templates.slots import Base

_BLANK_QR = stream(
    b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 1"
    b" /Interpolate false",
    b"\x80",
)


def compile_anew(
    design: Design,
    *,
    head_examined: bool,
    is_reissue: bool,
    slots: tuple[Slot, ...],
    seed: bytes,
    traits: frozenset[Trait] = PLAIN,
) -> Base:
    """The base of a design's variant that `slots` sign; the same on every machine for the same `seed`.

    Raises Broken if the design has a fault.
    """
    htmls = _htmls(design, {}, head_examined=head_examined, is_reissue=is_reissue, traits=traits)
    with ONE_LAYOUT_AT_A_TIME:
        documents = [lay_out(html, sheets=form_sheets(design)) for html in htmls]
        if not all(map(_fits, documents)):
            raise Broken(
                "design_page",
                f"Mẫu {design.id} không vừa một trang.",
                f"Design {design.id} does not fit one page.",
            )
        pages = _placed(documents, empty=True)
        texts = pages[0][1].texts
        if any(placed.texts != texts for _, placed in pages):
            raise Broken(
                "design_copies",
                f"Hai liên của mẫu {design.id} khác nhau.",
                f"The copies of design {design.id} differ.",
            )
        made = assemble(pages, design=design, slots=slots, qr=_BLANK_QR, record=b"", seed=seed)
    digest = hashlib.sha256(made.blank.pdf).hexdigest()
    return Base(made.blank, texts, made.text_stream, made.qr, made.record, made.glyphs, digest, made.copy)


def _htmls(
    design: Design,
    values: Mapping[str, str],
    *,
    head_examined: bool,
    is_reissue: bool,
    traits: frozenset[Trait],
) -> list[str]:
    """The page to hand out, followed by the facility's own if both copies are printed."""
    copies = (False, True) if Trait.BOTH_COPIES in traits else (False,)
    return [
        form_html(
            design,
            values,
            head_examined=head_examined,
            is_reissue=is_reissue,
            traits=traits,
            is_kept_copy=copy,
        )
        for copy in copies
    ]


def _placed(documents: Sequence[Any], *, empty: bool) -> list[tuple[Drawn, Placed]]:
    return [(drawn, place(drawn, empty=empty)) for drawn in map(draw, documents)]


def assemble_fully(
    design: Design,
    values: Mapping[str, str],
    *,
    record: bytes,
    head_examined: bool,
    is_reissue: bool,
    traits: frozenset[Trait] = PLAIN,
    slots: Sequence[Slot] | None = None,
) -> Assembled:
    """Lay out `values` (NFC texts, one for every field of the design) on one page, complete but unsigned.

    Filled-in text shrinks stepwise until it fits the page. Raises InputError if it does not fit even at the
    smallest size or the typeface lacks a character; Broken if values and design do not match.
    """
    check_values(design, values, head_examined=head_examined, traits=traits)
    signing = tuple(design.slots(head_examined=head_examined) if slots is None else slots)
    htmls = _htmls(design, values, head_examined=head_examined, is_reissue=is_reissue, traits=traits)
    seed = hashlib.sha256("".join(htmls).encode() + b"\0" + record).digest()
    with ONE_LAYOUT_AT_A_TIME:
        for size_pt in FILLED_SIZES_PT:
            documents = [lay_out(html, sheets=form_sheets(design, size_pt=size_pt)) for html in htmls]
            if all(map(_fits, documents)):
                pages = _placed(documents, empty=False)
                return assemble(
                    pages,
                    design=design,
                    slots=signing,
                    qr=qr_image(values["verify_url"]),
                    record=record,
                    seed=seed,
                )
    raise refusals.text_too_long()


def _fits(document: Any) -> bool:
    """Whether everything is on one page, above the strip that says how to check."""
    anchors = document.pages[0].anchors
    return (
        len(document.pages) == 1
        and "form-end" in anchors
        and "check" in anchors
        and bool(anchors["form-end"][3] <= anchors["check"][1])
    )


def check_values(
    design: Design, values: Mapping[str, str], *, head_examined: bool, traits: frozenset[Trait] = PLAIN
) -> None:
    """Refuse values that do not match the design.

    Raises Broken if the names differ from the design's fields or a required value is blank, InputError for
    characters that Tinos cannot print.
    """
    if unknown := sorted(set(values) ^ set(design.fields)):
        raise Broken(
            "design_values",
            f"Giá trị không khớp mẫu: {', '.join(unknown)}.",
            f"Values and design differ: {', '.join(unknown)}.",
        )
    required = design.required(head_examined=head_examined, traits=traits)
    if blank := sorted(name for name in required if not values[name].strip()):
        raise Broken(
            "design_blank",
            f"Thiếu nội dung bắt buộc: {', '.join(blank)}.",
            f"Required fields are blank: {', '.join(blank)}.",
        )
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
        raise refusals.unprintable(errors)


def _code_points(text: str) -> str:
    return ", ".join(f"U+{ord(character):04X}" for character in text)
