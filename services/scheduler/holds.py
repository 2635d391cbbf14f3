"""Ends the holds that nobody decided about in time, or that came to nothing; what is live stays."""

from services.scheduler.resources import Resources
from shared.catalog import holds, runs
from shared.domain.run import RunId, RunState
from shared.errors import RunRejected
from shared.postgres.pool import Connection
from shared.telemetry import logs, metrics

log = logs.logger()
HOLDS_AT_ONCE = 100
TOO_LONG = "publish.holdFor was over"
OUTDATED = "a later import of the same business date is live"


async def expire(io: Resources) -> int:
    """Rejects held runs whose publish.holdFor is over, and those that their group went without.

    Answers how many. Their versions are dropped later.
    """
    async with io.db.acquire() as db, db.transaction():
        outdated = [(run_id, OUTDATED) for run_id in await holds.outdated(db, HOLDS_AT_ONCE)]
        expired = [(run_id, TOO_LONG) for run_id in await holds.expired(db, HOLDS_AT_ONCE)]
        return sum([await _reject(db, run_id, why) for run_id, why in (*outdated, *expired)])


async def _reject(db: Connection, run_id: RunId, why: str) -> bool:
    run = await runs.read(db, run_id)
    error = RunRejected(f"{why}, and it was held still: {run.stage}")
    if not await holds.reject(db, run_id, error):
        return False  # it was both, and is rejected by now
    metrics.RUNS_TOTAL.labels(run.dataset, RunState.REJECTED).inc()
    log.warning("hold_expired", run=run_id, dataset=run.dataset, reason=error.message)
    return True
