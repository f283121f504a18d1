"""verify --offline: files, photos and QR texts against the kept lists of a service, without a network."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from certsvc.cli.asked import content_of
from certsvc.codes import parse_code
from certsvc.config import Settings
from certsvc.errors import CertsvcError
from certsvc.processes.examiner import Examiner
from certsvc.verify.images import is_picture
from certsvc.verify.offline import Kept, judge_offline_file, judge_text
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Report, Verdict


async def check_each(
    what: Iterable[str], kept: Kept, *, now: dt.datetime
) -> list[dict[str, Any] | CertsvcError]:
    """The report on each file, code or QR text, or why there is none."""
    limits = Settings()
    async with Examiner(
        timeout_s=limits.verify_timeout_s, memory_bytes=limits.verify_memory_bytes
    ) as examiner:
        return [await _check(item, kept, examiner, now=now) for item in what]


async def _check(
    what: str, kept: Kept, examiner: Examiner, *, now: dt.datetime
) -> dict[str, Any] | CertsvcError:
    try:
        content = content_of(what)
        if content is None:
            return dict(_judge(what, kept, now=now).to_json())
        if is_picture(content):
            scan = await examiner.read_qr(content)
            report = _judge(scan.text, kept, now=now) if scan.text else _no_qr(scan.reason, now)
            return dict(report.to_json())
        examination = await examiner.examine(content, trust=kept.trusted.trust, now=now)
        return dict(judge_offline_file(examination, now=now).to_json())
    except CertsvcError as error:
        return error


def _judge(text: str, kept: Kept, *, now: dt.datetime) -> Report:
    parse_code(text)
    return judge_text(text, kept=kept, now=now)


def _no_qr(reason: Reason | None, now: dt.datetime) -> Report:
    is_broken = reason is not None and reason is not Reason.NO_QR_FOUND
    check = Check(CheckName.CLAIMS, CheckOutcome.NOT_DONE, "Không tìm thấy mã QR của hệ thống.")
    return Report(
        Verdict.INVALID if is_broken else Verdict.UNKNOWN, (reason or Reason.NO_QR_FOUND,), now, (check,)
    )
