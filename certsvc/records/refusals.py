"""Why a whole file is refused: one InputError for each code, in words a person at a station can act on."""

from collections.abc import Mapping, Sequence
from typing import Any

from certsvc.errors import InputError
from certsvc.records.titles import TITLES_VI

_SAVE_AS_VI = "hãy lưu lại thành .xlsx hoặc CSV UTF-8"
_SAVE_AS_EN = "save it as .xlsx or CSV UTF-8"

_MESSAGES = {
    "empty_file": ("Tệp rỗng: hãy chọn lại tệp.", "The file is empty: choose another one."),
    "not_a_table": (
        f"Tệp không phải bảng tính XLSX hay tệp CSV: {_SAVE_AS_VI}.",
        f"The file is neither an XLSX spreadsheet nor a CSV file: {_SAVE_AS_EN}.",
    ),
    "not_utf8": (
        "Tệp CSV không ở bảng mã UTF-8 hay UTF-16: hãy lưu lại bằng «CSV UTF-8».",
        "The CSV file is neither UTF-8 nor UTF-16: save it as “CSV UTF-8”.",
    ),
    "encrypted_file": ("Tệp có mật khẩu nên không đọc được: hãy bỏ mật khẩu rồi gửi lại.", "The file has a password: remove it and send the file again."),
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
    "unknown_xml": (
        "Tệp XML không phải HSCHUNGTU (CT07) hay GIAMDINHHS (XML1 và XML11): hãy xuất lại từ phần mềm bệnh viện.",
        "The XML is neither HSCHUNGTU (CT07) nor GIAMDINHHS (XML1 and XML11): export it again from the hospital's software.",
    ),
    "broken_xml": (
        "Tệp XML bị hỏng, sai bảng mã, lồng quá sâu hoặc có khai báo DOCTYPE: hãy xuất lại từ phần mềm bệnh viện.",
        "The XML is damaged, in another encoding than it says, nested too deeply, or has a DOCTYPE: export it again.",
    ),
    "no_header": (
        "Không tìm thấy dòng tiêu đề trong 20 dòng đầu: hãy dùng tên cột như trong tệp mẫu.",
        "No header row was found in the first 20 rows: use the column names of the sample file.",
    ),
    "missing_columns": ("Tệp thiếu các cột bắt buộc.", "Columns that must be there are missing."),
    "duplicate_columns": ("Có hai cột cùng tên «{title}»: hãy giữ một cột.", "Two columns mean “{name}”: keep one of them."),
    "bad_rows": ("Có dòng không hợp lệ nên không dòng nào được nhận: xem từng lỗi.", "Some rows are not valid and none was taken: see each error."),
    "no_rows": ("Tệp chỉ có dòng tiêu đề, không có hồ sơ nào.", "The file has a header and no rows below it."),
    "too_many_rows": ("Tệp có quá {max_rows} dòng: hãy chia thành nhiều tệp.", "The file has more than {max_rows} rows: split it."),
    "too_large_unpacked": (
        "Nội dung tệp khi giải nén quá lớn: hãy chia thành nhiều tệp, bỏ hình ảnh và vùng ô trống có định dạng.",
        "The file is too large when unpacked: split it, and remove pictures and formatted empty cells.",
    ),
}


def refusal(code: str, *, errors: Sequence[Mapping[str, Any]] = (), **facts: str | int) -> InputError:
    """The InputError of that code; `facts` fill its message."""
    vi, en = _MESSAGES[code]
    return InputError(code, vi.format(**facts), en.format(**facts), errors=errors)


def missing_columns(names: Sequence[str]) -> InputError:
    """`missing_columns`, one item of `errors` for each column."""
    return refusal(
        "missing_columns",
        errors=[
            {
                "field": name,
                "row": None,
                "rule": None,
                "message_vi": f"Thiếu cột «{TITLES_VI[name]}» ({name}).",
                "message_en": f"Column “{name}” ({TITLES_VI[name]}) is missing.",
            }
            for name in names
        ],
    )
