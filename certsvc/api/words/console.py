"""The console's words for states, outcomes and changes, and how they look."""

from collections.abc import Mapping
from dataclasses import dataclass

from certsvc import words
from certsvc.api.schemas import BatchOut
from certsvc.api.words.pages import BY_VERDICT, Tone
from certsvc.issuing.batches.cancelling import BatchChange
from certsvc.issuing.withdrawing.changes import Change
from certsvc.issuing.withdrawing.recalling import LeftOut
from certsvc.models import (
    DECLINED,
    ApiKey,
    BatchStatus,
    Origin,
    RecallOutcome,
    RecallStatus,
    Status,
    WithdrawalReason,
)
from certsvc.store.batch_lists import Fate
from certsvc.verify.report import Verdict
from certsvc.words import ROLES, Words


@dataclass(frozen=True, slots=True)
class State:
    """What a state is called and how it looks; colour alone never tells it."""

    words: Words
    tone: Tone
    icon: str


STATUSES: Mapping[str, State] = {
    Status.REQUESTED: State(words.STATUSES[Status.REQUESTED], Tone.NONE, "clock"),
    Status.SIGNING: State(words.STATUSES[Status.SIGNING], Tone.NONE, "clock"),
    Status.ISSUED: State(words.STATUSES[Status.ISSUED], Tone.GOOD, "tick"),
    Status.SUSPENDED: State(words.STATUSES[Status.SUSPENDED], Tone.WAIT, "pause"),
    Status.REVOKED: State(words.STATUSES[Status.REVOKED], Tone.BAD, "cross"),
    Status.REPLACED: State(words.STATUSES[Status.REPLACED], Tone.WAIT, "swap"),
    Status.FAILED: State(words.STATUSES[Status.FAILED], Tone.BAD, "cross"),
}

HELD = State(Words("Chờ trưởng trạm duyệt", "Waits for the head's approval"), Tone.WAIT, "pause")
"""For what is `requested` and will not be signed before it is approved, and for a batch with nothing else
left to sign.
"""

OUTCOMES: Mapping[str, State] = {
    "issued": State(words.OUTCOMES["issued"], Tone.GOOD, "tick"),
    "existing": State(words.OUTCOMES["existing"], Tone.NONE, "paper"),
    "pending": State(words.OUTCOMES["pending"], Tone.NONE, "clock"),
    "rejected": State(words.OUTCOMES["rejected"], Tone.BAD, "cross"),
    "failed": State(words.OUTCOMES["failed"], Tone.BAD, "cross"),
    "cancelled": State(words.OUTCOMES["cancelled"], Tone.NONE, "dash"),
    "would_issue": State(words.OUTCOMES["would_issue"], Tone.GOOD, "tick"),
    "none": State(words.OUTCOMES["none"], Tone.NONE, "dash"),
}

BATCHES: Mapping[str, State] = {
    BatchStatus.READING: State(Words("Đang đọc tệp", "Being read"), Tone.NONE, "clock"),
    BatchStatus.RUNNING: State(Words("Đang ký", "Being signed"), Tone.NONE, "clock"),
    BatchStatus.DONE: State(Words("Đã xong", "Done"), Tone.GOOD, "tick"),
    BatchStatus.CANCELLED: State(Words("Đã huỷ", "Cancelled"), Tone.NONE, "dash"),
    BatchStatus.FAILED: State(Words("Không đọc hết được", "Failed"), Tone.BAD, "cross"),
}


def batch_state(batch: BatchOut) -> State:
    """The state of a batch; `HELD` where all that is left to sign waits for approval."""
    counts = batch.counts
    is_held = batch.status is BatchStatus.RUNNING and 0 < counts.awaiting_approval == counts.pending
    return HELD if is_held else BATCHES[batch.status]


BATCH_CHANGES: Mapping[BatchChange, Words] = {
    BatchChange.CANCEL: Words("Huỷ lô này", "Cancel this batch"),
    BatchChange.RESUME: Words("Cho lô chạy tiếp", "Resume this batch"),
    BatchChange.REPLAY: Words("Ký lại giấy bị lỗi", "Try again what failed"),
}

