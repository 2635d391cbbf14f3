"""Writes into the run's record how an attempt ended, whatever happens to it.

Every ending is written under the fence. When the reply to the publish's COMMIT is lost, the row has moved on
already: the ending touches nothing, and an import that did succeed is never retried, failed or cleaned up.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg

from services.worker.givingway import advised, give_way
from services.worker.heartbeat import beating
from services.worker.progress import Progress
from services.worker.resources import Resources
from shared.catalog import runs
from shared.catalog.runs import Claimed
from shared.domain import quantities, retry
from shared.domain.run import RunState
from shared.errors import (
    DeliverySuperseded,
    DeliveryUnchanged,
    LeaseLost,
    LoadstoneError,
    RunCancelled,
    TimeLimitExceeded,
)
from shared.postgres import failures
from shared.telemetry import logs, metrics
from shared.warehouse import staging

log = logs.logger()
# What is no failure, though it ends a run without a version.
ENDINGS: Mapping[type[LoadstoneError], RunState] = {
    DeliveryUnchanged: RunState.UNCHANGED,
    RunCancelled: RunState.CANCELLED,
    DeliverySuperseded: RunState.SUPERSEDED,
}
ENDED: Mapping[RunState, str] = {RunState.SUCCEEDED: "run_succeeded", RunState.HELD: "run_held"}


@asynccontextmanager
async def recorded(claimed: Claimed, io: Resources) -> AsyncGenerator[Progress]:
    """Keep the run while the body works, and write how that ended."""
    run, limit = claimed.run, claimed.contract.document.limits.timeout
    progress = Progress(claimed)

    async def beat() -> bool:
        return await runs.beat(
            io.db,
            run,
            lease=io.lease,
            stage=progress.stage,
            rows_done=progress.rows_done,
            bytes_done=progress.bytes_done,
        )

    with logs.bound(run=run.id, dataset=run.dataset, attempt=run.attempt):
        log.info("run_started", fence=run.fence, business_date=run.business_date)
        try:
            async with asyncio.timeout(quantities.seconds(limit)) as clock, beating(io, beat):
                yield progress
            _tell(progress, progress.outcome)
        except asyncio.CancelledError:
            await asyncio.shield(_release(progress, io))
            raise
        except Exception as failure:  # noqa: BLE001 - every failure ends in the run's record
            late = isinstance(failure, TimeoutError) and clock.expired()
            error = TimeLimitExceeded(f"it took longer than {limit}") if late else explained(failure)
            await _conclude(progress, io, error)


async def _conclude(progress: Progress, io: Resources, error: LoadstoneError) -> None:
    """Decides between another attempt and the end, and writes the decision."""
    try:
        if not isinstance(error, LeaseLost):
            with suppress(LeaseLost):
                await _write(progress, io, error)
                await _clear_away(progress, io)
                return
        await _look_who_has_it(progress, io, error)
    except Exception as unwritten:  # noqa: BLE001 - the lease runs out, and the scheduler rescues the run
        log.error("ending_not_written", error=str(unwritten), reason=error.message)


async def _look_who_has_it(progress: Progress, io: Resources, error: LoadstoneError) -> None:
    """Tells of a success whose COMMIT went through before the error, or that the run is somebody else's."""
    run = await runs.read(io.db, progress.run.id)
    if run.fence == progress.run.fence and run.state in (RunState.SUCCEEDED, RunState.HELD):
        _tell(progress, run.state)
    else:
        log.warning("run_not_held_any_more", reason=error.message)


async def _clear_away(progress: Progress, io: Resources) -> None:
    """Drops what was loaded. While somebody reads it, as pg_dump may, it is left for the scheduler."""
    with suppress(asyncpg.LockNotAvailableError):
        async with io.publishing() as db:
            await staging.drop_all(db, progress.run)


async def _write(progress: Progress, io: Resources, error: LoadstoneError) -> None:
    run = progress.run
    if superseded := await give_way(io, progress, error):
        _tell(progress, RunState.SUPERSEDED, superseded)
        return
    error = advised(progress, error)
    decision = retry.decide(
        error,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        crashes=run.crashes,
        backoff=progress.dataset.limits.backoff,
        random=random.random,
    )
    if isinstance(decision, retry.Retry):
        delay = decision.delay.total_seconds()
        if not await runs.retry(io.db, run, error, delay):
            _tell(progress, RunState.CANCELLED, error)
            return
        metrics.RETRIES_TOTAL.labels(error.code).inc()
        log.warning("run_will_be_retried", code=error.code, reason=error.message, delay=delay)
        return
    state = ENDINGS.get(type(error), RunState.FAILED)
    await runs.finish(io.db, run, progress.ending(state, error=error))
    _tell(progress, state, error)


async def _release(progress: Progress, io: Resources) -> None:
    """Gives the run back at a shutdown: another worker starts it at once, and no attempt is used up."""
    try:
        await runs.release(io.db, progress.run)
        await _clear_away(progress, io)
        log.info("run_released")
    except LeaseLost:
        log.warning("run_not_held_any_more", reason="shutdown")
    except Exception as unwritten:  # noqa: BLE001 - the lease runs out, and the scheduler rescues the run
        log.error("release_not_written", error=str(unwritten))


def explained(failure: Exception) -> LoadstoneError:
    """Any failure as an error with a code; what nobody foresaw is logged with its traceback."""
    found = failures.explain(failure)
    if found is None:
        log.exception("unexpected_error", exc_info=failure)
        found = LoadstoneError(
            f"{type(failure).__name__}: {failure}", hint="This is a defect of Loadstone: please report it."
        )
    return found


def _tell(progress: Progress, state: RunState, error: LoadstoneError | None = None) -> None:
    dataset = progress.run.dataset
    metrics.RUNS_TOTAL.labels(dataset, state).inc()
    metrics.RUN_DURATION.observe(time.perf_counter() - progress.started)
    metrics.ROWS_TOTAL.labels(dataset, "loaded").inc(progress.rows_done if error is None else 0)
    metrics.ROWS_TOTAL.labels(dataset, "quarantined").inc(progress.rejected)
    metrics.BYTES_TOTAL.labels(dataset).inc(progress.bytes_done)
    for stage, seconds in progress.seconds.items():
        metrics.STAGE_DURATION.labels(stage).observe(seconds)
    if error is None:
        log.info(ENDED[state], rows=progress.rows_done, quarantined=progress.rejected)
    else:
        log.error("run_ended", state=state, code=error.code, reason=error.message, hint=error.hint)
