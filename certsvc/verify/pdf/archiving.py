"""What may follow the last signature of ours: archive updates [EN 319 142-1 §5.5], and nothing else.

An update is a security store, or a document time-stamp by our authority in an invisible field; /Info and XMP
may get another date and producer. Such a file is intact; whether we published the update is for the register
to say.
"""

import datetime as dt
import io
import re
from operator import itemgetter

from asn1crypto import cms
from pyhanko.pdf_utils.metadata.xmp_xml import parse_xmp
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.commons import compare_dicts
from pyhanko.sign.fields import MDPPerm

from certsvc.verify.findings import FileKind, Refused
from certsvc.verify.pdf.evidence import Evidence
from certsvc.verify.pdf.geometry import MAX_SIGNATURES, SignaturePlace
from certsvc.verify.pdf.proving import prove_document_timestamp
from certsvc.verify.pdf.reading import matches_place, open_pdf, read_signature, signature_fields
from certsvc.verify.report import CheckName

_LAST_END = re.compile(rb"startxref\s+\d{1,10}\s+%%EOF[\r\n]{0,2}")
_DATED = frozenset({"/ModDate", "/Producer"})
_UNSAID = frozenset(
    {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#about",
        "http://ns.adobe.com/xap/1.0/ModifyDate",
        "http://ns.adobe.com/xap/1.0/MetadataDate",
        "http://ns.adobe.com/pdf/1.3/Producer",
    }
)

_DIFF_POLICY = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),  # type: ignore[no-untyped-call]
        XrefStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        ObjectStreamRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DSSCompareRule().as_qualified(ModificationLevel.LTA_UPDATES),
        DocInfoRule().as_qualified(ModificationLevel.LTA_UPDATES),
        MetadataUpdateRule().as_qualified(ModificationLevel.LTA_UPDATES),  # type: ignore[no-untyped-call]
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),  # type: ignore[no-untyped-call]
    ignore_orphaned_objects=False,
)


def is_token(place: SignaturePlace) -> bool:
    """Whether a CMS is a time-stamp token [RFC 3161 §2.4.2], not a person's signature over the document."""
    try:
        content = cms.ContentInfo.load(place.cms)["content"]["encap_content_info"]
        return bool(content["content_type"].native == "tst_info")
    except (ValueError, TypeError, KeyError):
        return False


def end_of_archive(data: bytes, stamps: tuple[SignaturePlace, ...]) -> int:
    """The length without white space: the end of the last time-stamp's revision, or of a store's after it."""
    ends = [found.end() for found in _LAST_END.finditer(data, stamps[-1].end)]
    if len(ends) > 1:
        raise _no_archive()
    return ends[0] if ends else stamps[-1].end


def prove_archive(
    data: bytes,
    *,
    signed: PdfFileReader,
    stamps: tuple[SignaturePlace, ...],
    evidence: Evidence,
    since: dt.datetime | None,
    now: dt.datetime,
) -> None:
    """Prove that only archive updates follow the part `signed`, with time-stamps not before `since`.

    Raises Refused.
    """
    try:
        reader = open_pdf(data, strict=True)
    except PdfError as error:
        raise _no_archive() from error
    slots = len(signed.root["/AcroForm"]["/Fields"])
    fields = tuple(signature_fields(reader.root, max_fields=2 * MAX_SIGNATURES))[slots:]
    if len(fields) != len(stamps):
        raise _no_archive()
    for revision in range(signed.xrefs.total_revisions, reader.xrefs.total_revisions):
        _refuse_change(reader.get_historical_resolver(revision - 1), reader.get_historical_resolver(revision))
    for field, stamp in zip(fields, stamps, strict=True):
        if not matches_place(reader, field, stamp, kind=("/DocTimeStamp", "/ETSI.RFC3161")):
            raise _no_archive()
        stamped_at = prove_document_timestamp(read_signature(reader, field), evidence=evidence, now=now)
        if since is not None and stamped_at < since:
            raise Refused(FileKind.TAMPERED, CheckName.ARCHIVE, "Thứ tự dấu thời gian lưu trữ không đúng.")
        since = stamped_at


def _refuse_change(old: HistoricalResolver, new: HistoricalResolver) -> None:
    """Refuse a revision that does more than pyHanko's rules for archives allow, or changes other metadata."""
    try:
        result = _DIFF_POLICY.apply(old, new, doc_mdp=MDPPerm.NO_CHANGES)
        info, new_info = old.trailer_view["/Info"], new.trailer_view["/Info"]
        is_same_info = compare_dicts(info, new_info, _DATED, raise_exc=False)
        is_same_metadata = _statements(old) == _statements(new)
    except (SuspiciousModification, KeyError, ValueError) as error:
        raise _no_archive() from error
    if result.modification_level > ModificationLevel.LTA_UPDATES or not (is_same_info and is_same_metadata):
        raise _no_archive()


def _statements(resolver: HistoricalResolver) -> list[tuple[str, object]]:
    """What the XMP says about the document [ISO 16684-1 §6], however spelt, except dates and producer."""
    if "/Metadata" not in resolver.root:
        return []
    structures = parse_xmp(io.BytesIO(resolver.root["/Metadata"].data))
    said = [(str(name), value) for structure in structures for name, value in structure]
    return sorted((pair for pair in said if pair[0] not in _UNSAID), key=itemgetter(0))


def _no_archive() -> Refused:
    why = "Sau chữ ký cuối có thay đổi khác với việc gia hạn lưu trữ."
    return Refused(FileKind.TAMPERED, CheckName.GEOMETRY, why)
