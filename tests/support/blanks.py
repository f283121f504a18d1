"""A small hand-written base in the form of compiled designs: a tagged page, empty texts, signature fields."""

import functools
import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from certsvc.models import Slot
from certsvc.pdf import Blank, End, SignatureField, number, stream, text_string
from certsvc.templates.faces import face_bytes

FACE = "Tinos-Regular.ttf"
TEXT_STREAM = 5
"""What `with_text` fills; a real base also has a QR and an embedded record."""

_CATALOG, _FIRST_FIELD = 1, 14
_WIDTH, _HEIGHT = 150.0, 60.0
_EXTENSIONS = b"/Extensions << /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >> >>"

_XMP = b"""<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'
 xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/' pdfaid:part='3'>
<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Sample</rdf:li></rdf:Alt></dc:title></rdf:Description>
<rdf:Description rdf:about='' xmlns:pdf='http://ns.adobe.com/pdf/1.3/' xmlns:e='http://www.aiim.org/pdfa/ns/extension/'>
<pdf:Producer>certsvc</pdf:Producer><e:schemas><rdf:Bag><rdf:li rdf:parseType='Resource'><e:uri>http://www.aiim.org/</e:uri></rdf:li></rdf:Bag></e:schemas>
</rdf:Description></rdf:RDF></x:xmpmeta>"""


@functools.cache
def blank(slots: tuple[Slot, ...]) -> Blank:
    """A base with a field for each of these slots."""
    fields = tuple(_fields(slots))
    catalog = (
        b"/Type /Catalog /Pages 2 0 R /Lang (vi) /MarkInfo << /Marked true >> /StructTreeRoot 13 0 R"
        b" /Metadata 12 0 R /AcroForm 6 0 R " + _EXTENSIONS
    )
    kids = b" ".join(b"%d 0 R" % field.number for field in fields)
    objects = {
        _CATALOG: b"<< %b >>" % catalog,
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.276 419.528] /Contents [4 0 R 5 0 R] /Resources"
            b" << /Font << /F 7 0 R >> >> /Annots [%b] /Tabs /S /StructParents 0 >>" % kids
        ),
        4: stream(b"", _shown("GIẤY CHỨNG NHẬN (MẪU THỬ)", mcid=0, y=380)),
        TEXT_STREAM: stream(b"", b""),
        6: b"<< /Fields [%b] /SigFlags 3 >>" % kids,
        **_font(),
        11: b"<< /Title %b >>" % text_string("Mẫu thử"),
        12: stream(b"/Type /Metadata /Subtype /XML", _XMP),
        **_structure(fields),
        **{field.number: b"<< %b >>" % field.entries for field in fields},
        _FIRST_FIELD + len(fields): b"<< /Type /SigFieldLock /Action /All /P 1 >>",
    }
    data, end = _file(objects)
    return Blank(data, end, _CATALOG, catalog, fields, {FACE: 7})


def with_text(text: str) -> dict[int, bytes]:
    """The objects of one certificate: the text stream, filled."""
    return {TEXT_STREAM: stream(b"", _shown(text, mcid=1, y=340))}


def _fields(slots: Sequence[Slot]) -> list[SignatureField]:
    fields = []
    for place, slot in enumerate(slots):
        left = 20 + 170 * place
        entries = (
            b"/Type /Annot /Subtype /Widget /FT /Sig /T (%b) /TU %b /F 132 /P 3 0 R /StructParent %d /Rect"
            b" [%d 40 %d 100]"
            % (
                slot.encode(),
                text_string(f"Chữ ký số ({slot})"),
                place + 1,
                left,
                left + _WIDTH,
            )
        )
        if place == len(slots) - 1:
            entries += b" /Lock %d 0 R" % (_FIRST_FIELD + len(slots))
        fields.append(SignatureField(str(slot), _FIRST_FIELD + place, entries, _WIDTH, _HEIGHT))
    return fields


