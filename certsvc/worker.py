"""The worker process: answers the doorbell, and sweeps for what was left behind."""

import asyncio
import datetime as dt
import secrets
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import structlog
from arq import Worker, func

from certsvc.clock import utc_now
from certsvc.config import Settings
from certsvc.errors import CertsvcError, Conflict, Unavailable
from certsvc.issuing.batches.reading import read_batch
from certsvc.issuing.erasing import forget_uploads
from certsvc.issuing.finishing import fail_batch, finish_batches
from certsvc.issuing.press.producing import Press, Workbench, has_waiting, issue_chunk
from certsvc.issuing.publishing import Publisher, open_publisher
from certsvc.logs import get_logger
from certsvc.processes.memory import give_back, keep_what_is_there
from certsvc.queue import ISSUE, READ_BATCH, dump_job, load_job, redis_settings
from certsvc.resources import Resources, open_press, open_resources, workbench
from certsvc.signing.claims import ClaimKey, current
from certsvc.store import answers, batches, webhooks
from certsvc.webhooks.deliveries import Courier, Delivering
from certsvc.webhooks.posting import Poster

_POLL_S = 0.1
"""How often arq looks for jobs. Every 10 ms it would cost an idle worker 5 % of a core; for who waits at a
counter there is `Doorbell.listen`.
"""

_READS_AT_ONCE, _READS_OF_ONE = 4, 2
_READING_TIMEOUT = dt.timedelta(hours=2)
_COMPLETION_WAIT_S = 15
_LAST_CHUNKS_S = 8

_LOOK_WHETHER_WORN_S = 1.0

_WORN_AFTER = 20_000
"""Certificates after which a worker is replaced once there is nothing to do: its memory has holes by then,
some 60 MB of them.
"""

_log = get_logger()


class OpenPress(Protocol):
    """As `open_press`."""

    def __call__(self, settings: Settings, *, address: Path) -> AbstractAsyncContextManager[Press]: ...


class Issuing:
    """Keeps the presses busy: rung, it issues chunk after chunk until nothing waits.

    One chunk more than there are presses is under way, so that none is idle while we store and publish. While
    all places are taken, a ring still gets a chunk of single requests through: they never wait for a batch to
    end.
    """

    def __init__(self, bench: Workbench, *, worn_after: int = _WORN_AFTER) -> None:
        self._bench = bench
        self._worn_after = worn_after
        self._rung = asyncio.Event()
        self._express = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._unheard = False
        self._worked_on = 0

    def ring(self) -> None:
        """There may be something to issue."""
        self._rung.set()

    @property
    def is_worn(self) -> bool:
        """Whether it has done much, and has nothing to do now."""
        return self._worked_on >= self._worn_after and not self._under_way and not self._rung.is_set()

    async def run(self) -> None:
        """Until cancelled; then what is under way is brought to its end, unless that takes too long."""
        try:
            while True:
                await self._rung.wait()
                self._rung.clear()
                self._answer()
        finally:
            await self._end()

    def _answer(self) -> None:
        """Begin a chunk; while all places are taken one of single requests, and remember that somebody
        rang.
        """
        is_full = self._unheard = len(self._under_way) > self._bench.settings.presses
        if is_full and self._express.locked():
            return
        task = asyncio.create_task(self._issue_express() if is_full else self._issue())
        self._under_way.add(task)
        task.add_done_callback(self._leave)

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._unheard:
            self.ring()

    async def _end(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_CHUNKS_S)
        for late in self._under_way:
            late.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _issue_express(self) -> None:
        async with self._express:
            await self._issue(only_alone=True)

    async def _issue(self, *, only_alone: bool = False) -> None:
        """One chunk. After it another is looked for, unless it was the last: then batches may be done."""
        structlog.contextvars.bind_contextvars(chunk=secrets.token_hex(4))
        try:
            done = await issue_chunk(self._bench, clock=utc_now, only_alone=only_alone, on_full=self.ring)
            give_back()
            self._worked_on += done
            if done:
                self.ring()
            elif not only_alone:
                await finish_batches(self._bench.db, now=utc_now())
        except CertsvcError as error:  # leases run out and the sweep rings again
            _log.warning("chunk.interrupted", code=error.code)
        except Exception as error:  # noqa: BLE001 - the next chunk may do better, and the operator is told
            _log.error("chunk.crashed", exc_info=error)


