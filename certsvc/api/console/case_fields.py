"""The columns of a case as fields of a form: what each holds, the words it takes, what is wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from certsvc.errors import CertsvcError, ErrorItem
from certsvc.records import Level
from certsvc.records.columns import CASES
from certsvc.records.words import words_of
from certsvc.words import Words

COLUMNS = {column.name: column for column in CASES.columns}


class Fault(TypedDict):
    """What a rule says of a field, or without one of the case; `level` is that of the rule."""

    rule: str | None
    level: str
    field: str | None
    message_vi: str
    message_en: str


@dataclass(frozen=True, slots=True, repr=False)
class Field:
    """One field of a form, with what is wrong with it."""

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
    """The fields of a form by group, with what was typed and what is wrong with it."""
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
        tuple(fault for fault in faults if fault["field"] == name),
    )


def general(faults: Iterable[Fault]) -> list[Fault]:
    """What is wrong with none of the fields."""
    return [fault for fault in faults if fault["field"] not in COLUMNS]


def faults_of(error: CertsvcError) -> list[Fault]:
    """Each item of an error that rejects a case, or the error itself where it has none."""
    plain = ErrorItem(
        field=None, row=None, rule=error.code, message_vi=error.message_vi, message_en=error.message_en
    )
    return [
        Fault(
            rule=item["rule"],
            level=Level.REJECT,
            field=item["field"],
            message_vi=item["message_vi"],
            message_en=item["message_en"],
        )
        for item in error.errors or (plain,)
    ]
