"""Bulk checks beside others: they wait their turn, leave room, and answer even where nothing can be
checked.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from certsvc.checking.many import MOST_WAITS, CodeAnswer, CodeItem, Desk, FileItem, Item, check_many
from certsvc.clock import utc_now
from certsvc.processes.examiner import Examiner
from certsvc.store import Database
from certsvc.verify.findings import Examination
from certsvc.verify.pdf.examining import FileKind
from certsvc.verify.reasons import Reason
from certsvc.verify.report import Verdict
from tests.support.rig import Rig
from tests.unit.verify import samples

MEMORY = 768 * 1024**2


@pytest.fixture
async def desk(dummy_rig: Rig) -> AsyncIterator[Desk]:
    """An examiner with two places and nowhere to wait."""
    async with Examiner(timeout_s=10, memory_bytes=MEMORY, max_waiting=0) as examiner:
        res = dummy_rig.res
        trust = await res.trust.get(utc_now())
        yield Desk(
            res.db,
            res.vault,
            examiner,
            trust,
            res.settings.base_url,
            res.settings.max_pdf_bytes,
            asyncio.Lock(),
            wait_s=0.01,
        )


def _files(count: int, data: bytes) -> list[Item]:
    async def read() -> bytes:
        return data

    return [FileItem(number, "x", len(data), read) for number in range(1, count + 1)]


async def _all(desk: Desk, items: list[Item]) -> list[CodeAnswer]:
    return [answer async for answer in check_many(items, desk=desk, now=utc_now())]


async def test_bulk_calls_leave_room_for_single_checks(desk: Desk) -> None:
    """Three at once take one of two places between them: whoever checks one file beside them is never turned
    away.
    """
    bulks = [asyncio.create_task(_all(desk, _files(5, samples.unsigned()))) for _ in range(3)]
    singles = 0
    while not all(bulk.done() for bulk in bulks):
        examination = await desk.examiner.examine(samples.unsigned(), trust=desk.trust, now=utc_now())
        assert examination.kind is FileKind.NOT_SIGNED
        singles += 1
    assert singles > 3
    for bulk in bulks:
        assert [answer.report.reasons for answer in bulk.result()] == [(Reason.NOT_SIGNED,)] * 5


async def test_a_busy_examiner_is_waited_for(desk: Desk) -> None:
    """With every place taken a bulk call asks again until there is one."""
    others = [
        asyncio.create_task(
            desk.examiner.examine(samples.genuine(3), trust=samples.trust(), now=samples.now())
        )
        for _ in range(2)
    ]
    await asyncio.sleep(0)
    answers = await _all(replace(desk, wait_s=0.2), _files(2, samples.unsigned()))
    assert [answer.report.reasons for answer in answers] == [(Reason.NOT_SIGNED,)] * 2
    assert [(await other).kind for other in others] == [FileKind.OURS_INTACT] * 2


class _CountingExaminer(Examiner):
    """Counts how often it is asked about a file."""

    asked = 0

    @override
    async def examine(self, data: bytes, **more: Any) -> Examination:
        self.asked += 1
        return await super().examine(data, **more)


async def test_waiting_ends(desk: Desk) -> None:
    """An examiner without any place: so many waits for the whole call, then every file is told to come back;
    codes are answered.
    """
    async with _CountingExaminer(timeout_s=10, memory_bytes=MEMORY, concurrency=0, max_waiting=0) as full:
        answers = await _all(
            replace(desk, examiner=full),
            [*_files(3, samples.unsigned()), CodeItem(4, None, 1, "0000-0000-0000-0001")],
        )
    assert full.asked == MOST_WAITS + 3
    told = [(answer.report.verdict, *answer.report.reasons) for answer in answers]
    assert told == [(Verdict.CANNOT_CHECK, Reason.BUSY)] * 3 + [(Verdict.UNKNOWN, Reason.NO_SUCH_CODE)]


async def test_without_a_register_nothing_is_decided(desk: Desk, tmp_path: Path) -> None:
    """A database that does not answer is `cannot_check` for every code, and the call goes on."""
    gone = Database(f"sqlite+aiosqlite:///{tmp_path / 'gone.db'}")
    await gone.close()
    (tmp_path / "gone.db").unlink()
    (tmp_path / "gone.db").mkdir()
    answers = await _all(
        replace(desk, db=gone), [CodeItem(1, None, 1, "0000-0000-0000-0001"), CodeItem(2, None, 2, "xyz")]
    )
    assert [answer.report.reasons for answer in answers] == [
        (Reason.REGISTER_UNREACHABLE,),
        (Reason.MALFORMED_CODE,),
    ]


async def test_a_caller_who_goes_away_frees_the_turn(desk: Desk) -> None:
    """A call given up in the middle of a file does not hold up the next one."""
    call = asyncio.create_task(_all(desk, _files(3, samples.genuine(3))))
    await asyncio.sleep(0.02)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    answers = await _all(replace(desk, wait_s=0.2), _files(1, samples.unsigned()))
    assert [answer.report.reasons for answer in answers] == [(Reason.NOT_SIGNED,)]
