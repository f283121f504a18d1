"""The PDF revisions of a seal, written by pyHanko: one that prepares, then one for each signature.

The preparation holds everything but the signatures: all signature fields with their locks, the
marks that they will show, the extension that PAdES declares, and the validation material (DSS). It
stands below the signatures, so that the last one covers the whole file and nothing need follow
[design §3]. Neither /Info nor the XMP of the base is touched.
"""

import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.rw_common import find_inherited_value_in_tree
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field, ensure_sig_flags
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigAppearanceSetup, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import BaseStampStyle
from typing_extensions import override

from certsvc.signing.cms import DIGEST, asn1
from certsvc.signing.revocation import RevocationInfo

_LOCK = FieldMDPSpec(FieldMDPAction.ALL)

MarkNumbers = dict[str, tuple[int, int]]
"""Object and generation number of each field's mark, a form XObject; by field name."""


@dataclass(frozen=True, slots=True)
class Field:
    """A signature field to make: `box` in points from the page's lower left, `page` and `mark_page` from 0."""

    name: str
    label: str
    page: int
    box: tuple[float, float, float, float]
    mark_page: int


class _Writer(IncrementalPdfFileWriter):
    """Appends a revision to a stream and leaves the document's metadata as they are."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        first, _ = self._document_id
        digest = hashlib.sha256(stream.getbuffer()).digest()
        self._document_id = generic.ArrayObject([first, generic.ByteStringObject(digest[:16])])

    @override
    def _update_meta(self) -> None:
        """A ModDate in /Info or XMP would be a change that no checker can tell from a forger's."""


class Signature:
    """One signature's revision, written but for its CMS: take `digest`, make the CMS, call `close`."""

    def __init__(self, pdf: io.BytesIO, field: str, *, mark: tuple[int, int], name: str, now: dt.datetime, max_cms_bytes: int, first: bool, last: bool) -> None:
        """Append the revision to `pdf`. The first signature certifies: P=2, or P=1 where it is the only one;
        the last locks all fields and the document [ISO 32000-2 clauses 12.8.2.2 and 12.8.2.4].
        """
        writer = _Writer(pdf)
        self._embedder = PdfCMSEmbedder().write_cms(field_name=field, writer=writer, existing_fields_only=True)
        next(self._embedder)
        locking = SigMDPSetup(
            md_algorithm=DIGEST,
            certify=first,
            field_lock=_LOCK if last else None,
            docmdp_perms=MDPPerm.NO_CHANGES if last else MDPPerm.FILL_FORMS,
        )
        setup = SigObjSetup(
            sig_placeholder=SignatureObject(timestamp=now, subfilter=SigSeedSubFilter.PADES, name=name, bytes_reserved=2 * max_cms_bytes),
            mdp_setup=locking if first or last else None,
            appearance_setup=SigAppearanceSetup(style=_MarkStyle(mark=mark), timestamp=now, name=name),
        )
        self._embedder.send(setup)
        prepared, _ = self._embedder.send(SigIOSetup(md_algorithm=DIGEST, in_place=True))
        self.digest: bytes = prepared.document_digest

    def close(self, cms: bytes) -> None:
        """Put the CMS (DER) into its place; raises pyHanko's SigningError where it does not fit."""
        self._embedder.send(cms)


def prepare(pdf: io.BytesIO, *, fields: Sequence[Field], marks: bytes, revocation: RevocationInfo | None) -> MarkNumbers:
    """Append the preparation revision to `pdf`; the last of `fields` gets the lock. Returns where the marks lie.

    Raises pyHanko's PdfError for a PDF or marks that it cannot read, that lack a page asked for, or
    a PDF with form fields of its own.
    """
    writer = _Writer(pdf)
    if "/AcroForm" in writer.root:
        raise PdfError("The filled PDF has form fields already")
    writer.ensure_output_version((1, 7))  # type: ignore[no-untyped-call]
    writer.register_extension(ESIC_EXTENSION_1)
    for field in fields:
        _add_field(writer, field, is_last=field is fields[-1])
    ensure_sig_flags(writer, lock_sig_flags=True)
    references = _import_marks(writer, marks, [field.mark_page for field in fields])
    if revocation is not None:
        _add_dss(writer, revocation)
    writer.write_in_place()  # type: ignore[no-untyped-call]
    return {field.name: (ref.idnum, ref.generation) for field, ref in zip(fields, references, strict=True)}


def _add_field(writer: BasePdfFileWriter, field: Field, *, is_last: bool) -> None:
    spec = SigFieldSpec(
        field.name,
        on_page=field.page,
        box=field.box,  # type: ignore[arg-type]  # annotated as integers, written as real numbers
        readable_field_name=field.label,
        field_mdp_spec=_LOCK if is_last else None,
        doc_mdp_update_value=MDPPerm.NO_CHANGES if is_last else None,
    )
    append_signature_field(writer, spec)


def _import_marks(writer: BasePdfFileWriter, marks: bytes, pages: Sequence[int]) -> list[generic.IndirectObject]:
    """The pages of the marks document as form XObjects.

    Their resources are imported in one go, so that a font which several marks use comes once.
    """
    reader = PdfFileReader(io.BytesIO(marks))
    sources = [reader.find_page_for_modification(page) for page in pages]  # type: ignore[no-untyped-call]
    resources = generic.ArrayObject([found for _, found in sources])
    resources.container_ref = reader.root.container_ref
    imported: Any = writer.import_object(resources)
    return [writer.add_object(_form(page.get_object(), own)) for (page, _), own in zip(sources, imported, strict=True)]


def _form(page: generic.DictionaryObject, resources: generic.PdfObject) -> generic.StreamObject:
    contents = page["/Contents"]
    streams = [contents] if isinstance(contents, generic.StreamObject) else [part.get_object() for part in contents]
    box = find_inherited_value_in_tree(page, "/MediaBox", "/Parent")  # type: ignore[no-untyped-call]
    form = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(box),
            pdf_name("/Resources"): resources,
        },
        stream_data=b"\n".join(stream.data for stream in streams),
    )
    form.compress()  # type: ignore[no-untyped-call]
    return form


def _add_dss(writer: BasePdfFileWriter, revocation: RevocationInfo) -> None:
    DocumentSecurityStore.supply_dss_in_writer(
        writer,
        sig_contents=None,
        certs=[asn1(certificate) for certificate in revocation.certificates],
        ocsps=[asn1_ocsp.OCSPResponse.load(answer) for answer in revocation.ocsps],
        crls=[asn1_crl.CertificateList.load(crl) for crl in revocation.crls],
    )


@dataclass(frozen=True)
class _MarkStyle(BaseStampStyle):
    """Shows a mark that the preparation already holds."""

    mark: tuple[int, int] = (0, 0)

    @override
    def create_stamp(self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, Any]) -> Any:
        return _Mark(generic.IndirectObject(*self.mark, writer))  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Mark:
    reference: generic.IndirectObject

    def apply_appearance(self, annotation: generic.DictionaryObject) -> None:
        annotation[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): self.reference})  # type: ignore[no-untyped-call]
