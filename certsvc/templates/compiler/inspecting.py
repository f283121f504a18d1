"""Faults in a design's files, for `certsvc designs check`."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

from jinja2 import TemplateSyntaxError, meta, nodes
from typing_extensions import override

from certsvc.errors import CertsvcError
from certsvc.states import Slot
from certsvc.templates.compiler.markup import GIVEN, environment
from certsvc.templates.compiler.probing import DesignFault, probe
from certsvc.templates.designs import OWN, Design, read_design
from certsvc.templates.metadata import LANGUAGE

_DRAWN = frozenset({"verify_url"})
_NEEDED_IDS = ("form-end",)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PICTURES = frozenset({"svg", "picture", "canvas", "video"})
_VOID = frozenset({"br", "img", "meta", "hr"})
_OUTSIDE = re.compile(
    r"""(?:src|href|data)\s*=\s*["']?(?!\{\{|data:|\#)|url\(\s*["']?(?!data:)|@import|<(?:base|embed|iframe|link|object|script)\b""",
    re.IGNORECASE,
)

_FACE = re.compile(
    r"""font-family\s*:\s*(?!["']?Tinos Form|inherit)|font\s*:\s*(?![^;}]*Tinos Form|inherit)""",
    re.IGNORECASE,
)


def check_design(folder: Path) -> list[DesignFault]:
    """All faults found in the design at `folder`; if there are none, it can be filled and signed as it is."""
    if missing := [name for name in OWN if not folder.joinpath(name).is_file()]:
        return [DesignFault(name, 0, "Thiếu tệp.", "The file is missing.") for name in missing]
    try:
        design = read_design(folder, shared=files("certsvc.templates").joinpath("designs"))
    except CertsvcError as error:
        return [DesignFault("design.toml", 0, error.message_vi, error.message_en)]
    found = [
        *_outside(design),
        *_faces(design),
        *_document(design),
        *_placeholders(design),
        *_signers(design),
    ]
    return found or list(dict.fromkeys(probe(design, lines=_field_lines(design))))


def _outside(design: Design) -> Iterator[DesignFault]:
    for name, line in _matching(design, _OUTSIDE):
        vi, en = "Gọi tài nguyên bên ngoài mẫu.", "Refers to something outside the design."
        yield DesignFault(name, line, vi, en)


def _faces(design: Design) -> Iterator[DesignFault]:
    for name, line in _matching(design, _FACE):
        vi, en = "Chỉ dùng được phông Tinos Form.", "The only typeface available is Tinos Form."
        yield DesignFault(name, line, vi, en)


def _matching(design: Design, pattern: re.Pattern[str]) -> Iterator[tuple[str, int]]:
    """The lines of a design that match, by file and number."""
    for name in ("form.html", "form.css"):
        for number, line in enumerate(design.sources[name].splitlines(), start=1):
            if pattern.search(line):
                yield name, number


def _document(design: Design) -> Iterator[DesignFault]:
    """Tags in pairs, and what PDF/UA requires: language, title, headings in order, alternative texts."""
    reader = _TagReader()
    reader.feed(design.sources["form.html"])
    reader.close()
    for tag, line in reader.unpaired + reader.open:
        vi, en = f"Thẻ <{tag}> mở và đóng không khớp.", f"<{tag}> is not opened and closed in pairs."
        yield DesignFault("form.html", line, vi, en)
    yield from reader.faults
    if not reader.title.strip():
        yield DesignFault("form.html", 0, "Thiếu <title>.", "<title> is missing.")
    if not reader.headings:
        yield DesignFault("form.html", 0, "Thiếu tiêu đề <h1>.", "The heading <h1> is missing.")
    for name in _NEEDED_IDS:
        if name not in reader.ids:
            yield DesignFault("form.html", 0, f'Thiếu phần có id="{name}".', f'Nothing has id="{name}".')


