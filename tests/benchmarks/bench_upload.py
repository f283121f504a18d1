"""Checking an uploaded PDF beside plain pyHanko on the same file: `python -m tests.benchmarks.bench_upload
[--rounds 30]`, within a minute.

A running service issues the files; its own check (register, disposable process, report) and pyHanko then take
turns, in the wall clock's time, for a good part of ours passes in another process. Prints a line of text a
file and one of JSON.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certsvc.checking.uploads import check_upload
from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.processes.examiner import Examiner
from certsvc.processes.memory import keep_what_is_there
from certsvc.resources import open_vault
from certsvc.store import Database
from certsvc.trust.anchors import TrustSource
from certsvc.vault import Vault
from certsvc.verify.pdf.examining import FileKind, Limits, examine
from certsvc.verify.report import Verdict
from certsvc.verify.trust import Trust
from tests.benchmarks.measuring import machine
from tests.benchmarks.plain import Plain
from tests.benchmarks.site import one_wish_each, running_site
from tests.support import calls

ROUNDS = 30
_REST_S = 0.3
"""Time for the checker to prepare a process for the next file."""
_IN_A_ROW = 4
FILES = {
    "one_b_b": {"signatures": "organisation", "profile": "B-B"},
    "three_b_lt": {"signatures": "all", "profile": "B-LT"},
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The service's checker, warmed up."""

    settings: Settings
    db: Database
    vault: Vault
    trust: Trust
    examiner: Examiner

    async def check(self, data: bytes) -> None:
        """Raises RuntimeError if the file is not valid."""
        report = await check_upload(
            data,
            db=self.db,
            vault=self.vault,
            examiner=self.examiner,
            trust=self.trust,
            base_url=self.settings.base_url,
            now=utc_now(),
        )
        if report.verdict is not Verdict.VALID:
            raise RuntimeError(f"{report}")

    def check_here(self, data: bytes) -> None:
        """The disposable process's work, in this one. Raises RuntimeError unless the file passes."""
        found = examine(data, trust=self.trust, now=dt.datetime.now(dt.UTC), limits=Limits())
        if found.kind is not FileKind.OURS_INTACT:
            raise RuntimeError(f"{found}")


@contextlib.asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    db = Database(settings.sqlalchemy_url)
    try:
        trust = await TrustSource(db, settings).get(utc_now())
        async with Examiner(
            timeout_s=settings.verify_timeout_s, memory_bytes=settings.verify_memory_bytes
        ) as examiner:
            yield Desk(settings, db, open_vault(settings), trust, examiner)
    finally:
        await db.close()


def run(*, rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """For each kind of file the medians in milliseconds and of the rounds' ratios; `here` is our check
    without a process of its own.
    """
    return {name: _measure(rounds, settings) for name, settings in FILES.items()}


def _measure(rounds: int, settings: dict[str, Any]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="certsvc-bench-") as folder:
        with (
            running_site(Path(folder), database="sqlite", **settings) as site,
            site.service.client() as client,
        ):
            certificate = calls.issue(client, one_wish_each(1).cases[0])
            data = calls.pdf(client, certificate["id"])
        return asyncio.run(_compare(site.settings, data, rounds=rounds))


async def _compare(settings: Settings, data: bytes, *, rounds: int) -> dict[str, float]:
    async with open_desk(settings) as desk:
        plain = Plain(desk.trust)
        keep_what_is_there()
        taken = []
        for _ in range(rounds + 1):
            before = await _ms_apart(plain.validate, data)
            here = await _ms_apart(desk.check_here, data)
            after = await _ms_apart(plain.validate, data)
            ours = await _ms(desk, data)
            await asyncio.sleep(_REST_S)
            in_a_row = statistics.mean([await _ms(desk, data) for _ in range(_IN_A_ROW)])
            await asyncio.sleep(_REST_S)
            taken.append((ours, here, in_a_row, (before + after) / 2))
    warm = taken[1:]
    whole, here, in_a_row, theirs = (statistics.median(each) for each in zip(*warm, strict=True))
    return {
        "ms": round(whole, 2),
        "here_ms": round(here, 2),
        "in_a_row_ms": round(in_a_row, 2),
        "pyhanko_ms": round(theirs, 2),
        "ratio": round(statistics.median(ours / theirs for ours, _, _, theirs in warm), 2),
        "here_ratio": round(statistics.median(here / theirs for _, here, _, theirs in warm), 2),
        "in_a_row_ratio": round(statistics.median(row / theirs for _, _, row, theirs in warm), 2),
        "rounds": rounds,
        "bytes": len(data),
    }


async def _ms(desk: Desk, data: bytes) -> float:
    started = time.perf_counter()
    await desk.check(data)
    return (time.perf_counter() - started) * 1000


async def _ms_apart(work: Callable[[bytes], None], data: bytes) -> float:
    """In a thread, for pyHanko's manual runs its own loop; starting the thread does not count."""

    def timed() -> float:
        started = time.perf_counter()
        work(data)
        return (time.perf_counter() - started) * 1000

    return await asyncio.to_thread(timed)


def show(figures: dict[str, dict[str, float]]) -> str:
    """The figures for people."""
    return "".join(
        f"{name}: upload check {found['ms']} ms, {found['ratio']} of plain pyHanko's {found['pyhanko_ms']}"
        f" ms; without a process of its own {found['here_ms']} ms, {found['here_ratio']}; one after another"
        f" without a pause {found['in_a_row_ms']} ms, {found['in_a_row_ratio']}\n"
        for name, found in figures.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    figures = run(rounds=asked.rounds)
    sys.stdout.write(show(figures))
    sys.stdout.write(json.dumps({"benchmark": "upload", "machine": machine(), **figures}) + "\n")


if __name__ == "__main__":
    main()
