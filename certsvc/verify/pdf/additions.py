"""What is between two signatures of ours: a revision that signs the next field, proven by what it writes.

Stricter than pyHanko's difference policy and much faster, for only three objects need be examined.
"""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis.commons import compare_dicts

from certsvc.verify.pdf.reading import entry

_FILLED = frozenset({"/V", "/AP"})
_OF_EACH_REVISION = frozenset({"/Size", "/Prev", "/ID"})


def adds_only_signature(old: HistoricalResolver, new: HistoricalResolver, *, field_name: str) -> bool:
    """Whether the revision `new`, the next after `old`, only signs the empty field `field_name`.

    It must write three objects and free none: the field, unchanged except for its value and appearance, and
    the two objects to which these entries refer, whose numbers `old` could not use. So nothing that `old`
    shows can have changed.
    """
    written: set[generic.Reference] = new.explicit_refs_in_revision()  # type: ignore[no-untyped-call]
    freed: set[generic.Reference] = new.refs_freed_in_revision()  # type: ignore[no-untyped-call]
    existing = [reference for reference in written if not old.is_ref_unassignable(reference)]
    if new.revision != old.revision + 1 or freed or len(written) != 3 or len(existing) != 1:  # noqa: PLR2004 - the three objects
        return False
    [field] = existing
    before, after = old.get_object(field), new.get_object(field)
    if field not in _form_fields(old) or not _is_same(before, after, but=_FILLED):
        return False
    if "/V" in before or entry(before, "/T") != field_name:
        return False
    is_same_trailer = _is_same(old.trailer_view, new.trailer_view, but=_OF_EACH_REVISION)
    return is_same_trailer and _references(after) == written - {field}


def _is_same(before: generic.PdfObject, after: generic.PdfObject, *, but: frozenset[str]) -> bool:
    """Whether both are dictionaries, not streams, with the same entries except for these."""
    for item in (before, after):
        if isinstance(item, generic.StreamObject) or not isinstance(item, generic.DictionaryObject):
            return False
    return bool(compare_dicts(before, after, but, raise_exc=False))


def _form_fields(resolver: HistoricalResolver) -> set[generic.Reference]:
    fields = resolver.root["/AcroForm"]["/Fields"]
    return {item.reference for item in list.__iter__(fields) if isinstance(item, generic.IndirectObject)}


def _references(field: generic.DictionaryObject) -> set[generic.Reference]:
    """The objects to which a signed field refers as its value and as its only, normal appearance.

    None if it has anything else.
    """
    appearances = field.raw_get("/AP") if "/AP" in field else None
    if not isinstance(appearances, generic.DictionaryObject):
        return set()
    if set(appearances) != {"/N"} or "/V" not in field:
        return set()
    named = (field.raw_get("/V"), appearances.raw_get("/N"))
    return {item.reference for item in named if isinstance(item, generic.IndirectObject)}
