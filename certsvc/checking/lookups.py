"""Use cases of checking a code: look it up, prove oneself, download.

`shown` decides what each asker may see. Known and unknown codes take the same path and the same queries.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from certsvc.checking.second_factor import SecondFactor
from certsvc.checking.shown import claims_on_paper, holder_view, stranger_view
from certsvc.checking.tries import note_wrong, refuse_guessing
from certsvc.clock import day_in_hanoi
from certsvc.codes import Code, claims_in, host_of, leads_to, normalise_code, parse_code
from certsvc.errors import CertsvcError, Conflict, Forbidden, NotFound
from certsvc.models import Certificate, Event, Status
from certsvc.records import Case
from certsvc.store import Database, certificates, entries
from certsvc.store.entries import Entry
from certsvc.vault import Vault
from certsvc.verify.claims import find_claims
from certsvc.verify.judging import RegisterFacts, judge_status
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Report, Verdict
from certsvc.verify.trust import Trust


@dataclass(frozen=True, slots=True)
class Found:
    """What a code led to: the stranger's report, and its entry for whoever proves more."""

    code: Code
    report: Report
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Proven:
    """What the second factor opened; `grant` only with the last four of an id number, on an issued paper."""

    report: Report
    entry: Entry
    history: tuple[Event, ...]
    grant: str | None
    successor_code: str | None


async def look_up(db: Database, text: str, *, vault: Vault, now: dt.datetime) -> Found:
    """The stranger's answer to a typed code or a scanned token. Raises InputError `malformed_code`."""
    code = parse_code(text)
    return _found(
        code, await entries.look_up(db, vault.index(code.text), kind=code.kind), vault=vault, now=now
    )


async def look_up_qr(
    db: Database, text: str, *, base_url: str, vault: Vault, trust: Trust, now: dt.datetime
) -> Report:
    """The report on the whole text of a QR: a bare code, or an address with or without claims.

    A forger's QR may carry a true code and lead to a page of his own: what has the form of a look-up, or our
    host's name, and does not lead here is `forged_qr`, unless another issuer that we know signed it; any
    other address `leads_elsewhere`. Raises InputError `malformed_code` for what is neither code nor address.
    """
    claims = claims_in(text, base_url=base_url)
    if claims is None:
        return _elsewhere(text, base_url=base_url, trust=trust, now=now)
    code = parse_code(text).text
    return (await look_up_claimed(db, code, claims, vault=vault, trust=trust, now=now)).report


def _elsewhere(text: str, *, base_url: str, trust: Trust, now: dt.datetime) -> Report:
    """The report on an address that is not ours: of another issuer that we know, whose register we do not
    have, forged, or of somebody who has nothing to do with us. Raises InputError `malformed_code`.
    """
    leads = leads_to(text)
    if leads is None:
        parse_code(text)  # neither code nor address
    where = f"tới “{leads.host}”, " if leads else ""
    register = Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, f"Mã QR dẫn {where}không phải hệ thống này.")
    for issuer in trust.others:
        claims = claims_in(text, base_url=issuer.service)
        if (
            claims
            and (signed := find_claims(claims, issuer.claim_keys))
            and signed.facility_code in issuer.facilities
        ):
            passed = Check(CheckName.CLAIMS, CheckOutcome.PASSED, f"Nội dung mã QR do {issuer.name} ký.")
            return Report(Verdict.CANNOT_CHECK, (Reason.OTHER_ISSUER,), now, (register, passed))
        if claims == "":
            return Report(Verdict.CANNOT_CHECK, (Reason.OTHER_ISSUER,), now, (register,))
    if normalise_code(text) is not None or host_of(base_url) in text.lower():
        return _forged(register, now)
    return Report(Verdict.UNKNOWN, (Reason.LEADS_ELSEWHERE,), now, (register,))


async def look_up_claimed(
    db: Database, text: str, claims_text: str, *, vault: Vault, trust: Trust, now: dt.datetime
) -> Found:
    """As `look_up`, for an address with claims: those that no key of ours signed, or not for this
    certificate, are `forged_qr`.
    """
    found = await look_up(db, text, vault=vault, now=now)
    if not claims_text:
        return found
    claims = find_claims(claims_text.upper(), trust.claim_keys)
    if claims is None or (
        found.entry is not None and claims != claims_on_paper(found.entry, claims, vault=vault)
    ):
        failed = Check(
            CheckName.CLAIMS, CheckOutcome.FAILED, "Nội dung mã QR không do hệ thống ký cho giấy này."
        )
        return Found(found.code, _forged(failed, now), None)
    passed = Check(CheckName.CLAIMS, CheckOutcome.PASSED, "Nội dung mã QR do hệ thống ký cho giấy này.")
    return replace(found, report=replace(found.report, checks=(*found.report.checks, passed)))