FIELDS: Mapping[Words, tuple[str, ...]] = {
    Words("Hồ sơ", "The case"): ("case_id", "wants_sick_leave", "wants_recovery"),
    Words("Người bệnh", "The patient"): (
        "full_name", "birth_date", "sex", "citizen_id", "id_type", "id_issued_on", "social_insurance_no",
        "health_insurance_card",
        "phone", "address", "ward_code", "employer", "father_name", "mother_name",
    ),
    Words("Bệnh, xét nghiệm, cách ly", "Illness, tests, isolation"): (
        "positive_on", "test_method", "test_place", "last_test_on", "last_test_result", "last_test_by",
        "care_setting",
        "isolation_from", "isolation_to", "vaccine_doses", "last_dose_on", "outcome", "outcome_on",
    ),
    Words("Khám bệnh", "Examination"): (
        "facility_code", "visit_no", "examined_on", "certified_on", "icd10", "diagnosis", "treatment",
        "practitioner_licence",
    ),
}  # fmt: skip
"""The fields of a case, as a form groups them."""

CAMERA_FAULTS: Mapping[str, Words] = {
    "no_camera": Words("Không thấy máy ảnh. Hãy nhập số CCCD.", "No camera was found. Type the number."),
    "camera_refused": Words(
        "Trình duyệt chưa được phép dùng máy ảnh. Hãy cho phép trong cài đặt của trang.",
        "The browser may not use the camera.",
    ),
    "camera_busy": Words(
        "Không mở được máy ảnh; có thể ứng dụng khác đang dùng.",
        "The camera cannot be opened; another app may be using it.",
    ),
    "no_reader": Words(
        "Trình duyệt này không đọc được mã QR. Hãy nhập số CCCD.",
        "This browser cannot read QR codes. Type the number.",
    ),
    "no_card": Words("Mã QR này không phải của CCCD.", "This QR code is not a citizen card's."),
}

FATES: Mapping[Fate, Words] = {
    Fate.REJECTED: Words("Bị từ chối", "Rejected"),
    Fate.FAILED: Words("Không ký được", "Failed"),
    Fate.GOOD: Words("Được cấp", "Good"),
    Fate.ALL: Words("Tất cả", "All"),
}

LEVELS: Mapping[str, Words] = {
    "reject": Words("Từ chối", "Rejects"),
    "warn": Words("Lưu ý", "Warns"),
    "repair": Words("Đã tự sửa", "Repaired"),
}

LATE_REASONS: Mapping[str, Words] = {
    "late": Words("Nộp muộn", "handed in late"),
    "reissue": Words("Cấp lại", "issued again"),
    "request": Words("Theo yêu cầu", "on request"),
}

VERDICTS: Mapping[str, Words] = {
    Status.ISSUED: BY_VERDICT[Verdict.VALID].title,
    Status.SUSPENDED: BY_VERDICT[Verdict.SUSPENDED].title,
    Status.REVOKED: BY_VERDICT[Verdict.REVOKED].title,
    Status.REPLACED: BY_VERDICT[Verdict.REPLACED].title,
}
"""What those who check the paper read."""

REASONS: Mapping[str, Words] = dict(words.WITHDRAWN_FOR) | {
    DECLINED: Words("trưởng trạm không duyệt", "its head did not approve it"),
}

MORE_EVENTS: Mapping[str, Words] = {
    "approved": Words("Trưởng trạm đã duyệt", "Approved by the head"),
    "declined": Words("Trưởng trạm không duyệt", "Not approved by the head"),
    "released": Words("Không còn cần duyệt", "Approval is required no more"),
    "erased": Words("Đã xoá tệp PDF vĩnh viễn", "PDF erased for good"),
    "handed_in": Words("Đã gửi cổng BHXH", "Handed in at the insurer's portal"),
    "code_reopened": Words("Đã mở lại mã tra cứu", "Look-up code opened again"),
}
"""In a certificate's event log, besides those that its holder sees."""


@dataclass(frozen=True, slots=True)
class Doing:
    """A change as buttons and pages name it; `reasons` are those that fit, `effect` is what the state does
    not show.
    """

    words: Words
    done: Words
    legal_from: frozenset[Status]
    reasons: tuple[WithdrawalReason, ...]
    effect: Words


_EVERY = tuple(WithdrawalReason)

