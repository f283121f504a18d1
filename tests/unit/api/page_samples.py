"""What the pages are given, in every state: reports of invented people, made by the code that makes real
ones.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from certsvc.api.public.bulk_pages import shown, told_reasons
from certsvc.api.public.bulk_table import packed
from certsvc.checking.lookups import Proven
from certsvc.checking.many import CodeAnswer, CodeItem, FileItem, Item
from certsvc.errors import CertsvcError, Forbidden, InputError, TooMany, Unavailable
from certsvc.models import Event, Kind, Slot, Status
from certsvc.store.entries import Entry
from certsvc.templates.qr import qr_svg
from certsvc.verify.reasons import Reason
from certsvc.verify.report import (
    PROOF_OF_FILE,
    Check,
    CheckName,
    CheckOutcome,
    Report,
    SignatureFacts,
    TimeSource,
    Verdict,
)

NOW = dt.datetime(2026, 3, 14, 2, 5, tzinfo=dt.UTC)
CODE, TOKEN = "K7M2QX4P9RTVW3HD", "7ZK2M9QX4P3RTVW8HDA5C6E1FG"
HOLDER, INITIALS = "Nguyễn Thị Bích Hạnh", "N. T. B. H."
SERIAL = "012342600123"
NOT_FOR_STRANGERS = (HOLDER, HOLDER.upper(), SERIAL, "06/03/2026", "12/03/2026", "khỏi bệnh", "COVID")

DAYS = {"dated_on": "2026-03-07", "signed_on": "2026-03-07", "signed_at": "2026-03-07T03:42:09Z"}
STRANGER = {
    "kind": "sick_leave",
    "serial_tail": "0123",
    "facility": "Trạm Y tế phường Hàng Thử",
    **DAYS,
    "initials": INITIALS,
}
LATE = STRANGER | {"dated_on": "2022-03-14"}
STATION = STRANGER | {"kind": "station_certificate"}
MINOR = STRANGER | {"initials": None}
UNSIGNED = STRANGER | {"serial_tail": None} | dict.fromkeys(DAYS)
OPENED = {"serial": SERIAL, "holder": HOLDER, "leave_from": "2026-03-06", "leave_to": "2026-03-12", "days": 7}
ENTRY = Entry(
    uuid.UUID(int=7),
    Kind.SICK_LEAVE,
    Status.ISSUED,
    None,
    SERIAL,
    NOW,
    False,
    7,
    "0" * 64,
    None,
    "1" * 64,
    None,
    None,
    b"",
    STRANGER["facility"],
)

REGISTER = Check(CheckName.REGISTER, CheckOutcome.PASSED, "Đã đối chiếu với sổ cấp giấy.")
PROOFS = (REGISTER, *(Check(name, CheckOutcome.PASSED) for name in PROOF_OF_FILE))
VERDICT_OF_REASON = {
    Reason.GENUINE: (Verdict.VALID,),
    Reason.WRONG_DATA: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.WRONG_PERSON: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.NOT_ENTITLED: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.FRAUD: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.KEY_COMPROMISE: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.LOST: (Verdict.REVOKED, Verdict.REPLACED),
    Reason.OTHER: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.WITHDRAWN: (Verdict.REVOKED, Verdict.SUSPENDED, Verdict.REPLACED),
    Reason.NOT_SIGNED_YET: (Verdict.PENDING,),
    Reason.FAILED: (Verdict.PENDING,),
    Reason.NO_SUCH_CODE: (Verdict.UNKNOWN,),
    Reason.MALFORMED_CODE: (Verdict.UNKNOWN,),
    Reason.ALTERED_COPY: (Verdict.INVALID,),
    Reason.TAMPERED: (Verdict.INVALID,),
    Reason.UNTRUSTED: (Verdict.INVALID,),
    Reason.FORGED_QR: (Verdict.INVALID,),
    Reason.SIGNED_BY_OTHER: (Verdict.UNKNOWN,),
    Reason.LEADS_ELSEWHERE: (Verdict.UNKNOWN,),
    Reason.NOT_CHECKABLE: (Verdict.UNKNOWN,),
    Reason.NOT_SIGNED: (Verdict.UNKNOWN,),
    Reason.NO_QR_FOUND: (Verdict.UNKNOWN,),
    Reason.UNREADABLE: (Verdict.INVALID,),
    Reason.ENCRYPTED: (Verdict.INVALID,),
    Reason.TOO_COMPLEX: (Verdict.INVALID,),
    Reason.REGISTER_UNREACHABLE: (Verdict.CANNOT_CHECK,),
    Reason.LIST_TOO_OLD: (Verdict.CANNOT_CHECK,),
    Reason.OFFLINE_FILE: (Verdict.CANNOT_CHECK,),
    Reason.BUSY: (Verdict.CANNOT_CHECK,),
    Reason.OTHER_ISSUER: (Verdict.CANNOT_CHECK,),
}
HISTORIES = {
    Verdict.VALID: ("requested", "signing", "issued", "suspended", "reinstated"),
    Verdict.REVOKED: ("requested", "signing", "issued", "revoked"),
    Verdict.SUSPENDED: ("requested", "signing", "issued", "suspended"),
    Verdict.REPLACED: ("requested", "signing", "issued", "replaced"),
    Verdict.PENDING: ("requested", "signing"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one state, and who may look at it."""

    label: str
    template: str
    path: str
    context: dict[str, Any]
    is_stranger: bool = False


