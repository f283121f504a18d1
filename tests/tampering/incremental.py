"""Incremental saving: a revision behind the last signature, as any editor writes one."""

import io
import re

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.tampering.attack import MISPLACED, Attack
from tests.tampering.bases import TABLE_1_B, TABLE_3_LT, Base
from tests.tampering.editing import (
    Change,
    appended,
    by_editor,
    dictionary,
    first_page,
    last,
    number,
    number_of,
    numbers,
)
from tests.unit.verify import samples

_OTHER_TEXT = b"BT /F 12 Tf 40 340 Td <0030> Tj ET"


def _nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()  # type: ignore[no-untyped-call]


def _page(entry: str, value: generic.PdfObject) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        page[pdf_name(entry)] = value
        writer.update_container(page)

    return change


def _more_pages(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    page = writer.add_object(dictionary(Type=pdf_name("/Page"), Parent=writer.root.raw_get("/Pages")))
    pages["/Kids"].append(page)
    pages[pdf_name("/Count")] = number(2)
    writer.update_container(pages)


def _no_pages(writer: IncrementalPdfFileWriter) -> None:
    pages = writer.root["/Pages"]
    pages[pdf_name("/Kids")], pages[pdf_name("/Count")] = generic.ArrayObject(), number(0)
    writer.update_container(pages)


def _annotation(subtype: str) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        box = numbers(0, 0, 595, 419)
        page["/Annots"].append(
            writer.add_object(dictionary(Type=pdf_name("/Annot"), Subtype=pdf_name(subtype), Rect=box))
        )
        writer.update_container(page["/Annots"])

    return change


def _other_font(writer: IncrementalPdfFileWriter) -> None:
    fonts = first_page(writer)["/Resources"]["/Font"]
    name = next(iter(fonts))
    fonts[name] = writer.add_object(
        dictionary(Type=pdf_name("/Font"), Subtype=pdf_name("/Type1"), BaseFont=pdf_name("/Symbol"))
    )
    writer.update_container(fonts)


def _other_appearance(writer: IncrementalPdfFileWriter) -> None:
    field = writer.root["/AcroForm"]["/Fields"][-1].get_object()
    field[pdf_name("/AP")] = dictionary(
        N=writer.add_object(generic.StreamObject(stream_data=b"0 0 400 400 re f"))
    )
    writer.update_container(field)


def _form_value(writer: IncrementalPdfFileWriter) -> None:
    field = dictionary(
        FT=pdf_name("/Tx"), T=generic.TextStringObject("so_ngay"), V=generic.TextStringObject("30")
    )
    writer.root["/AcroForm"]["/Fields"].append(writer.add_object(field))
    writer.update_container(writer.root["/AcroForm"]["/Fields"])


def _info(writer: IncrementalPdfFileWriter) -> None:
    writer.set_info(dictionary(Title=generic.TextStringObject("khác")))


def _xmp(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/Metadata")] = writer.add_object(
        generic.StreamObject(dictionary(Type=pdf_name("/Metadata")), stream_data=b"<x/>")
    )
    writer.update_root()  # type: ignore[no-untyped-call]


def _unsigned(writer: IncrementalPdfFileWriter) -> None:
    """No signature is left that anybody would look at."""
    fields = writer.root["/AcroForm"]["/Fields"]
    del fields[:]
    writer.update_container(fields)


def _content_in_place(base: Base) -> bytes:
    content = number_of(base.data, "/Pages", "/Kids", 0, "/Contents", 1)
    return appended(
        base, {content: b"<< /Length %d >>\nstream\n%b\nendstream" % (len(_OTHER_TEXT), _OTHER_TEXT)}
    )


def _without_table(base: Base) -> bytes:
    """Readers that repair a file take the last object of a number."""
    content = number_of(base.data, "/Pages", "/Kids", 0, "/Contents", 1)
    return base.data + b"%d 0 obj\n<< /Length %d >>\nstream\n%b\nendstream\nendobj\n" % (
        content,
        len(_OTHER_TEXT),
        _OTHER_TEXT,
    )


def _other_picture(base: Base) -> bytes:
    """The seal or the handwriting that a signature shows."""
    picture = number_of(base.data, "/AcroForm", "/Fields", -1, "/AP", "/N", "/Resources", "/XObject", "/Mark")
    return appended(
        base, {picture: b"<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Length 0 >>\nstream\n\nendstream"}
    )


def _signature_body(base: Base) -> bytes:
    place = last(base)
    found = re.match(rb"\d+ \d+ obj\s*(.*?)\s*endobj", base.data[place.object_start : place.end], re.DOTALL)
    if found is None:
        raise ValueError(base.name)
    return found[1]


def _copied(base: Base) -> bytes:
    """The signature dictionary once more, with its byte range, under a new number."""
    size = int(PdfFileReader(io.BytesIO(base.data)).trailer["/Size"])
    return appended(base, {size: _signature_body(base)})


def _declared_again(base: Base) -> bytes:
    return appended(base, {last(base).object_number: _signature_body(base)})


def _saved(name: str, about: str, change: Change) -> Attack:
    return Attack(f"saved-{name}", f"a revision behind the signatures: {about}", by_editor(change), MISPLACED)


ATTACKS = (
    _saved("nothing", "the catalog again, unchanged", _nothing),
    _saved("text", "the page shows another text", samples.replace_page),
    _saved("rotated", "the page turned", _page("/Rotate", number(180))),
    _saved("cropped", "part of the page out of sight", _page("/CropBox", numbers(0, 0, 100, 100))),
    _saved("more-pages", "a page added", _more_pages),
    _saved("no-pages", "every page removed", _no_pages),
    _saved("stamp", "a stamp over the page", _annotation("/Stamp")),
    _saved("free-text", "a free text over the page", _annotation("/FreeText")),
    _saved("widget", "a widget without a field over the page", _annotation("/Widget")),
    _saved("font", "another font, which shows other letters", _other_font),
    _saved("appearance", "another picture in a signature's place", _other_appearance),
    _saved("form-value", "a form field with a value", _form_value),
    _saved("info", "another title", _info),
    _saved("xmp", "other metadata", _xmp),
    _saved("unsigned", "the signature fields taken away", _unsigned),
    Attack("saved-content", "the page's own content stream written over", _content_in_place, MISPLACED),
    Attack(
        "saved-picture",
        "another seal in a signature's picture",
        _other_picture,
        MISPLACED,
        (TABLE_1_B, TABLE_3_LT),
    ),
    Attack("objects", "objects appended without a cross-reference", _without_table, MISPLACED),
    Attack("signature-copied", "the signature dictionary once more under another number", _copied, MISPLACED),
    Attack(
        "signature-again",
        "the signature dictionary once more under its own number",
        _declared_again,
        MISPLACED,
    ),
)
