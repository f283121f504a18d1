"""What users read for kinds, signers, states and reasons, in Vietnamese and English; each stands here once.

Words that belong to one page or one file alone stand there (`api/words/`). What cells of a case may say is
another matter: `records.words`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from certsvc.states import STATION_CERTIFICATE, Kind, Role, Slot, Status, WithdrawalReason


@dataclass(frozen=True, slots=True)
class Words:
    vi: str
    en: str


KINDS: Mapping[str, Words] = {
    Kind.SICK_LEAVE: Words("Nghỉ việc hưởng BHXH", "Sick leave"),
    Kind.RECOVERY: Words("Khỏi bệnh", "Recovery"),
}
"""For lists and choices of the console."""

TITLES: Mapping[str, Words] = {
    Kind.SICK_LEAVE: Words(
        "Giấy chứng nhận nghỉ việc hưởng bảo hiểm xã hội", "Sick-leave certificate for social insurance"
    ),
    Kind.RECOVERY: Words(
        "Giấy xác nhận khỏi bệnh và hoàn thành thời gian cách ly, điều trị COVID-19 tại nhà",
        "Certificate of recovery from COVID-19",
    ),
    STATION_CERTIFICATE: Words("Giấy xác nhận của Trạm Y tế", "Certificate of a health station"),
}
"""As the papers call themselves."""

KINDS_IN_FILES: Mapping[Kind, str] = {Kind.SICK_LEAVE: "Giấy nghỉ BHXH", Kind.RECOVERY: "Giấy khỏi bệnh"}
"""In returned files, as the titles of their columns have it."""

SLOTS: Mapping[str, Words] = {
    Slot.PRACTITIONER: Words("Người hành nghề khám bệnh, chữa bệnh", "Practitioner who examined"),
    Slot.REPRESENTATIVE: Words("Đại diện đơn vị", "Representative of the facility"),
    Slot.ORGANISATION: Words("Cơ sở y tế (thay con dấu)", "Health facility (for its seal)"),
}

SIGNATURES: Mapping[Slot, str] = {
    Slot.PRACTITIONER: "Chữ ký số của người hành nghề khám bệnh, chữa bệnh",
    Slot.REPRESENTATIVE: "Chữ ký số của đại diện đơn vị",
    Slot.ORGANISATION: "Chữ ký số của đơn vị",
}
"""How a PDF reader names the fields of signatures; with the captions of the forms."""

STATUSES: Mapping[str, Words] = {
    Status.REQUESTED: Words("Chờ ký", "Waiting"),
    Status.SIGNING: Words("Đang ký", "Being signed"),
    Status.ISSUED: Words("Đã cấp, còn hiệu lực", "Issued, in force"),
    Status.SUSPENDED: Words("Tạm ngừng", "Suspended"),
    Status.REVOKED: Words("Đã thu hồi", "Revoked"),
    Status.REPLACED: Words("Đã thay thế", "Replaced"),
    Status.FAILED: Words("Không ký được", "Failed"),
}

OUTCOMES: Mapping[str, Words] = {
    "issued": Words("Đã cấp", "Issued"),
    "existing": Words("Đã cấp trước đây", "Issued before"),
    "pending": Words("Đang ký", "Pending"),
    "rejected": Words("Bị từ chối", "Rejected"),
    "failed": Words("Không ký được", "Failed"),
    "cancelled": Words("Đã huỷ", "Cancelled"),
    "would_issue": Words("Sẽ cấp", "Would be issued"),
    "none": Words("Không yêu cầu", "Not asked for"),
}
"""What became of a row of a batch, for one kind."""

ROLES: Mapping[str, Words] = {
    Role.INSURER: Words("Cơ quan BHXH", "insurer"),
    Role.FACILITY: Words("Cơ sở y tế", "health facility"),
    Role.AUDITOR: Words("Kiểm tra, giám sát", "auditor"),
    Role.ADMIN: Words("Quản trị", "administrator"),
}

WITHDRAWN_FOR: Mapping[str, Words] = {
    WithdrawalReason.WRONG_DATA: Words("thông tin ghi sai", "wrong data"),
    WithdrawalReason.WRONG_PERSON: Words("cấp nhầm người", "issued to the wrong person"),
    WithdrawalReason.NOT_ENTITLED: Words("không đủ điều kiện cấp", "the holder was not entitled to it"),
    WithdrawalReason.FRAUD: Words("có dấu hiệu gian lận", "signs of fraud"),
    WithdrawalReason.KEY_COMPROMISE: Words(
        "khóa ký số không còn an toàn", "the signing key is no longer safe"
    ),
    WithdrawalReason.LOST: Words("giấy bị mất, đã cấp lại", "lost and issued again"),
    WithdrawalReason.OTHER: Words("lý do khác", "another reason"),
}
"""Why a paper was revoked, suspended or replaced, in few words."""