def report(
    verdict: Verdict,
    *reasons: Reason,
    certificate: dict[str, Any] | None = None,
    checks: tuple[Check, ...] = (REGISTER,),
    signatures: Any = (),
) -> Report:
    return Report(verdict, reasons, NOW, checks, certificate, signatures)


def proven(
    verdict: Verdict,
    reason: Reason,
    *,
    kind: str = "sick_leave",
    grant: str | None = None,
    successor: str | None = None,
) -> Proven:
    view = (UNSIGNED if verdict is Verdict.PENDING else STRANGER) | OPENED | {"kind": kind}
    if verdict is Verdict.PENDING:
        view |= {"serial": None, "days": None}
    names = ("requested", "signing", "failed") if reason is Reason.FAILED else HISTORIES[verdict]
    history = tuple(
        Event(at=NOW + dt.timedelta(minutes=at), name=name, actor="worker", facts={"attempt": 1})
        for at, name in enumerate(names)
    )
    return Proven(report(verdict, reason, certificate=view), ENTRY, history, grant, successor)


def signature(slot: Slot | None, **changes: Any) -> SignatureFacts:
    facts: dict[str, Any] = {
        "signer": "Trần Văn Thử",
        "organisation": "Trạm Y tế phường Hàng Thử",
        "issuer_ca": "certsvc DEV ONLY Issuing CA",
        "signed_at": NOW,
        "time_source": TimeSource.TIMESTAMP,
        "level": "B-LT",
        "intact": True,
        "trusted": True,
        "covers_whole_file": slot is Slot.ORGANISATION,
    }
    return SignatureFacts(slot=slot, **(facts | changes))


def answers() -> Iterator[Page]:
    """Every verdict with every reason it comes with, for a stranger and for who proved himself."""
    for reason, verdicts in VERDICT_OF_REASON.items():
        for verdict in verdicts:
            yield _stranger(
                f"{verdict}-{reason}", report(verdict, reason, certificate=_stranger_sees(verdict))
            )
            if verdict in HISTORIES:
                opened = proven(
                    verdict,
                    reason,
                    grant="a.grant" if verdict is Verdict.VALID else None,
                    successor=CODE[::-1] if verdict is Verdict.REPLACED else None,
                )
                yield _opened(f"{verdict}-{reason}-proven", opened)
    yield _stranger("station", report(Verdict.VALID, Reason.GENUINE, certificate=STATION))
    yield _stranger("minor", report(Verdict.VALID, Reason.GENUINE, certificate=MINOR))
    yield _stranger("late", report(Verdict.VALID, Reason.GENUINE, certificate=LATE))
    yield _stranger("late-revoked", report(Verdict.REVOKED, Reason.WITHDRAWN, certificate=LATE))
    yield _stranger("valid-qr", report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER), code=TOKEN)
    yield _stranger("unknown-qr", report(Verdict.UNKNOWN, Reason.NO_SUCH_CODE), code=TOKEN)
    yield _stranger(
        "suspended-two", report(Verdict.SUSPENDED, Reason.WITHDRAWN, Reason.FRAUD, certificate=STRANGER)
    )
    yield _opened("recovery-proven", proven(Verdict.VALID, Reason.GENUINE, kind="recovery", grant="a.grant"))
    yield _opened("valid-dates-only", proven(Verdict.VALID, Reason.GENUINE))


