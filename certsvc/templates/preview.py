"""Pictures of designs with invented values, to be looked at by people who write or approve them."""

import datetime as dt
from io import BytesIO

import pypdfium2

from certsvc.pdf import SignatureField, append, number, stream
from certsvc.states import Slot
from certsvc.templates.designs import Design
from certsvc.templates.filling import Filled, fill
from certsvc.templates.marks import TIME_FACE, Mark, picture, time_line
from certsvc.templates.samples import FACILITY, HEAD, PRACTITIONER, sample_values

_SIGNED_AT = dt.datetime(2026, 11, 23, 2, 30, 5, tzinfo=dt.UTC)


def preview_png(design: Design, *, head_examined: bool = False, is_reissue: bool = False, dpi: int = 110) -> bytes:
    """The form with invented values and development marks, as a PNG of that resolution."""
    filled = fill(design, sample_values(design, head_examined=head_examined), record=b"", head_examined=head_examined, is_reissue=is_reissue)
    return raster_png(with_marks(filled), dpi=dpi)


def filled_pdf(filled: Filled) -> bytes:
    """The file of a filled form that nobody signed."""
    blank = filled.blank
    return blank.pdf + bytes(append(blank.end, filled.objects).data) if filled.objects else blank.pdf


def with_marks(filled: Filled) -> bytes:
    """The file with development marks as the looks of its signature fields, which stay unsigned."""
    blank = filled.blank
    objects = dict(filled.objects)
    for order, field in enumerate(blank.fields):
        mark = blank.end.size + order
        objects[mark] = _form(field, _SIGNED_AT + dt.timedelta(seconds=order), time_font=blank.fonts[TIME_FACE])
        objects[field.number] = b"<< %b /AP << /N %d 0 R >> >>" % (field.entries, mark)
    return blank.pdf + bytes(append(blank.end, objects).data)


def _form(field: SignatureField, moment: dt.datetime, *, time_font: int) -> bytes:
    """A mark as a form XObject (ISO 32000-2 clause 8.10)."""
    content = picture(sample_mark(field)) + time_line(moment, field.width)
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b] /Resources << /Font << /F %d 0 R >> >>"
    return stream(entries % (number(field.width), number(field.height), time_font), content)


def sample_mark(field: SignatureField) -> Mark:
    """The development mark of an invented signer."""
    slot = Slot(field.name)
    name = PRACTITIONER if slot is Slot.PRACTITIONER else HEAD
    return Mark(slot=slot, width_pt=field.width, height_pt=field.height, signer_name=name, organisation=FACILITY, development=True)


def raster_png(pdf: bytes, *, dpi: int) -> bytes:
    """The first page of a PDF as a PNG, with the looks of its signature fields."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        out = BytesIO()
        document[0].render(scale=dpi / 72).to_pil().save(out, format="PNG", optimize=True)
        return out.getvalue()