def _structure(fields: Sequence[SignatureField]) -> dict[int, bytes]:
    """The structure tree: the page's text, then a form element for each widget (clauses 14.7.2 and
    14.8.4.7.3).
    """
    document = _FIRST_FIELD + len(fields) + 1
    text, forms = document + 1, [document + 2 + index for index in range(len(fields))]
    kids = b" ".join(b"%d 0 R" % each for each in (text, *forms))
    parents = b" ".join(b"%d %d 0 R" % (index + 1, form) for index, form in enumerate(forms))
    return {
        13: (
            b"<< /Type /StructTreeRoot /K [%d 0 R] /ParentTree << /Nums [0 [%d 0 R %d 0 R] %b] >> >>"
            % (document, text, text, parents)
        ),
        document: b"<< /Type /StructElem /S /Document /P 13 0 R /K [%b] >>" % kids,
        text: b"<< /Type /StructElem /S /P /P %d 0 R /Pg 3 0 R /K [0 1] >>" % document,
        **{
            form: (
                b"<< /Type /StructElem /S /Form /P %d 0 R /Pg 3 0 R /K << /Type /OBJR /Obj %d 0 R >> >>"
                % (document, field.number)
            )
            for form, field in zip(forms, fields, strict=True)
        },
    }


def _file(objects: Mapping[int, bytes]) -> tuple[bytes, End]:
    """A whole file (ISO 32000-2 clauses 7.5.2 to 7.5.5)."""
    data, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for each in sorted(objects):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (each, objects[each])
    startxref, size, file_id, trailer = (
        len(data),
        len(objects) + 1,
        b"certsvc test PDF",
        b"/Root 1 0 R /Info 11 0 R",
    )
    data += b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(
        b"%010d 00000 n \n" % offset for offset in offsets
    )
    file_ids = b"<%b>" % file_id.hex().encode()
    data += b"trailer\n<< %b /Size %d /ID [%b %b] >>\nstartxref\n%d\n%%%%EOF\n" % (
        trailer,
        size,
        file_ids,
        file_ids,
        startxref,
    )
    return bytes(data), End(len(data), startxref, size, trailer, file_id)


@functools.cache
def _face() -> TTFont:
    """The face with the letters of a Vietnamese text, its glyph numbers unchanged."""
    face = TTFont(BytesIO(face_bytes(FACE)))
    subsetter = Subsetter(Options(retain_gids=True, layout_features=[], notdef_outline=True))
    subsetter.populate(unicodes=[*range(0x20, 0x180), *range(0x1EA0, 0x1EFA), 0x2013])
    subsetter.subset(face)
    return face


def _font() -> dict[int, bytes]:
    """A Type 0 font whose codes are the face's glyph numbers (clause 9.7.4)."""
    face, file = _face(), BytesIO()
    face.save(file)
    data = file.getvalue()
    em = face["head"].unitsPerEm
    widths = b" ".join(b"%d" % round(1000 * face["hmtx"][glyph][0] / em) for glyph in face.getGlyphOrder())
    return {
        7: (
            b"<< /Type /Font /Subtype /Type0 /BaseFont /Tinos /Encoding /Identity-H /DescendantFonts [8 0"
            b" R] >>"
        ),
        8: (
            b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Tinos /CIDSystemInfo << /Registry (Adobe)"
            b" /Ordering (Identity) /Supplement 0 >> /FontDescriptor 9 0 R /CIDToGIDMap /Identity /W [0"
            b" [%b]] >>" % widths
        ),
        9: (
            b"<< /Type /FontDescriptor /FontName /Tinos /Flags 6 /FontBBox [-1000 -300 2000 1000]"
            b" /ItalicAngle 0 /Ascent 891 /Descent -216 /CapHeight 662 /StemV 80 /FontFile2 10 0 R >>"
        ),
        10: stream(b"/Length1 %d /Filter /FlateDecode" % len(data), zlib.compress(data)),
    }


def _shown(text: str, *, mcid: int, y: float) -> bytes:
    cmap, face = _face().getBestCmap(), _face()
    codes = b"".join(b"%04X" % face.getGlyphID(cmap[ord(letter)]) for letter in text)
    return b"/P <</MCID %d>> BDC BT /F 12 Tf 40 %b Td <%b> Tj ET EMC" % (mcid, number(y), codes)
