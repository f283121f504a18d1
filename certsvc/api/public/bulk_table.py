"""Answers of a bulk check as lines and as a table: NDJSON, CSV and XLSX."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from certsvc.api.words.pages import causes_of, headline_of, plain_reasons
from certsvc.checking.many import CodeAnswer
from certsvc.clock import HANOI
from certsvc.records.workbooks.cells import BOM, OutCell, csv_row
from certsvc.records.workbooks.writing import xlsx_bytes
from certsvc.verify.dates import note_of, signing_of
from certsvc.words import TITLES

_TITLES: Mapping[str, int] = {
    "STT": 6,
    "Tệp hoặc danh sách": 32,
    "Dòng": 7,
    "Mã tra cứu": 22,
    "Kết quả": 28,
    "Lý do": 48,
    "Việc cần làm": 60,
    "Loại giấy": 34,
    "Họ tên (hoặc chữ cái đầu)": 26,
    "Nghỉ từ ngày": 13,
    "Đến hết ngày": 13,
    "Số ngày": 9,
    "Số seri, bốn ký tự cuối": 12,
    "Cơ sở y tế": 34,
    "Ngày trên giấy": 13,
    "Ký số lúc (giờ Việt Nam)": 18,
    "Kiểm tra lúc (giờ Việt Nam)": 18,
    "verdict": 14,
    "reasons": 20,
    "kind": 18,
    "checked_at": 22,
}
"""Headings in Vietnamese, with their widths; the last four columns are for programs."""
HEADER = tuple(_TITLES)
_LONGEST_CELL = 500


def row_of(line: Mapping[str, Any]) -> list[OutCell]:
    """The table's row of one answer in its JSON form."""
    source, paper = line["source"], line["certificate"] or {}
    kind = paper.get("kind")
    return [
        line["item"],
        source["name"],
        source["row"],
        (source["code"] or "")[:_LONGEST_CELL] or None,
        headline_of(line).title.vi,
        " ".join(_why(line)),
        " ".join(dict.fromkeys(reason["next_step_vi"] for reason in plain_reasons(line) or line["reasons"])),
        TITLES[kind].vi if kind else None,
        paper.get("holder") or paper.get("initials"),
        _day(paper.get("leave_from")),
        _day(paper.get("leave_to")),
        paper.get("days"),
        paper.get("serial_tail"),
        paper.get("facility"),
        _day(paper.get("dated_on")),
        signing_of(paper),
        dt.datetime.fromisoformat(line["checked_at"]).astimezone(HANOI).strftime("%H:%M %d/%m/%Y"),
        line["verdict"],
        "+".join(reason["code"] for reason in line["reasons"]),
        kind,
        line["checked_at"],
    ]


def _why(line: Mapping[str, Any]) -> list[str]:
    note = note_of(line)
    return (
        [reason["message_vi"] for reason in plain_reasons(line)]
        + ([note.vi] if note else [])
        + [f"Lý do: {cause.vi}." for cause in causes_of(line)]
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


async def as_ndjson(answers: AsyncIterator[CodeAnswer]) -> AsyncIterator[bytes]:
    """One Report a line, as soon as it is known."""
    async for answer in answers:
        yield json.dumps(answer.to_json(), ensure_ascii=False).encode() + b"\n"


async def as_csv(answers: AsyncIterator[CodeAnswer]) -> AsyncIterator[bytes]:
    """The table, row by row."""
    yield BOM + csv_row(HEADER)
    async for answer in answers:
        yield csv_row(row_of(answer.to_json()))


async def as_xlsx(answers: AsyncIterator[CodeAnswer]) -> AsyncIterator[bytes]:
    """The whole workbook, once all is known."""
    lines = [packed(answer) async for answer in answers]
    yield await asyncio.to_thread(table_xlsx, lines)


def packed(answer: CodeAnswer) -> bytes:
    """A line as it may wait for the others: ten thousand as dictionaries hold everybody up while the garbage
    collector looks through them.
    """
    return json.dumps(answer.to_json()).encode()


def table_xlsx(lines: Iterable[bytes]) -> bytes:
    """A workbook with one row for each packed line; not for the event loop."""
    rows = (row_of(json.loads(line)) for line in lines)
    return xlsx_bytes(HEADER, rows, title="Kết quả kiểm tra", widths=tuple(_TITLES.values()))


def table_csv(lines: Iterable[bytes]) -> bytes:
    """The same as CSV."""
    return BOM + csv_row(HEADER) + b"".join(csv_row(row_of(json.loads(line))) for line in lines)
