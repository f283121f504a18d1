"""The form designs: which ones exist, and which one an event calls for.

A design is a folder `designs/<kind>/<version>/` with `design.toml`, `form.html` and `form.css`, on top of
the paper that all share (`paper.html`, `paper.css`). A form is chosen by the day of the event
(examination, end of isolation), never by the day of printing [law, The day of the event].
"""

import datetime as dt
import functools
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from certsvc.errors import Broken, NotFound
from certsvc.states import Kind, Slot

SHARED = ("paper.html", "paper.css")
OWN = ("design.toml", "form.html", "form.css")


class Need(StrEnum):
    """When a field must have a value; a `FOR_CHILD` field is only on a child's paper, and may be blank."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    WITH_PRACTITIONER = "with_practitioner"
    WITH_DELEGATE = "with_delegate"
    FOR_CHILD = "for_child"


class Trait(StrEnum):
    """What sets a paper apart from the plain one of its design; values are the names that templates use.

    Signed by a delegate on the head's behalf; for a child; with the facility's own copy as a second page.
    """

    IS_DELEGATED = "is_delegated"
    FOR_CHILD = "for_child"
    BOTH_COPIES = "both_copies"


PLAIN: frozenset[Trait] = frozenset()


@dataclass(frozen=True, slots=True)
class Design:
    """One version of a form.

    `valid_from` and `valid_to` are event days, inclusive; `traits` are those that the form has a variant for;
    `sources` maps the names of its files to their texts; `digest`, the SHA-256 (hex) of names and texts
    including the shared paper, identifies the layout.
    """

    id: str
    kind: Kind
    version: str
    title_vi: str
    title_en: str
    legal_basis: str
    valid_from: dt.date
    valid_to: dt.date | None
    fields: Mapping[str, Need]
    traits: frozenset[Trait]
    all_slots: tuple[Slot, ...]
    sources: Mapping[str, str]
    digest: str

    def slots(self, *, head_examined: bool) -> tuple[Slot, ...]:
        """Who signs, in order: a head who examined signs only as representative [signers, Slots]."""
        return tuple(slot for slot in self.all_slots if not (head_examined and slot is Slot.PRACTITIONER))

    def required(self, *, head_examined: bool, traits: frozenset[Trait] = PLAIN) -> frozenset[str]:
        """Names of the fields that must not be blank."""
        unprinted = self.unprinted(head_examined=head_examined, traits=traits)
        return frozenset(
            name
            for name, need in self.fields.items()
            if need not in {Need.OPTIONAL, Need.FOR_CHILD} and name not in unprinted
        )

    def unprinted(self, *, head_examined: bool, traits: frozenset[Trait] = PLAIN) -> frozenset[str]:
        """Names of the fields that this variant does not print: their values are blank."""
        absent = {
            Need.WITH_PRACTITIONER: head_examined,
            Need.WITH_DELEGATE: Trait.IS_DELEGATED not in traits,
            Need.FOR_CHILD: Trait.FOR_CHILD not in traits,
        }
        return frozenset(name for name, need in self.fields.items() if absent.get(need, False))

    def covers(self, day: dt.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def load_designs() -> tuple[Design, ...]:
    """All designs in the package, by kind and first event day. Raises Broken if one cannot be read."""
    return _load_all()


@functools.cache
def _load_all() -> tuple[Design, ...]:
    folder = files(__package__).joinpath("designs")
    found = [
        read_design(version, shared=folder)
        for kind in folder.iterdir()
        if kind.is_dir()
        for version in kind.iterdir()
    ]
    return tuple(sorted(found, key=lambda design: (design.kind, design.valid_from)))


def find_design(design_id: str) -> Design | None:
    """The design named `<kind>/<version>`."""
    return next((design for design in load_designs() if design.id == design_id), None)


def choose_design(kind: Kind, *, event_on: dt.date) -> Design:
    """The form in force for an event on that day. Raises NotFound if none was."""
    for design in load_designs():
        if design.kind is kind and design.covers(event_on):
            return design
    raise no_design(f"áp dụng cho ngày {event_on:%d/%m/%Y}", f"for an event on {event_on:%Y-%m-%d}")


def no_design(which_vi: str, which_en: str) -> NotFound:
    return NotFound("no_design", f"Không có mẫu giấy nào {which_vi}.", f"There is no form {which_en}.")


def read_design(folder: Traversable, *, shared: Traversable) -> Design:
    """The design in a folder, on the shared paper. Raises Broken if files or facts are missing or wrong."""
    try:
        sources = {name: shared.joinpath(name).read_text("utf-8") for name in SHARED}
        sources |= {name: folder.joinpath(name).read_text("utf-8") for name in OWN}
        return _build(tomllib.loads(sources["design.toml"]), sources=sources)
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Broken(
            "design_unreadable",
            f"Mẫu {folder.name} không đọc được: {error}",
            f"Design {folder.name} is unreadable: {error}",
        ) from error


def _build(facts: dict[str, Any], *, sources: dict[str, str]) -> Design:
    kind, _, version = facts["id"].partition("/")
    if kind != facts["kind"] or not version:
        raise ValueError("id is not <kind>/<version>")
    return Design(
        id=facts["id"],
        kind=Kind(kind),
        version=version,
        title_vi=facts["title_vi"],
        title_en=facts["title_en"],
        legal_basis=facts["legal_basis"],
        valid_from=_day(facts["valid_from"]),
        valid_to=_day(facts["valid_to"]) if "valid_to" in facts else None,
        fields=MappingProxyType({name: Need(need) for name, need in facts["fields"].items()}),
        traits=frozenset(Trait(trait) for trait in facts.get("traits", ())),
        all_slots=tuple(Slot(slot) for slot in facts["slots"]),
        sources=MappingProxyType(sources),
        digest=_digest(sources),
    )


def _day(value: object) -> dt.date:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise TypeError(f"{value!r} is not a date")
    return value


def _digest(sources: Mapping[str, str]) -> str:
    sha256 = hashlib.sha256()
    for name in sorted(sources):
        for part in (name.encode(), sources[name].encode()):
            sha256.update(len(part).to_bytes(8, "big") + part)
    return sha256.hexdigest()
