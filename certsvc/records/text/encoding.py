"""V-ENCODING: whether a value is what was typed, and can be printed.

Every value that a wanted form prints is checked as it came, before any letter is repaired: text of an old
encoding may hold the very letters that would be repaired [text, Encodings before Unicode].
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from certsvc.records.cells import has_forbidden
from certsvc.records.text.legacy import is_encoded_twice, is_legacy
from certsvc.records.text.lookalikes import mixes_scripts
from certsvc.records.text.printable import unprintable_place
from certsvc.states import Kind

NAMES = frozenset({"full_name", "father_name", "mother_name"})
"""Columns of persons' names."""

PRINTED: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.SICK_LEAVE: NAMES | {"employer", "visit_no", "diagnosis", "treatment"},
        Kind.RECOVERY: NAMES | {"address", "test_place"},
    }
)
"""The columns of free text that the forms of a kind print; other columns only take shapes and words that any
typeface has.

Parents are printed for children only (`checking`).
"""
PARENTS = frozenset({"father_name", "mother_name"})


class EncodingFault(NamedTuple):
    """What is wrong with a value: the wording of V-ENCODING, and the facts that it takes."""

    variant: str
    facts: Mapping[str, int]


def printed_columns(kinds: Iterable[Kind]) -> frozenset[str]:
    """The columns of free text that any of these kinds prints."""
    return frozenset().union(*(PRINTED[kind] for kind in kinds))


def fault_of(raw: str, text: str, *, is_name: bool) -> EncodingFault | None:
    """What is wrong with a value that is printed: `raw` as it came, `text` as it would be printed; None if
    nothing is.

    What `has_forbidden` finds is reported by its own rule (V-TEXT), not by this one.
    """
    if is_encoded_twice(raw):
        return EncodingFault("twice", {})
    if is_legacy(raw):
        return EncodingFault("legacy", {})
    if mixes_scripts(text, is_name=is_name):
        return EncodingFault("scripts", {})
    place = 0 if has_forbidden(text) else unprintable_place(text)
    return EncodingFault("unprintable", {"place": place}) if place else None
