"""Why a whole file is refused: one InputError for each code, in words a person at a station can act on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from certsvc.errors import InputError
from certsvc.records.cells import normalised
from certsvc.records.columns import Layout

MOST_COMPARED = 200
_MOST_TITLES, _TITLE_CHARS = 40, 40
_SAVE_AS_VI = "hãy lưu lại thành .xlsx hoặc CSV UTF-8"
_SAVE_AS_EN = "save it as .xlsx or CSV UTF-8"

_MESSAGES = {
    "empty_file": ("Tệp rỗng: hãy chọn lại tệp.", "The file is empty: choose another one."),
    "not_a_table": (
        f"Tệp không phải bảng tính XLSX, ODS, tệp CSV, JSON hay NDJSON: {_SAVE_AS_VI}.",
        f"The file is no XLSX or ODS spreadsheet, CSV, JSON or NDJSON: {_SAVE_AS_EN}.",
    ),
    "not_utf8": (
        (
            "Tệp CSV hoặc JSON không ở bảng mã UTF-8 hay UTF-16: hãy lưu lại bằng UTF-8 (trong Excel: «CSV"
            " UTF-8»)."
        ),
        "The CSV or JSON is neither UTF-8 nor UTF-16: save it as UTF-8 (in Excel: “CSV UTF-8”).",
    ),
    "encrypted_file": (
        "Tệp có mật khẩu nên không đọc được: hãy bỏ mật khẩu rồi gửi lại.",
        "The file has a password: remove it and send the file again.",
    ),
    "has_macros": (
        "Tệp có macro nên không được nhận: hãy lưu lại thành .xlsx không có macro.",
        "The file has macros and is refused: save it as .xlsx without.",
    ),
    "broken_file": (
        "Tệp bị hỏng hoặc không đúng cấu trúc: hãy mở bằng bảng tính rồi lưu lại.",
        "The file is damaged or malformed: open it in a spreadsheet and save it.",
    ),
    "unclosed_quote": (
        "Tệp CSV có dấu ngoặc kép sai hoặc không đóng ở khoảng dòng {row}: hãy sửa rồi gửi lại.",
        "The CSV file has a wrong or unclosed quote near row {row}: mend it and send the file again.",
    ),
    "row_too_long": (
        (
            "Tệp CSV có dòng quá dài hoặc quá nhiều cột ở khoảng dòng {row}: hãy kiểm tra dấu phân cách và"
            " dấu xuống dòng rồi gửi lại."
        ),
        (
            "The CSV file has a row that is too long or has too many columns near row {row}: look at its"
            " delimiters and line ends, and send the file again."
        ),
    ),
    "repeated_rows": (
        "Ở dòng {row} đã có hơn {most} dòng liền nhau giống hệt nhau: hãy xoá các dòng thừa rồi gửi lại.",
        "At row {row} more than {most} rows in succession are the same: delete the surplus, send it again.",
    ),
    "too_many_errors": (
        "Đến dòng {row} tệp đã có hơn {most} lỗi: hãy sửa các lỗi lặp lại nhiều nhất rồi gửi lại.",
        "By row {row} there are more than {most} errors: mend the most frequent ones and send it again.",
    ),
    "unknown_xml": (
        (
            "Tệp XML không phải HSCHUNGTU (CT07) hay GIAMDINHHS (XML1 và XML11): hãy xuất một trong hai loại"
            " này; nếu là bảng tính, hãy lưu thành .xlsx."
        ),
        (
            "The XML is neither HSCHUNGTU (CT07) nor GIAMDINHHS (XML1 and XML11): export one of these; if it"
            " is a spreadsheet, save it as .xlsx."
        ),
    ),
    "broken_xml": (
        (
            "Tệp XML bị hỏng, sai bảng mã, lồng quá sâu, quá nhiều phần tử hoặc có khai báo DOCTYPE: hãy xuất"
            " lại từ phần mềm bệnh viện."
        ),
        (
            "The XML is damaged, in another encoding than it says, nested too deeply, has far too many"
            " elements, or a DOCTYPE: export it again."
        ),
    ),
    "broken_json": (
        (
            "Tệp JSON sai cú pháp ở khoảng hồ sơ thứ {row}: hãy gửi một mảng các đối tượng, hoặc mỗi dòng một"
            " đối tượng (NDJSON)."
        ),
        "The JSON is malformed near record {row}: send one array of objects, or one object a line (NDJSON).",
    ),
    "no_header": (
        (
            "Không tìm thấy dòng tiêu đề trong 20 dòng đầu: hãy dùng tên cột như trong tệp mẫu, hoặc lưu một"
            " bảng ánh xạ tên cột."
        ),
        (
            "No header row was found in the first 20 rows: use the column names of the template, or save a"
            " mapping of your own."
        ),
    ),
    "missing_columns": (
        "Tệp thiếu các cột bắt buộc: hãy sửa tên cột theo từng lỗi, hoặc lưu một bảng ánh xạ tên cột.",
        (
            "Columns that must be there are missing: rename your columns as each error says, or save a"
            " mapping of your own."
        ),
    ),
    "duplicate_columns": (
        "Có hai cột cùng tên «{title}»: hãy giữ một cột.",
        "Two columns mean “{name}”: keep one of them.",
    ),
    "bad_rows": (
        "Có dòng không hợp lệ nên không dòng nào được nhận: xem từng lỗi.",
        "Some rows are not valid and none was taken: see each error.",
    ),
    "no_rows": (
        "Tệp chỉ có dòng tiêu đề, không có hồ sơ nào.",
        "The file has a header and no rows below it.",
    ),
    "too_many_rows": (
        "Tệp có quá {max_rows} dòng: hãy chia thành nhiều tệp.",
        "The file has more than {max_rows} rows: split it.",
    ),
    "too_large_unpacked": (
        (
            "Nội dung tệp khi giải nén quá lớn: hãy chia thành nhiều tệp, bỏ hình ảnh và vùng ô trống có định"
            " dạng, để trang hồ sơ lên đầu."
        ),
        (
            "The file is too large when unpacked: split it, remove pictures and formatted empty cells, and"
            " put the sheet of cases first."
        ),
    ),
}

_EXCEL_VI, _EXCEL_EN = (
    "hãy mở bằng Excel hoặc LibreOffice rồi lưu lại thành .xlsx",
    "open it in Excel or LibreOffice and save it as .xlsx",
)
_TABLE_VI, _TABLE_EN = (
    "hãy chép bảng sang bảng tính rồi lưu thành .xlsx",
    "copy its table into a spreadsheet and save that as .xlsx",
)
_FORMATS = {
    "fods": ("bảng tính ODF dạng XML phẳng (.fods)", "a flat ODF spreadsheet (.fods)",
             "hãy mở bằng LibreOffice rồi lưu lại thành .xlsx hoặc .ods",
             "open it in LibreOffice and save it as .xlsx or .ods"),
    "xml2003": ("«Bảng tính XML 2003» của Excel", "an “XML Spreadsheet 2003” of Excel", _EXCEL_VI, _EXCEL_EN),
    "html": ("trang HTML, dù có thể mang đuôi .xls", "an HTML page, even if it is called .xls", _EXCEL_VI,
             _EXCEL_EN),
    "mhtml": ("trang web lưu trữ (MHTML), dù có thể mang đuôi .xls",
              "a web archive (MHTML), even if it is called .xls", _EXCEL_VI, _EXCEL_EN),
    "xls": ("bảng tính Excel 97–2003 (.xls)", "an Excel 97–2003 workbook (.xls)", _EXCEL_VI, _EXCEL_EN),
    "xlsb": ("bảng tính Excel nhị phân (.xlsb)", "a binary Excel workbook (.xlsb)", _EXCEL_VI, _EXCEL_EN),
    "strict": ("bảng tính «Strict Open XML»", "a “Strict Open XML” workbook",
               "hãy lưu lại bằng loại tệp «Excel Workbook (*.xlsx)»",
               "save it as the type “Excel Workbook (*.xlsx)”"),
    "iwork": ("tài liệu Apple Numbers hoặc Pages", "an Apple Numbers or Pages document",
              "hãy xuất thành Excel (.xlsx) từ Numbers",
              "export it to Excel (.xlsx) from Numbers"),
    "ole": ("tài liệu Office đời cũ", "an old Office document", _EXCEL_VI, _EXCEL_EN),
    "word": ("văn bản Word, RTF hoặc ODT", "a Word, RTF or ODT text", _TABLE_VI, _TABLE_EN),
    "slides": ("trình chiếu", "a presentation", _TABLE_VI, _TABLE_EN),
    "odf": ("tài liệu OpenDocument, không phải bảng tính", "an OpenDocument file, but no spreadsheet",
            _TABLE_VI, _TABLE_EN),
    "pdf": ("PDF", "a PDF", "hãy gửi bảng tính gốc dạng .xlsx", "send the spreadsheet itself, as .xlsx"),
    "picture": ("hình ảnh", "a picture", "hãy gửi bảng tính gốc dạng .xlsx",
                "send the spreadsheet itself, as .xlsx"),
    "archive": ("tệp nén", "a packed archive", "hãy giải nén rồi gửi bảng tính bên trong",
                "unpack it and send the spreadsheet inside"),
    "zip64": ("gói ZIP64 kiểu không đọc được", "a ZIP64 package of a kind that is not read", _EXCEL_VI,
              _EXCEL_EN),
}  # fmt: skip
"""What is taken for a table and is none that we read: its name, and what its sender can do."""


def wrong_format(name: str) -> InputError:
    """`not_a_table` for a file of a format we know and do not read, named, with how to save it as one we
    do.
    """
    vi, en, do_vi, do_en = _FORMATS[name]
    return InputError("not_a_table", f"Tệp này là {vi}: {do_vi}.", f"The file is {en}: {do_en}.")


def refusal(code: str, *, errors: Sequence[Mapping[str, Any]] = (), **facts: str | int) -> InputError:
    """The InputError of that code; `facts` fill its message."""
    vi, en = _MESSAGES[code]
    return InputError(code, vi.format(**facts), en.format(**facts), errors=errors)


def missing_columns(names: Sequence[str], unknown: Sequence[str], layout: Layout) -> InputError:
    """`missing_columns`: in `errors` each column that is missing, and each title that nobody knows with what
    it may mean.
    """
    titles = {name: layout.title_of(name) for name in names}
    missing = [
        _item(name, f"Thiếu cột «{title}» ({name}).", f"Column “{name}” ({title}) is missing.")
        for name, title in titles.items()
    ]
    return refusal(
        "missing_columns",
        errors=missing + [_unknown(title, layout.nearest(title), layout) for title in unknown[:_MOST_TITLES]],
    )


def no_header(texts: Iterable[str], layout: Layout) -> InputError:
    """`no_header`: in `errors` those of at most `MOST_COMPARED` texts that come near to a title; no others,
    for they may be of persons.
    """
    near = {text: name for text in texts if layout.find(text) is None and (name := layout.nearest(text))}
    return refusal(
        "no_header", errors=[_unknown(text, name, layout) for text, name in list(near.items())[:_MOST_TITLES]]
    )


def _unknown(title: str, meant: str | None, layout: Layout) -> dict[str, Any]:
    shown = shown_title(title)
    if meant is None:
        return _item(None, f"Không nhận ra cột «{shown}».", f"Column “{shown}” is not known.")
    vi = f"Không nhận ra cột «{shown}»; có phải là «{layout.title_of(meant)}» ({meant})?"
    return _item(meant, vi, f"Column “{shown}” is not known; is it “{meant}” ({layout.title_of(meant)})?")


def shown_title(title: str) -> str:
    """A title out of a stranger's file, fit to be shown."""
    return "".join(filter(str.isprintable, normalised(title)))[:_TITLE_CHARS]


def _item(field: str | None, message_vi: str, message_en: str) -> dict[str, Any]:
    return {"field": field, "row": None, "rule": None, "message_vi": message_vi, "message_en": message_en}
