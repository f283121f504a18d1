"""Formats that people take for tables and that we do not read, each by name, with what its sender can do."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from certsvc.errors import InputError


class ForeignFormat(StrEnum):
    """A format that we recognise and do not read."""

    FLAT_ODF = "fods"
    XML_2003 = "xml2003"
    HTML = "html"
    MHTML = "mhtml"
    XLS = "xls"
    XLSB = "xlsb"
    STRICT_OPEN_XML = "strict"
    IWORK = "iwork"
    OLE = "ole"
    WORD = "word"
    SLIDES = "slides"
    ODF = "odf"
    PDF = "pdf"
    PICTURE = "picture"
    ARCHIVE = "archive"
    ZIP64 = "zip64"


class _Text(NamedTuple):
    vi: str
    en: str


_IN_EXCEL = _Text(
    "hãy mở bằng Excel hoặc LibreOffice rồi lưu lại thành .xlsx",
    "open it in Excel or LibreOffice and save it as .xlsx",
)
_IN_LIBREOFFICE = _Text(
    "hãy mở bằng LibreOffice rồi lưu lại thành .xlsx hoặc .ods",
    "open it in LibreOffice and save it as .xlsx or .ods",
)
_AS_XLSX = _Text(
    "hãy lưu lại bằng loại tệp «Excel Workbook (*.xlsx)»", "save it as the type “Excel Workbook (*.xlsx)”"
)
_FROM_NUMBERS = _Text("hãy xuất thành Excel (.xlsx) từ Numbers", "export it to Excel (.xlsx) from Numbers")
_COPIED = _Text(
    "hãy chép bảng sang bảng tính rồi lưu thành .xlsx",
    "copy its table into a spreadsheet and save that as .xlsx",
)
_ITSELF = _Text("hãy gửi bảng tính gốc dạng .xlsx", "send the spreadsheet itself, as .xlsx")
_UNPACKED = _Text("hãy giải nén rồi gửi bảng tính bên trong", "unpack it and send the spreadsheet inside")

_FORMATS: Mapping[ForeignFormat, tuple[str, str, _Text]] = {
    ForeignFormat.FLAT_ODF: (
        "bảng tính ODF dạng XML phẳng (.fods)",
        "a flat ODF spreadsheet (.fods)",
        _IN_LIBREOFFICE,
    ),
    ForeignFormat.XML_2003: (
        "«Bảng tính XML 2003» của Excel",
        "an “XML Spreadsheet 2003” of Excel",
        _IN_EXCEL,
    ),
    ForeignFormat.HTML: (
        "trang HTML, dù có thể mang đuôi .xls",
        "an HTML page, even if it is called .xls",
        _IN_EXCEL,
    ),
    ForeignFormat.MHTML: (
        "trang web lưu trữ (MHTML), dù có thể mang đuôi .xls",
        "a web archive (MHTML), even if it is called .xls",
        _IN_EXCEL,
    ),
    ForeignFormat.XLS: ("bảng tính Excel 97–2003 (.xls)", "an Excel 97–2003 workbook (.xls)", _IN_EXCEL),
    ForeignFormat.XLSB: ("bảng tính Excel nhị phân (.xlsb)", "a binary Excel workbook (.xlsb)", _IN_EXCEL),
    ForeignFormat.STRICT_OPEN_XML: ("bảng tính «Strict Open XML»", "a “Strict Open XML” workbook", _AS_XLSX),
    ForeignFormat.IWORK: (
        "tài liệu Apple Numbers hoặc Pages",
        "an Apple Numbers or Pages document",
        _FROM_NUMBERS,
    ),
    ForeignFormat.OLE: ("tài liệu Office đời cũ", "an old Office document", _IN_EXCEL),
    ForeignFormat.WORD: ("văn bản Word, RTF hoặc ODT", "a Word, RTF or ODT document", _COPIED),
    ForeignFormat.SLIDES: ("trình chiếu", "a presentation", _COPIED),
    ForeignFormat.ODF: (
        "tài liệu OpenDocument, không phải bảng tính",
        "an OpenDocument file, but not a spreadsheet",
        _COPIED,
    ),
    ForeignFormat.PDF: ("PDF", "a PDF", _ITSELF),
    ForeignFormat.PICTURE: ("hình ảnh", "a picture", _ITSELF),
    ForeignFormat.ARCHIVE: ("tệp nén", "an archive", _UNPACKED),
    ForeignFormat.ZIP64: (
        "gói ZIP64 kiểu không đọc được",
        "a ZIP64 package of a kind that we do not read",
        _IN_EXCEL,
    ),
}
"""The name of each format, and what its sender can do."""


def wrong_format(found: ForeignFormat) -> InputError:
    """`not_a_table` for a file of that format, with how to save it as one that we read."""
    vi, en, advice = _FORMATS[found]
    return InputError("not_a_table", f"Tệp này là {vi}: {advice.vi}.", f"The file is {en}: {advice.en}.")
