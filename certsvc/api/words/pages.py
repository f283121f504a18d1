"""The public pages' words for what has a code in a Report: verdicts, checks, events.

A headline is what a guard reads first; colour alone never tells it. Reasons have their own words in
`verify.reasons`; where a reason says more than its verdict, it has a headline of its own here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from certsvc.errors import CertsvcError
from certsvc.verify.reasons import Reason
from certsvc.verify.report import VERDICTS_OF, CheckName, CheckOutcome, TimeSource, Verdict
from certsvc.words import WITHDRAWN_FOR, Words


class Tone(StrEnum):
    """How a band looks: accept, refuse, wait, or no answer."""

    GOOD = "good"
    BAD = "bad"
    WAIT = "wait"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Headline:
    """The band above an answer: `title` in huge letters, `order` says what to do with the paper."""

    tone: Tone
    icon: str
    title: Words
    order: Words


_REFUSE = Words("Không nhận giấy này", "Do not accept it")
_NOT_YET = Words("Chưa nhận giấy này", "Do not accept it yet")
_NO_ANSWER = Words("Chưa kết luận được", "No answer yet")

BY_VERDICT: Mapping[Verdict, Headline] = {
    Verdict.VALID: Headline(
        Tone.GOOD,
        "tick",
        Words("Giấy thật – còn hiệu lực", "Genuine and in force"),
        Words("So với tờ giấy trên tay rồi hãy nhận", "Compare it with the paper, then accept"),
    ),
    Verdict.REVOKED: Headline(Tone.BAD, "cross", Words("Đã bị thu hồi", "Revoked"), _REFUSE),
    Verdict.SUSPENDED: Headline(Tone.WAIT, "pause", Words("Tạm ngừng hiệu lực", "Suspended"), _NOT_YET),
    Verdict.REPLACED: Headline(
        Tone.WAIT,
        "swap",
        Words("Đã được thay thế", "Replaced by a new paper"),
        Words("Không nhận tờ này, hãy xin tờ mới", "Do not accept it; ask for the new one"),
    ),
    Verdict.PENDING: Headline(Tone.NONE, "clock", Words("Chưa ký xong", "Not signed yet"), _NOT_YET),
    Verdict.INVALID: Headline(Tone.BAD, "cross", Words("Không hợp lệ", "Not valid"), _REFUSE),
    Verdict.UNKNOWN: Headline(
        Tone.NONE, "question", Words("Không xác nhận được", "Cannot be confirmed"), _NOT_YET
    ),
    Verdict.CANNOT_CHECK: Headline(
        Tone.NONE, "question", Words("Chưa kiểm tra được", "Could not be checked"), _NO_ANSWER
    ),
}

_COMPARE_FIRST = Words(
    "Chỉ nhận nếu giấy trên tay ghi đúng như dưới đây",
    "Accept the paper only if it says exactly the same",
)
QR_ALONE = Headline(
    Tone.GOOD,
    "tick",
    Words("Mã QR thật – hãy so với giấy", "Genuine QR code: compare the paper"),
    _COMPARE_FIRST,
)
CODE_ALONE = Headline(
    Tone.GOOD, "tick", Words("Mã thật – hãy so với giấy", "Genuine code: compare the paper"), _COMPARE_FIRST
)
"""Of a certificate in force whose file nobody showed: a good code can be copied onto another's paper."""

COMPARE = Words(
    "Chữ cái đầu họ tên, ngày trên giấy, cơ sở y tế và số seri phải đúng như dưới đây; nếu khác, không nhận"
    " giấy. Nhập ngày sinh để so cả họ tên và ngày nghỉ.",
    "Initials, date on the paper, facility and serial must be exactly these; if not, do not accept it. With"
    " the birth date, compare name and leave days too.",
)
"""What a stranger compares on a genuine paper; when it was signed is not part of that."""

_UNREADABLE = Headline(
    Tone.NONE, "question", Words("Không kiểm tra được tệp", "The file cannot be checked"), _NOT_YET
)
BY_REASON: Mapping[Reason, Headline] = {
    Reason.FAILED: Headline(Tone.NONE, "cross", Words("Chưa được cấp", "Not issued"), _NOT_YET),
    Reason.NO_SUCH_CODE: Headline(Tone.BAD, "question", Words("Không có mã này", "No such code"), _NOT_YET),
    Reason.FORGED_QR: Headline(Tone.BAD, "cross", Words("Mã QR giả", "Forged QR code"), _REFUSE),
    Reason.UNREADABLE: _UNREADABLE,
    Reason.ENCRYPTED: _UNREADABLE,
    Reason.TOO_COMPLEX: _UNREADABLE,
    Reason.NO_QR_FOUND: Headline(
        Tone.NONE, "question", Words("Không thấy mã QR", "No QR code found"), _NO_ANSWER
    ),
    Reason.NOT_SIGNED: Headline(
        Tone.NONE, "question", Words("Không có chữ ký số", "Not digitally signed"), _NOT_YET
    ),
    Reason.LEADS_ELSEWHERE: Headline(
        Tone.NONE,
        "question",
        Words("Mã QR của nơi khác", "A QR code of another site"),
        _NOT_YET,
    ),
    Reason.NOT_CHECKABLE: Headline(
        Tone.NONE,
        "question",
        Words("Không phải giấy của hệ thống này", "Not a certificate of this service"),
        _NOT_YET,
    ),
    Reason.SIGNED_BY_OTHER: Headline(
        Tone.NONE,
        "question",
        Words("Không phải giấy của hệ thống này", "Not a certificate of this service"),
        _NOT_YET,
    ),
}

