"""Use case of an employer: many files and codes in one call, one report each, in the order they came.

Every item goes the way it would go alone (`checking`). What alone would be refused is a report here, so
that one bad file does not cost the answers to the others. All bulk calls of a process take turns at the
examiner, one file at a time between them: single checks keep the rest of its places.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never

from certsvc.checking.lookups import look_up_qr
from certsvc.checking.pause import Pause
from certsvc.checking.uploads import check_upload
from certsvc.errors import InputError, TooMany, Unavailable
from certsvc.processes.examiner import Examiner
from certsvc.store import Database
from certsvc.vault import Vault
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Check, CheckName, CheckOutcome, Report, Verdict
from certsvc.verify.trust import Trust

_BULK = "bulk"
"""All bulk calls together are one asker at the examiner."""

MOST_WAITS = 120
"""How often a call waits for a busy examiner, in all; afterwards its files are answered `busy`."""

_REFUSED: Mapping[str, tuple[Verdict, Reason, str]] = {
    "malformed_code": (Verdict.UNKNOWN, Reason.MALFORMED_CODE, "Không phải mã tra cứu nên không tra sổ."),
    "empty_file": (Verdict.INVALID, Reason.UNREADABLE, "Tệp rỗng."),
    "not_pdf_or_image": (Verdict.INVALID, Reason.UNREADABLE, "Không phải PDF hay ảnh."),
}


@dataclass(frozen=True, slots=True)
class FileItem:
    """A file to check. `name` is its sender's and for the answer only; `read` gives its bytes when its turn
    comes.
    """

    number: int
    name: str = field(repr=False)
    size: int
    read: Callable[[], Awaitable[bytes]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeItem:
    """A code, or a QR's text, from row `row` of a list; `list_name` is None for a list typed or pasted."""

    number: int
    list_name: str | None = field(repr=False)
    row: int
    text: str = field(repr=False)


Item: TypeAlias = FileItem | CodeItem


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """An item and its report."""

    item: Item
    report: Report

    def to_json(self) -> dict[str, Any]:
        """A Report with two keys more: `item`, counted from 1, and `source`, what the sender knows it by."""
        source: dict[str, str | int | None]
        match self.item:
            case FileItem(name=name):
                source = {"kind": "file", "name": name, "row": None, "code": None}
            case CodeItem(list_name=list_name, row=row, text=text):
                source = {"kind": "code", "name": list_name, "row": row, "code": text}
            case _:
                assert_never(self.item)
        return {"item": self.item.number, "source": source, **self.report.to_json()}


@dataclass(frozen=True, slots=True)
class Desk:
    """What checks need; `turn` is the one that all bulk calls of this process share."""

    db: Database
    vault: Vault
    examiner: Examiner
    trust: Trust
    base_url: str
    max_file_bytes: int
    turn: asyncio.Lock
    wait_s: float = 0.5


async def check_many(items: Iterable[Item], *, desk: Desk, now: dt.datetime) -> AsyncIterator[CodeAnswer]:
    """The answer to each item, in their order, as soon as it is known. Raises Broken where nothing can be
    checked at all.
    """
    waits, pause = iter(range(MOST_WAITS)), Pause()
    for item in items:
        yield CodeAnswer(item, await _check(item, desk=desk, now=now, waits=waits))
        await pause()


async def _check(item: Item, *, desk: Desk, now: dt.datetime, waits: Iterator[int]) -> Report:
    try:
        match item:
            case CodeItem(text=text):
                return await look_up_qr(
                    desk.db, text, base_url=desk.base_url, vault=desk.vault, trust=desk.trust, now=now
                )
            case FileItem(size=size) if size > desk.max_file_bytes:
                return _unchecked(Verdict.INVALID, Reason.TOO_COMPLEX, "Tệp quá lớn.", now=now)
            case FileItem(read=read):
                return await _check_file(await read(), desk=desk, now=now, waits=waits)
            case _:
                assert_never(item)
    except Unavailable:
        return _unchecked(
            Verdict.CANNOT_CHECK, Reason.REGISTER_UNREACHABLE, "Không kết nối được sổ đăng ký.", now=now
        )
    except InputError as error:
        if error.code not in _REFUSED:
            raise
        return _unchecked(*_REFUSED[error.code], now=now)


async def _check_file(data: bytes, *, desk: Desk, now: dt.datetime, waits: Iterator[int]) -> Report:
    """The report on a file, in this call's turn; a busy examiner is asked again, as long as there are waits
    left.
    """
    async with desk.turn:
        while True:
            try:
                return await check_upload(
                    data,
                    db=desk.db,
                    vault=desk.vault,
                    examiner=desk.examiner,
                    trust=desk.trust,
                    base_url=desk.base_url,
                    now=now,
                    asker=_BULK,
                )
            except TooMany:
                if next(waits, None) is None:
                    return _unchecked(Verdict.CANNOT_CHECK, Reason.BUSY, "Hệ thống đang bận.", now=now)
                await asyncio.sleep(desk.wait_s)


def _unchecked(verdict: Verdict, reason: Reason, detail: str, *, now: dt.datetime) -> Report:
    return Report(verdict, (reason,), now, (Check(CheckName.REGISTER, CheckOutcome.NOT_DONE, detail),))
