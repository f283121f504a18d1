"""What the signatures in a file of ours forbid, and proof that it was not done between them.

ISO 32000-2 clauses 12.8.2.2 (DocMDP), 12.8.2.4 (FieldMDP) and 7.5.6 (revisions).
"""

from itertools import pairwise

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    FormUpdatingRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature

from certsvc.verify.findings import FileKind, Refused
from certsvc.verify.pdf.additions import adds_only_signature
from certsvc.verify.pdf.reading import entry
from certsvc.verify.report import CheckName

_DIFF_POLICY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldModificationRule()]),
    ignore_orphaned_objects=False,
)
"""Only signing an existing field: our signatures touch neither /Info nor XMP nor the security store."""


def check_permissions(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature]) -> None:
    """The first certifies the document, the last locks it; a single one does both (P=1)."""
    first, last = signatures[0], signatures[-1]
    wanted = MDPPerm.NO_CHANGES if first is last else MDPPerm.FILL_FORMS
    permissions = entry(reader.root, "/Perms")
    if not isinstance(permissions, generic.DictionaryObject) or set(permissions) != {"/DocMDP"}:
        raise _wrong_permissions()
    if permissions["/DocMDP"] is not first.sig_object or not _certified(first.sig_object):
        raise _wrong_permissions()
    if first.docmdp_level is not wanted or last.docmdp_level is not MDPPerm.NO_CHANGES:
        raise _wrong_permissions()
    if any(_certified(signature.sig_object) for signature in signatures[1:]):
        raise _wrong_permissions()


def _certified(signature: generic.DictionaryObject) -> bool:
    references = entry(signature, "/Reference")
    return any(
        reference.get_object()["/TransformMethod"] == "/DocMDP"
        for reference in (references if isinstance(references, generic.ArrayObject) else ())
    )


def _wrong_permissions() -> Refused:
    return Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Tệp không được khóa đúng cách.")


def check_differences(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature]) -> None:
    """Refuse unless each signature adds one revision to the last, which fills only its own field.

    If that is not evident, as in files that we once made with pyHanko, its policy decides, which reads the
    whole file.
    """
    for earlier, later in pairwise(signatures):
        old = reader.get_historical_resolver(earlier.signed_revision)
        new = reader.get_historical_resolver(later.signed_revision)
        if earlier.fieldmdp is None and adds_only_signature(old, new, field_name=later.field_name):
            continue
        try:
            result = _DIFF_POLICY.apply(old, new, field_mdp_spec=earlier.fieldmdp, doc_mdp=MDPPerm.FILL_FORMS)
        except SuspiciousModification as error:
            raise _changed_between() from error
        if result.modification_level > ModificationLevel.FORM_FILLING:
            raise _changed_between()
        if result.changed_form_fields != {later.field_name}:
            raise _changed_between()


def _changed_between() -> Refused:
    return Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Nội dung bị thay đổi giữa các lần ký.")
