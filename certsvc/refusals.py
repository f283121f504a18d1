"""Errors that several rooms raise and none of them owns: each code has its one text here.

What one room owns stands there (`issuing.visibility.no_such_batch`, `checking.lookups.no_such_code`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from certsvc.errors import Conflict, InputError, NotFound, Unavailable


def no_such_facility() -> NotFound:
    """The facility that an address names."""
    return NotFound("no_such_facility", "Không có cơ sở này.", "There is no such facility.")


def unknown_facility(errors: Sequence[Mapping[str, Any]] = ()) -> InputError:
    """A facility that something sent names."""
    return InputError(
        "unknown_facility", "Cơ sở chưa được đăng ký.", "No such facility is registered.", errors=errors
    )


def batch_cancelled() -> Conflict:
    return Conflict(
        "batch_cancelled",
        "Lô đã bị huỷ; hãy cho chạy tiếp trước (resume).",
        "The batch is cancelled; resume it first.",
    )


def still_being_read() -> Conflict:
    return Conflict(
        "still_being_read",
        "Tệp đang được đọc; hãy thử lại khi đọc xong.",
        "The file is still being read; try again once it is read.",
    )


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> InputError:
    return InputError(
        "invalid_request",
        "Yêu cầu chưa đúng; xem từng lỗi.",
        "The request is not right; see each error.",
        errors=errors,
    )


def no_file() -> InputError:
    return InputError("no_file", "Chưa chọn tệp.", "There is no file in the request.")


def text_needed() -> InputError:
    return InputError("text_needed", "Hãy ghi rõ vì sao.", "Say why, in words of your own.")


def text_too_long() -> InputError:
    return InputError(
        "text_too_long",
        "Nội dung quá dài, không in vừa một trang giấy.",
        "The text is too long for one page.",
    )


def unprintable(errors: Sequence[Mapping[str, Any]] = ()) -> InputError:
    return InputError(
        "unprintable",
        "Có ký tự không in được trên giấy.",
        "Some characters cannot be printed on the form.",
        errors=errors,
    )


def internal_error() -> Unavailable:
    """What nobody foresaw."""
    return Unavailable(
        "internal_error",
        "Dịch vụ gặp lỗi chưa rõ; hãy thử lại sau. Người vận hành cần xem nhật ký.",
        "An unforeseen failure; try again later. An operator must look at the log.",
    )
