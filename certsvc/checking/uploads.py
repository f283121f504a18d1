"""Use case of checking a file: a PDF, or a picture with the QR on it."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from certsvc.checking.lookups import look_up_qr
from certsvc.checking.shown import holder_view
from certsvc.codes import leads_to, normalise_code
from certsvc.errors import InputError, Unavailable
from certsvc.processes.examiner import Examiner
from certsvc.records.raw.refusals import refusal
from certsvc.store import Database, entries
from certsvc.vault import Vault
from certsvc.verify.findings import FileKind
from certsvc.verify.images import is_picture
from certsvc.verify.judging import NoRegister, RegisterFacts, judge_file
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Report, Verdict
from certsvc.verify.trust import Trust


async def check_upload(
    data: bytes,
    *,
    db: Database,
    vault: Vault,
    examiner: Examiner,
    trust: Trust,
    base_url: str,
    now: dt.datetime,
    asker: str = "",
) -> Report:
    """The report on a file anybody handed in: a PDF, or a picture with the QR on it.

    The file is examined in a disposable process and not kept; `asker` is who takes turns there, such as a
    network. Raises InputError `empty_file`, `not_pdf_or_image`; TooMany where too many are being checked.
    """
    if not data:
        raise refusal("empty_file")
    if is_picture(data):
        return await _check_picture(
            data,
            db=db,
            vault=vault,
            examiner=examiner,
            trust=trust,
            base_url=base_url,
            now=now,
            asker=asker,
        )
    if not data.startswith(b"%PDF-"):
        raise InputError(
            "not_pdf_or_image",
            "Tệp không phải PDF, JPEG, PNG hay WebP. Hãy chọn tệp giấy chứng nhận hoặc ảnh chụp mã QR.",
            "This is no PDF, JPEG, PNG or WebP file.",
        )
    facts, view = await _ask_register(data, db=db, vault=vault, now=now)
    examination = await examiner.examine(data, trust=trust, now=now, asker=asker)
    if view is not None and examination.kind is FileKind.TOO_COMPLEX:
        # Our own file: the machine was busy, the file is not too complex.
        examination = await examiner.examine(data, trust=trust, now=now, asker=asker)
    conclusion = judge_file(examination, register=facts)
    return Report(
        conclusion.verdict, conclusion.reasons, now, conclusion.checks, view, examination.signatures
    )


async def _ask_register(
    data: bytes, *, db: Database, vault: Vault, now: dt.datetime
) -> tuple[RegisterFacts | NoRegister | None, Mapping[str, Any] | None]:
    """What the digest register knows of these bytes; who holds the very file may see what is on it
    [architecture, What a stranger sees].
    """
    try:
        entry = await entries.find_published(db, hashlib.sha256(data).hexdigest())
    except Unavailable:
        return NoRegister.UNREACHABLE, None
    if entry is None:
        return None, None
    return RegisterFacts(entry.status, entry.reason), holder_view(
        entry, vault.open_case(entry.id, entry.record), now=now
    )


async def _check_picture(
    data: bytes,
    *,
    db: Database,
    vault: Vault,
    examiner: Examiner,
    trust: Trust,
    base_url: str,
    now: dt.datetime,
    asker: str,
) -> Report:
    """What the QR in a picture leads to; somebody else's QR does not count."""
    scan = await examiner.read_qr(data, asker=asker)
    if scan.text and (normalise_code(scan.text) is not None or leads_to(scan.text) is not None):
        return await look_up_qr(db, scan.text, base_url=base_url, vault=vault, trust=trust, now=now)
    reason = scan.reason or Reason.NO_QR_FOUND
    verdict = Verdict.UNKNOWN if reason is Reason.NO_QR_FOUND else Verdict.INVALID
    return Report(
        verdict,
        (reason,),
        now,
        (Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, "Không tìm thấy mã QR của hệ thống."),),
    )
