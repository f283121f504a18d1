"""The structure tree of a page: what is a heading, a paragraph, a field, a picture (ISO 32000-2 clause 14.7, ISO 14289-1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from certsvc.pdf import number, text_string
from certsvc.states import Slot
from certsvc.templates.boxes import Element
from certsvc.templates.objects import Objects

PAGE_KEY = 0
"""The page's key in the parent tree, its /StructParents."""


@dataclass(slots=True)
class _Tree:
    """What is written so far; `contents` and `forms` say which element each piece of content, each mark belongs to."""

    objects: Objects
    page: int
    widgets: Mapping[Slot, int]
    contents: dict[int, int]
    forms: dict[Slot, int]

    def write(self, element: Element, *, parent: int) -> int:
        own = self.objects.reserve()
        kids = [self._kid(kid, parent=own) for kid in element.kids]
        body = f"<< /Type /StructElem /S /{element.role} /P {parent} 0 R /Pg {self.page} 0 R /K [{' '.join(kids)}]".encode("ascii")
        if element.box is not None:
            box = b" ".join(map(number, element.box))
            body += b" /Alt %b /A << /O /Layout /Placement /Block /BBox [%b] >>" % (text_string(element.alt), box)
        self.objects.put(own, body + b" >>")
        return own

    def _kid(self, kid: "Element | int | Slot", *, parent: int) -> str:
        if isinstance(kid, Element):
            return f"{self.write(kid, parent=parent)} 0 R"
        if isinstance(kid, Slot):
            self.forms[kid] = self.objects.reserve()
            # not in an array: pyHanko, comparing revisions, looks for a widget under /K /Obj
            reference = f"<< /Type /OBJR /Obj {self.widgets[kid]} 0 R /Pg {self.page} 0 R >>"
            form = f"<< /Type /StructElem /S /Form /P {parent} 0 R /Pg {self.page} 0 R /K {reference} >>"
            self.objects.put(self.forms[kid], form.encode("ascii"))
            return f"{self.forms[kid]} 0 R"
        self.contents[kid] = parent
        return str(kid)


def write_structure(objects: Objects, document: Element, *, page: int, widgets: Mapping[Slot, int]) -> int:
    """Add the tree's objects; returns the number of its root. `page` and `widgets` are numbers of objects.

    The parent tree gives the page's contents the key 0 and each widget the key of `widget_keys`.
    """
    root = objects.reserve()
    tree = _Tree(objects, page, widgets, {}, {})
    top = tree.write(_pruned(document, slots=widgets), parent=root)
    parents = [f"{tree.contents[own]} 0 R" if own in tree.contents else "null" for own in range(max(tree.contents, default=-1) + 1)]
    keys = widget_keys(widgets)
    forms = " ".join(f"{keys[slot]} {tree.forms[slot]} 0 R" for slot in keys if slot in tree.forms)
    parent_tree = objects.add(f"<< /Nums [{PAGE_KEY} [{' '.join(parents)}] {forms}] >>".encode("ascii"))
    next_key = PAGE_KEY + 1 + len(keys)
    objects.put(root, f"<< /Type /StructTreeRoot /K [{top} 0 R] /ParentTree {parent_tree} 0 R /ParentTreeNextKey {next_key} >>".encode("ascii"))
    return root


def widget_keys(widgets: Collection[Slot]) -> dict[Slot, int]:
    """Each widget's /StructParent."""
    return {slot: key for key, slot in enumerate(widgets, start=PAGE_KEY + 1)}


def _pruned(element: Element, *, slots: Collection[Slot]) -> Element:
    """Without elements that hold nothing, and without marks of others than `slots`."""
    kids: list[Element | int | Slot] = []
    for kid in element.kids:
        if isinstance(kid, Slot):
            kids += [kid] if kid in slots else []
        elif isinstance(kid, Element):
            kept = _pruned(kid, slots=slots)
            kids += [kept] if kept.kids else []
        else:
            kids.append(kid)
    return Element(element.role, kids, element.field, element.alt, element.box)
