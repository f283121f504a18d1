"""A case's columns as fields of a form: what each holds, the words it takes, what the rules say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from certsvc.records.columns import CASES
from certsvc.records.words import words_of
from certsvc.words import Words

COLUMNS = {column.name: column for column in CASES.columns}

Fault = Mapping[str, Any]
"""What a rule says: `rule`, `field`, `message_vi`, `message_en`."""


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """One field of a form; `faults` are what the rules say of it."""

    name: str
    title: str
    text: str
    words: tuple[str, ...]
    max_chars: int
    faults: tuple[Fault, ...]


Fields = Mapping[Words, list[Field]]


def fields_of(
    groups: Mapping[Words, Iterable[str]], texts: Mapping[str, str], faults: Iterable[Fault]
) -> Fields:
    """The fields of a form by their groups, with what was typed and what is wrong with it."""
    faults = list(faults)
    return {
        title: [_field(name, texts.get(name, ""), faults) for name in names]
        for title, names in groups.items()
    }


def _field(name: str, text: str, faults: Iterable[Fault]) -> Field:
    column = COLUMNS[name]
    return Field(
        name,
        column.title_vi,
        text,
        words_of(name),
        column.max_chars,
        tuple(each for each in faults if each["field"] == name),
    )


def general(faults: Iterable[Fault]) -> list[Fault]:
    """What the rules say of no field that there is."""
    return [each for each in faults if each["field"] not in COLUMNS]
