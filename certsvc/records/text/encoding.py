"""V-ENCODING: whether a value is what was typed, and can be printed.

Asked of every value that a wanted form prints, as it came, before any letter is repaired: text of an old
encoding may hold the very letters that would be [text, Encodings before Unicode].
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
"""The columns of free text that the forms of a kind print; the others are held to shapes and words that any
typeface has.

Parents are printed of children alone (`checking`).
"""
PARENTS = frozenset({"father_name", "mother_name"})


class Fault(NamedTuple):
    """What is wrong with a value: the wording of V-ENCODING, and the facts that it needs."""

    variant: str
    facts: Mapping[str, int]


def printed_columns(kinds: Iterable[Kind]) -> frozenset[str]:
    """The columns of free text that any of these kinds prints."""
    return frozenset().union(*(PRINTED[kind] for kind in kinds))


def fault_of(raw: str, text: str, *, is_name: bool) -> Fault | None:
    """What is wrong with a value that is printed: `raw` as it came, `text` as it would be printed; None for
    one that is right.

    What `has_forbidden` holds is told by its own rule (V-TEXT), so it is none of this one's.
    """
    if is_encoded_twice(raw):
        return Fault("twice", {})
    if is_legacy(raw):
        return Fault("legacy", {})
    if mixes_scripts(text, is_name=is_name):
        return Fault("scripts", {})
    place = 0 if has_forbidden(text) else unprintable_place(text)
    return Fault("unprintable", {"place": place}) if place else None
