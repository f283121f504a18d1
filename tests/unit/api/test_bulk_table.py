"""The table of a bulk check: one row an item, readable for people and for programs."""

import csv
import datetime as dt
import io
import json
from typing import Any

import pytest

from certsvc.api.public.bulk_table import HEADER, row_of, table_csv
from certsvc.api.words.pages import headline_of
from certsvc.checking.many import CodeAnswer, CodeItem, FileItem
from certsvc.verify.dates import LATE as LATE_NOTE
from certsvc.verify.reasons import ADVICE, WITHDRAWAL, Reason
from certsvc.verify.report import VERDICTS_OF, Report, Verdict
from tests.unit.api.page_samples import (
    CODE,
    HOLDER,
    INITIALS,
    LATE,
    OPENED,
    PROOFS,
    STRANGER,
    VERDICT_OF_REASON,
    report,
)


async def _nothing() -> bytes:
    return b""


def _of_file(seen: Report, name: str = "giấy.pdf") -> dict[str, Any]:
    return CodeAnswer(FileItem(1, name, 1, _nothing), seen).to_json()


def _row(line: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(HEADER, row_of(line), strict=True))


def test_a_file_shows_what_its_sender_holds_anyway() -> None:
    """Name, dates and days of the paper beside verdict, reason and next step."""
    seen = report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER | OPENED, checks=PROOFS)
    row = _row(_of_file(seen))
    assert (row["STT"], row["Tệp hoặc danh sách"], row["Dòng"], row["Mã tra cứu"]) == (
        1,
        "giấy.pdf",
        None,
        None,
    )
    assert (row["Kết quả"], row["Lý do"], row["verdict"], row["reasons"]) == (
        "Giấy thật – còn hiệu lực",
        ADVICE[Reason.GENUINE].message_vi,
        "valid",
        "genuine",
    )
    assert (row["Họ tên (hoặc chữ cái đầu)"], row["Nghỉ từ ngày"], row["Số ngày"]) == (
        HOLDER,
        dt.date(2026, 3, 6),
        7,
    )
    assert (row["Ngày trên giấy"], row["Ký số lúc (giờ Việt Nam)"]) == (
        dt.date(2026, 3, 7),
        "07/03/2026 10:42",
    )
    assert row["Số seri, bốn ký tự cuối"] == "0123"
    assert (row["Kiểm tra lúc (giờ Việt Nam)"], row["checked_at"]) == (
        "09:05 14/03/2026",
        "2026-03-14T02:05:00Z",
    )


def test_a_late_paper_has_both_days() -> None:
    """The date on the paper as a date to be sorted and compared, when it was signed beside it, and that this
    is no fault.
    """
    line = _of_file(report(Verdict.VALID, Reason.GENUINE, certificate=LATE | OPENED))
    row = _row(line)
    assert (row["Ngày trên giấy"], row["Ký số lúc (giờ Việt Nam)"]) == (
        dt.date(2022, 3, 14),
        "07/03/2026 10:42",
    )
    assert row["Lý do"] == f"{ADVICE[Reason.GENUINE].message_vi} {LATE_NOTE.vi}"
    header, cells = csv.reader(
        io.StringIO(table_csv([json.dumps(line).encode()]).decode("utf-8-sig"), newline="")
    )
    assert cells[header.index("Ngày trên giấy")] == "2022-03-14"


def test_a_code_shows_what_strangers_see() -> None:
    """Initials only, and where the code stands in its list."""
    row = _row(
        CodeAnswer(
            CodeItem(4, "ds.xlsx", 7, CODE), report(Verdict.VALID, Reason.GENUINE, certificate=STRANGER)
        ).to_json()
    )
    assert (row["STT"], row["Tệp hoặc danh sách"], row["Dòng"], row["Mã tra cứu"]) == (4, "ds.xlsx", 7, CODE)
    assert (row["Họ tên (hoặc chữ cái đầu)"], row["Nghỉ từ ngày"]) == (INITIALS, None)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [(verdict, reason) for reason, verdicts in VERDICTS_OF.items() for verdict in verdicts],
)
def test_every_row_says_result_reason_and_next_step(verdict: Verdict, reason: Reason) -> None:
    """In words, for every verdict with every reason it comes with."""
    line = _of_file(report(verdict, reason))
    row = _row(line)
    assert row["Kết quả"] == headline_of(line).title.vi
    assert row["Lý do"]
    assert row["Việc cần làm"] == ADVICE[reason].next_step_vi
    if reason not in WITHDRAWAL:
        assert row["Lý do"] == ADVICE[reason].message_vi


def test_a_reason_s_verdicts_hold_those_of_the_pages() -> None:
    """No reason is missing, and none comes under a verdict that the list of reasons does not tell."""
    assert set(VERDICTS_OF) == set(Reason)
    assert all(set(verdicts) <= set(VERDICTS_OF[reason]) for reason, verdicts in VERDICT_OF_REASON.items())


def test_a_file_s_name_runs_nothing() -> None:
    """Names are their sender's: a formula among them is a text."""
    text = table_csv(
        [json.dumps(_of_file(report(Verdict.INVALID, Reason.TAMPERED), "=cmd|' /C calc'!A0")).encode()]
    ).decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header == list(HEADER)
    assert row[1] == "'=cmd|' /C calc'!A0"
