"""Pictures of designs with invented values, to be looked at by people who write or approve them."""

import datetime as dt
from collections.abc import Sequence
from io import BytesIO

import pypdfium2
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from certsvc.models import Kind, Slot
from certsvc.templates.designs import Design, Need
from certsvc.templates.filling import Filled, SlotBox, fill
from certsvc.templates.marks import Mark, render_marks

_SIGNED_AT = dt.datetime(2026, 11, 23, 2, 30, 5, tzinfo=dt.UTC)
_HEAD, _PRACTITIONER, _FACILITY = "Đỗ Thị Mẫu", "Lý Văn Thử", "Trạm Y tế Thử Nghiệm"

SAMPLE_VALUES = {
    "address": "Số 12, ngõ 34, phố Ví Dụ, Hà Nội",
    "birth": "17/01/1981",
    "care_place": "nhà",
    "check_address": "https://kiemtra.example.vn/check",
    "citizen_id": "001181000001",
    "code": "7K2M-9QXP-4TVB-A1CD",
    "days": "9",
    "decision_no": "250/QĐ-BYT",
    "decision_on": "28/01/2022",
    "diagnosis_treatment": "COVID-19, vi rút được xác định\nĐiều trị ngoại trú, cách ly tại nhà",
    "employer": "Công ty Cổ phần May Thí Dụ",
    "examined_on": "27/02/2022",
    "facility": _FACILITY,
    "full_name": "NGUYỄN THỊ VÍ DỤ",
    "head": _HEAD,
    "icd10_diagnosis_treatment": "U07.1 – COVID-19, vi rút được xác định\nĐiều trị ngoại trú, cách ly tại nhà",
    "id_issued_on": "10/05/2021",
    "isolation_from": "27/02/2022",
    "isolation_to": "07/03/2022",
    "last_dose_on": "12/01/2022",
    "last_test_method": "xét nghiệm do nhân viên y tế thực hiện",
    "last_test_on": "07/03/2022",
    "last_test_result": "âm tính",
    "leave_from": "27/02/2022",
    "leave_to": "07/03/2022",
    "parent": "Trung tâm Y tế Hà Nội",
    "phone": "0912000001",
    "positive_on": "27/02/2022",
    "practitioner": _PRACTITIONER,
    "sex": "Nữ",
    "social_insurance": "0161000001 / DN4010161000001",
    "test_method": "test nhanh kháng nguyên",
    "test_place": _FACILITY,
    "vaccine_doses": "3",
    "verify_url": "HTTPS://KIEMTRA.EXAMPLE.VN/V/ABCDEFGHJKMNPQRSTVWXYZ0123",
    "visit_no": "17",
}
"""Invented values; what depends on the kind stands in `_OF_KIND`, what is not named is blank."""

_OF_KIND = {
    Kind.SICK_LEAVE: {"serial": "019992600017", "dated": "Ngày 27 tháng 02 năm 2022"},
    Kind.RECOVERY: {"serial": "17/GXN-TYT", "dated": "Hà Nội, ngày 07 tháng 3 năm 2022"},
}


def sample_values(design: Design, *, head_examined: bool = False) -> dict[str, str]:
    """Invented values for every field of the design."""
    known = SAMPLE_VALUES | _OF_KIND[design.kind]
    values = {name: known.get(name, "") for name in design.fields}
    if head_examined:
        values |= {name: "" for name, need in design.fields.items() if need is Need.WITH_PRACTITIONER}
    return values


def preview_png(design: Design, *, head_examined: bool = False, dpi: int = 110) -> bytes:
    """The form with invented values and development marks, as a PNG of that resolution."""
    filled = fill(design, sample_values(design, head_examined=head_examined), head_examined=head_examined)
    return raster_png(with_marks(filled, sample_marks(filled.slots)), dpi=dpi)


def sample_marks(slots: Sequence[SlotBox]) -> bytes:
    """Development marks for these slots."""
    return render_marks(
        [
            Mark(
                slot=box.slot,
                width_pt=box.x1 - box.x0,
                height_pt=box.y1 - box.y0,
                signer_name=_PRACTITIONER if box.slot is Slot.PRACTITIONER else _HEAD,
                organisation=_FACILITY,
                signed_at=_SIGNED_AT + dt.timedelta(seconds=order),
                image=None,
                development=True,
            )
            for order, box in enumerate(slots)
        ]
    )


def with_marks(filled: Filled, marks: bytes) -> bytes:
    """The form with the marks' pages drawn on their slots as plain content, in order."""
    writer, source = IncrementalPdfFileWriter(BytesIO(filled.pdf)), PdfFileReader(BytesIO(marks))
    # WeasyPrint leaves its turned coordinates behind: keep them within its own part of the page.
    _add_content(writer, b"q", prepend=True)
    _add_content(writer, b"Q")
    for index, box in enumerate(filled.slots):
        name = generic.pdf_name(f"/Mark{index}")
        resources = _dictionary({"/XObject": _dictionary({name: writer.import_page_as_xobject(source, index)})})
        _add_content(writer, f"q 1 0 0 1 {box.x0:.3f} {box.y0:.3f} cm {name} Do Q".encode("ascii"), resources=resources)
    out = BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def _add_content(writer: IncrementalPdfFileWriter, content: bytes, *, resources: generic.DictionaryObject | None = None, prepend: bool = False) -> None:
    stream = writer.add_object(generic.StreamObject(stream_data=content))
    writer.add_stream_to_page(0, stream, resources, prepend)  # type: ignore[no-untyped-call]


def _dictionary(entries: dict[str, generic.PdfObject]) -> generic.DictionaryObject:
    return generic.DictionaryObject({generic.pdf_name(name): value for name, value in entries.items()})  # type: ignore[no-untyped-call]


def raster_png(pdf: bytes, *, dpi: int) -> bytes:
    """The first page of a PDF as a PNG."""
    with pypdfium2.PdfDocument(pdf) as document:
        out = BytesIO()
        document[0].render(scale=dpi / 72).to_pil().save(out, format="PNG", optimize=True)
        return out.getvalue()
