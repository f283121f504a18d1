"""From drawn form to file to sign: PDF/A-3a, PDF/UA-1, classic cross-reference, empty signature fields.

Sources: ISO 32000-2, ISO 19005-3, ISO 14289-1; ETSI EN 319 142-1 clause 5.6 (extension).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from certsvc.pdf import Blank, SignatureField, number, stream, text_string
from certsvc.states import Slot
from certsvc.templates import attachment, metadata
from certsvc.templates.compiler.boxes import Placed, Rectangle, SlotFault
from certsvc.templates.compiler.contents import Contents, font_resources
from certsvc.templates.compiler.copies import with_marks_as_content
from certsvc.templates.compiler.embedding import EmbeddedFont, embed
from certsvc.templates.compiler.laying import Drawn
from certsvc.templates.compiler.objects import Objects
from certsvc.templates.compiler.structure import page_keys, widget_keys, write_structure
from certsvc.templates.copied_marks import marks_content
from certsvc.templates.designs import Design
from certsvc.templates.faces import FACES
from certsvc.templates.slots import Copy
from certsvc.words import SIGNATURES

MARK_FACE = "Tinos-Regular.ttf"
"""The face in which marks show the time of signing: every file has it."""

_PRINT_AND_LOCKED = 4 | 128
_LOCK = b"<< /Type /SigFieldLock /Action /All /P 1 >>"
_EXTENSIONS = b"/Extensions << /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >> >>"
_SIGNATURES_EXIST_APPEND_ONLY = 3


@dataclass(frozen=True, slots=True)
class Assembled:
    """A file to sign, and the numbers of the objects that filling may replace."""

    blank: Blank
    glyphs: Mapping[str, frozenset[int]]
    text_stream: int
    qr: int
    record: int
    copy: Copy | None


def assemble(
    pages: Sequence[tuple[Drawn, Placed]],
    *,
    design: Design,
    slots: tuple[Slot, ...],
    qr: bytes,
    record: bytes,
    seed: bytes,
) -> Assembled:
    """Write the file of a drawn form; each page comes with the positions of what is on it.

    `slots` is who signs, in order. The first page is signed; a second one repeats it, with marks as content
    (`copies`). `qr` is the body of the QR's image object, `record` the embedded file; equal `seed`s make
    equal file identifiers.
    """
    file_id = hashlib.sha256(seed).digest()[:16]
    return _Assembly(pages, design, slots).write(qr=qr, record=record, file_id=file_id)


class _Assembly:
    def __init__(
        self, pages: Sequence[tuple[Drawn, Placed]], design: Design, slots: tuple[Slot, ...]
    ) -> None:
        (drawn, self._placed), *copied = pages
        self._design, self._slots = design, slots
        self._title: str = drawn.document.metadata.title or ""
        objects = self._objects = Objects()
        self._catalog, self._info, self._pages, self._page = (objects.reserve() for _ in range(4))
        self._text_stream, self._qr, self._record, font_dictionary = (objects.reserve() for _ in range(4))
        self._widgets = {slot: objects.reserve() for slot in slots}
        known: dict[bytes, int] = {}
        self._contents = [
            Contents(page, objects, qr=self._qr, fonts=font_dictionary, copies=known) for page, _ in pages
        ]
        self._font_dictionary = font_dictionary
        self._copy: Copy | None = None
        self._trees = [(self._placed.document, self._page)]
        self._pictures: dict[Slot, int] = {}
        if copied:
            self._reserve_copy(copied[0][1])

    def _reserve_copy(self, placed: Placed) -> None:
        """Reserve numbers for the second page, its marks, and their pictures, which both pages then draw."""
        document, copy = with_marks_as_content(placed.document, placed.marks, self._slots, labels=SIGNATURES)
        self._copy = replace(copy, stream=self._objects.reserve())
        self._trees.append((document, self._objects.reserve()))
        self._pictures = {slot: self._objects.reserve() for slot in self._slots}

    def write(self, *, qr: bytes, record: bytes, file_id: bytes) -> Assembled:
        objects = self._objects
        fonts, glyphs = self._fonts()
        self._write_page()
        objects.put(self._qr, qr)
        objects.put(self._record, attachment.record_stream(self._design, record))
        fields = tuple(self._field(slot) for slot in self._slots)
        catalog = self._catalog_entries()
        objects.put(self._catalog, b"<< %b >>" % catalog)
        objects.put(self._info, metadata.info(self._design, title=self._title))
        data, end = objects.write(
            trailer=b"/Root %d 0 R /Info %d 0 R" % (self._catalog, self._info), file_id=file_id
        )
        blank = Blank(data, end, self._catalog, catalog, fields, fonts)
        return Assembled(blank, glyphs, self._text_stream, self._qr, self._record, self._copy)

    def _fonts(self) -> tuple[dict[str, int], dict[str, frozenset[int]]]:
        used: dict[str, dict[int, str]] = {}
        for contents in self._contents:
            for face, glyphs in contents.glyphs().items():
                used.setdefault(face, {}).update(glyphs)
        needed = {MARK_FACE, *used, *(text.face for text in self._placed.texts)}
        embedded = {face: embed(face, texts=used.get(face, {})) for face in FACES if face in needed}
        numbers = {face: self._add_font(font) for face, font in embedded.items()}
        self._objects.put(self._font_dictionary, font_resources(numbers))
        return numbers, {face: font.glyphs for face, font in embedded.items()}

    def _add_font(self, font: EmbeddedFont) -> int:
        add = self._objects.add
        program = add(font.program)
        descriptor = add(b"<< %b /FontFile2 %d 0 R >>" % (font.descriptor, program))
        descendant = add(b"<< %b /FontDescriptor %d 0 R >>" % (font.descendant, descriptor))
        return add(font.root(descendant=descendant, mapping=add(font.mapping)))

    def _write_page(self) -> None:
        """The pages (clause 7.7.3.3): what is the same on all papers, then the texts, on a copy the marks."""
        objects, numbers = self._objects, [text.mcid for text in self._placed.texts]
        empty = b"".join(b"/Span <</MCID %d>> BDC\nEMC\n" % own for own in numbers)
        objects.put(self._text_stream, stream(b"", empty))
        annotations = b" /Annots [%b]" % b" ".join(b"%d 0 R" % self._widgets[slot] for slot in self._slots)
        pictures: dict[str, int] = {}
        streams = [self._text_stream]
        size = b" ".join(map(number, (self._placed.width, self._placed.height)))
        page = (
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %b] /Contents [%b] /Resources << %b >>"
            b" /StructParents %d /Tabs /S%b >>"
        )
        keys = page_keys(len(self._trees), self._slots)
        for contents, (_, own), key in zip(self._contents, self._trees, keys, strict=True):
            parts = (objects.add(contents.page_content(without=numbers)), *streams)
            content = b" ".join(b"%d 0 R" % part for part in parts)
            resources = contents.resources(pictures=pictures)
            objects.put(own, page % (self._pages, size, content, resources, key, annotations))
            if self._copy:  # comes next, on the second page
                pictures = {mark.resource: self._pictures[Slot(mark.slot)] for mark in self._copy.marks}
                streams, annotations = [self._text_stream, self._copy.stream], b""
        if self._copy:
            objects.put(self._copy.stream, stream(b"", marks_content(self._copy.marks, None)))
        kids = b" ".join(b"%d 0 R" % own for _, own in self._trees)
        objects.put(self._pages, b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(self._trees)))

    def _field(self, slot: Slot) -> SignatureField:
        """An empty signature field merged with its widget; its appearance is empty until it is signed."""
        box = self._placed.marks.get(slot)
        if box is None:
            raise SlotFault(
                slot, f"không có trong mẫu {self._design.id}.", f"not in design {self._design.id}."
            )
        entries = self._field_entries(slot, box)
        width, height = box[2] - box[0], box[3] - box[1]
        bounds = b"/BBox [0 0 %b %b]" % (number(width), number(height))
        empty = stream(b"/Type /XObject /Subtype /Form " + bounds, b"")
        picture = self._pictures.get(slot)
        if picture is not None:
            self._objects.put(picture, empty)
        appearance = self._objects.add(empty)
        self._objects.put(self._widgets[slot], b"<< %b /AP << /N %d 0 R >> >>" % (entries, appearance))
        return SignatureField(slot.value, self._widgets[slot], entries, width, height, picture)

    def _field_entries(self, slot: Slot, box: Rectangle) -> bytes:
        """The last signer locks the whole document (clauses 12.7.5.5, table 236, and 12.8.2.4)."""
        names = b"/T %b /TU %b" % (text_string(slot.value), text_string(SIGNATURES[slot]))
        position = b"/Rect [%b] /P %d 0 R" % (b" ".join(map(number, box)), self._page)
        own = b"/F %d /StructParent %d" % (_PRINT_AND_LOCKED, widget_keys(self._widgets)[slot])
        lock = b" /Lock %d 0 R" % self._objects.add(_LOCK) if slot is self._slots[-1] else b""
        return b"/Type /Annot /Subtype /Widget /FT /Sig %b %b %b%b" % (names, position, own, lock)

    def _catalog_entries(self) -> bytes:
        """The catalog (clause 7.7.2)."""
        add = self._objects.add
        structure = write_structure(self._objects, self._trees, widgets=self._widgets)
        specification = add(attachment.file_specification(self._design, record=self._record))
        names = add(attachment.name_tree(self._design, specification=specification))
        form = b" ".join(b"%d 0 R" % own for own in self._widgets.values())
        return b" ".join(
            (
                b"/Type /Catalog /Pages %d 0 R" % self._pages,
                b"/Lang (%b) /MarkInfo << /Marked true >> /ViewerPreferences << /DisplayDocTitle true >>"
                % metadata.LANGUAGE.encode("ascii"),
                b"/Metadata %d 0 R /OutputIntents [%b]"
                % (add(metadata.xmp(self._design, title=self._title)), self._output_intent()),
                b"/StructTreeRoot %d 0 R" % structure,
                b"/AF [%d 0 R] /Names << /EmbeddedFiles %d 0 R >>" % (specification, names),
                b"/AcroForm << /Fields [%b] /SigFlags %d >>" % (form, _SIGNATURES_EXIST_APPEND_ONLY),
                _EXTENSIONS,
            )
        )

    def _output_intent(self) -> bytes:
        return metadata.output_intent(self._objects.add(metadata.srgb_profile()))
