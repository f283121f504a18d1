"""What WeasyPrint's layout says: the positions of slots, marks and QR, and the reading order.

WeasyPrint numbers marked content as it draws; its boxes and its structure tree have the same order, so a
walk over both tells which number belongs to which box. Lengths are in points from the page's lower left
corner.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from weasyprint.formatting_structure import boxes
from weasyprint.layout.absolute import AbsolutePlaceholder

from certsvc.errors import Broken
from certsvc.states import Slot
from certsvc.templates.compiler.laying import PT_PER_PX, Drawn
from certsvc.templates.faces import face_of
from certsvc.templates.slots import Align, TextSlot

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top."""

_ROLES = {"div": "Div", "p": "P", "h1": "H1", "h2": "H2", "h3": "H3", "img": "Figure"}
_ALIGNS: Mapping[str, Align] = {
    "left": "left",
    "start": "left",
    "justify": "left",
    "center": "center",
    "right": "right",
    "end": "right",
}
_MARK_ID = "slot-"
_HALF_PT = 0.5


@dataclass(slots=True)
class Element:
    """A node of the structure tree [ISO 32000-2 §14.7.2]; kids are nodes, marked-content numbers or marks.

    `field` is set on the element of a field's slot, `alt` and `box` on a figure.
    """

    role: str
    kids: list["Element | int | Slot"] = field(default_factory=list)
    field: str = ""
    alt: str = ""
    box: Rectangle | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A layout as read: the structure, slots in reading order, the marks' boxes, the page's size."""

    document: Element
    texts: tuple[TextSlot, ...]
    marks: Mapping[Slot, Rectangle]
    width: float
    height: float


class SlotFault(Broken):
    """A slot that cannot be filled afterwards; `name` is its field."""

    def __init__(self, name: str, message_vi: str, message_en: str) -> None:
        super().__init__("design_slot", f"Ô {name}: {message_vi}", f"Slot {name}: {message_en}")
        self.name = name


def place(drawn: Drawn, *, empty: bool) -> Placed:
    """Read a drawn one-page document. With `empty`, its fields are placeholders: the slots to fill later.

    Raises SlotFault if a slot is not a fixed box.
    """
    page = drawn.document.pages[0]
    return _Reader(drawn, empty=empty).read(page)


class _Reader:
    def __init__(self, drawn: Drawn, *, empty: bool) -> None:
        self._numbers = _content_numbers(drawn)
        self._empty = empty
        self._texts: list[TextSlot] = []
        self._marks: dict[Slot, Rectangle] = {}
        self._page_height = 0.0

    def read(self, page: Any) -> Placed:
        self._page_height = page.height * PT_PER_PX
        document = Element("Document")
        self._walk(page._page_box, document, {})  # noqa: SLF001  # WeasyPrint shows its boxes nowhere else
        if next(self._numbers, None) is not None:
            raise RuntimeError("WeasyPrint's structure tree has content that no box of the page explains")
        return Placed(document, tuple(self._texts), self._marks, page.width * PT_PER_PX, self._page_height)

    def _walk(self, box: Any, parent: Element, nodes: dict[int, Element]) -> None:
        """Add the box to `parent`; `nodes` are the elements so far: an element may have several boxes."""
        if isinstance(box, AbsolutePlaceholder):
            box = box._box  # noqa: SLF001
        if isinstance(box, boxes.TextBox):
            parent.kids.append(next(self._numbers))
            return
        node = self._node(box, parent, nodes)
        for child in getattr(box, "children", ()):
            self._walk(child, node, nodes)
        if isinstance(box, boxes.ReplacedBox):
            node.kids.append(next(self._numbers))
        if node.field and node is not parent and self._empty:
            self._texts.append(self._slot(box, node))

    def _node(self, box: Any, parent: Element, nodes: dict[int, Element]) -> Element:
        if box.element is None or ":" in box.element_tag:
            return parent
        known = nodes.get(id(box.element))
        if known is not None:
            return known
        node = self._element(box)
        if node is None:
            return parent
        nodes[id(box.element)] = node
        parent.kids.append(node)
        name = box.element.attrib.get("id", "")
        if name.startswith(_MARK_ID) and name.removeprefix(_MARK_ID) in set(Slot):
            slot = Slot(name.removeprefix(_MARK_ID))
            corner, size = (box.border_box_x(), box.border_box_y()), (box.border_width(), box.border_height())
            self._marks[slot] = self._rectangle(*corner, *size)
            node.kids.append(slot)
        return node

    def _element(self, box: Any) -> Element | None:
        if name := box.element.attrib.get("data-slot"):
            return Element("Span", field=name)
        role = _ROLES.get(box.element_tag)
        if role != "Figure":
            return Element(role) if role else None
        box_on_page = self._rectangle(box.content_box_x(), box.content_box_y(), box.width, box.height)
        return Element(role, alt=box.element.attrib.get("alt", ""), box=box_on_page)

    def _rectangle(self, x: float, y: float, width: float, height: float) -> Rectangle:
        left, top = x * PT_PER_PX, self._page_height - y * PT_PER_PX
        return (left, top - height * PT_PER_PX, left + width * PT_PER_PX, top)

    def _slot(self, box: Any, node: Element) -> TextSlot:
        lines = list(_lines(box))
        if (
            not isinstance(box, boxes.BlockLevelBox | boxes.InlineBlockBox)
            or len(lines) != 1
            or len(node.kids) != 1
            or not isinstance(node.kids[0], int)
        ):
            raise SlotFault(node.field, "không phải một khối riêng.", "it is not a block of its own.")
        line, style = lines[0], lines[0].children[0].style
        leading = line.height
        count = round(box.height / leading)
        first = round((line.position_y - box.content_box_y()) / leading)
        if abs(count * leading - box.height) > _HALF_PT or first not in {0, count - 1} or count < 1:
            wrong = "its height is not a whole number of lines."
            raise SlotFault(node.field, "chiều cao không phải là một số dòng.", wrong)
        text = line.children[0]
        baseline = self._page_height - (text.position_y + text.baseline) * PT_PER_PX
        align = _ALIGNS.get(line.style["text_align_all"])
        if align is None:
            raise SlotFault(node.field, "kiểu căn dòng lạ.", "its text-align is unknown.")
        spacing = style["letter_spacing"]
        return TextSlot(
            field=node.field,
            mcid=node.kids[0],
            face=face_of(weight=style["font_weight"], is_italic=style["font_style"] != "normal"),
            size=style["font_size"] * PT_PER_PX,
            colour=_colour(style["color"]),
            letter_spacing=0.0 if spacing == "normal" else spacing * PT_PER_PX,
            align=align,
            is_upper=style["text_transform"] == "uppercase",
            x=box.content_box_x() * PT_PER_PX,
            width=box.width * PT_PER_PX,
            baselines=tuple(baseline - (index - first) * leading * PT_PER_PX for index in range(count)),
            is_low=count > 1 and first == count - 1,
        )


def _lines(box: Any) -> Iterator[Any]:
    for child in box.children:
        if isinstance(child, boxes.LineBox):
            yield child
        elif isinstance(child, boxes.ParentBox):
            yield from _lines(child)


def _colour(colour: Any) -> tuple[float, float, float]:
    red, green, blue = colour.to("srgb").coordinates
    return (float(red), float(green), float(blue))


def _content_numbers(drawn: Drawn) -> Iterator[int]:
    """Marked-content numbers in the order of WeasyPrint's structure tree."""

    def below(element: Any) -> Iterator[int]:
        for kid in element["K"]:
            if isinstance(kid, int):
                yield kid
            else:
                yield from below(drawn.object(kid))

    yield from below(drawn.object(drawn.pdf.catalog["StructTreeRoot"]))


Landmark = tuple[str, float, float, float, float]
"""Something on a page, with its left, top, width and height in pixels; texts are without size."""


def landmarks(document: Any) -> list[Landmark]:
    """What a field's text must not move, in layout order: the form's words, the boxes of fields and marks."""
    return list(_landmarks(document.pages[0]._page_box))  # noqa: SLF001


def _landmarks(box: Any) -> Iterator[Landmark]:
    if isinstance(box, AbsolutePlaceholder):
        box = box._box  # noqa: SLF001
    if isinstance(box, boxes.TextBox):
        yield (box.text, box.position_x, box.position_y, 0, 0)
        return
    attributes = {} if box.element is None else box.element.attrib
    field = attributes.get("data-slot", "")
    if name := field or attributes.get("id", ""):
        yield (name, box.position_x, box.position_y, box.border_width(), box.border_height())
    if not field:
        for child in getattr(box, "children", ()):
            yield from _landmarks(child)
