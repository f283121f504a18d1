"""A batch's results as a workbook: the sender's own file with the fate of every row, ready to be mended and
sent again.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterable
from typing import IO, Any

from certsvc.config import Settings
from certsvc.errors import Broken
from certsvc.files.blobs import Blobs
from certsvc.files.uploads import opened_upload
from certsvc.issuing.batches.results import result_lines
from certsvc.issuing.batches.returned_process import Task
from certsvc.models import Batch, BatchStatus, Kind, Status
from certsvc.processes.one_shot import ask_child
from certsvc.records.rules.findings import Level
from certsvc.records.workbooks.result_cells import FAILED, REJECTED
from certsvc.store import Database
from certsvc.store.batches import IN_WORK
from certsvc.vault import Vault
from certsvc.words import KINDS_IN_FILES, OUTCOMES, STATUSES

_OUTCOMES = {outcome: words.vi for outcome, words in OUTCOMES.items()} | {
    "rejected": REJECTED,
    "failed": FAILED,
}
_SINCE = {
    status: f"nay {STATUSES[status].vi.lower()}"
    for status in (Status.SUSPENDED, Status.REVOKED, Status.REPLACED)
}
_TO_MEND = frozenset({"rejected", "failed"})
_UNREAD = "Chưa xét"


async def returned_workbook(
    db: Database,
    batch: Batch,
    *,
    blobs: Blobs,
    vault: Vault,
    settings: Settings,
    with_file: bool,
    turns: asyncio.Semaphore,
) -> IO[bytes]:
    """The workbook, as a temporary file that goes when it is closed.

    `with_file` says whether the reader may see what the sender wrote; else there are rows and case ids.
    Raises Broken `not_returned` where it cannot be written.
    """
    out = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115 (the caller's to close)
    try:
        async with turns, opened_upload(batch, blobs=blobs, vault=vault) as sent:
            with tempfile.NamedTemporaryFile() as results:
                unread = _UNREAD if batch.counts is None or batch.status is BatchStatus.FAILED else ""
                await _spool(
                    result_lines(db, batch.id, vault=vault, base_url=settings.base_url, with_codes=with_file),
                    results,
                    unread=unread,
                )
                await _write(
                    Task(
                        results=results.name,
                        to=out.name,
                        sent=str(sent) if sent and with_file else None,
                        file_format=batch.file_format,
                        place=batch.place,
                        mapping=batch.mapping,
                        unread=unread,
                        max_rows=settings.max_rows,
                        max_unpacked_bytes=settings.max_unpacked_bytes,
                    )
                )
    except BaseException:
        out.close()
        raise
    return out


async def _write(task: Task) -> None:
    if (await ask_child("certsvc.issuing.batches.returned_process", task)).code:
        raise Broken(
            "not_returned",
            "Không lập được tệp kết quả; hãy lấy kết quả dạng CSV.",
            "The returned file cannot be written; take the results as CSV.",
        )


async def _spool(lines: AsyncIterator[dict[str, Any]], to: IO[bytes], *, unread: str) -> None:
    """One JSON line a row, in the order of rows; `unread` is told of a kind that was not judged."""
    row: list[dict[str, Any]] = []
    async for line in lines:
        if row and row[0]["row"] != line["row"]:
            to.write(json.dumps(_row_result(row, unread=unread)).encode() + b"\n")
            row = []
        row.append(line)
    if row:
        to.write(json.dumps(_row_result(row, unread=unread)).encode() + b"\n")
    to.flush()


def _row_result(lines: list[dict[str, Any]], *, unread: str) -> dict[str, Any]:
    """What is told of a row, in the order of `RESULT_TITLES`."""
    by_kind = {Kind(line["kind"]): line for line in lines}
    found = [by_kind.get(kind) for kind in KINDS_IN_FILES]
    texts = [
        *(_told(line) if line else unread for line in found),
        _reason([line for line in found if line]),
        *(line["serial"] or "" if line else "" for line in found),
        *(line["verify_url"] or "" if line else "" for line in found),
    ]
    return {
        "row": lines[0]["row"],
        "case_id": lines[0]["case_id"],
        "texts": texts,
        "is_marked": any(line["outcome"] in _TO_MEND for line in lines),
    }


def _told(line: dict[str, Any]) -> str:
    """The outcome, and what has become of the certificate since."""
    if line["outcome"] == "existing" and line["status"] in IN_WORK:
        return "Đã yêu cầu trước đây, đang ký"
    is_issued = line["outcome"] in ("issued", "existing")
    return "; ".join(
        [
            _OUTCOMES[line["outcome"]],
            *([_SINCE[line["status"]]] if is_issued and line["status"] in _SINCE else []),
        ]
    )


def _reason(lines: Iterable[dict[str, Any]]) -> str:
    """Why, and what to do, a line each; what holds for one of several kinds names it."""
    asked = {line["kind"] for line in lines if line["outcome"] != "none"}
    kinds: dict[str, set[str]] = {}
    for rank in (True, False):
        for line in lines:
            for text in _messages(line, rejecting=rank):
                kinds.setdefault(text, set()).add(line["kind"])
    return "\n".join(
        text
        if of == asked
        else f"{' và '.join(KINDS_IN_FILES[Kind(kind)] for kind in sorted(of, reverse=True))}: {text}"
        for text, of in kinds.items()
    )


def _messages(line: dict[str, Any], *, rejecting: bool) -> Iterable[str]:
    for rule in line["rules"]:
        if (rule["level"] == Level.REJECT) is rejecting:
            yield rule["message_vi"] if rejecting else f"Lưu ý: {rule['message_vi']}"
    if rejecting and line["outcome"] == "failed":
        yield f"Không ký được ({line['reason']}): hãy báo người vận hành hệ thống rồi gửi lại hồ sơ này."
    if rejecting and line["outcome"] == "cancelled":
        yield "Đã huỷ trước khi ký: hãy cho lô chạy tiếp (resume), hoặc gửi lại hồ sơ này."