class _TagReader(HTMLParser):
    """Collects open tags with their lines, closing tags that match none, and faults in single tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.unpaired: list[tuple[str, int]] = []
        self.faults: list[DesignFault] = []
        self.headings: list[str] = []
        self.ids: set[str] = set()
        self.title = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.ids.add(facts.get("id") or "")
        if tag not in _VOID:
            self.open.append((tag, self.getpos()[0]))
        if tag == "html" and facts.get("lang") != LANGUAGE:
            self._complain(f'Cần <html lang="{LANGUAGE}">.', f'It must be <html lang="{LANGUAGE}">.')
        if (tag == "img" and facts.get("src") != "{{ qr }}") or tag in _PICTURES:
            self._complain("Mẫu chỉ có một hình là mã QR.", "A design has exactly one image: the QR.")
        if tag == "img" and not facts.get("alt"):
            self._complain("Hình thiếu lời thay thế (alt).", "The image has no alternative text (alt).")
        if tag in _HEADINGS:
            self._heading(tag)

    def _heading(self, tag: str) -> None:
        level, deepest = int(tag[1]), int(self.headings[-1][1]) if self.headings else 0
        if level > deepest + 1 or (tag == "h1" and self.headings):
            wrong = f"<{tag}> has the wrong level: h1 first and only once, then without skipping a level."
            self._complain(f"Tiêu đề <{tag}> sai cấp.", wrong)
        self.headings.append(tag)

    def _complain(self, message_vi: str, message_en: str) -> None:
        self.faults.append(DesignFault("form.html", self.getpos()[0], message_vi, message_en))

    @override
    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.unpaired.append((tag, self.getpos()[0]))

    @override
    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] == "title":
            self.title += data


def _placeholders(design: Design) -> Iterator[DesignFault]:
    try:
        tree = environment(design.sources).parse(design.sources["form.html"])
    except TemplateSyntaxError as error:
        vi, en = f"Sai cú pháp: {error.message}.", f"Syntax: {error.message}."
        yield DesignFault("form.html", error.lineno, vi, en)
        return
    used = meta.find_undeclared_variables(tree)
    known = set(design.fields) | GIVEN
    lines = _first_lines(tree)
    for name in sorted(used - known):
        vi, en = f"Trường không có trong design.toml: {name}.", f"Not a field in design.toml: {name}."
        yield DesignFault("form.html", lines[name], vi, en)
    for name in sorted(set(design.fields) - used - _DRAWN):
        vi, en = f"Mẫu không in trường {name}.", f"The form does not print the field {name}."
        yield DesignFault("form.html", 0, vi, en)
    yield from _misused(tree, fields=known - GIVEN)


def _misused(tree: nodes.Template, *, fields: frozenset[str] | set[str]) -> Iterator[DesignFault]:
    """A field's value comes after the layout: it can be printed, but nothing can depend on it."""
    for found in tree.find_all(nodes.Filter):
        if found.name == "safe":
            vi, en = "Không được bỏ mã hoá ký tự (safe).", "Escaping must not be switched off (safe)."
            yield DesignFault("form.html", found.lineno, vi, en)
    for kind in (nodes.If, nodes.CondExpr, nodes.Filter, nodes.Compare, nodes.Concat, nodes.For):
        for node in tree.find_all(kind):
            for name in sorted(_names(_deciding(node)) & fields):
                vi, en = (
                    f"Trường {name} chỉ được in nguyên văn.",
                    f"The field {name} can only be printed as it is.",
                )
                yield DesignFault("form.html", node.lineno, vi, en)


def _deciding(node: nodes.Node) -> nodes.Node | None:
    """The part of a node that its result depends on."""
    match node:
        case nodes.If() | nodes.CondExpr():
            return node.test
        case nodes.For():
            return node.iter
        case _:
            return node


def _names(node: nodes.Node | None) -> set[str]:
    if node is None:
        return set()
    return {name.name for name in (node, *node.find_all(nodes.Name)) if isinstance(name, nodes.Name)}


def _field_lines(design: Design) -> Mapping[str, int]:
    return _first_lines(environment(design.sources).parse(design.sources["form.html"]))


def _first_lines(tree: nodes.Template) -> Mapping[str, int]:
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        lines.setdefault(node.name, node.lineno)
    return lines


def _signers(design: Design) -> Iterator[DesignFault]:
    if Slot.REPRESENTATIVE not in design.all_slots:
        vi, en = "Thiếu chỗ ký của đại diện đơn vị.", "The representative's slot is missing."
        yield DesignFault("design.toml", 0, vi, en)
