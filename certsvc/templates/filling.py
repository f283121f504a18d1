"""Filling a design with values: into a compiled base or, if it cannot hold the texts, in a full layout.

A base is compiled once (`compiling`); filling replaces three of its objects: the stream of all texts, the
QR's image and the embedded record. Both ways print the same, pixel for pixel
(`tests/unit/templates/test_agreement.py`).
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
from certsvc.templates.slots import Copy


@dataclass(frozen=True, slots=True)
class Filled:
    """A file to sign, and the objects (by number) that its first revision replaces.

    After a full layout these are few or none. `is_fast` says which way was taken: slow ones are counted.
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
    """Fill the variant of a design with `values`: NFC texts, one for every field.

    `slots` sign it, by default all of the variant's; `traits` are those of the design that this paper has. If
    both copies are printed, the marks on the second page show `signed_at`, and the signatures must be made at
    that time. `record` is embedded for programs; `cache` is the folder where processes share compiled bases.
    Raises InputError if a text does not fit the page even at the smallest size or the typeface lacks a
    character; Broken if values and design do not match.
    """
    signing = design.slots(head_examined=head_examined) if slots is None else slots
    key = (design.digest, head_examined, is_reissue, traits, signing)
    form = _forms.get(key) or _forms.setdefault(key, _Form(design, key, cache))
    texts = form.set_texts(values)
    if texts is None:
        return _lay_out(design, values, key, record=record, signed_at=signed_at)
    base = form.base
    objects = {
        base.text_stream: stream(b"", texts),
        base.qr: qr_image(values["verify_url"]),
        base.record: record_stream(design, record),
    }
    return Filled(base.blank, objects | _copy_objects(base.copy, signed_at), is_fast=True)


def _lay_out(
    design: Design, values: Mapping[str, str], key: "_Key", *, record: bytes, signed_at: dt.datetime | None
) -> Filled:
    """The slow way: a layout for this one certificate."""
    from certsvc.templates.compiler.compiling import assemble_fully  # noqa: PLC0415 - loads WeasyPrint

    _, head_examined, is_reissue, traits, slots = key
    made = assemble_fully(
        design,
        values,
        record=record,
        head_examined=head_examined,
        is_reissue=is_reissue,
        traits=traits,
        slots=slots,
    )
    return Filled(made.blank, _copy_objects(made.copy, signed_at), is_fast=False)


def _copy_objects(copy: Copy | None, signed_at: dt.datetime | None) -> dict[int, bytes]:
    return {copy.stream: stream(b"", marks_content(copy.marks, signed_at))} if copy and signed_at else {}


class _Form:
    """A base, and a setter for each of its slots."""

    def __init__(self, design: Design, key: "_Key", cache: Path | None) -> None:
        _, head_examined, is_reissue, traits, slots = key
        self.base = base = compile_base(
            design,
            head_examined=head_examined,
            is_reissue=is_reissue,
            traits=traits,
            slots=slots,
            cache=cache,
        )
        self._fields = design.fields.keys()
        self._required = design.required(head_examined=head_examined, traits=traits)
        self._setters = [(slot.field, Setter(slot, base.glyphs[slot.face])) for slot in base.texts]
        self._unset = self._fields - {slot.field for slot in base.texts}

    def set_texts(self, values: Mapping[str, str]) -> bytes | None:
        """The text stream; None if the full layout must decide, or say what is wrong."""
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
        """Whether nothing required is blank and fields without a slot (the QR's text) are plain."""
        return all(values[name].strip() for name in self._required) and all(
            values[name].isascii() and values[name].isprintable() for name in self._unset
        )


_Key = tuple[str, bool, bool, frozenset[Trait], tuple[Slot, ...]]
"""A design's digest and what makes the variant: `head_examined`, `is_reissue`, traits, slots that sign."""

_forms: dict[_Key, _Form] = {}
