"""Offline checks: a QR's claims against keys and a status list kept from an earlier visit.

They say less than the register would, and how old their data are [verify, The answer].
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from certsvc.claims import ClaimedKind, Claims
from certsvc.codes import claims_in, host_of, leads_to, normalise_code
from certsvc.states import STATION_CERTIFICATE, Kind
from certsvc.verify.claims import find_claims
from certsvc.verify.findings import Examination
from certsvc.verify.judging import NoRegister, judge_file
from certsvc.verify.published import OWN, Issuer, StatusList, TrustList
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Report, Verdict

TOLD_AFTER = dt.timedelta(hours=24)
TOO_OLD_AFTER = dt.timedelta(days=7)

_VERDICT = {
    0: (Verdict.VALID, Reason.GENUINE),
    1: (Verdict.REVOKED, Reason.WITHDRAWN),
    2: (Verdict.SUSPENDED, Reason.WITHDRAWN),
    3: (Verdict.REPLACED, Reason.WITHDRAWN),
}
_KIND = {ClaimedKind.SICK_LEAVE: str(Kind.SICK_LEAVE), ClaimedKind.STATION_CERTIFICATE: STATION_CERTIFICATE}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept from a service: its trust list, and status lists by address, even other issuers'."""

    trusted: TrustList
    lists: Mapping[str, StatusList]


def judge_text(text: str, *, kept: Kept, now: dt.datetime) -> Report:
    """The report on a QR's text or a code; a code alone proves nothing without the register. An address of
    nobody in the trust list is `forged_qr` if it imitates ours, else `leads_elsewhere`.
    """
    leads, is_code = leads_to(text), normalise_code(text) is not None
    if leads is None and not is_code:
        return _report(Verdict.UNKNOWN, Reason.MALFORMED_CODE, [_no_register()], now=now)
    for issuer in kept.trusted.issuers:
        claims_text = claims_in(text, base_url=issuer.service)
        if claims_text == "":
            reason = Reason.REGISTER_UNREACHABLE if issuer.id == OWN else Reason.OTHER_ISSUER
            return _report(Verdict.CANNOT_CHECK, reason, [_no_register()], now=now)
        claims = find_claims(claims_text, issuer.claim_keys) if claims_text else None
        if claims and issuer.signs_for(claims.facility_code):
            return _judge_claims(claims, issuer, kept=kept, now=now)
    if leads is not None and not is_code and host_of(kept.trusted.own.service) not in text.lower():
        elsewhere = f"Mã QR dẫn tới “{leads.host}”, không phải hệ thống này."
        register = Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, elsewhere)
        return _report(Verdict.UNKNOWN, Reason.LEADS_ELSEWHERE, [register], now=now)
    failed = Check(CheckName.CLAIMS, CheckOutcome.FAILED, "Nội dung mã QR không do hệ thống ký.")
    return _report(Verdict.INVALID, Reason.FORGED_QR, [_no_register(), failed], now=now)


def judge_offline_file(examination: Examination, *, now: dt.datetime) -> Report:
    """The report on a file: at best, its signatures are good."""
    found = judge_file(examination, register=NoRegister.OFFLINE)
    return Report(found.verdict, found.reasons, now, found.checks, None, examination.signatures)


def _judge_claims(claims: Claims, issuer: Issuer, *, kept: Kept, now: dt.datetime) -> Report:
    by = "hệ thống" if issuer.id == OWN else issuer.name
    checks = [_no_register(), Check(CheckName.CLAIMS, CheckOutcome.PASSED, f"Nội dung mã QR do {by} ký.")]
    status = kept.lists.get(issuer.list_address.replace("{list}", str(claims.status_list)))
    if status is None and issuer.id != OWN:
        checks.append(
            Check(CheckName.STATUS, CheckOutcome.NOT_DONE, "Chưa có danh sách trạng thái của nơi cấp.")
        )
        return _report(Verdict.CANNOT_CHECK, Reason.OTHER_ISSUER, checks, now=now)
    state = None if status is None else status.state(claims.status_index)
    if (
        status is None
        or state is None
        or now - status.made_at > TOO_OLD_AFTER
        or now - kept.trusted.issued_at > TOO_OLD_AFTER
    ):
        checks.append(Check(CheckName.STATUS, CheckOutcome.NOT_DONE, "Chưa có danh sách trạng thái đủ mới."))
        return _report(Verdict.CANNOT_CHECK, Reason.LIST_TOO_OLD, checks, now=now)
    verdict, reason = _VERDICT[state]
    checks.append(Check(CheckName.STATUS, CheckOutcome.PASSED, _age(status, now)))
    certificate = {
        "kind": _KIND[claims.kind],
        "serial_tail": claims.serial_tail,
        "facility": issuer.facilities.get(claims.facility_code, claims.facility_code),
        "dated_on": claims.dated_on.isoformat() if claims.dated_on else None,
        "signed_on": claims.signed_on.isoformat(),
        "signed_at": None,
        "initials": None,
    }
    return Report(verdict, (reason,), now, tuple(checks), certificate, as_of=status.made_at)


def _age(status: StatusList, now: dt.datetime) -> str:
    made = f"Theo danh sách trạng thái lúc {status.made_at:%H:%M %d/%m/%Y} (UTC)"
    return f"{made}; dữ liệu đã cũ hơn một ngày." if now - status.made_at > TOLD_AFTER else f"{made}."


def _no_register() -> Check:
    return Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, "Kiểm tra khi không có sổ đăng ký.")


def _report(verdict: Verdict, reason: Reason, checks: list[Check], *, now: dt.datetime) -> Report:
    return Report(verdict, (reason,), now, tuple(checks))
