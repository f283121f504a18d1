"""A certificate's record embedded in its file, for programs [ISO 32000-2 §7.11.4; ISO 19005-3 §6.8]."""

from certsvc.pdf import stream, text_string
from certsvc.states import Kind
from certsvc.templates.designs import Design
from certsvc.templates.metadata import pdf_date

_FILES = {
    Kind.SICK_LEAVE: (b"ct07.xml", b"/text#2Fxml", "Dữ liệu chứng từ CT07"),
    Kind.RECOVERY: (b"giay-xac-nhan.json", b"/application#2Fjson", "Nội dung in trên giấy"),
}
"""Name, media type and description, by kind."""


def file_specification(design: Design, *, record: int) -> bytes:
    """The file specification of the record, whose stream is object number `record`."""
    name, _, description = _FILES[design.kind]
    entries = b"/Type /Filespec /F (%b) /UF (%b) /Desc %b" % (name, name, text_string(description))
    return b"<< %b /AFRelationship /Data /EF << /F %d 0 R /UF %d 0 R >> >>" % (entries, record, record)


def name_tree(design: Design, *, specification: int) -> bytes:
    """The name tree of embedded files."""
    return b"<< /Names [(%b) %d 0 R] >>" % (_FILES[design.kind][0], specification)


def record_stream(design: Design, record: bytes) -> bytes:
    """The embedded file's stream."""
    _, media_type, _ = _FILES[design.kind]
    entries = b"/Type /EmbeddedFile /Subtype %b /Params << /Size %d /ModDate %b >>" % (
        media_type,
        len(record),
        pdf_date(design),
    )
    return stream(entries, record)
