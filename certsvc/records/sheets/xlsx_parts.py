"""What a package of Office Open XML says of its own parts (ECMA-376 part 2): which one is the workbook, what
kind each is, what refers to what.

A package is judged by what it holds, not by what it declares: some programs declare a kind for files that
they never write.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from defusedxml.ElementTree import fromstring

from certsvc.records.raw.packages import Package, same_name
from certsvc.records.raw.refusals import refusal, wrong_format

CONTENT_TYPES = "[Content_Types].xml"
_WORKBOOK, _STYLES = "xl/workbook.xml", "xl/styles.xml"
_SPREADSHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOKS = frozenset({f"{_SPREADSHEETML}.sheet.main+xml", f"{_SPREADSHEETML}.template.main+xml"})
_STRINGS = f"{_SPREADSHEETML}.sharedstrings+xml"
_OTHERS = {
    "ms-excel.sheet.binary": "xlsb",
    "wordprocessingml": "word",
    "ms-word": "word",
    "presentationml": "slides",
    "ms-powerpoint": "slides",
}
"""Words in the kind of a main part (all in small letters), and which format it is of."""
_MACRO_KINDS = ("vbaproject", "macrosheet")
_MACRO_FILE = "vbaproject.bin"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a workbook that sheets depend on; None for what it does without. Names are as the package
    refers to them.
    """

    workbook: str
    strings: str | None
    styles: str | None


def parts_of(package: Package) -> Parts:
    """Raises InputError: `not_a_table` for anything but a workbook, `has_macros`; and whatever a parser
    raises.
    """
    if not package.has(CONTENT_TYPES):
        raise refusal("not_a_table")
    kinds = _Kinds(package)
    workbook = _main_part(package, kinds)
    _check_kind(kinds.of(workbook))
    if any(_is_macro(name, kinds) for name in package.namelist()):
        raise refusal("has_macros")
    related = {
        kind.rpartition("/")[2]: target
        for kind, target in relations(package, workbook)
        if package.has(target)
    }
    strings, styles = (
        related.get("sharedStrings") or kinds.part_of_kind(_STRINGS),
        related.get("styles") or _STYLES,
    )
    return Parts(
        workbook,
        strings if strings and package.has(strings) else None,
        styles if package.has(styles) else None,
    )


class _Kinds:
    """Content types of parts (§10.1.2), in small letters: media types do not differ by case."""

    def __init__(self, package: Package) -> None:
        root: Any = fromstring(package.read(CONTENT_TYPES), forbid_dtd=True)
        self._by_extension: dict[str, str] = {}
        self._by_part: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for each in root:
            kind = each.get("ContentType", "").strip().lower()
            if each.tag.endswith("Default"):
                self._by_extension[same_name(each.get("Extension", ""))] = kind
            elif each.tag.endswith("Override"):
                name = each.get("PartName", "")
                self._by_part[same_name(name)] = kind
                self._names.setdefault(kind, name.removeprefix("/"))

    def of(self, name: str) -> str:
        name = same_name(name)
        return self._by_part.get(name) or self._by_extension.get(name.rpartition(".")[2], "")

    def part_of_kind(self, kind: str) -> str | None:
        """The first part that is named with this kind, whether it is there or not."""
        return self._names.get(kind)


def _main_part(package: Package, kinds: _Kinds) -> str:
    """What the package itself refers to as its document; else what it names as a workbook; else what
    workbooks are mostly called.
    """
    for kind, target in relations(package, ""):
        if kind.endswith("/officeDocument") and package.has(target):
            return target
    named = (kinds.part_of_kind(kind) for kind in sorted(_WORKBOOKS))
    return next((name for name in named if name), _WORKBOOK)


def _check_kind(kind: str) -> None:
    if kind in _WORKBOOKS:
        return
    for word, name in _OTHERS.items():
        if word in kind:
            raise wrong_format(name)
    raise refusal("has_macros" if "macroenabled" in kind else "not_a_table")


def _is_macro(name: str, kinds: _Kinds) -> bool:
    return same_name(name).rpartition("/")[2] == _MACRO_FILE or any(
        word in kinds.of(name) for word in _MACRO_KINDS
    )


def relations(package: Package, source: str) -> Iterator[tuple[str, str]]:
    """To what a part ("" for the package) refers inside of it: the kind of each relation, and the name of its
    target (§9.3).
    """
    folder, _, name = source.rpartition("/")
    part = f"{folder}/_rels/{name}.rels".removeprefix("/")
    if not package.has(part):
        return
    root: Any = fromstring(package.read(part), forbid_dtd=True)
    for each in root:
        kind, target = each.get("Type"), target_of(each.attrib, folder)
        if kind and target is not None:
            yield kind, target


def target_of(relation: Mapping[str, str], folder: str) -> str | None:
    """The part that a relation of a part in that folder refers to; None for what lies outside of the
    package.
    """
    target = relation.get("Target", "").replace("\\", "/")
    if not target or relation.get("TargetMode", "").lower() == "external":
        return None
    return posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")