def _stranger_sees(verdict: Verdict) -> dict[str, Any] | None:
    if verdict not in HISTORIES:
        return None
    return UNSIGNED if verdict is Verdict.PENDING else STRANGER


def _stranger(label: str, seen: Report, *, code: str = CODE) -> Page:
    return Page(
        f"answer-{label}",
        "answer.html",
        f"/v/{code}",
        {"report": seen.to_json(), "code": code, "proven": None},
        is_stranger=True,
    )


def _opened(label: str, opened: Proven) -> Page:
    context = {"report": opened.report.to_json(), "code": CODE, "proven": opened, "birth_date": "05/09/1988"}
    return Page(f"answer-{label}", "answer.html", "/my", context)


def file_answers() -> Iterator[Page]:
    """Every verdict on a file, with its checks and signatures."""
    ours = (signature(Slot.PRACTITIONER), signature(Slot.REPRESENTATIVE), signature(Slot.ORGANISATION))
    yield _file(
        "valid",
        report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER | OPENED, checks=PROOFS, signatures=ours),
    )
    for reason, verdicts in VERDICT_OF_REASON.items():
        for verdict in sorted(set(verdicts) - {Verdict.VALID}):
            yield _file(
                f"{verdict}-{reason}",
                report(
                    verdict, reason, checks=tuple(Check(name, CheckOutcome.NOT_DONE) for name in CheckName)
                ),
            )
    changed = (
        REGISTER,
        Check(CheckName.GEOMETRY, CheckOutcome.FAILED, "Chữ ký không bao trọn tệp."),
        Check(CheckName.CHAIN, CheckOutcome.NOT_DONE),
    )
    broken = (signature(Slot.ORGANISATION, intact=False, trusted=False, covers_whole_file=False),)
    yield _file("tampered", report(Verdict.INVALID, Reason.TAMPERED, checks=changed, signatures=broken))
    nobody = signature(
        None,
        trusted=False,
        signer="",
        organisation="",
        issuer_ca="",
        signed_at=None,
        time_source=None,
        level=None,
    )
    claimed = signature(
        None, trusted=False, signer="Công ty Thử Nghiệm", time_source=TimeSource.CLAIMED, hierarchy="public"
    )
    yield _file(
        "other", report(Verdict.UNKNOWN, Reason.SIGNED_BY_OTHER, checks=changed, signatures=(claimed, nobody))
    )
    yield _file(
        "late",
        report(Verdict.VALID, Reason.GENUINE, certificate=LATE | OPENED, checks=PROOFS, signatures=ours),
    )
    yield _file("picture", report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER))


def _file(label: str, seen: Report) -> Page:
    return Page(f"file-{label}", "file_answer.html", "/check", {"report": seen.to_json()})


