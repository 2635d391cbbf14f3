"""The boundary to the queue: a message names a run, and nothing that happens here depends on the message."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.worker import parts
from services.worker.ingest import ingest
from services.worker.resources import Resources
from shared import queue
from shared.catalog import runs
from shared.domain.run import RunId
from shared.errors import QueueUnavailable
from shared.queue import Queue
from shared.telemetry import logs

log = logs.logger()
# What was rung for this many seconds ago, and not claimed, is left to the scheduler's patience.
RERING = 30.0
RINGS = 20
# A third of the time after which the queue hands out a message again.
RENEWAL = queue.IN_PROGRESS.total_seconds() / 3


async def import_run(run_id: RunId, job: str, io: Resources, doorbell: Queue) -> None:
    """Import the run that a message names, if it is to be had, and keep the message from being repeated."""
    async with _kept(doorbell, job):
        await ingest(run_id, io)
    await _ring_for_the_next(io, doorbell)


async def load_parts(run_id: RunId, job: str, io: Resources, doorbell: Queue) -> None:
    """Help the worker that imports a run, for as long as there are parts that nobody loads."""
    async with _kept(doorbell, job):
        await parts.help_with(run_id, io)


async def _ring_for_the_next(io: Resources, doorbell: Queue) -> None:
    """Wakes a worker for a dataset's next run now; the scheduler would, a tick later."""
    try:
        for ready in await runs.ready(io.db, rering=RERING, limit=RINGS):
            await queue.ring(doorbell, ready.id, ready.fence)
            await runs.rang(io.db, ready.id)
    except Exception as failure:  # noqa: BLE001 - the scheduler rings for whatever has no job
        log.warning("not_rung", reason=str(failure) or type(failure).__name__)


@asynccontextmanager
async def _kept(doorbell: Queue, job: str) -> AsyncGenerator[None]:
    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEWAL)
            try:
                await queue.keep(doorbell, job)
            except QueueUnavailable as away:  # a repeated message finds nothing to claim
                log.warning("message_not_kept", reason=away.message)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
