"""The field tables of the exchange formats (`fields.json`, each with its source), and what breaks them."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from certsvc.errors import ErrorItem

_TABLES = Path(__file__).with_name("fields.json")
_YEAR = re.compile(r"[0-9]{4}")
_DAY = re.compile(r"[0-9]{8}")


class Format(StrEnum):
    """An exchange format, as `export` names it."""

    CT07 = "ct07"
    XML11 = "xml11"
    CT07_2025 = "ct07-2025"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A tag that breaks its table; the messages quote no value."""

    tag: str
    message_vi: str
    message_en: str

    def to_json(self) -> ErrorItem:
        """An item of a problem's `errors`."""
        return {
            "field": self.tag,
            "row": None,
            "rule": None,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSpec:
    """What a tag must hold; `required_if` another tag holds a certain value."""

    tag: str
    required: bool = False
    required_if: Mapping[str, str] | None = None
    max_chars: int | None = None
    pattern: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Of `tags` one is needed `when` other tags hold certain values."""

    when: Mapping[str, str]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class FieldTable:
    """The tags of one format in order."""

    source: str
    fields: tuple[TagSpec, ...]
    one_of: tuple[OneOf, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(field.tag for field in self.fields)

    def mistakes(self, tags: Mapping[str, str]) -> list[Mistake]:
        """Everything that breaks the table, in its order; nothing for a document that may be sent."""
        found = [mistake for field in self.fields for mistake in _of_field(field, tags)]
        found += [
            _none_of(rule.tags)
            for rule in self.one_of
            if _holds(rule.when, tags) and not any(tags.get(tag) for tag in rule.tags)
        ]
        return [*found, *_of_period(tags)]


@cache
def field_table(layout: str) -> FieldTable:
    """The table of a `Format`, or of `xml1`, of which only the tags are known."""
    table = json.loads(_TABLES.read_text(encoding="utf-8"))[layout]
    fields = tuple(TagSpec(**field) for field in table["fields"])
    return FieldTable(table["source"], fields, tuple(OneOf(**rule) for rule in table.get("one_of", ())))


def _holds(when: Mapping[str, str], tags: Mapping[str, str]) -> bool:
    return all(tags.get(tag) == value for tag, value in when.items())


def _of_field(field: TagSpec, tags: Mapping[str, str]) -> Iterator[Mistake]:
    value, tag = tags.get(field.tag), field.tag
    if value is None:
        yield Mistake(tag, f"Thiếu thẻ {tag}.", f"Tag {tag} is missing.")
    elif not value:
        if field.required or (field.required_if and _holds(field.required_if, tags)):
            yield Mistake(
                tag,
                f"{tag} là bắt buộc: hãy bổ sung vào hồ sơ.",
                f"{tag} is mandatory: add it to the record.",
            )
    elif field.max_chars is not None and len(value) > field.max_chars:
        yield Mistake(
            tag,
            f"{tag} dài quá {field.max_chars} ký tự.",
            f"{tag} is longer than {field.max_chars} characters.",
        )
    elif (field.pattern and not re.fullmatch(field.pattern, value)) or (
        field.format and not _is_day(value, may_be_year="or yyyy" in field.format)
    ):
        yield Mistake(
            tag, f"{tag} không đúng định dạng của BHXH.", f"{tag} is not in the form that BHXH requires."
        )


def _is_day(value: str, *, may_be_year: bool) -> bool:
    if may_be_year and _YEAR.fullmatch(value):
        return True
    try:
        return _DAY.fullmatch(value) is not None and bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _none_of(tags: Sequence[str]) -> Mistake:
    return Mistake(
        tags[0], f"Phải có một trong: {', '.join(tags)}.", f"One of these is needed: {', '.join(tags)}."
    )


def _of_period(tags: Mapping[str, str]) -> Iterator[Mistake]:
    """SO_NGAY_NGHI counts the days from TU_NGAY to DEN_NGAY, both included [sick-leave, Length]."""
    first, last = tags.get("TU_NGAY", ""), tags.get("DEN_NGAY", "")
    if not (_is_day(first, may_be_year=False) and _is_day(last, may_be_year=False)):
        return
    days = (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1
    if days < 1:
        yield Mistake("DEN_NGAY", "DEN_NGAY ở trước TU_NGAY.", "DEN_NGAY is before TU_NGAY.")
    elif (tags.get("SO_NGAY_NGHI") or str(days)) != str(days):
        yield Mistake(
            "SO_NGAY_NGHI",
            "SO_NGAY_NGHI không khớp TU_NGAY và DEN_NGAY.",
            "SO_NGAY_NGHI is not the number of days from TU_NGAY to DEN_NGAY.",
        )