CHANGES: Mapping[Change, Doing] = {
    Change.SUSPEND: Doing(
        Words("Tạm ngừng", "Suspend"),
        Words("Giấy đã được tạm ngừng.", "The certificate is suspended."),
        frozenset({Status.ISSUED}),
        _EVERY,
        Words("Khôi phục lại được bất cứ lúc nào.", "Can be reinstated at any time."),
    ),
    Change.REINSTATE: Doing(
        Words("Khôi phục", "Reinstate"),
        Words("Giấy có hiệu lực trở lại.", "The certificate is in force again."),
        frozenset({Status.SUSPENDED}),
        (WithdrawalReason.OTHER,),
        Words(
            "Giấy có hiệu lực trở lại, như chưa từng tạm ngừng.",
            "It is in force again, as if it had never been suspended.",
        ),
    ),
    Change.REVOKE: Doing(
        Words("Thu hồi", "Revoke"),
        Words("Giấy đã bị thu hồi.", "The certificate is revoked."),
        frozenset({Status.ISSUED, Status.SUSPENDED}),
        tuple(reason for reason in _EVERY if reason is not WithdrawalReason.LOST),
        Words(
            "Không hoàn tác được. Muốn cấp đúng, gửi lại hồ sơ đã sửa.",
            "Cannot be undone. To issue it rightly, send the mended record again.",
        ),
    ),
    Change.REPLACE: Doing(
        Words("Cấp lại", "Issue again"),
        Words("Giấy mới đang được ký.", "The new certificate is being signed."),
        frozenset({Status.ISSUED, Status.SUSPENDED}),
        (WithdrawalReason.LOST, WithdrawalReason.KEY_COMPROMISE, WithdrawalReason.OTHER),
        Words(
            "Không hoàn tác được. Giấy mới có cùng nội dung, số seri và mã tra cứu mới, ghi “CẤP LẠI”.",
            "Cannot be undone. The new one says the same, with a new serial and look-up code, marked as"
            " issued again.",
        ),
    ),
}


RECALLS: Mapping[str, State] = {
    RecallStatus.WAITING: State(
        Words("Chờ người thứ hai duyệt", "Waits for a second person"), Tone.WAIT, "pause"
    ),
    RecallStatus.REVOKED: State(words.STATUSES[Status.REVOKED], Tone.BAD, "cross"),
    RecallStatus.DECLINED: State(
        Words("Không duyệt, đã khôi phục", "Declined, reinstated"), Tone.NONE, "dash"
    ),
}

RECALL_OUTCOMES: Mapping[str, State] = {
    RecallOutcome.WAITING: State(Words("Tạm ngừng, chờ duyệt", "Suspended, waits"), Tone.WAIT, "pause"),
    RecallOutcome.REVOKED: State(words.STATUSES[Status.REVOKED], Tone.BAD, "cross"),
    RecallOutcome.REINSTATED: State(Words("Đã khôi phục", "Reinstated"), Tone.GOOD, "tick"),
    RecallOutcome.UNCHANGED: State(Words("Giữ nguyên", "Left as it was"), Tone.NONE, "dash"),
}

LEFT_OUT: Mapping[str, Words] = {
    LeftOut.NOT_ISSUED: Words("chưa được cấp", "not issued"),
    LeftOut.REVOKED: Words("đã thu hồi trước đó", "revoked already"),
    LeftOut.REPLACED: Words("đã thay bằng giấy mới", "replaced already"),
    LeftOut.UNDER_RECALL: Words(
        "thuộc một đợt thu hồi khác đang chờ duyệt", "under another recall that waits"
    ),
    LeftOut.NOT_YOURS: Words("do đơn vị khác yêu cầu cấp", "asked for by another organisation"),
}
"""Why a chosen certificate is not recalled."""

ORIGINS: Mapping[str, Words] = {
    Origin.KEY: Words("khoá API", "API key"),
    Origin.OIDC: Words("đăng nhập qua máy chủ đăng nhập", "signed in by the provider"),
    Origin.ACCOUNT: Words("tài khoản ở đây", "local account"),
}


def actor_of(actor: str, callers: Mapping[str, ApiKey]) -> Words:
    """Who did something, as far as the event log knows: a role and where, the licence if it is one person,
    never a name.
    """
    caller = callers.get(actor)
    if caller is None:
        return Words("Hệ thống", "The service")
    where = "".join(f" {code}" for code in (caller.facility_code, caller.licence) if code)
    return Words(f"{ROLES[caller.role].vi}{where} ({caller.prefix})", f"{ROLES[caller.role].en}{where}")