def forms() -> Iterator[Page]:
    errors: tuple[CertsvcError | None, ...] = (
        None,
        InputError("malformed_code", "Mã không đúng dạng.", "This is no look-up code."),
        InputError("malformed_birth_date", "Ngày sinh chưa đúng dạng.", "This is no birth date."),
        InputError("malformed_last4", "Hãy nhập đủ bốn số cuối.", "Please type all of the last four digits."),
        Forbidden(
            "no_match",
            "Mã, ngày sinh hoặc bốn số cuối không khớp với giấy.",
            "Code, birth date or last four do not match.",
        ),
        TooMany(
            "too_many_tries",
            "Nhập sai quá 5 lần. Hãy thử lại sau một giờ.",
            "More than 5 wrong tries.",
            retry_after_s=3600,
        ),
        Unavailable("store", "Hãy thử lại sau.", "Try again later."),
    )
    for error in errors:
        label = error.code if error else "empty"
        yield Page(
            f"my-{label}",
            "my.html",
            "/my",
            {"typed": {"code": "k7m2-qx4p-9rtv-w3hd" if error else "", "birth_date": ""}, "error": error},
            is_stranger=True,
        )
    yield Page(
        "my-qr",
        "my.html",
        "/my",
        {"typed": {"code": TOKEN, "birth_date": ""}, "error": errors[4]},
        is_stranger=True,
    )
    for code in ("malformed_code", "no_file", "not_pdf_or_image", "empty_file"):
        error = InputError(code, "Chưa đúng.", "Not right.")
        yield Page(
            f"check-{code}", "check.html", "/check", {"typed": "ABCD", "error": error}, is_stranger=True
        )
    yield Page("check", "check.html", "/check", {"typed": "", "error": None}, is_stranger=True)


def others() -> Iterator[Page]:
    address = "https://giay.example.vn/v/K7M2-QX4P-9RTV-W3HD"
    yield Page("start", "start.html", "/", {}, is_stranger=True)
    yield Page(
        "slip",
        "slip.html",
        f"/v/{CODE}/slip",
        {"code": CODE, "address": address, "qr": qr_svg(address.upper())},
        is_stranger=True,
    )
    problems = {
        "not_found": 404,
        "no_such_code": 404,
        "malformed_code": 422,
        "no_grant": 403,
        "not_downloadable": 409,
        "too_large": 413,
        "too_many": 429,
        "internal_error": 500,
    }
    for code, status in problems.items():
        document = {
            "status": status,
            "code": code,
            "message_vi": "Không có trang này.",
            "message_en": "There is no such page.",
            "errors": [
                {
                    "field": "code",
                    "row": None,
                    "rule": "x",
                    "message_vi": "Giá trị không hợp lệ.",
                    "message_en": "Bad value.",
                }
            ]
            if status == 422
            else [],
            "request_id": "0123456789abcdef" if status == 500 else None,
        }
        yield Page(f"problem-{code}", "problem.html", "/nowhere", {"problem": document}, is_stranger=True)


def many() -> Iterator[Page]:
    """The bulk check: its form, refused and not, and every verdict in one table."""
    limits = {"files": 500, "codes": "10.000", "codes_en": "10,000", "megabytes": 128}
    for code in ("nothing_to_check", "too_many_files", "too_many_codes", "not_utf8"):
        error = InputError(code, "Chưa đúng.", "Not right.")
        yield Page(
            f"many-{code}",
            "check_many.html",
            "/check/many",
            {"limits": limits, "error": error},
            is_stranger=True,
        )
    yield Page("many", "check_many.html", "/check/many", {"limits": limits, "error": None}, is_stranger=True)
    seen = [
        report(verdict, reason, certificate=_stranger_sees(verdict))
        for reason, verdicts in VERDICT_OF_REASON.items()
        for verdict in verdicts
    ]
    items: list[Item] = [
        CodeItem(number, None if number % 2 else "ds.csv", number + 1, CODE) for number in range(1, len(seen))
    ]
    lines = [
        packed(CodeAnswer(item, each))
        for item, each in zip([*items, FileItem(len(seen), "giấy <b>.pdf", 1, _nothing)], seen, strict=True)
    ]
    context = shown(lines, most_lines=len(lines) - 1)
    yield Page("many-answers", "many_answers.html", "/check/many", context, is_stranger=True)
    holders = CodeAnswer(
        FileItem(1, "", 1, _nothing), report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER | OPENED)
    )
    yield Page("many-one", "many_answers.html", "/check/many", shown([packed(holders)]))
    late = CodeAnswer(CodeItem(1, None, 1, CODE), report(Verdict.VALID, Reason.GENUINE, certificate=LATE))
    yield Page("many-late", "many_answers.html", "/check/many", shown([packed(late)]), is_stranger=True)
    yield Page("reasons", "reasons.html", "/reasons", {"reasons": told_reasons()})


async def _nothing() -> bytes:
    return b""


PAGES = (*answers(), *file_answers(), *forms(), *others(), *many())
