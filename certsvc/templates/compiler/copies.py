"""The second page of a sick leave in two copies: the first again, with the signatures' marks as page content.

The page to keep (liên 1) shows the same as the page to hand out (liên 2), but there is only one set of
signature fields. So it draws the stock's pictures, and the one time of all signatures of a certificate, for
they are made together.
"""

from collections.abc import Mapping

from certsvc.states import Slot
from certsvc.templates.compiler.boxes import Element, Rectangle
from certsvc.templates.slots import CopiedMark, Copy


def with_marks_as_content(
    document: Element, boxes: Mapping[Slot, Rectangle], slots: tuple[Slot, ...], *, labels: Mapping[Slot, str]
) -> tuple[Element, Copy]:
    """The second page's structure, with a picture and a line of text for each mark in `slots` that has a box.

    The number of the marks' content stream is still 0.
    """
    slots = tuple(slot for slot in slots if slot in boxes)
    first = max(_numbers(document), default=-1) + 1
    marks = tuple(
        CopiedMark(slot.value, boxes[slot][0], boxes[slot][1], boxes[slot][2] - boxes[slot][0], own, own + 1)
        for slot, own in _pairs(slots, first)
    )
    elements = {Slot(mark.slot): mark for mark in marks}

    def written(element: Element) -> Element:
        kids: list[Element | int | Slot] = []
        for kid in element.kids:
            if isinstance(kid, Element):
                kids.append(written(kid))
            elif not isinstance(kid, Slot):
                kids.append(kid)
            elif kid in elements:
                mark = elements[kid]
                kids += [
                    Element("Figure", [mark.picture_mcid], alt=labels[kid], box=boxes[kid]),
                    Element("Span", [mark.time_mcid]),
                ]
        return Element(element.role, kids, element.field, element.alt, element.box)

    return written(document), Copy(0, marks)


def _pairs(slots: tuple[Slot, ...], first: int) -> list[tuple[Slot, int]]:
    return [(slot, first + 2 * index) for index, slot in enumerate(slots)]


def _numbers(element: Element) -> list[int]:
    found: list[int] = []
    for kid in element.kids:
        if isinstance(kid, Element):
            found += _numbers(kid)
        elif not isinstance(kid, Slot):
            found.append(kid)
    return found