async def run_worker(
    settings: Settings, *, presses: Path, opening: OpenPress = open_press, worn_after: int = _WORN_AFTER
) -> bool:
    """Work until told to stop (SIGTERM, SIGINT); what is begun is finished or falls to the next worker.

    `presses` is the address where they listen. Returns whether it ends only to be replaced by a fresh one,
    after `worn_after` certificates.
    """
    async with open_resources(settings) as res, opening(settings, address=presses) as press:
        issuing = Issuing(workbench(res, press), worn_after=worn_after)
        worker = Worker(
            functions=[
                func(_issue, name=ISSUE),
                func(_read_batch, name=READ_BATCH, timeout=_READING_TIMEOUT),
            ],
            redis_settings=redis_settings(settings.redis_url or ""),
            ctx={"res": res, "issuing": issuing, "reading": Counter[str | None]()},
            keep_result=0,  # arq refuses an id while its result is kept
            poll_delay=_POLL_S,
            max_jobs=_READS_AT_ONCE,
            max_tries=1,  # whoever is left behind is found by the sweep
            job_completion_wait=_COMPLETION_WAIT_S,
            job_serializer=dump_job,
            job_deserializer=load_job,
        )
        publisher = open_publisher(res.db, vault=res.vault, settings=settings, trust=res.trust)
        poster = Poster(allow_private=settings.webhooks_allow_private)
        delivering = Delivering(Courier(res.db, res.vault, poster.post_all, utc_now))
        loops = (issuing.run(), _listen(res, issuing), _sweep_forever(res, publisher), delivering.run())
        beside = [asyncio.create_task(each) for each in loops]
        keep_what_is_there()
        warn_of_missing(publisher.keys, now=utc_now())
        _log.info("worker.started")
        running = asyncio.create_task(worker.async_run())
        resting = asyncio.create_task(_rest(issuing, worker))
        resting.add_done_callback(lambda _: running.cancel())
        try:
            await running
        except asyncio.CancelledError:
            _log.info("worker.stopped", is_worn=resting.done())
        finally:
            for task in (resting, *beside):
                task.cancel()
            await asyncio.gather(resting, *beside, return_exceptions=True)
            await worker.close()
    return not resting.cancelled()


async def _rest(issuing: Issuing, worker: Worker) -> None:
    """Until the worker is worn and reads no file either."""
    while not issuing.is_worn or any(not task.done() for task in worker.tasks.values()):  # noqa: ASYNC110 - there is no hurry
        await asyncio.sleep(_LOOK_WHETHER_WORN_S)


def warn_of_missing(keys: Sequence[ClaimKey], *, now: dt.datetime) -> None:
    """Say once that no list is going to be published, where no key for claims is in force; `certsvc doctor`
    says what to do.
    """
    if current(keys, now) is None:
        _log.warning("lists.not_published", code="no_claim_key", ask="certsvc doctor")


async def _listen(res: Resources, issuing: Issuing) -> None:
    async for _ in res.doorbell.listen():
        issuing.ring()


async def _issue(ctx: dict[str, Any]) -> None:
    issuing: Issuing = ctx["issuing"]
    issuing.ring()


async def _read_batch(ctx: dict[str, Any], batch_id: str) -> None:
    """Read a batch file; certificates of its first rows are signed while the rest is read.

    At most two of one organisation are read at once, so that others' files have their turn; the sweep rings
    again for those left behind.
    """
    res: Resources = ctx["res"]
    structlog.contextvars.bind_contextvars(job=ctx["job_id"], batch=batch_id)
    async with res.db.read() as session:
        owner = await batches.owner_of(session, uuid.UUID(batch_id))
    reading: Counter[str | None] = ctx["reading"]
    if reading[owner] >= _READS_OF_ONE:
        return
    reading[owner] += 1
    try:
        await read_batch(
            res.db,
            uuid.UUID(batch_id),
            blobs=res.blobs,
            vault=res.vault,
            settings=res.settings,
            clock=utc_now,
            on_progress=res.doorbell.ring_issue,
        )
    except (Unavailable, Conflict) as error:  # the lease runs out and the sweep rings again
        _log.warning("batch.interrupted", code=error.code)
    except Exception as error:  # noqa: BLE001 - told to the sender as the batch's end, and to the operator in the log
        _log.error("batch.crashed", exc_info=error)
        await fail_batch(res.db, uuid.UUID(batch_id), now=utc_now())
    finally:
        reading[owner] -= 1


async def _sweep_forever(res: Resources, publisher: Publisher) -> None:
    while True:
        try:
            await sweep(res)
            await publisher.publish(utc_now())
        except CertsvcError as error:
            _log.warning("sweep.failed", code=error.code)
        await asyncio.sleep(res.settings.sweep_s)


async def sweep(res: Resources) -> None:
    """Ring for whatever waits although nobody rang: a lost ring, a dead worker, a retry whose time has
    come.
    """
    now = utc_now()
    async with res.db.read() as session:
        unread = await batches.unread(session, now=now)
    for batch in unread:
        await res.doorbell.ring_batch(batch.id)
    if await has_waiting(res.db, now=now):
        await res.doorbell.ring_issue()
    async with res.db.begin() as session:
        await answers.forget_answers(session, older_than=now - answers.KEPT)
        await webhooks.forget(session, older_than=now - dt.timedelta(days=res.settings.webhooks_keep_days))
    await forget_uploads(
        res.db, blobs=res.blobs, created_before=now - dt.timedelta(days=res.settings.keep_uploads_days)
    )
    await finish_batches(res.db, now=now)
