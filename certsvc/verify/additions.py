"""What stands between two signatures of ours: a revision that signs the next field, shown by the objects it writes.

Narrower than pyHanko's rules for differences and much quicker, for nothing but three objects need be looked at.
"""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import SuspiciousModification
from pyhanko.sign.diff_analysis.commons import compare_dicts

_FILLED = frozenset({"/V", "/AP"})
_OF_EACH_REVISION = frozenset({"/Size", "/Prev", "/ID"})


def adds_only_signature(old: HistoricalResolver, new: HistoricalResolver, *, field_name: str) -> bool:
    """Whether the revision `new`, the next after `old`, does no more than sign the empty field `field_name`.

    It writes three objects and frees none: the field, with every entry as it was but for its value and appearance, and
    two whose numbers `old` could not use, which these entries name. So nothing that `old` shows can have changed.
    """
    written = new.explicit_refs_in_revision()
    existing = [reference for reference in written if not old.is_ref_unassignable(reference)]
    if new.revision != old.revision + 1 or new.refs_freed_in_revision() or len(written) != 3 or len(existing) != 1:  # noqa: PLR2004 - the three objects
        return False
    [field] = existing
    before, after = old.get_object(field), new.get_object(field)
    try:
        is_same = compare_dicts(before, after, _FILLED, raise_exc=False) and compare_dicts(
            old.trailer_view, new.trailer_view, _OF_EACH_REVISION, raise_exc=False
        )
    except SuspiciousModification:
        return False
    if not is_same or "/V" in before or before["/T"] != field_name or field not in _form_fields(old):
        return False
    return _references(after) == written - {field}


def _form_fields(resolver: HistoricalResolver) -> set[generic.Reference]:
    fields = resolver.root["/AcroForm"]["/Fields"]
    return {item.reference for item in list.__iter__(fields) if isinstance(item, generic.IndirectObject)}


def _references(field: generic.DictionaryObject) -> set[generic.Reference]:
    """The objects that a signed field names as its value and as its only, normal appearance; none if it says anything else."""
    appearances = field.raw_get("/AP") if "/AP" in field else None
    if not isinstance(appearances, generic.DictionaryObject) or set(appearances) != {"/N"} or "/V" not in field:
        return set()
    named = (field.raw_get("/V"), appearances.raw_get("/N"))
    return {item.reference for item in named if isinstance(item, generic.IndirectObject)}
