"""The structure tree of a form: what is a heading, a paragraph, a field, a picture (ISO 32000-2 clause 14.7,
ISO 14289-1).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from certsvc.pdf import number, text_string
from certsvc.states import Slot
from certsvc.templates.compiler.boxes import Element
from certsvc.templates.compiler.objects import Objects

PAGE_KEY = 0
"""The first page's key in the parent tree, its /StructParents."""


@dataclass(slots=True)
class _Tree:
    """What is written so far of one page; `contents` and `forms` say which element each piece of content,
    each mark belongs to.
    """

    objects: Objects
    page: int
    widgets: Mapping[Slot, int]
    contents: dict[int, int]
    forms: dict[Slot, int]

    def write(self, element: Element, *, parent: int) -> int:
        own = self.objects.reserve()
        kids = [self._kid(kid, parent=own) for kid in element.kids]
        body = (
            f"<< /Type /StructElem /S /{element.role} /P {parent} 0 R /Pg {self.page} 0 R /K"
            f" [{' '.join(kids)}]".encode("ascii")
        )
        if element.box is not None:
            box = b" ".join(map(number, element.box))
            body += b" /Alt %b /A << /O /Layout /Placement /Block /BBox [%b] >>" % (
                text_string(element.alt),
                box,
            )
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


def write_structure(
    objects: Objects, pages: Sequence[tuple[Element, int]], *, widgets: Mapping[Slot, int]
) -> int:
    """Add the tree's objects; returns the number of its root. `pages` are their documents and the numbers of
    their objects, `widgets` those of the first page.

    The parent tree gives the first page's contents the key 0, each widget the key of `widget_keys`, other
    pages that of `page_keys`. Of several pages each is a part of one document.
    """
    root = objects.reserve()
    trees = [_Tree(objects, page, widgets, {}, {}) for _, page in pages]
    documents = [_pruned(document, slots=widgets) for document, _ in pages]
    if len(pages) == 1:
        top = trees[0].write(documents[0], parent=root)
    else:
        top = objects.reserve()
        parts = [
            tree.write(replace(document, role="Part"), parent=top)
            for tree, document in zip(trees, documents, strict=True)
        ]
        kids = " ".join(f"{part} 0 R" for part in parts)
        objects.put(top, f"<< /Type /StructElem /S /Document /P {root} 0 R /K [{kids}] >>".encode("ascii"))
    keys = widget_keys(widgets)
    entries = [(keys[slot], f"{trees[0].forms[slot]} 0 R") for slot in keys if slot in trees[0].forms]
    entries += [
        (key, f"[{_parents(tree)}]") for key, tree in zip(page_keys(len(pages), widgets), trees, strict=True)
    ]
    numbers = " ".join(f"{key} {value}" for key, value in sorted(entries))
    parent_tree = objects.add(f"<< /Nums [{numbers}] >>".encode("ascii"))
    next_key = len(keys) + len(pages)
    objects.put(
        root,
        f"<< /Type /StructTreeRoot /K [{top} 0 R] /ParentTree {parent_tree} 0 R /ParentTreeNextKey"
        f" {next_key} >>".encode("ascii"),
    )
    return root


def _parents(tree: _Tree) -> str:
    return " ".join(
        f"{tree.contents[own]} 0 R" if own in tree.contents else "null"
        for own in range(max(tree.contents, default=-1) + 1)
    )


def page_keys(count: int, widgets: Collection[Slot]) -> list[int]:
    """Each page's /StructParents: the first has the first key, others come behind the widgets."""
    return [PAGE_KEY, *range(PAGE_KEY + 1 + len(widgets), PAGE_KEY + len(widgets) + count)]


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
