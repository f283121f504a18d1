"""What a package of Office Open XML says about its own parts (ECMA-376 part 2): which one is the workbook,
what kind each is, what refers to what.

A package is judged by what it holds, not by what it declares: some programs declare kinds for files that they
never write.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import fromstring

from certsvc.records.raw.foreign import ForeignFormat, wrong_format
from certsvc.records.raw.packages import Package, same_name
from certsvc.records.raw.refusals import refusal

CONTENT_TYPES = "[Content_Types].xml"
_WORKBOOK, _STYLES = "xl/workbook.xml", "xl/styles.xml"
_SPREADSHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOKS = frozenset({f"{_SPREADSHEETML}.sheet.main+xml", f"{_SPREADSHEETML}.template.main+xml"})
_STRINGS = f"{_SPREADSHEETML}.sharedstrings+xml"
_OTHERS = {
    "ms-excel.sheet.binary": ForeignFormat.XLSB,
    "wordprocessingml": ForeignFormat.WORD,
    "ms-word": ForeignFormat.WORD,
    "presentationml": ForeignFormat.SLIDES,
    "ms-powerpoint": ForeignFormat.SLIDES,
}
"""Words in the kind of a main part, in lower case, and the format they reveal."""
_MACRO_KINDS = ("vbaproject", "macrosheet")
_MACRO_FILE = "vbaproject.bin"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a workbook that sheets depend on, by the names the package uses for them; None for one
    that it lacks.
    """

    workbook: str
    strings: str | None
    styles: str | None


def parts_of(package: Package) -> Parts:
    """Raises InputError `not_a_table` for anything but a workbook, `has_macros`, and what a parser raises."""
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
    strings = related.get("sharedStrings") or kinds.part_of_kind(_STRINGS)
    styles = related.get("styles") or _STYLES
    return Parts(
        workbook,
        strings if strings and package.has(strings) else None,
        styles if package.has(styles) else None,
    )


class _Kinds:
    """Content types of parts (§10.1.2), in lower case: media types do not differ by case."""

    def __init__(self, package: Package) -> None:
        root: Element = fromstring(package.read(CONTENT_TYPES), forbid_dtd=True)
        self._by_extension: dict[str, str] = {}
        self._by_part: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for entry in root:
            kind = entry.get("ContentType", "").strip().lower()
            if entry.tag.endswith("Default"):
                self._by_extension[same_name(entry.get("Extension", ""))] = kind
            elif entry.tag.endswith("Override"):
                name = entry.get("PartName", "")
                self._by_part[same_name(name)] = kind
                self._names.setdefault(kind, name.removeprefix("/"))

    def of(self, name: str) -> str:
        name = same_name(name)
        return self._by_part.get(name) or self._by_extension.get(name.rpartition(".")[2], "")

    def part_of_kind(self, kind: str) -> str | None:
        """The first part declared with this kind, whether it exists or not."""
        return self._names.get(kind)


def _main_part(package: Package, kinds: _Kinds) -> str:
    """The part that the package refers to as its document; else one declared as a workbook; else the one with
    the usual name.
    """
    for kind, target in relations(package, ""):
        if kind.endswith("/officeDocument") and package.has(target):
            return target
    declared = (kinds.part_of_kind(kind) for kind in sorted(_WORKBOOKS))
    return next((name for name in declared if name), _WORKBOOK)


def _check_kind(kind: str) -> None:
    if kind in _WORKBOOKS:
        return
    for word, foreign in _OTHERS.items():
        if word in kind:
            raise wrong_format(foreign)
    raise refusal("has_macros" if "macroenabled" in kind else "not_a_table")


def _is_macro(name: str, kinds: _Kinds) -> bool:
    if same_name(name).rpartition("/")[2] == _MACRO_FILE:
        return True
    return any(word in kinds.of(name) for word in _MACRO_KINDS)


def relations(package: Package, source: str) -> Iterator[tuple[str, str]]:
    """What a part ("" for the package itself) refers to inside the package: the kind of each relation, and
    the name of its target (§9.3).
    """
    folder, _, name = source.rpartition("/")
    part = f"{folder}/_rels/{name}.rels".removeprefix("/")
    if not package.has(part):
        return
    root: Element = fromstring(package.read(part), forbid_dtd=True)
    for relation in root:
        kind, target = relation.get("Type"), target_of(relation.attrib, folder)
        if kind and target is not None:
            yield kind, target


def target_of(relation: Mapping[str, str], folder: str) -> str | None:
    """The part that a relation of a part in that folder refers to; None for one outside the package."""
    target = relation.get("Target", "").replace("\\", "/")
    if not target or relation.get("TargetMode", "").lower() == "external":
        return None
    return posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")
