"""The worker process: answers the doorbell, and sweeps for what was left behind."""

import asyncio
import contextlib
import datetime as dt
import uuid
from typing import Any

import structlog
from arq import Worker, func

from certsvc.config import Settings
from certsvc.errors import CertsvcError, Conflict, Unavailable
from certsvc.issuing.batches import fail_batch, finish_batches, read_batch
from certsvc.issuing.making import Workshop
from certsvc.issuing.producing import has_waiting, issue_chunk
from certsvc.logs import get_logger
from certsvc.queue import ISSUE, READ_BATCH, dump_job, load_job, redis_settings
from certsvc.resources import Resources, open_resources, open_workshop, utc_now
from certsvc.store import answers, batches

_POLL_S = 0.05
_JOBS_AT_ONCE = 3
_READING_TIMEOUT = dt.timedelta(hours=2)
_COMPLETION_WAIT_S = 20
_log = get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until told to stop (SIGTERM, SIGINT); what is begun is finished or falls to the next worker."""
    async with open_resources(settings) as res:
        with open_workshop(settings) as workshop:
            worker = Worker(
                functions=[func(_issue, name=ISSUE), func(_read_batch, name=READ_BATCH, timeout=_READING_TIMEOUT)],
                redis_settings=redis_settings(settings.redis_url or ""),
                ctx={"res": res, "workshop": workshop},
                keep_result=0,  # arq refuses an id while its result is kept
                poll_delay=_POLL_S,
                max_jobs=_JOBS_AT_ONCE,
                max_tries=1,  # whoever is left behind is found by the sweep
                job_completion_wait=_COMPLETION_WAIT_S,
                job_serializer=dump_job,
                job_deserializer=load_job,
            )
            sweeping = asyncio.create_task(_sweep_forever(res))
            _log.info("worker.started")
            try:
                await worker.async_run()
            except asyncio.CancelledError:
                _log.info("worker.stopped")
            finally:
                sweeping.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await sweeping
                await worker.close()


async def _issue(ctx: dict[str, Any]) -> None:
    """Issue one chunk; where there may be more, ring again."""
    res: Resources = ctx["res"]
    workshop: Workshop = ctx["workshop"]
    structlog.contextvars.bind_contextvars(job=ctx["job_id"])
    trust = await res.trust.get(utc_now())
    done = await issue_chunk(res.db, workshop=workshop, blobs=res.blobs, vault=res.vault, settings=res.settings, trust=trust, clock=utc_now)
    if done:
        await res.doorbell.ring_issue()
    else:
        await finish_batches(res.db, now=utc_now())


async def _read_batch(ctx: dict[str, Any], batch_id: str) -> None:
    """Read a batch file; certificates of its first rows are signed while the rest is read."""
    res: Resources = ctx["res"]
    structlog.contextvars.bind_contextvars(job=ctx["job_id"], batch=batch_id)
    try:
        await read_batch(
            res.db, uuid.UUID(batch_id), blobs=res.blobs, vault=res.vault, settings=res.settings, clock=utc_now, on_progress=res.doorbell.ring_issue
        )
    except (Unavailable, Conflict) as error:  # the lease runs out and the sweep rings again
        _log.warning("batch.interrupted", code=error.code)
    except Exception as error:  # noqa: BLE001 - told to the sender as the batch's end, and to the operator in the log
        _log.error("batch.crashed", exc_info=error)
        await fail_batch(res.db, uuid.UUID(batch_id), now=utc_now())


async def _sweep_forever(res: Resources) -> None:
    while True:
        try:
            await sweep(res)
        except CertsvcError as error:
            _log.warning("sweep.failed", code=error.code)
        await asyncio.sleep(res.settings.sweep_s)


async def sweep(res: Resources) -> None:
    """Ring for whatever waits although nobody rang: a lost ring, a dead worker, a retry whose time has come."""
    now = utc_now()
    async with res.db.read() as session:
        unread = await batches.unread(session, now=now)
    for batch in unread:
        await res.doorbell.ring_batch(batch.id)
    if await has_waiting(res.db, now=now):
        await res.doorbell.ring_issue()
    async with res.db.begin() as session:
        await answers.forget_answers(session, older_than=now - answers.KEPT)
    await finish_batches(res.db, now=now)
