"""What is wrong with a design's files, for `certsvc designs check`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

from jinja2 import TemplateSyntaxError, meta, nodes
from typing_extensions import override

from certsvc.errors import CertsvcError
from certsvc.models import Slot
from certsvc.templates.designs import OWN, Design, read_design
from certsvc.templates.filling import environment, fill
from certsvc.templates.preview import sample_values

GIVEN = frozenset({"qr", "head_examined"})
"""Placeholders that filling supplies itself."""

_DRAWN = frozenset({"verify_url"})
_VOID = frozenset({"br", "img", "meta", "hr"})
_OUTSIDE = re.compile(
    r"""(?:src|href|data)\s*=\s*["']?(?!\{\{|data:|\#)|url\(\s*["']?(?!data:)|@import|<(?:base|embed|iframe|link|object|script)\b""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a design: in which of its files, on which line (0: the whole)."""

    file: str
    line: int
    message_vi: str
    message_en: str


def check_design(folder: Path) -> list[Problem]:
    """All faults found in the design at `folder`; none means that it fills, signs and stays within the package."""
    if missing := [name for name in OWN if not folder.joinpath(name).is_file()]:
        return [Problem(name, 0, "Thiếu tệp.", "The file is missing.") for name in missing]
    try:
        design = read_design(folder, shared=files(__package__).joinpath("designs"))
    except CertsvcError as error:
        return [Problem("design.toml", 0, error.message_vi, error.message_en)]
    found = [*_outside(design), *_unbalanced(design), *_placeholders(design)]
    return found or [*_trial(design)]


def _outside(design: Design) -> Iterator[Problem]:
    for name in ("form.html", "form.css"):
        for number, line in enumerate(design.sources[name].splitlines(), start=1):
            if _OUTSIDE.search(line):
                yield Problem(name, number, "Gọi tài nguyên bên ngoài mẫu.", "Refers to something outside the design.")


def _unbalanced(design: Design) -> Iterator[Problem]:
    reader = _TagReader()
    reader.feed(design.sources["form.html"])
    reader.close()
    for tag, line in reader.faults + reader.open:
        yield Problem("form.html", line, f"Thẻ <{tag}> mở và đóng không khớp.", f"<{tag}> is not opened and closed in pairs.")


class _TagReader(HTMLParser):
    """Keeps the tags that are open, with their lines, and closing tags that fit none."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.faults: list[tuple[str, int]] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append((tag, self.getpos()[0]))

    @override
    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.faults.append((tag, self.getpos()[0]))


def _placeholders(design: Design) -> Iterator[Problem]:
    try:
        tree = environment(design.sources).parse(design.sources["form.html"])
    except TemplateSyntaxError as error:
        yield Problem("form.html", error.lineno, f"Sai cú pháp: {error.message}.", f"Syntax: {error.message}.")
        return
    used = meta.find_undeclared_variables(tree)
    known = set(design.fields) | GIVEN
    lines = _first_lines(tree)
    for name in sorted(used - known):
        yield Problem("form.html", lines[name], f"Trường không có trong design.toml: {name}.", f"Not a field of design.toml: {name}.")
    for name in sorted(set(design.fields) - used - _DRAWN):
        yield Problem("form.html", 0, f"Mẫu không in trường {name}.", f"The form does not print the field {name}.")
    for node in tree.find_all(nodes.Filter):
        if node.name == "safe":
            yield Problem("form.html", node.lineno, "Không được bỏ mã hoá ký tự (safe).", "Escaping must not be switched off (safe).")


def _first_lines(tree: nodes.Template) -> Mapping[str, int]:
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        lines.setdefault(node.name, node.lineno)
    return lines


def _trial(design: Design) -> Iterator[Problem]:
    """Fill it both ways: slots missing, too little room and remote fetches show here."""
    if Slot.REPRESENTATIVE not in design.all_slots:
        yield Problem("design.toml", 0, "Thiếu chỗ ký của đại diện đơn vị.", "The representative's slot is missing.")
    for head_examined in (False, True):
        try:
            fill(design, sample_values(design, head_examined=head_examined), head_examined=head_examined)
        except CertsvcError as error:
            yield Problem("form.html", 0, error.message_vi, error.message_en)
