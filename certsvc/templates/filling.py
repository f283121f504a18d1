"""Values into a design: a base with this certificate's objects, or, where a base cannot hold its texts, a
layout of its own.

A base is compiled once (`compiling`); filling replaces three of its objects: the stream of all texts, the
QR's image and the embedded record. Both ways print the same, which `tests/unit/templates/test_agreement.py`
holds pixel by pixel.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from certsvc.pdf import Blank, stream
from certsvc.states import Slot
from certsvc.templates.attachment import record_stream
from certsvc.templates.compiler.bases import compile_base
from certsvc.templates.copied_marks import marks_content
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.qr import qr_image
from certsvc.templates.setting import Setter
from certsvc.templates.slots import Base, Copy


@dataclass(frozen=True, slots=True)
class Filled:
    """A file to sign and the objects (by number) that its first revision replaces; hardly any where the file
    is a layout of its own.

    `is_fast` says which way it went: slow ones are counted.
    """

    blank: Blank
    objects: Mapping[int, bytes]
    is_fast: bool


def fill(
    design: Design,
    values: Mapping[str, str],
    *,
    record: bytes,
    head_examined: bool,
    is_reissue: bool,
    traits: frozenset[Trait] = PLAIN,
    signed_at: dt.datetime | None = None,
    slots: tuple[Slot, ...] | None = None,
    cache: Path | None = None,
) -> Filled:
    """Fill the design's variant that `slots` sign (all of the design's if None) with `values`: NFC texts, one
    for every field.

    `traits` are those of the design that this paper has; in both copies the second page shows `signed_at` in
    its marks, the time that the signatures are then made at. `record` is embedded for programs; `cache` is
    the folder where processes share compiled bases. Raises InputError if a text does not fit the page even at
    the smallest size or the typeface lacks a character; Broken if values or design do not fit together.
    """
    signing = design.slots(head_examined=head_examined) if slots is None else slots
    key = (design.digest, head_examined, is_reissue, traits, signing)
    form = _forms.get(key)
    if form is None:
        base = compile_base(
            design,
            head_examined=head_examined,
            is_reissue=is_reissue,
            traits=traits,
            slots=signing,
            cache=cache,
        )
        form = _forms.setdefault(key, _Form(design, base, head_examined=head_examined, traits=traits))
    texts = form.set_texts(values)
    if texts is None:
        from certsvc.templates.compiler.compiling import assemble_fully  # noqa: PLC0415 - loads WeasyPrint

        made = assemble_fully(
            design,
            values,
            record=record,
            head_examined=head_examined,
            is_reissue=is_reissue,
            traits=traits,
            slots=signing,
        )
        return Filled(made.blank, _copy_objects(made.copy, signed_at), is_fast=False)
    base = form.base
    objects = {
        base.text_stream: stream(b"", texts),
        base.qr: qr_image(values["verify_url"]),
        base.record: record_stream(design, record),
    }
    return Filled(base.blank, objects | _copy_objects(base.copy, signed_at), is_fast=True)


def _copy_objects(copy: Copy | None, signed_at: dt.datetime | None) -> dict[int, bytes]:
    return {copy.stream: stream(b"", marks_content(copy.marks, signed_at))} if copy and signed_at else {}


class _Form:
    """A base, and a setter for each of its slots."""

    def __init__(self, design: Design, base: Base, *, head_examined: bool, traits: frozenset[Trait]) -> None:
        self.base = base
        self._fields = design.fields.keys()
        self._required = design.required(head_examined=head_examined, traits=traits)
        self._setters = [(slot.field, Setter(slot, base.glyphs[slot.face])) for slot in base.texts]
        self._unset = self._fields - {slot.field for slot in base.texts}

    def set_texts(self, values: Mapping[str, str]) -> bytes | None:
        """The text stream; None if the full layout has to decide, or to say what is wrong."""
        if values.keys() != self._fields or not self._is_sound(values):
            return None
        sequences = []
        for field, setter in self._setters:
            sequence = setter.set(values[field])
            if sequence is None:
                return None
            sequences.append(sequence)
        return b"".join(sequences)

    def _is_sound(self, values: Mapping[str, str]) -> bool:
        """Whether nothing required is blank, and what no slot shows (the QR's text) is plain."""
        return all(values[name].strip() for name in self._required) and all(
            values[name].isascii() and values[name].isprintable() for name in self._unset
        )


_forms: dict[tuple[str, bool, bool, frozenset[Trait], tuple[Slot, ...]], _Form] = {}
