"""Why a check ended as it did, in words for a guard at a gate or a clerk in an office.

Every reason code in the HTTP contract has one entry; texts never contain personal data.
"""

from dataclasses import dataclass
from enum import StrEnum

from certsvc.states import WithdrawalReason
from certsvc.words import WITHDRAWN_FOR


class Reason(StrEnum):
    GENUINE = "genuine"
    WRONG_DATA = "wrong_data"
    WRONG_PERSON = "wrong_person"
    NOT_ENTITLED = "not_entitled"
    FRAUD = "fraud"
    KEY_COMPROMISE = "key_compromise"
    LOST = "lost"
    OTHER = "other"
    WITHDRAWN = "withdrawn"
    NOT_SIGNED_YET = "not_signed_yet"
    FAILED = "failed"
    NO_SUCH_CODE = "no_such_code"
    MALFORMED_CODE = "malformed_code"
    ALTERED_COPY = "altered_copy"
    TAMPERED = "tampered"
    UNTRUSTED = "untrusted"
    FORGED_QR = "forged_qr"
    LEADS_ELSEWHERE = "leads_elsewhere"
    SIGNED_BY_OTHER = "signed_by_other"
    NOT_CHECKABLE = "not_checkable"
    NOT_SIGNED = "not_signed"
    NO_QR_FOUND = "no_qr_found"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    TOO_COMPLEX = "too_complex"
    REGISTER_UNREACHABLE = "register_unreachable"
    LIST_TOO_OLD = "list_too_old"
    OFFLINE_FILE = "offline_file"
    BUSY = "busy"
    OTHER_ISSUER = "other_issuer"


WITHDRAWAL = frozenset(map(Reason, WithdrawalReason))
"""Reasons that a caller may give for revoking, suspending or replacing; for the holder and staff to see."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a reason means and what to do next, in Vietnamese and English."""

    message_vi: str
    message_en: str
    next_step_vi: str
    next_step_en: str


_DO_NOT_ACCEPT = (
    "Không nhận giấy này. Hãy gọi cơ sở y tế ghi trên giấy để hỏi.",
    "Do not accept it. Call the health facility named on the paper.",
)
_ASK_FOR_NEW = (
    "Không nhận giấy này. Hãy đề nghị người lao động nộp giấy mới do cơ sở y tế cấp.",
    "Do not accept it. Ask the worker for the new certificate from the health facility.",
)
_ASK_FOR_ORIGINAL = (
    "Hãy đề nghị người lao động gửi lại tệp gốc tải từ trang tra cứu, hoặc quét mã QR trên giấy.",
    "Ask the worker for the original file from the look-up page, or scan the QR code on the paper.",
)
_SCAN_INSTEAD = (
    "Hãy quét mã QR hoặc nhập mã tra cứu in trên giấy. Nếu giấy không có mã, hãy gọi cơ sở y tế.",
    "Scan the QR code or type the look-up code on the paper. If it has none, call the health facility.",
)
_TRY_LATER = (
    "Chưa thể kết luận. Hãy thử lại sau ít phút khi có mạng.",
    "No answer yet. Try again in a few minutes with a network connection.",
)


def _withdrawn(reason: WithdrawalReason, next_step: tuple[str, str]) -> Advice:
    why = WITHDRAWN_FOR[reason]
    return Advice(f"Giấy đã bị rút lại vì {why.vi}.", f"Withdrawn: {why.en}.", *next_step)


