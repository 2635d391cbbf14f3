"""Takes runs back from workers that fell silent."""

from services.scheduler.resources import Resources
from shared import queue
from shared.catalog import runs
from shared.catalog.runs import Ending, Expired
from shared.domain.retry import MAX_CRASHES
from shared.domain.run import Run, RunState
from shared.errors import QueueUnavailable, RunCancelled, WorkerLost
from shared.postgres.pool import Connection
from shared.telemetry import logs, metrics

log = logs.logger()
RESCUES_AT_ONCE = 100


def verdict(lost: Expired) -> RunState:
    """What becomes of a run whose lease ran out: queued again, until that was enough or it was cancelled."""
    if lost.cancel:
        return RunState.CANCELLED
    if lost.attempt >= lost.max_attempts or lost.crashes + 1 >= MAX_CRASHES:
        return RunState.FAILED
    return RunState.QUEUED


async def rescue(io: Resources) -> int:
    """Decides about every run whose lease ran out; answers how many there were.

    The worker may still be alive. From here on its fence is an old one, and it can't write any more.
    """
    async with io.db.acquire() as db, db.transaction():
        found = await runs.expired(db, RESCUES_AT_ONCE)
        for lost in found:
            await _take_back(db, lost)
    await _forget_jobs(io, found)
    return len(found)


async def _take_back(db: Connection, lost: Expired) -> None:
    run = await runs.read(db, lost.id)
    state = verdict(lost)
    error = WorkerLost(f"worker {run.worker} fell silent in attempt {lost.attempt} of {lost.max_attempts}")
    await runs.count_crash(db, lost.id)
    if state is RunState.QUEUED:
        await runs.retry(db, lost, error, 0.0)
    elif state is RunState.CANCELLED:
        await runs.finish(db, lost, Ending(state=state, error=RunCancelled("the run was cancelled")))
    else:
        await runs.finish(db, lost, Ending(state=state, error=error))
    _tell(run, state, error)


def _tell(run: Run, state: RunState, error: WorkerLost) -> None:
    metrics.LEASES_EXPIRED_TOTAL.inc()
    if state is not RunState.QUEUED:
        metrics.RUNS_TOTAL.labels(run.dataset, state).inc()
    tell = log.error if state is RunState.FAILED else log.warning
    tell("lease_expired", run=run.id, dataset=run.dataset, becomes=state, reason=error.message)


async def _forget_jobs(io: Resources, found: list[Expired]) -> None:
    """Removes what the dead workers left in Redis; without that it goes by itself, but later."""
    try:
        for lost in found:
            await queue.forget(io.queue, lost.id, lost.fence - 1)  # the claim has counted the fence up by one
    except QueueUnavailable as error:
        io.troubles.met("queue", error)
