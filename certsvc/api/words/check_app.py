"""All that the check page's script may show, as one document: the pages' own words, and the reasons of
`verify.reasons`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from certsvc import words
from certsvc.api.words import pages
from certsvc.api.words.pages import Headline
from certsvc.verify.dates import LATE, UNDATED
from certsvc.verify.reasons import Reason
from certsvc.verify.report import describe
from certsvc.words import Words

_Name = TypeVar("_Name", bound=str)

_PAGE = {
    "checking": Words("Đang kiểm tra…", "Checking…"),
    "checked_at": Words("Kiểm tra lúc (giờ Việt Nam)", "Checked at this time, Vietnam time"),
    "cause": Words("Lý do", "Reason"),
    "step": Words("Việc cần làm", "What to do"),
    "compare": Words("So với tờ giấy trên tay", "Compare with the paper in your hand"),
    "compare_how": Words(
        "Họ tên, ngày trên giấy, ngày nghỉ, cơ sở y tế và số seri phải đúng như trên tờ giấy; nếu khác, không"
        " nhận giấy.",
        "Name, date on the paper, leave days, facility and serial must be those of the paper; if they differ,"
        " do not accept it.",
    ),
    "compare_undated": Words(
        "Họ tên, ngày nghỉ, cơ sở y tế và số seri phải đúng như trên tờ giấy; nếu khác, không nhận giấy.",
        "Name, leave days, facility and serial must be those of the paper; if they differ, do not accept it.",
    ),
    "late": Words(*LATE),
    "undated": Words(*UNDATED),
    "about": Words("Thông tin của giấy này", "About this paper"),
    "checks": Words("Các bước kiểm tra", "Checks"),
    "signers": Words("Chữ ký trong tệp", "Signatures in the file"),
    "signer_known": Words("Nguyên vẹn, người ký được tin cậy", "Intact, trusted signer"),
    "signer_unknown": Words(
        "Chưa được chứng minh; tên do tệp tự ghi", "Not proven; the name is only what the file claims"
    ),
    "see_more": Words("Xem họ tên, tải giấy", "See the name, download the paper"),
    "files": Words("Kết quả từng tệp", "Result of each file"),
    "files_done": Words("Số tệp đã kiểm tra", "Files checked"),
    "judged_here": Words(
        "Kiểm tra không có mạng, bằng dữ liệu đã lưu trên máy này.",
        "Checked without a network, by what this device has kept.",
    ),
    "judged_by_old": Words(
        "Kiểm tra không có mạng, bằng dữ liệu đã cũ hơn một ngày: giấy có thể đã bị thu hồi sau đó.",
        "Checked without a network, by data more than a day old: it may have been revoked since.",
    ),
    "file_unread": Words(
        "Chưa kiểm tra gì trong tệp này: không có mạng thì trang này không đọc được tệp.",
        "Nothing of this file was checked: without a network this page cannot read it.",
    ),
    "data_of": Words("Dữ liệu lúc", "Data of this time."),
    "kept_at": Words(
        "Dữ liệu ngoại tuyến cập nhật lúc", "Offline data were updated at this time, Vietnam time"
    ),
    "nothing_kept": Words(
        "Chưa có dữ liệu ngoại tuyến: hãy mở lại trang này khi có mạng.",
        "No offline data yet: open this page again with a network.",
    ),
    "no_camera": Words(
        "Không thấy máy ảnh. Hãy nhập mã hoặc đưa tệp lên.",
        "No camera was found. Type the code or hand in a file.",
    ),
    "camera_refused": Words(
        "Trình duyệt chưa được phép dùng máy ảnh. Hãy cho phép trong cài đặt của trang, hoặc nhập mã.",
        "The browser may not use the camera. Allow it in the site's settings, or type the code.",
    ),
    "camera_busy": Words(
        "Không mở được máy ảnh. Hãy đóng ứng dụng khác đang dùng máy ảnh rồi thử lại.",
        "The camera cannot be opened; another app may be using it.",
    ),
    "no_reader": Words(
        "Trình duyệt này không đọc được mã QR. Hãy nhập mã hoặc đưa tệp lên.",
        "This browser cannot read QR codes here. Type the code or hand in a file.",
    ),
    "match": Words("Khớp: đúng là tờ giấy của mã QR này.", "It matches: the paper belongs to this QR code."),
    "no_match": Words(
        "Không khớp: xem lại từng ô đã nhập; nếu vẫn không khớp thì không nhận giấy này.",
        "No match: look at each field again; if it still does not match, do not accept the paper.",
    ),
    "no_date": Words("Hãy nhập ngày như 05/09/1988.", "Type dates like 05/09/1988."),
}

_FACTS = {
    "initials": Words("Chữ cái đầu họ tên", "Initials of the name"),
    "minor": Words("Không hiện, vì người này dưới 18 tuổi", "Not shown: under 18"),
    "facility": Words("Cơ sở y tế", "Health facility"),
    "serial_tail": Words("Số seri, bốn ký tự cuối", "Serial number, last four"),
    "dated_on": Words("Ngày trên giấy", "Date on the paper"),
    "signed_at": Words("Ký số lúc", "Digitally signed at"),
}


def all_words() -> dict[str, Any]:
    """The document, ready for JSON. `reasons` have the form that they have in a Report."""
    return {
        "reasons": {reason: describe(reason) for reason in Reason},
        "headlines": {
            "by_verdict": _table(pages.BY_VERDICT),
            "by_reason": _table(pages.BY_REASON),
            "alone": _table({"qr": pages.QR_ALONE, "code": pages.CODE_ALONE}),
        },
        "withdrawn_for": _table(words.WITHDRAWN_FOR),
        "kinds": _table(words.TITLES),
        "slots": _table(words.SLOTS),
        "hierarchies": _table(pages.HIERARCHIES),
        "checks": _table(pages.CHECKS),
        "outcomes": _table(pages.OUTCOMES),
        "page": _table(_PAGE) | {"facts": _table(_FACTS)},
    }


def _table(entries: Mapping[_Name, Words | Headline]) -> dict[str, Any]:
    return {name: asdict(entry) for name, entry in entries.items()}