ADVICE: dict[Reason, Advice] = {
    Reason.GENUINE: Advice(
        "Do cơ sở y tế cấp và còn hiệu lực.",
        "Issued by the health facility and in force.",
        "Hãy so họ tên, ngày trên giấy và ngày nghỉ với tờ giấy và người đưa giấy.",
        "Compare the name, the date on the paper and the leave days with the paper and the person who handed"
        " it in.",
    ),
    Reason.WRONG_DATA: _withdrawn(WithdrawalReason.WRONG_DATA, _ASK_FOR_NEW),
    Reason.WRONG_PERSON: _withdrawn(WithdrawalReason.WRONG_PERSON, _DO_NOT_ACCEPT),
    Reason.NOT_ENTITLED: _withdrawn(WithdrawalReason.NOT_ENTITLED, _DO_NOT_ACCEPT),
    Reason.FRAUD: _withdrawn(WithdrawalReason.FRAUD, _DO_NOT_ACCEPT),
    Reason.KEY_COMPROMISE: _withdrawn(WithdrawalReason.KEY_COMPROMISE, _ASK_FOR_NEW),
    Reason.LOST: Advice(
        "Giấy này đã được báo mất và được cấp lại.",
        "This paper was reported lost and issued again.",
        *_ASK_FOR_NEW,
    ),
    Reason.OTHER: Advice(
        "Cơ sở y tế đã rút lại giấy này vì lý do khác.",
        "The health facility withdrew it for another reason.",
        *_DO_NOT_ACCEPT,
    ),
    Reason.WITHDRAWN: Advice(
        "Giấy này hiện không còn hiệu lực: đã bị thu hồi, được thay thế hoặc đang tạm ngừng.",
        "It is not in force now: it was revoked, replaced or suspended.",
        "Không nhận giấy này. Người có giấy xem lý do ở trang “Giấy của tôi”; hoặc hãy gọi cơ sở y tế.",
        "Do not accept it. Its holder finds the reason at “My certificate”; or call the health facility.",
    ),
    Reason.NOT_SIGNED_YET: Advice(
        "Giấy đã được yêu cầu nhưng chưa ký xong.",
        "The certificate was requested but is not signed yet.",
        "Hãy kiểm tra lại sau ít phút.",
        "Check again in a few minutes.",
    ),
    Reason.FAILED: Advice(
        "Giấy chưa được cấp vì quá trình ký gặp lỗi.",
        "The certificate was not issued: signing failed.",
        "Hãy gọi cơ sở y tế để được cấp giấy.",
        "Call the health facility to have it issued.",
    ),
    Reason.NO_SUCH_CODE: Advice(
        "Không tìm thấy giấy nào có mã này.",
        "There is no certificate with this code.",
        "Hãy kiểm tra lại từng ký tự của mã. Nếu vẫn không thấy, hãy gọi cơ sở y tế.",
        "Check the code letter by letter. If it is still not found, call the health facility.",
    ),
    Reason.MALFORMED_CODE: Advice(
        "Mã nhập vào chưa đúng.",
        "This is not a complete code.",
        "Mã có 16 ký tự, chia thành bốn nhóm. Hãy nhập lại như in trên giấy.",
        "The code has 16 characters in four groups. Type it as printed.",
    ),
    Reason.ALTERED_COPY: Advice(
        "Chữ ký là thật, nhưng tệp này không giống bản đã phát hành.",
        "The signatures are real, but this file is not the one we published.",
        *_ASK_FOR_ORIGINAL,
    ),
    Reason.TAMPERED: Advice(
        "Tệp đã bị sửa sau khi ký hoặc thiếu chữ ký.",
        "The file was changed after signing, or signatures are missing.",
        *_DO_NOT_ACCEPT,
    ),
    Reason.UNTRUSTED: Advice(
        "Chữ ký mang tên cơ sở y tế, nhưng không phải chữ ký đã đăng ký hoặc không còn được tin cậy.",
        "The signature names a health facility, but it is not its registered one or is no longer trusted.",
        *_DO_NOT_ACCEPT,
    ),
    Reason.FORGED_QR: Advice(
        "Mã QR này không do hệ thống cấp.", "This QR code was not made by this service.", *_DO_NOT_ACCEPT
    ),
    Reason.LEADS_ELSEWHERE: Advice(
        "Mã QR này dẫn tới trang khác, không phải hệ thống này.",
        "This QR code leads to another site, not to this service.",
        "Đừng nhập thông tin ở trang đó. Hãy tìm mã QR của cơ sở y tế trên giấy.",
        "Type nothing there. Look for the health facility's QR code on the paper.",
    ),
    Reason.SIGNED_BY_OTHER: Advice(
        "Tệp do người khác ký, không phải giấy do hệ thống này cấp.",
        "Signed by somebody else: it is not a certificate from this service.",
        "Hệ thống này không xác nhận được tệp. Hãy hỏi nơi đã ký.",
        "This service cannot vouch for it. Ask whoever signed it.",
    ),
    Reason.NOT_CHECKABLE: Advice(
        "Tệp có chữ ký số mà hệ thống này không kiểm được; không phải giấy do hệ thống này cấp.",
        "It has a digital signature that this service cannot check: not a certificate from this service.",
        "Hệ thống này không xác nhận được tệp. Hãy hỏi nơi đã ký; mục kiểm tra chữ ký cho biết còn thiếu gì.",
        "This service cannot vouch for it. Ask whoever signed it; the signature check says what is missing.",
    ),
    Reason.NOT_SIGNED: Advice(
        "Tệp không có chữ ký số.", "The file has no digital signature.", *_SCAN_INSTEAD
    ),
    Reason.NO_QR_FOUND: Advice(
        "Không tìm thấy mã QR trong ảnh.",
        "No QR code was found in the picture.",
        "Hãy chụp lại gần hơn, đủ sáng, thấy trọn mã QR; hoặc nhập mã tra cứu.",
        "Take the picture again, closer and in good light, with the whole QR code; or type the look-up code.",
    ),
    Reason.UNREADABLE: Advice(
        "Không đọc được tệp: tệp hỏng hoặc không phải PDF hay ảnh.",
        "The file cannot be read: it is broken, or neither a PDF nor a picture.",
        *_ASK_FOR_ORIGINAL,
    ),
    Reason.ENCRYPTED: Advice(
        "Tệp có đặt mật khẩu nên không kiểm tra được.",
        "The file is protected by a password and cannot be checked.",
        *_ASK_FOR_ORIGINAL,
    ),
    Reason.TOO_COMPLEX: Advice(
        "Tệp quá lớn hoặc quá phức tạp nên không kiểm tra được.",
        "The file is too large or too complex to check.",
        *_ASK_FOR_ORIGINAL,
    ),
    Reason.REGISTER_UNREACHABLE: Advice(
        "Hiện không tra cứu được sổ đăng ký giấy đã cấp.",
        "The register of issued certificates cannot be reached now.",
        *_TRY_LATER,
    ),
    Reason.LIST_TOO_OLD: Advice(
        "Dữ liệu thu hồi đã cũ nên chưa thể kết luận.",
        "The revocation data are too old to decide.",
        *_TRY_LATER,
    ),
    Reason.OFFLINE_FILE: Advice(
        "Khi không có mạng thì chưa thể kết luận về một tệp: chỉ sổ đăng ký biết tệp này có đúng là bản đã"
        " phát hành và còn hiệu lực hay không.",
        "Nothing can be said about a file offline: only the register knows whether it is the one we published"
        " and still in force.",
        "Hãy kiểm tra lại tệp khi có mạng, hoặc quét mã QR trên giấy.",
        "Check the file again with a network connection, or scan the QR code on the paper.",
    ),
    Reason.BUSY: Advice(
        "Hệ thống đang bận nên chưa kiểm tra tệp này.",
        "The service is busy and has not checked this file.",
        "Chưa thể kết luận. Hãy kiểm tra lại tệp này sau ít phút.",
        "No answer yet. Check this file again in a few minutes.",
    ),
    Reason.OTHER_ISSUER: Advice(
        "Giấy do một nơi cấp khác cấp; ở đây không có sổ của nơi đó.",
        "Issued by another issuer that we know; its register is not here.",
        "Chưa thể kết luận. Hãy quét mã QR bằng máy ảnh của điện thoại để mở trang của nơi cấp và kiểm tra"
        " tại đó.",
        "No answer yet. Scan the QR with the phone's camera: it opens the issuer's own page, which knows.",
    ),
}