CHECKS: Mapping[CheckName, Words] = {
    CheckName.REGISTER: Words("Sổ cấp giấy", "Register of certificates"),
    CheckName.GEOMETRY: Words("Chữ ký bao trọn tệp", "Signatures cover the file"),
    CheckName.SIGNATURE: Words("Chữ ký số", "Digital signatures"),
    CheckName.CHAIN: Words("Chứng thư số của người ký", "Certificates of the signers"),
    CheckName.REVOCATION: Words("Thu hồi chứng thư số", "Revocation of the signers' certificates"),
    CheckName.TIMESTAMP: Words("Dấu thời gian", "Time-stamp"),
    CheckName.ARCHIVE: Words("Lưu trữ lâu dài", "Long-term archive"),
    CheckName.CLAIMS: Words("Thông tin trong mã QR", "Contents of the QR code"),
    CheckName.STATUS: Words("Danh sách hiệu lực", "Status list"),
}

OUTCOMES: Mapping[CheckOutcome, Words] = {
    CheckOutcome.PASSED: Words("Đạt", "Passed"),
    CheckOutcome.FAILED: Words("Không đạt", "Failed"),
    CheckOutcome.NOT_DONE: Words("Chưa kiểm tra", "Not done"),
}

TIME_SOURCES: Mapping[TimeSource, Words] = {
    TimeSource.TIMESTAMP: Words("theo dấu thời gian", "by a time-stamp"),
    TimeSource.CLAIMED: Words("theo lời người ký", "as the signer claims"),
}

HIERARCHIES: Mapping[str, Words] = {
    "public": Words("Chữ ký số công cộng (NEAC)", "Vietnam's public certificates (NEAC)"),
    "government": Words(
        "Chữ ký số chuyên dùng công vụ (Ban Cơ yếu Chính phủ)", "Vietnam's government certificates"
    ),
}
"""Names of folders below `anchors/`; others are shown as they are."""

EVENTS: Mapping[str, Words] = {
    "requested": Words("Đã tiếp nhận yêu cầu", "Requested"),
    "signing": Words("Đang ký số", "Being signed"),
    "issued": Words("Đã ký và cấp giấy", "Signed and issued"),
    "failed": Words("Ký không thành công", "Signing failed"),
    "suspended": Words("Tạm ngừng hiệu lực", "Suspended"),
    "reinstated": Words("Có hiệu lực trở lại", "In force again"),
    "revoked": Words("Đã thu hồi", "Revoked"),
    "replaced": Words("Đã thay bằng giấy mới", "Replaced by a new certificate"),
}
"""What its holder gets to see of a certificate's event log; other events are ours alone."""

FIELDS_AT_FAULT: Mapping[str, tuple[str, ...]] = {
    "malformed_code": ("code",),
    "malformed_birth_date": ("birth_date",),
    "impossible_birth_date": ("birth_date",),
    "malformed_last4": ("id_last4",),
    "no_match": ("code", "birth_date", "id_last4"),
    "no_file": ("file",),
    "nothing_to_check": ("files", "codes"),
    "too_many_files": ("files",),
    "too_many_codes": ("codes",),
    "too_large": ("file",),
    "not_pdf_or_image": ("file",),
    "weak_password": ("password",),
    "wrong_code": ("code",),
    "reason_needed": ("reason",),
    "text_needed": ("text",),
    "unknown_facility": ("facility",),
    "unknown_practitioner": ("licence",),
    "bad_period": ("valid_to",),
}
"""Ids of the form fields that an error is about, by its code."""


def is_at_fault(error: CertsvcError | None, field: str) -> bool:
    """Whether to mark that field; where any of several may be wrong, none is marked."""
    return error is not None and FIELDS_AT_FAULT.get(error.code) == (field,)


def headline_of(report: Mapping[str, Any], *, for_holder: bool = False) -> Headline:
    """The band of a Report (its JSON form): that of its first reason if it has one, else of its verdict.

    Where a code or QR is all that was shown, the band of a valid one says so, but not to its holder.
    """
    first, verdict = Reason(report["reasons"][0]["code"]), Verdict(report["verdict"])
    passed = {check["name"] for check in report["checks"] if check["outcome"] == CheckOutcome.PASSED}
    if verdict is Verdict.VALID and CheckName.GEOMETRY not in passed and not for_holder:
        return QR_ALONE if CheckName.CLAIMS in passed else CODE_ALONE
    return BY_REASON.get(first) or BY_VERDICT[verdict]


def causes_of(report: Mapping[str, Any]) -> list[Words]:
    """Why a paper is suspended or replaced, in the few words that fit that state; else nothing."""
    if report["verdict"] not in {Verdict.SUSPENDED, Verdict.REPLACED}:
        return []
    codes = [Reason(reason["code"]) for reason in report["reasons"]]
    return [WITHDRAWN_FOR[code] for code in codes if code in WITHDRAWN_FOR]


def plain_reasons(report: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """The reasons whose own message fits the verdict: all that `causes_of` does not put otherwise."""
    is_put_otherwise = bool(causes_of(report))
    return [
        reason for reason in report["reasons"] if not (is_put_otherwise and reason["code"] in WITHDRAWN_FOR)
    ]


def headlines_for(reason: Reason) -> list[Headline]:
    """The bands that a reason may appear under: its own, or that of each verdict it comes with."""
    own = BY_REASON.get(reason)
    alone = [QR_ALONE, CODE_ALONE] if reason is Reason.GENUINE else []
    return [own] if own else [*(BY_VERDICT[verdict] for verdict in VERDICTS_OF[reason]), *alone]
