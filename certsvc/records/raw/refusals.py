"""Why a whole file is refused: one InputError for each code, in words that people at a station can act on."""

from collections.abc import Iterable, Sequence

from certsvc.errors import ErrorItem, InputError
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
        f"The file is not an XLSX or ODS spreadsheet, CSV, JSON or NDJSON: {_SAVE_AS_EN}.",
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
        "The file has macros and is refused: save it as .xlsx without them.",
    ),
    "broken_file": (
        "Tệp bị hỏng hoặc không đúng cấu trúc: hãy mở bằng bảng tính rồi lưu lại.",
        "The file is damaged or malformed: open it in a spreadsheet program and save it again.",
    ),
    "unclosed_quote": (
        "Tệp CSV có dấu ngoặc kép sai hoặc không đóng ở khoảng dòng {row}: hãy sửa rồi gửi lại.",
        "The CSV file has a wrong or unclosed quote near row {row}: fix it and send the file again.",
    ),
    "row_too_long": (
        (
            "Tệp CSV có dòng quá dài hoặc quá nhiều cột ở khoảng dòng {row}: hãy kiểm tra dấu phân cách và"
            " dấu xuống dòng rồi gửi lại."
        ),
        (
            "The CSV file has a row that is too long or has too many columns near row {row}: check its"
            " delimiters and line ends, and send the file again."
        ),
    ),
    "repeated_rows": (
        "Ở dòng {row} đã có hơn {most} dòng liền nhau giống hệt nhau: hãy xoá các dòng thừa rồi gửi lại.",
        "At row {row} more than {most} rows in succession are equal: delete the surplus and send it again.",
    ),
    "too_many_errors": (
        "Đến dòng {row} tệp đã có hơn {most} lỗi: hãy sửa các lỗi lặp lại nhiều nhất rồi gửi lại.",
        "By row {row} there are more than {most} errors: fix the most frequent ones and send it again.",
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
            "The XML is damaged, not in the encoding that it declares, nested too deeply, has far too many"
            " elements, or has a DOCTYPE: export it again."
        ),
    ),
    "broken_json": (
        (
            "Tệp JSON sai cú pháp ở khoảng hồ sơ thứ {row}: hãy gửi một mảng các đối tượng, hoặc mỗi dòng một"
            " đối tượng (NDJSON)."
        ),
        "The JSON is malformed near record {row}: send one array of objects, or an object per line (NDJSON).",
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
            "Required columns are missing: rename your columns as each error says, or save a mapping of your"
            " own."
        ),
    ),
    "duplicate_columns": (
        "Có hai cột cùng tên «{title}»: hãy giữ một cột.",
        "Two columns mean “{name}”: keep one of them.",
    ),
    "bad_rows": (
        "Có dòng không hợp lệ nên không dòng nào được nhận: xem từng lỗi.",
        "Some rows are not valid, so none was taken: see each error.",
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


def refusal(code: str, *, errors: Sequence[ErrorItem] = (), **facts: str | int) -> InputError:
    """The InputError of that code; `facts` fill its message."""
    vi, en = _MESSAGES[code]
    return InputError(code, vi.format(**facts), en.format(**facts), errors=errors)


def missing_columns(names: Sequence[str], unknown: Sequence[str], layout: Layout) -> InputError:
    """`missing_columns`: in `errors` each missing column, and each unknown title with what it may mean."""
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
    """`no_header`, with those of at most `MOST_COMPARED` texts in `errors` that resemble a title; no others,
    for they may be personal data.
    """
    near = {text: name for text in texts if layout.find(text) is None and (name := layout.nearest(text))}
    return refusal(
        "no_header", errors=[_unknown(text, name, layout) for text, name in list(near.items())[:_MOST_TITLES]]
    )


def _unknown(title: str, meant: str | None, layout: Layout) -> ErrorItem:
    shown = shown_title(title)
    if meant is None:
        return _item(None, f"Không nhận ra cột «{shown}».", f"Column “{shown}” is not known.")
    vi = f"Không nhận ra cột «{shown}»; có phải là «{layout.title_of(meant)}» ({meant})?"
    return _item(meant, vi, f"Column “{shown}” is not known; is it “{meant}” ({layout.title_of(meant)})?")


def shown_title(title: str) -> str:
    """A title from a stranger's file, fit to be shown."""
    return "".join(filter(str.isprintable, normalised(title)))[:_TITLE_CHARS]


def _item(field: str | None, message_vi: str, message_en: str) -> ErrorItem:
    return {"field": field, "row": None, "rule": None, "message_vi": message_vi, "message_en": message_en}
