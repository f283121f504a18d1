"""Pictures of designs with invented values, for people who write or approve designs."""

import datetime as dt
from io import BytesIO

import pypdfium2

from certsvc.pdf import SignatureField, append, number, stream
from certsvc.states import Slot
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.filling import Filled, fill
from certsvc.templates.marks import TIME_FACE, Mark, picture, time_line
from certsvc.templates.samples import FACILITY, HEAD, PRACTITIONER, sample_values

_SIGNED_AT = dt.datetime(2026, 11, 23, 2, 30, 5, tzinfo=dt.UTC)


def preview_png(
    design: Design,
    *,
    head_examined: bool = False,
    is_reissue: bool = False,
    traits: frozenset[Trait] = PLAIN,
    dpi: int = 110,
    page: int = 0,
) -> bytes:
    """A page of the form with invented values and development marks, as a PNG of that resolution."""
    values = sample_values(design, head_examined=head_examined, traits=traits)
    filled = fill(
        design,
        values,
        record=b"",
        head_examined=head_examined,
        is_reissue=is_reissue,
        traits=traits,
        signed_at=_SIGNED_AT,
    )
    return raster_png(with_marks(filled), dpi=dpi, page=page)


def filled_pdf(filled: Filled) -> bytes:
    """The file of a filled form that nobody signed."""
    blank = filled.blank
    return blank.pdf + bytes(append(blank.end, filled.objects).data) if filled.objects else blank.pdf


def with_marks(filled: Filled) -> bytes:
    """The file with development marks as the appearances of its signature fields, which stay unsigned."""
    blank = filled.blank
    objects = dict(filled.objects)
    for index, field in enumerate(blank.fields):
        mark = blank.end.size + index
        objects[mark] = _form(field, _SIGNED_AT, time_font=blank.fonts[TIME_FACE])
        if field.picture is not None:
            objects[field.picture] = _form(field, None, time_font=blank.fonts[TIME_FACE])
        objects[field.number] = b"<< %b /AP << /N %d 0 R >> >>" % (field.entries, mark)
    return blank.pdf + bytes(append(blank.end, objects).data)


def _form(field: SignatureField, moment: dt.datetime | None, *, time_font: int) -> bytes:
    """A mark as a form XObject [ISO 32000-2 §8.10], with its time if there is one."""
    content = picture(sample_mark(field)) + (time_line(moment, field.width) if moment else b"")
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 %b %b] /Resources << /Font << /F %d 0 R >> >>"
    return stream(entries % (number(field.width), number(field.height), time_font), content)


def sample_mark(field: SignatureField) -> Mark:
    """The development mark of an invented signer."""
    slot = Slot(field.name)
    name = PRACTITIONER if slot is Slot.PRACTITIONER else HEAD
    return Mark(
        slot=slot,
        width_pt=field.width,
        height_pt=field.height,
        signer_name=name,
        organisation=FACILITY,
        development=True,
    )


def raster_png(pdf: bytes, *, dpi: int, page: int = 0) -> bytes:
    """A page of a PDF as a PNG, with the appearances of its signature fields."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        out = BytesIO()
        document[page].render(scale=dpi / 72).to_pil().save(out, format="PNG", optimize=True)
        return out.getvalue()