def _forged(check: Check, now: dt.datetime) -> Report:
    return Report(Verdict.INVALID, (Reason.FORGED_QR,), now, (check,))


def _found(code: Code, entry: Entry | None, *, vault: Vault, now: dt.datetime) -> Found:
    if entry is None:
        report = Report(
            Verdict.UNKNOWN,
            (Reason.NO_SUCH_CODE,),
            now,
            (Check(CheckName.REGISTER, CheckOutcome.FAILED, "Mã không có trong sổ."),),
        )
        return Found(code, report, None)
    view = stranger_view(entry, vault.open_person(entry.id, entry.record), now=now)
    return Found(code, report_of(entry, now=now, view=view), entry)


def report_of(entry: Entry, *, now: dt.datetime, view: Mapping[str, Any], for_holder: bool = False) -> Report:
    """What the register says of a certificate, with what this asker may see of it [verify, What the report
    says].
    """
    verdict, reasons = judge_status(RegisterFacts(entry.status, entry.reason), for_holder=for_holder)
    return Report(
        verdict,
        reasons,
        now,
        (Check(CheckName.REGISTER, CheckOutcome.PASSED, "Mã có trong sổ cấp giấy."),),
        certificate=view,
    )


async def prove(
    db: Database,
    text: str,
    *,
    birth_date: str,
    id_last4: str | None,
    network: str,
    vault: Vault,
    now: dt.datetime,
) -> Proven:
    """Show more of a certificate to whoever knows what is printed on it; `network` is where the question
    came from.

    Raises InputError `malformed_code` or what `SecondFactor.read` raises, TooMany as `refuse_guessing` gives
    it, Forbidden `no_match` for a wrong factor or an unknown code alike.
    """
    code, factor = parse_code(text), SecondFactor.read(birth_date, id_last4, today=day_in_hanoi(now))
    async with db.begin() as session:
        entry = await entries.find(session, vault.index(code.text), kind=code.kind)
        # Tries with the code and with the QR's token are counted together.
        index = entry.code_index if entry else vault.index(code.text)
        origin = vault.index(f"tries\n{index}\n{network}")
        refusal: CertsvcError | None = await refuse_guessing(session, index=index, origin=origin, now=now)
        case = vault.open_case(entry.id, entry.record) if entry else None
        if refusal is None and entry and case and factor.matches(case):
            return await _proven(session, entry, case, has_id=factor.last4 is not None, vault=vault, now=now)
        if refusal is None:
            await note_wrong(session, index=index, origin=origin, now=now)
            refusal = Forbidden(
                "no_match",
                "Mã tra cứu, ngày sinh hoặc bốn số cuối không khớp với giấy. Sau 5 lần sai phải đợi một giờ.",
                "The code, the birth date or the last four digits do not match the paper. After 5 wrong tries"
                " you have to wait for an hour.",
            )
    raise refusal


async def _proven(
    session: AsyncSession, entry: Entry, case: Case, *, has_id: bool, vault: Vault, now: dt.datetime
) -> Proven:
    return Proven(
        report=report_of(entry, now=now, view=holder_view(entry, case, now=now), for_holder=True),
        entry=entry,
        history=tuple(await certificates.events_of(session, entry.id)),
        grant=vault.grant(entry.id) if has_id and entry.status is Status.ISSUED else None,
        successor_code=vault.code(entry.replaced_by_id) if entry.replaced_by_id else None,
    )


async def find_download(db: Database, text: str, *, grant: str, vault: Vault, now: dt.datetime) -> Entry:
    """The certificate whose PDF may be downloaded with this grant.

    Raises NotFound for an unknown code, Forbidden `no_grant`, Conflict `not_downloadable`.
    """
    found = await look_up(db, text, vault=vault, now=now)
    if found.entry is None:
        raise no_such_code()
    if not vault.allows(grant, found.entry.id):
        raise Forbidden(
            "no_grant",
            "Đường dẫn tải đã hết hạn. Hãy nhập lại ngày sinh và bốn số cuối.",
            "The download link has expired. Please enter the birth date and last four again.",
        )
    require_issued(found.entry)
    return found.entry


def no_such_code() -> NotFound:
    return NotFound("no_such_code", "Không có giấy nào mang mã này.", "No certificate has this code.")


def require_issued(certificate: Certificate | Entry) -> None:
    """Raises Conflict `not_downloadable` while there is no PDF to hand out."""
    if certificate.status is not Status.ISSUED:
        raise Conflict(
            "not_downloadable",
            f"Giấy đang ở trạng thái “{certificate.status}”, không tải được.",
            f"The certificate is {certificate.status}; there is no PDF to download.",
            status_now=str(certificate.status),
            reason=certificate.reason,
        )
