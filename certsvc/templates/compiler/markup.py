"""A design as HTML, with the values of a certificate or with empty slots.

Text from a case is never markup: sandboxed Jinja2 escapes every value, and an unknown or missing placeholder
is an error. A field prints as `<span class="slot" data-slot="…">`, which the stylesheets turn into a box of
its own.
"""

import functools
import html
from collections.abc import Mapping

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from certsvc.errors import Broken
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.qr import data_address

FILLED_SIZES_PT = (13.0, 11.5, 10.0, 8.5, 7.0)
"""Sizes of filled-in text: slots have the first; the others are tried in turn until one page is enough."""

GIVEN = frozenset({"qr", "head_examined", "is_reissue", "is_delegated", "for_child", "is_kept_copy"})
"""Placeholders that are not fields; `is_kept_copy`: this is the facility's own copy (liên 1)."""

EMPTY = "\N{NO-BREAK SPACE}"
"""The content of an empty slot: WeasyPrint draws nothing, but makes a line and marked content for it."""

_QR = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg=="
)
"""One white pixel, whose image object is replaced by the QR's."""

_LABEL_PT = 13.0
_LINE_MM = 6.9
_LEAST_LEADING = 1.2
_MM_PER_PT = 25.4 / 72


class _Printed:
    """A field in a template: all that can be done with it is print it."""

    def __init__(self, name: str, text: str) -> None:
        self._html = f'<span class="slot" data-slot="{html.escape(name)}">{html.escape(text) or EMPTY}</span>'

    def __html__(self) -> str:
        return self._html


def form_html(
    design: Design,
    values: Mapping[str, str],
    *,
    head_examined: bool,
    is_reissue: bool,
    traits: frozenset[Trait] = PLAIN,
    is_kept_copy: bool = False,
) -> str:
    """The form's HTML; a field that is blank or missing in `values` is an empty slot.

    Raises Broken if the template fails.
    """
    fields = {name: _Printed(name, values.get(name, "")) for name in design.fields}
    conditions = {
        "head_examined": head_examined,
        "is_reissue": is_reissue,
        "is_delegated": Trait.IS_DELEGATED in traits,
        "for_child": Trait.FOR_CHILD in traits,
        "is_kept_copy": is_kept_copy,
    }
    try:
        return _template(design).render(fields, qr=_QR, **conditions)
    except TemplateError as error:
        raise Broken(
            "design_template", f"Mẫu {design.id} bị lỗi: {error}", f"Design {design.id} is broken: {error}"
        ) from error


def environment(sources: Mapping[str, str]) -> SandboxedEnvironment:
    """The Jinja2 environment designs are written for: sandboxed, escaping always, strict."""
    return SandboxedEnvironment(
        loader=DictLoader(dict(sources)), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


@functools.lru_cache(maxsize=32)
def _environment_by_digest(_digest: str, sources: tuple[tuple[str, str], ...]) -> SandboxedEnvironment:
    return environment(dict(sources))


def _template(design: Design) -> Template:
    sources = tuple(sorted(design.sources.items()))
    return _environment_by_digest(design.digest, sources).get_template("form.html")


def form_sheets(design: Design, *, size_pt: float = FILLED_SIZES_PT[0]) -> tuple[str, ...]:
    """The form's stylesheets for filled-in text of that size."""
    return (design.sources["paper.css"], design.sources["form.css"], filled_css(size_pt))


def filled_css(size_pt: float) -> str:
    """The rows' style for filled-in text of that size, with a paper form's dotted line below each line."""
    label_pt = min(_LABEL_PT, size_pt + 1.5)
    line_mm = max(_LINE_MM * size_pt / FILLED_SIZES_PT[0], label_pt * _LEAST_LEADING * _MM_PER_PT)
    dots_mm = line_mm / 2 + 2.15 * label_pt / _LABEL_PT
    size = f"width='0.9mm' height='{line_mm}mm' viewBox='0 0 0.9 {line_mm}'"
    dot = f"<circle cx='0.45' cy='{dots_mm}' r='0.13'/>"
    image = data_address(f"<svg xmlns='http://www.w3.org/2000/svg' {size}>{dot}</svg>")
    dotted = f"background: url({image}) 0 0 / 0.9mm {line_mm}mm repeat"
    rows = (
        f".row {{ font-size: {label_pt}pt; line-height: {line_mm}mm; }}"
        f" .row .slot {{ font-size: {size_pt}pt; {dotted}; }}"
    )
    if size_pt == FILLED_SIZES_PT[0]:
        return rows
    return (
        f"{rows} .section {{ font-size: {label_pt}pt; }}"
        " .title { margin: 3mm 0 2mm; } .signers { margin-top: 1mm; }"
    )
