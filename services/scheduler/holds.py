"""Ends the holds that nobody decided about in time; what is live stays."""

from services.scheduler.resources import Resources
from shared.catalog import holds, runs
from shared.domain.run import RunState
from shared.errors import RunRejected
from shared.telemetry import logs, metrics

log = logs.logger()
HOLDS_AT_ONCE = 100


async def expire(io: Resources) -> int:
    """Rejects held runs whose publish.holdFor is over; answers how many. Their versions are dropped later."""
    async with io.db.acquire() as db, db.transaction():
        found = await holds.expired(db, HOLDS_AT_ONCE)
        for run_id in found:
            run = await runs.read(db, run_id)
            error = RunRejected(f"publish.holdFor was over, and it was held still: {run.stage}")
            await holds.reject(db, run_id, error)
            metrics.RUNS_TOTAL.labels(run.dataset, RunState.REJECTED).inc()
            log.warning("hold_expired", run=run_id, dataset=run.dataset, reason=error.message)
    return len(found)
