"""The names of a package's parts, spelled in one way: many programs compare them byte by byte.

By the standard a part's name does not differ by case, and a stranger's package may spell it in several ways.
The copy of a workbook spells it alike in its directory and wherever it is referred to.
"""

import re
from collections.abc import Callable, Collection, Mapping
from xml.sax.saxutils import quoteattr

from typing_extensions import override

from certsvc.records.raw.packages import same_name
from certsvc.records.sheets.xlsx_parts import CONTENT_TYPES, target_of
from certsvc.records.workbooks.splicing import Splicer, Unsuitable, split

_FIXED = (
    CONTENT_TYPES,
    "_rels/.rels",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "xl/theme/theme1.xml",
)
"""As everybody spells them; some programs look for nothing else."""
_RELATIONS, _SUFFIX = "_rels/", ".rels"
_DEPTH = 2
"""Of elements that refer to a part, in both kinds of parts that have them."""


def spellings(names: Collection[str]) -> dict[str, str]:
    """How each part is spelled in the copy, by its `same_name`. Raises Unsuitable where two parts have the
    same name.
    """
    found = {same_name(name): name.replace("\\", "/").removeprefix("/") for name in names}
    if len(found) < len(names):
        raise Unsuitable
    found |= {same_name(name): name for name in _FIXED if same_name(name) in found}
    return found | {name: _relations_of(name, found) for name in found if refers(name)}


def refers(name: str) -> bool:
    """Whether a part refers to others."""
    folder, _, base = same_name(name).rpartition("/")
    return same_name(name) == same_name(CONTENT_TYPES) or (
        f"/{folder}/".endswith(f"/{_RELATIONS}") and base.endswith(_SUFFIX)
    )


def _relations_of(name: str, found: Mapping[str, str]) -> str:
    """Relations are named after their source (§9.3.4)."""
    folder, mark, base = name.rpartition(_RELATIONS)
    source = found.get(folder + base.removesuffix(_SUFFIX))
    if not mark or source is None:
        return found[name]
    folder, _, base = source.rpartition("/")
    return f"{folder}/{_RELATIONS}{base}{_SUFFIX}".removeprefix("/")


class References(Splicer):
    """A part that refers to others, copied with their names as the copy spells them."""

    def __init__(self, write: Callable[[bytes], object], name: str, spelled: Mapping[str, str]) -> None:
        super().__init__(write)
        self._spelled = spelled
        self._folder = spelled[same_name(name)].rpartition(_RELATIONS)[0].removesuffix("/")

    @override
    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth != _DEPTH:
            return
        match split(name)[1]:
            case "Override":
                attribute, part = "PartName", attributes.get("PartName", "").removeprefix("/")
            case "Relationship":
                attribute, part = "Target", target_of(attributes, self._folder) or ""
            case _:
                return
        spelled = self._spelled.get(same_name(part))
        if spelled is not None and spelled != part:
            self.replace_tag(lambda tag: _replaced(tag, attribute, f"/{spelled}"))


def _replaced(tag: bytes, attribute: str, value: str) -> bytes:
    written = f"{attribute}={quoteattr(value)}".encode()
    pattern = rf"(?<=\s){attribute}\s*=\s*(?:\"[^\"]*\"|'[^']*')".encode()
    return re.sub(pattern, lambda _: written, tag, count=1)
