"""What stands between two signatures of ours: a revision that signs the next field, shown by the objects it
writes.

Narrower than pyHanko's rules for differences and much quicker, for nothing but three objects need be looked
at.
"""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis.commons import compare_dicts

from certsvc.verify.pdf.reading import entry

_FILLED = frozenset({"/V", "/AP"})
_OF_EACH_REVISION = frozenset({"/Size", "/Prev", "/ID"})


def adds_only_signature(old: HistoricalResolver, new: HistoricalResolver, *, field_name: str) -> bool:
    """Whether the revision `new`, the next after `old`, does no more than sign the empty field `field_name`.

    It writes three objects and frees none: the field, with every entry as it was but for its value and
    appearance, and two whose numbers `old` could not use, which these entries name. So nothing that `old`
    shows can have changed.
    """
    written: set[generic.Reference] = new.explicit_refs_in_revision()  # type: ignore[no-untyped-call]
    freed: set[generic.Reference] = new.refs_freed_in_revision()  # type: ignore[no-untyped-call]
    existing = [reference for reference in written if not old.is_ref_unassignable(reference)]
    if new.revision != old.revision + 1 or freed or len(written) != 3 or len(existing) != 1:  # noqa: PLR2004 - the three objects
        return False
    [field] = existing
    before, after = old.get_object(field), new.get_object(field)
    if (
        field not in _form_fields(old)
        or not _is_same(before, after, but=_FILLED)
        or "/V" in before
        or entry(before, "/T") != field_name
    ):
        return False
    return _is_same(old.trailer_view, new.trailer_view, but=_OF_EACH_REVISION) and _references(
        after
    ) == written - {field}


def _is_same(before: generic.PdfObject, after: generic.PdfObject, *, but: frozenset[str]) -> bool:
    """Whether two dictionaries, and no streams, have the same entries but for these."""
    if any(
        isinstance(each, generic.StreamObject) or not isinstance(each, generic.DictionaryObject)
        for each in (before, after)
    ):
        return False
    return bool(compare_dicts(before, after, but, raise_exc=False))


def _form_fields(resolver: HistoricalResolver) -> set[generic.Reference]:
    fields = resolver.root["/AcroForm"]["/Fields"]
    return {item.reference for item in list.__iter__(fields) if isinstance(item, generic.IndirectObject)}


def _references(field: generic.DictionaryObject) -> set[generic.Reference]:
    """The objects that a signed field names as its value and as its only, normal appearance; none if it says
    anything else.
    """
    appearances = field.raw_get("/AP") if "/AP" in field else None
    if (
        not isinstance(appearances, generic.DictionaryObject)
        or set(appearances) != {"/N"}
        or "/V" not in field
    ):
        return set()
    named = (field.raw_get("/V"), appearances.raw_get("/N"))
    return {item.reference for item in named if isinstance(item, generic.IndirectObject)}
