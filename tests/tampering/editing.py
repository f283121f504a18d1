"""How forgers write: through a library, as any editor would, or byte by byte."""

import io
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asn1crypto import cms, core
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.verify.pdf.geometry import SignaturePlace
from tests.tampering.bases import Base, Xref
from tests.unit.verify import samples

Change = Callable[[IncrementalPdfFileWriter], None]
CmsChange = Callable[[dict[str, Any], dict[str, Any]], None]
"""A change to the fields of a SignedData and of its SignerInfo."""

_SIGNED_DATA = ("version", "digest_algorithms", "encap_content_info", "certificates")
_SIGNER_INFO = (
    "version",
    "sid",
    "digest_algorithm",
    "signed_attrs",
    "signature_algorithm",
    "signature",
    "unsigned_attrs",
)


def by_editor(change: Change) -> Callable[[Base], bytes]:
    """The base with one more revision that makes this change."""
    return lambda base: samples.revised(base.data, change)


def dictionary(**entries: generic.PdfObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})  # type: ignore[no-untyped-call]


def number(value: int) -> generic.NumberObject:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def numbers(*values: int) -> generic.ArrayObject:
    return generic.ArrayObject(map(number, values))


def first_page(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    page: generic.DictionaryObject = writer.root["/Pages"]["/Kids"][0].get_object()
    return page


def number_of(data: bytes, *path: str | int) -> int:
    """The object number at the end of a path from the catalog; without a path, the catalog's own."""
    reader = PdfFileReader(io.BytesIO(data))
    here = reader.trailer.raw_get("/Root")
    for step in path:
        inside = here.get_object() if isinstance(here, generic.IndirectObject) else here  # type: ignore[no-untyped-call]
        here = list.__getitem__(inside, step) if isinstance(step, int) else inside.raw_get(step)
    return int(here.idnum)


def last_startxref(data: bytes) -> int:
    return int(re.findall(rb"startxref\s+(\d+)", data)[-1])


def appended(
    base: Base,
    objects: Mapping[int, bytes],
    *,
    freed: Iterable[int] = (),
    root: int | None = None,
    chained: bool = True,
) -> bytes:
    """The base with a revision written by hand, in its own form of cross-reference; `freed` objects
    vanish.
    """
    data, out = base.data, bytearray(base.data)
    rows = dict.fromkeys(freed, (0, 0, 65535))
    for number in sorted(objects):
        rows[number] = (1, len(out), 0)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, objects[number])
    size = max(int(PdfFileReader(io.BytesIO(data)).trailer["/Size"]), *rows, 0) + 1
    entries = b"/Root %d 0 R /Size %d" % (root or number_of(data), size + 1)
    if chained:
        entries += b" /Prev %d" % last_startxref(data)
    write = _stream if base.xref is Xref.STREAM else _table
    return write(out, rows, entries, size)


def _table(out: bytearray, rows: dict[int, tuple[int, int, int]], entries: bytes, size: int) -> bytes:
    at = len(out)
    out += b"xref\n"
    for number, (kind, offset, generation) in sorted(rows.items()):
        out += b"%d 1\n%010d %05d %c \n" % (number, offset, generation, b"fn"[kind])
    return bytes(out) + b"trailer\n<< %b >>\nstartxref\n%d\n%%%%EOF\n" % (entries, at)


def _stream(out: bytearray, rows: dict[int, tuple[int, int, int]], entries: bytes, size: int) -> bytes:
    at = len(out)
    everything = sorted({**rows, size: (1, at, 0)}.items())
    index = b" ".join(b"%d 1" % number for number, _ in everything)
    body = b"".join(struct.pack(">BIH", *row) for _, row in everything)
    out += (
        b"%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%b] %b /Length %d >>\nstream\n%b\nendstream\nendobj\n"
        % (size, index, entries, len(body), body)
    )
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % at


def last(base: Base) -> SignaturePlace:
    """Its last regular signature."""
    return base.places[-1]


def with_hole(base: Base, string: bytes) -> bytes:
    """Something else where the last signature has its contents, padded with spaces to the same length."""
    place = last(base)
    room = place.hole_end - place.hole_start
    return base.data[: place.hole_start] + string.ljust(room)[:room] + base.data[place.hole_end :]


def with_cms(base: Base, value: bytes) -> bytes:
    return samples.with_cms(base.data, last(base), value)


def with_changed_cms(base: Base, change: CmsChange) -> bytes:
    """The base with the last signature's CMS encoded anew."""
    parsed = cms.ContentInfo.load(last(base).cms)["content"]
    data = {name: parsed[name] for name in _SIGNED_DATA}
    signer = {name: parsed["signer_infos"][0][name] for name in _SIGNER_INFO}
    change(data, signer)
    data.setdefault("signer_infos", [cms.SignerInfo(_present(signer))])
    value = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(_present(data))})
    return with_cms(base, bytes(value.dump()))


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if not isinstance(value, core.Void) and value is not None
    }


def in_signature(base: Base, pattern: bytes, replacement: bytes) -> bytes:
    """The last signature's dictionary with one entry written over, as long as it was."""
    place = last(base)
    end = base.data.index(b"endobj", place.hole_end)
    around = (
        base.data[place.object_start : place.hole_start]
        + b"\0" * (place.hole_end - place.hole_start)
        + base.data[place.hole_end : end]
    )
    found = re.search(pattern, around)
    if found is None or len(replacement) > len(found[0]):
        raise ValueError(pattern)
    start = place.object_start + found.start()
    return overwritten(base.data, start, replacement.ljust(len(found[0])))


def overwritten(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def flipped(data: bytes, at: int, bit: int = 1) -> bytes:
    return overwritten(data, at, bytes([data[at] ^ bit]))
