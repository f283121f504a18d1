"""Reading a stranger's PDF with pyHanko, within bounds: the reader, its form fields, who signed.

pyHanko raises all kinds of exceptions on hostile files; they pass through, and the examining process turns
them into an answer.
"""

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.errors import SignatureValidationError

from certsvc.verify.findings import FileKind, Refused
from certsvc.verify.pdf.geometry import SignaturePlace
from certsvc.verify.report import CheckName
from certsvc.verify.trust import Pin, digest_of

_CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]{256,})>")
_MAX_DEPTH = 16
_MAX_EMBEDDED_CERTS = 8


@dataclass(frozen=True, slots=True)
class FormField:
    """A form field of type signature; `value` refers to its signature dictionary, if it is signed."""

    name: str
    dictionary: generic.DictionaryObject
    value: generic.IndirectObject | None


def open_pdf(data: bytes, *, strict: bool) -> PdfFileReader:
    """A reader over the bytes. Raises Refused if a password is needed, and pyHanko's errors.

    Many files are encrypted with an empty user password: anybody can open them, only changes are forbidden.
    """
    if b"%%EOF" not in data:  # pyHanko would look for it byte by byte
        raise PdfReadError("no end")
    reader = PdfFileReader(io.BytesIO(data), strict=strict)
    if reader.encrypted and not _opens_for_everybody(reader):
        raise Refused(FileKind.ENCRYPTED, None, "Tệp được mã hóa.")
    return reader


def _opens_for_everybody(reader: PdfFileReader) -> bool:
    try:
        return reader.decrypt("").status is not AuthStatus.FAILED
    except (PdfError, ValueError, TypeError, LookupError):  # encrypted for certificates, or not as we know it
        return False


def refuse_encrypted(data: bytes) -> None:
    """Refuse a file that is encrypted, as ours never are, before anything else. Raises Refused.

    The trailer that names the encryption is never itself encrypted or compressed [ISO 32000-2 §7.5.8.2,
    §7.6.2].
    """
    if b"/Encrypt" not in data:
        return
    with contextlib.suppress(PdfError):  # a broken file is left to the next steps
        open_pdf(data, strict=False)


def signature_fields(root: generic.DictionaryObject, *, max_fields: int) -> Iterator[FormField]:
    """Every signature field in the catalog's form, each once. Raises Refused if the form is too large."""
    form = entry(root, "/AcroForm")
    if not isinstance(form, generic.DictionaryObject):
        return
    pending = [(node, "", 0) for node in reversed(_array(form, "/Fields"))]
    seen: set[tuple[int, int]] = set()
    visited = 0
    while pending:
        node, path, depth = pending.pop()
        visited += 1
        if visited > max_fields or depth > _MAX_DEPTH:
            raise Refused(FileKind.TOO_COMPLEX, None, "Tệp có quá nhiều trường biểu mẫu.")
        if isinstance(node, generic.IndirectObject):
            if (node.idnum, node.generation) in seen:
                continue
            seen.add((node.idnum, node.generation))
        field = node.get_object()  # type: ignore[no-untyped-call]
        if not isinstance(field, generic.DictionaryObject):
            continue
        name = ".".join(part for part in (path, str(entry(field, "/T") or "")) if part)
        if entry(field, "/FT") == "/Sig":
            value = field.raw_get("/V") if "/V" in field else None
            yield FormField(name, field, value if isinstance(value, generic.IndirectObject) else None)
        pending.extend((kid, name, depth + 1) for kid in reversed(_array(field, "/Kids")))


def read_signature(reader: PdfFileReader, field: FormField) -> EmbeddedPdfSignature:
    """The signature in a field, its CMS parsed. Raises Refused if there is none or not exactly one signer."""
    try:
        signature = EmbeddedPdfSignature(reader, field.dictionary, field.name)
        len(signature.signer_info)  # parsed lazily
    except (PdfError, SignatureValidationError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise Refused(FileKind.TAMPERED, CheckName.SIGNATURE, "Chữ ký số không đúng cấu trúc.") from error
    return signature


def matches_place(
    reader: PdfFileReader, field: FormField, place: SignaturePlace, *, kind: tuple[str, str]
) -> bool:
    """Whether the reader reads this field's signature at that place; `kind` is its /Type and /SubFilter."""
    value = field.value
    if value is None or (value.idnum, value.generation) != (place.object_number, place.generation):
        return False
    if reader.xrefs[value.reference] != place.object_start:
        return False
    signature = value.get_object()  # type: ignore[no-untyped-call]
    contents = signature.raw_get("/Contents").original_bytes
    if tuple(signature.raw_get("/ByteRange")) != place.byte_range:
        return False
    if not contents.startswith(place.cms) or any(contents[len(place.cms) :]):
        return False
    return (entry(signature, "/Type"), entry(signature, "/SubFilter")) == kind


def entry(dictionary: generic.DictionaryObject, key: str) -> Any:
    """A dictionary's entry or None, with references followed, unlike pyHanko's own `get`."""
    return dictionary[key] if key in dictionary else None  # noqa: SIM401


def is_claimed_by(data: bytes, pins: Mapping[str, Pin]) -> bool:
    """Whether anything in these bytes looks like a signature by one of the pinned certificates."""
    return any(digest_of(cert.dump()) in pins for blob in _blobs(data) for cert in _certificates(blob))


def sole_signer(signed_data: cms.SignedData) -> x509.Certificate | None:
    """The certificate of the one signer; None unless there is exactly one signer and few certificates.

    Names are compared byte for byte, for they are copied from the certificate.
    """
    infos, certs = signed_data["signer_infos"], signed_data["certificates"]
    if len(infos) != 1 or not 1 <= len(certs) <= _MAX_EMBEDDED_CERTS:
        return None
    sid = infos[0]["sid"].chosen
    if not isinstance(sid, cms.IssuerAndSerialNumber):
        return None
    matches = [
        choice.chosen
        for choice in certs
        if choice.name == "certificate"
        and choice.chosen.serial_number == sid["serial_number"].native
        and choice.chosen.issuer.dump() == sid["issuer"].dump()
    ]
    return matches[0] if len(matches) == 1 else None


def name_part(name: x509.Name, part: str) -> str:
    """One attribute of a distinguished name (`common_name`, `organization_name`, …), or an empty string."""
    value = name.native.get(part, "")
    return value if isinstance(value, str) else str(value[0])


def _array(dictionary: generic.DictionaryObject, key: str) -> list[generic.PdfObject]:
    value = entry(dictionary, key)
    return list.copy(value) if isinstance(value, generic.ArrayObject) else []


def _blobs(data: bytes) -> Iterator[bytes]:
    for match in _CONTENTS.finditer(data):
        digits = match[1]
        yield bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))


def _certificates(blob: bytes) -> list[x509.Certificate]:
    """Certificates in a CMS; none if it cannot be read, for then nobody signed anything with it."""
    try:
        choices = cms.ContentInfo.load(blob)["content"]["certificates"]
        return [choice.chosen for choice in choices if choice.name == "certificate"]
    except (ValueError, TypeError, KeyError):
        return []
