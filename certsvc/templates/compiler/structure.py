"""A form's structure tree: headings, paragraphs, fields, pictures [ISO 32000-2 §14.7; ISO 14289-1]."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from certsvc.pdf import number, text_string
from certsvc.states import Slot
from certsvc.templates.compiler.boxes import Element
from certsvc.templates.compiler.objects import Objects

PAGE_KEY = 0
"""The first page's /StructParents, its key in the parent tree."""


@dataclass(slots=True)
class _Tree:
    """One page's tree so far; `contents` and `forms` map marked contents and marks to their elements."""

    objects: Objects
    page: int
    widgets: Mapping[Slot, int]
    contents: dict[int, int]
    forms: dict[Slot, int]

    def write(self, element: Element, *, parent: int) -> int:
        own = self.objects.reserve()
        kids = [self._kid(kid, parent=own) for kid in element.kids]
        entries = f"/S /{element.role} /P {parent} 0 R /Pg {self.page} 0 R /K [{' '.join(kids)}]"
        body = b"<< /Type /StructElem " + entries.encode("ascii")
        if element.box is not None:
            alt, box = text_string(element.alt), b" ".join(map(number, element.box))
            body += b" /Alt %b /A << /O /Layout /Placement /Block /BBox [%b] >>" % (alt, box)
        self.objects.put(own, body + b" >>")
        return own

    def _kid(self, kid: "Element | int | Slot", *, parent: int) -> str:
        if isinstance(kid, Element):
            return f"{self.write(kid, parent=parent)} 0 R"
        if isinstance(kid, Slot):
            self.forms[kid] = self.objects.reserve()
            # not in an array: when comparing revisions, pyHanko looks for a widget under /K /Obj
            reference = f"<< /Type /OBJR /Obj {self.widgets[kid]} 0 R /Pg {self.page} 0 R >>"
            form = f"<< /Type /StructElem /S /Form /P {parent} 0 R /Pg {self.page} 0 R /K {reference} >>"
            self.objects.put(self.forms[kid], form.encode("ascii"))
            return f"{self.forms[kid]} 0 R"
        self.contents[kid] = parent
        return str(kid)


def write_structure(
    objects: Objects, pages: Sequence[tuple[Element, int]], *, widgets: Mapping[Slot, int]
) -> int:
    """Add the tree's objects and return the number of its root.

    `pages` gives each page's document and object number, `widgets` the object numbers of the first page's
    widgets. Keys in the parent tree are those of `page_keys` and `widget_keys`. If there are several pages,
    each is a part of one document.
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
    keys, pages_keys = widget_keys(widgets), page_keys(len(pages), widgets)
    entries = [(keys[slot], f"{trees[0].forms[slot]} 0 R") for slot in keys if slot in trees[0].forms]
    entries += [(key, f"[{_parents(tree)}]") for key, tree in zip(pages_keys, trees, strict=True)]
    numbers = " ".join(f"{key} {value}" for key, value in sorted(entries))
    parent_tree = objects.add(f"<< /Nums [{numbers}] >>".encode("ascii"))
    parents = f"/ParentTree {parent_tree} 0 R /ParentTreeNextKey {len(keys) + len(pages)}"
    objects.put(root, f"<< /Type /StructTreeRoot /K [{top} 0 R] {parents} >>".encode("ascii"))
    return root


def _parents(tree: _Tree) -> str:
    return " ".join(
        f"{tree.contents[own]} 0 R" if own in tree.contents else "null"
        for own in range(max(tree.contents, default=-1) + 1)
    )


def page_keys(count: int, widgets: Collection[Slot]) -> list[int]:
    """Each page's /StructParents: the first has the first key, others follow the widgets."""
    return [PAGE_KEY, *range(PAGE_KEY + 1 + len(widgets), PAGE_KEY + len(widgets) + count)]


def widget_keys(widgets: Collection[Slot]) -> dict[Slot, int]:
    """Each widget's /StructParent."""
    return {slot: key for key, slot in enumerate(widgets, start=PAGE_KEY + 1)}


def _pruned(element: Element, *, slots: Collection[Slot]) -> Element:
    """The element without empty elements and without marks that are not in `slots`."""
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
